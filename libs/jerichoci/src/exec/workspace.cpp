#include "exec/workspace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/sandbox_etc.hpp"
#include "exec/workspace_view.hpp"
#include "pika/base/files.hpp"
#include "pika/base/log.hpp"
#include "snapshot/checkouts.hpp"
#include "snapshot/tree_copy.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;

std::string_view to_string(WorkspaceKind kind) {
  switch (kind) {
    case WorkspaceKind::overlay:
      return "overlay";
    case WorkspaceKind::copy:
      return "copy";
  }
  return "";
}

namespace {

void make_owned(const fs::path& path, std::optional<std::uint32_t> owner) {
  if (::mkdir(path.c_str(), 0755) != 0) {
    if (errno == EEXIST) return;
    throw SystemError(fmt::format("mkdir '{}'", path.string()));
  }
  if (::chmod(path.c_str(), 0755) != 0) throw SystemError(fmt::format("chmod '{}'", path.string()));
  if (owner && ::chown(path.c_str(), *owner, *owner) != 0) throw SystemError(fmt::format("chown '{}'", path.string()));
}

void link_to(const fs::path& target, const fs::path& link) {
  if (::symlink(target.c_str(), link.c_str()) != 0) throw SystemError(fmt::format("symlink '{}'", link.string()));
}

// Copies what has a free name; folders as they are, so that read-only ones are no trouble.
void add_entries(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::directory_iterator(from)) {
    auto place = to / entry.path().filename();
    if (fs::exists(fs::symlink_status(place))) continue;
    if (fs::is_directory(entry.symlink_status())) {
      copy_tree(entry.path(), place, CopyFiles::copy);
    } else {
      copy_file(entry.path(), place, {});
    }
  }
}

std::string lower_name(std::size_t i) {
  return i == 0 ? "lower" : fmt::format("lower{}", i);
}

}  // namespace

std::string cache_variable(const std::string& name) {
  std::string out = "PIKA_CACHE_";
  for (char c : name) out += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

Workspace::Workspace(const WorkspaceRequest& r)
    : folder_(r.state_root / "work" / r.run_id / r.job->id),
      kind_(r.kind),
      owner_(r.owner),
      inside_(r.job->runtime == Runtime::host_process && ::geteuid() != 0),
      caches_(r.caches),
      mounts_(r.mounts.size()),
      layers_(r.layers.size()) {
  pika::make_dirs(folder_, 0700);
  if (r.job->limits.disk_bytes && kind_ == WorkspaceKind::overlay) make_disk(*r.job->limits.disk_bytes);
  if (r.job->runtime == Runtime::host_process) {  // a sandbox has both in a tmpfs of its own
    make_folder("home");
    make_folder("tmp");
  } else {
    etc_ = fs::absolute(prepare_sandbox_etc(r.state_root));
    counts_tmp_ = r.job->limits.disk_bytes.has_value();
    if (counts_tmp_) make_shared_tmp();
  }
  if (kind_ == WorkspaceKind::overlay) {
    make_folder("upper");
    struct timespec times[2] = {{kCheckoutTime, 0}, {kCheckoutTime, 0}};  // of the workspace's own folder
    ::utimensat(AT_FDCWD, writable("upper").c_str(), times, 0);
    make_folder("work");
    auto layers = r.layers;
    if (!r.touched.empty()) {
      make_owned(folder_ / "touched", owner_);  // of the tree: does not count
      make_touched_layer(r.layers, r.touched, folder_ / "touched", owner_);
      layers.insert(layers.begin(), folder_ / "touched");
    }
    layers_ = layers.size();
    for (std::size_t i = 0; i < layers_; ++i) link_to(fs::absolute(layers[i]), folder_ / lower_name(i));
  } else {
    reflinked_ = materialise(r.layers, folder_ / "workspace", owner_);
    touch_files(folder_ / "workspace", r.touched);
  }
  for (std::size_t i = 0; i < caches_.size(); ++i) make_cache(caches_[i], i);
  for (std::size_t i = 0; i < mounts_; ++i) make_mount(r.mounts[i], i);
}

// Several folders in one place are an overlay to read, or a copy where that cannot be.
void Workspace::make_mount(const JobMount& mount, std::size_t i) {
  auto name = fmt::format("mount-{}", i);
  if (mount.below.empty()) return link_to(fs::absolute(mount.source), folder_ / name);
  if (kind_ == WorkspaceKind::copy) {
    make_folder(name);
    add_entries(mount.source, folder_ / name);
    for (const auto& folder : mount.below) add_entries(folder, folder_ / name);
    return;
  }
  link_to(fs::absolute(mount.source), folder_ / (name + "-0"));
  auto options = fmt::format("lowerdir={}-0", name);
  for (std::size_t k = 0; k < mount.below.size(); ++k) {
    link_to(fs::absolute(mount.below[k]), folder_ / fmt::format("{}-{}", name, k + 1));
    options += fmt::format(":{}-{}", name, k + 1);
  }
  layered_mounts_[i] = std::move(options);
}

bool Workspace::cache_is_overlay(const CacheView& cache) const {
  return kind_ == WorkspaceKind::overlay && !cache.generation.empty();
}

fs::path Workspace::cache_place(std::size_t i) const {
  if (inside_ && !caches_[i].path.empty()) return folder_ / "workspace" / caches_[i].path;
  return writable(fmt::format("cache-{}", i));
}

void Workspace::make_cache(CacheView& cache, std::size_t i) {
  // Where it will be mounted, in the upper layer of the workspace or in the copy. The tree has nothing there, and on
  // the way nothing but folders.
  auto place = writable(kind_ == WorkspaceKind::overlay ? "upper" : "workspace");
  for (const auto& name : cache.path.empty() ? fs::path() : fs::path(cache.path).lexically_normal()) {
    if (name.empty()) continue;
    place /= name;
    make_owned(place, owner_);
  }
  if (cache_is_overlay(cache)) {
    make_folder(fmt::format("cache-{}", i));
    make_folder(fmt::format("cache-{}-work", i));
    link_to(fs::absolute(cache.generation), folder_ / fmt::format("cache-{}-lower", i));
    return;
  }
  make_owned(cache_place(i), owner_);
  if (cache.generation.empty()) return;
  try {
    CopyRules rules;
    rules.owner = owner_;
    lay_tree(cache.generation, cache_place(i), rules);
  } catch (const std::system_error& error) {
    cache.trouble = error.what();
    cache.generation.clear();
    pika::remove_tree(cache_place(i));
    make_owned(cache_place(i), owner_);
  }
}

Workspace::~Workspace() {
  try {
    remove();
  } catch (const SystemError& error) {
    pika::log_error("jerichoci", "a workspace was not removed: {}", error.what());
  }
}

void Workspace::make_folder(const std::string& name) {
  make_owned(writable(name), owner_);
}

// /tmp and the home in it.
void Workspace::make_shared_tmp() {
  make_folder("tmp");
  make_folder("tmp/home");
  if (::chmod(writable("tmp").c_str(), 01777) != 0) throw SystemError("chmod of a job's /tmp");
}

// Where that cannot be, the limit is watched.
void Workspace::make_disk(std::uint64_t bytes) {
  if (::geteuid() != 0) return;
  try {
    disk_.emplace(folder_, bytes);
    disk_mount_ = disk_->mount();
    make_owned(folder_ / "disk", {});
  } catch (const SystemError& error) {
    disk_.reset();
    pika::log_warning("jerichoci", "a limit of disk is watched and not prevented: {}", error.what());
  }
}

fs::path Workspace::writable(const std::string& name) const {
  return (disk_ ? disk_->root() : folder_) / name;
}

std::string Workspace::staged(const std::string& name) const {
  return (disk_ ? "disk/" : "") + name;
}

std::vector<fs::path> Workspace::written() const {
  std::vector<fs::path> out = {writable(kind_ == WorkspaceKind::overlay ? "upper" : "workspace")};
  for (std::size_t i = 0; i < caches_.size(); ++i)
    if (!inside_ || caches_[i].path.empty()) out.push_back(cache_place(i));
  for (auto* name : {"home", "tmp"})
    if (fs::exists(writable(name))) out.push_back(writable(name));
  return out;
}

pika::UniqueFd Workspace::open_view() const {
  if (kind_ == WorkspaceKind::overlay) {
    auto disk = disk_ ? disk_->mount() : pika::UniqueFd();
    return open_overlay_view(folder_, mounts({}).lower, disk ? disk.get() : -1);
  }
  auto path = folder_ / "workspace";
  pika::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  return fd;
}

void Workspace::remove() {
  pika::remove_tree(folder_);
  disk_mount_.reset();
  disk_.reset();
}

PrivateMounts Workspace::mounts(const std::string& stage) const {
  PrivateMounts m;
  m.job_folder = folder_;
  if (disk_) m.disk = disk_mount_.get();
  m.new_user_namespace = ::geteuid() != 0;
  m.uid = ::geteuid();
  m.gid = ::getegid();
  m.stage = stage;
  m.overlay = kind_ == WorkspaceKind::overlay;
  m.user_xattr = m.new_user_namespace;
  for (std::size_t i = 0; i < layers_; ++i) m.lower += (i ? ":" : "") + lower_name(i);
  // volatile: the upper layer is thrown away, so nothing of it is ever synced.
  m.overlay_options = fmt::format("lowerdir={},upperdir={},workdir={},volatile,{}", m.lower, staged("upper"),
                                  staged("work"), m.user_xattr ? "userxattr" : "redirect_dir=on");
  m.workspace = stage + "/workspace";
  for (std::size_t i = 0; i < caches_.size(); ++i) {
    auto name = fmt::format("cache-{}", i);
    if (cache_is_overlay(caches_[i])) {
      // Renamed folders and changed modes are whole copies in the upper layer: it is read without the kernel later.
      m.overlays.push_back(
          {fmt::format("lowerdir={0}-lower,upperdir={1},workdir={1}-work,volatile,{2}", name, staged(name),
                       m.user_xattr ? "userxattr" : "redirect_dir=nofollow,metacopy=off"),
           stage + "/" + name});
    } else {
      m.binds.emplace_back(staged(name), stage + "/" + name);
    }
  }
  for (std::size_t i = 0; i < mounts_; ++i) {
    auto target = fmt::format("{}/mount-{}", stage, i);
    if (auto layered = layered_mounts_.find(i); layered != layered_mounts_.end()) {
      m.overlays.push_back({layered->second + (m.user_xattr ? ",userxattr" : ""), target});
    } else {
      m.binds.emplace_back(fmt::format("mount-{}", i), target);
    }
  }
  return m;
}

PrivateMounts Workspace::sandbox_mounts(const std::string& stage) const {
  auto m = mounts(stage);
  m.binds.emplace_back(etc_, stage + "/etc");
  if (counts_tmp_) m.binds.emplace_back(staged("tmp"), stage + "/tmp");
  return m;
}

PrivateMounts Workspace::host_mounts(const std::string& stage) const {
  auto m = mounts(stage);
  m.binds.emplace_back(staged("home"), stage + "/home");
  m.binds.emplace_back(staged("tmp"), stage + "/tmp");
  for (std::size_t i = 0; i < caches_.size(); ++i)
    if (!caches_[i].path.empty())
      m.binds.emplace_back(fmt::format("{}/cache-{}", stage, i), m.workspace + "/" + caches_[i].path);
  return m;
}

}  // namespace jerichoci
