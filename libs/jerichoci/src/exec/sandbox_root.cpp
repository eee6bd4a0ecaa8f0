#include "exec/sandbox_root.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "exec/sandbox.hpp"
#include "exec/sandbox_etc.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

namespace {

using Steps = std::vector<RootStep>;

constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};
constexpr const char* kTopFolders[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

class RootPlan {
 public:
  RootPlan(const SandboxSpec& spec, const std::string& root) : spec_(spec), root_(root) {
    char name[64];
    if (spec.identity.terminal >= 0 && ::ttyname_r(spec.identity.terminal, name, sizeof name) == 0) terminal_ = name;
  }

  Steps steps() {
    step(RootStep::folder, "", "");
    step(RootStep::bind, root_, "");  // a mount of its own, that can be sealed
    for (auto* name : {"/usr", "/etc", "/proc", "/dev", "/dev/shm", "/dev/pts", "/tmp", "/mnt", "/run", "/var"})
      step(RootStep::folder, "", name);
    step(RootStep::folder, "", kSandboxWorkspace);
    step(RootStep::link, "/tmp", "/var/tmp");
    show_tools();
    make_places();
    out_.insert(out_.end(), binds_.begin(), binds_.end());
    step(RootStep::seal, "", "");
    if (spec_.tmp_on_disk) {
      step(RootStep::move, spec_.mounts.stage + "/tmp", "/tmp");
    } else {
      step(RootStep::memory, tmpfs_options(), "/tmp");
    }
    step(RootStep::own_folder, "", "/tmp/home");
    move_in();
    add_devices();
    return std::move(out_);
  }

 private:
  void step(RootStep::Kind kind, std::string source, const std::string& target) {
    out_.push_back({kind, std::move(source), root_ + target, "show '" + target + "'"});
  }
  void bind(RootStep::Kind kind, std::string source, const std::string& target) {
    binds_.push_back({kind, std::move(source), root_ + target, "show '" + target + "'"});
  }
  std::string tmpfs_options() const {
    auto owner = spec_.identity.uid;
    return owner ? fmt::format("mode=1777,uid={0},gid={0}", *owner) : "mode=1777";
  }

  void show_tools() {
    bind(RootStep::bind, "/usr", "/usr");
    // /bin and its like are links into /usr on a merged system and folders on an old one.
    for (auto* name : kTopFolders) {
      std::error_code error;
      auto status = fs::symlink_status(name, error);
      if (fs::is_symlink(status)) step(RootStep::link, fs::read_symlink(name, error).string(), name);
      if (fs::is_directory(status)) show(name);
    }
    bind(RootStep::bind, spec_.mounts.stage + "/etc", "/etc");
    for (auto* name : kSandboxEtcFolders)
      bind(RootStep::bind_try, fmt::format("/etc/{}", name), fmt::format("/etc/{}", name));
    for (const auto& path : spec_.host_paths) show(path);
  }

  // A folder or file of the host, where it is there.
  void show(const fs::path& path) {
    std::error_code error;
    auto status = fs::status(path, error);
    if (!fs::exists(status)) return;
    folders_to(path.parent_path());
    step(fs::is_directory(status) ? RootStep::folder : RootStep::file, "", path);
    bind(RootStep::bind_try, path, path);
  }

  // Whether a place lies in what is mounted after the root is sealed: until then there is nothing to make folders in.
  static bool made_later(const fs::path& target) {
    auto inner = target.lexically_normal().relative_path();
    return !inner.empty() && (*inner.begin() == "tmp" || *inner.begin() == "workspace");
  }

  void folders_to(const fs::path& target, RootStep::Kind kind = RootStep::folder) {
    fs::path at = "/";
    for (const auto& name : target.lexically_normal().relative_path()) {
      at /= name;
      if (!name.empty()) step(kind, "", at);
    }
  }

  void make_places() {
    for (const auto& target : spec_.caches)
      if (!made_later(target)) folders_to(target);
    for (const auto& shown : spec_.shown)
      if (!made_later(shown.target)) folders_to(shown.target);
    if (!spec_.mounts.secrets.files.empty()) folders_to(kSecretsFolder);
    for (auto* name : kDevices) step(RootStep::file, "", fmt::format("/dev/{}", name));
    if (!terminal_.empty()) step(RootStep::file, "", "/dev/console");
    const char* links[][2] = {{"/proc/self/fd", "fd"},
                              {"/proc/self/fd/0", "stdin"},
                              {"/proc/self/fd/1", "stdout"},
                              {"/proc/self/fd/2", "stderr"},
                              {"pts/ptmx", "ptmx"}};
    for (auto& [to, name] : links) step(RootStep::link, to, fmt::format("/dev/{}", name));
  }

  void move_in() {
    auto move = [&](const std::string& name, const std::string& target, bool read_only) {
      if (made_later(target)) folders_to(target, RootStep::own_folder);
      step(read_only ? RootStep::move_read : RootStep::move, spec_.mounts.stage + "/" + name, target);
    };
    move("workspace", kSandboxWorkspace, false);
    for (std::size_t i = 0; i < spec_.caches.size(); ++i) move(fmt::format("cache-{}", i), spec_.caches[i], false);
    for (std::size_t i = 0; i < spec_.shown.size(); ++i)
      move(fmt::format("mount-{}", i), spec_.shown[i].target, spec_.shown[i].read_only);
    if (!spec_.mounts.secrets.files.empty()) move("secrets", kSecretsFolder, true);
  }

  void add_devices() {
    for (auto* name : kDevices) step(RootStep::device, fmt::format("/dev/{}", name), fmt::format("/dev/{}", name));
    step(RootStep::terminals, "", "/dev/pts");
    step(RootStep::memory, tmpfs_options(), "/dev/shm");
    // Programs ask for the name of their terminal, which has none in a devpts of the job's own.
    if (!terminal_.empty()) step(RootStep::device, terminal_, "/dev/console");
  }

  const SandboxSpec& spec_;
  const std::string& root_;
  std::string terminal_;  // where the host has it; empty: none
  Steps out_, binds_;
};

int set_attributes(const char* path, std::uint64_t attributes) {
  struct mount_attr attr{};
  attr.attr_set = attributes;
  return ::mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof attr);
}

bool make_entry(const RootStep& s, std::optional<std::uint32_t> owner) {
  const char* target = s.target.c_str();
  if (s.kind == RootStep::link) return ::symlink(s.source.c_str(), target) == 0;
  if (s.kind == RootStep::file) {
    int fd = ::open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    return fd >= 0 && ::close(fd) == 0;
  }
  if (::mkdir(target, 0755) != 0) return errno == EEXIST;
  return s.kind == RootStep::folder || !owner || ::lchown(target, *owner, *owner) == 0;
}

bool mount_one(const RootStep& s) {
  const char *source = s.source.c_str(), *target = s.target.c_str();
  constexpr std::uint64_t kSafe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  switch (s.kind) {
    case RootStep::bind:
      return ::mount(source, target, nullptr, MS_BIND | MS_REC, nullptr) == 0;
    case RootStep::bind_try:
      return ::mount(source, target, nullptr, MS_BIND | MS_REC, nullptr) == 0 || errno == ENOENT;
    case RootStep::seal:
      return set_attributes(target, kSafe | MOUNT_ATTR_RDONLY) == 0;
    case RootStep::device:
      return ::mount(source, target, nullptr, MS_BIND, nullptr) == 0 && set_attributes(target, MOUNT_ATTR_NOSUID) == 0;
    case RootStep::move:
      return ::mount(source, target, nullptr, MS_MOVE, nullptr) == 0 && set_attributes(target, kSafe) == 0;
    case RootStep::move_read:
      return ::mount(source, target, nullptr, MS_MOVE, nullptr) == 0 &&
             set_attributes(target, kSafe | MOUNT_ATTR_RDONLY) == 0;
    case RootStep::memory:
      return ::mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, source) == 0;
    case RootStep::terminals:
      return ::mount("devpts", target, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620") == 0;
    case RootStep::folder:
    case RootStep::own_folder:
    case RootStep::link:
    case RootStep::file:
      break;
  }
  errno = EINVAL;
  return false;
}

}  // namespace

std::vector<RootStep> sandbox_root_steps(const SandboxSpec& spec, const std::string& root) {
  return RootPlan(spec, root).steps();
}

int make_sandbox_root(const std::vector<RootStep>& steps, std::optional<std::uint32_t> owner, const char** step) {
  for (const auto& s : steps) {
    bool entry = s.kind <= RootStep::file;
    if (entry ? make_entry(s, owner) : mount_one(s)) continue;
    *step = s.words.c_str();
    return errno ? errno : EIO;
  }
  return 0;
}

}  // namespace jerichoci
