#include "image/root_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "image/layer.hpp"
#include "image/layout.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "runstore/replace_file.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::ErrorKind;
using pika::fail;
using pika::Result;
using pika::SystemError;
using pika::UniqueFd;

namespace {

// One line for everything below the folder, in the order of names. `describe` makes the line's end.
template <class Describe>
void walk(const fs::path& folder, const std::string& below, const Describe& describe, std::string& out) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / below)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  for (const auto& name : names) {
    auto path = below.empty() ? name : below + "/" + name;
    struct stat st{};
    if (::lstat((folder / path).c_str(), &st) != 0)
      throw SystemError(fmt::format("lstat '{}'", (folder / path).string()));
    out.append(path).push_back('\0');
    out.append(describe(folder / path, st)).push_back('\n');
    if (S_ISDIR(st.st_mode)) walk(folder, path, describe, out);
  }
}

std::string signature(const fs::path& folder) {
  std::string out;
  walk(
      folder, "",
      [](const fs::path&, const struct stat& st) {
        return fmt::format("{} {:o} {} {}.{} {}.{}", st.st_ino, st.st_mode, st.st_size, st.st_mtim.tv_sec,
                           st.st_mtim.tv_nsec, st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
      },
      out);
  return pika::sha256_hex(out);
}

std::string content(const fs::path& path, const struct stat& st) {
  auto mode = fmt::format("{:o}", st.st_mode);
  if (S_ISLNK(st.st_mode)) return mode + " " + fs::read_symlink(path).string();
  if (!S_ISREG(st.st_mode)) return mode;
  auto bytes = pika::read_file(path);
  return mode + " " + (bytes ? pika::sha256_hex(*bytes) : "gone");
}

fs::path image_lock(const fs::path& images, const std::string& digest) {
  return images / fmt::format(".{}.lock", digest);
}

std::shared_ptr<const UniqueFd> use_image(const fs::path& images, const std::string& digest) {
  auto path = image_lock(images, digest);
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  while (::flock(fd.get(), LOCK_SH) != 0)  // who holds it alone only renames
    if (errno != EINTR) throw SystemError(fmt::format("lock '{}'", path.string()));
  ::futimens(fd.get(), nullptr);
  return std::make_shared<const UniqueFd>(std::move(fd));
}

pika::Micros modified(const fs::path& path) {
  struct stat st{};
  if (::lstat(path.c_str(), &st) != 0) return 0;
  return st.st_mtim.tv_sec * pika::kSecond + st.st_mtim.tv_nsec / 1000;
}

Result<Root> no_root(const fs::path& configured) {
  return fail(ErrorKind::not_found, fmt::format("the root filesystem '{}' is not there", configured.string()));
}

}  // namespace

std::string folder_digest(const fs::path& folder) {
  auto kept = folder;
  kept += ".digest";
  if (auto text = pika::read_file(kept)) {
    auto digits = pika::lower(pika::trim(*text));
    if (digits.size() == 64 && digits.find_first_not_of("0123456789abcdef") == std::string::npos) return digits;
  }
  std::string out;
  walk(folder, "", content, out);
  return pika::sha256_hex(out);
}

Result<Root> RootStore::ensure(const fs::path& configured) const {
  std::error_code error;
  if (!configured.is_absolute() || !fs::is_directory(configured, error)) return no_root(configured);
  if (configured.lexically_normal() == "/")
    return fail(ErrorKind::invalid, "the host's own / is no root filesystem for jobs",
                "name a folder or an image; a job without a root has the host's tools already");
  try {
    return is_layout(configured) ? from_layout(configured) : from_folder(configured);
  } catch (const fs::filesystem_error& trouble) {
    throw SystemError(trouble.code().value(), fmt::format("read '{}' of a root filesystem", trouble.path1().string()));
  }
}

Result<Root> RootStore::from_folder(const fs::path& folder) const {
  auto cache = state_root_ / "roots" / pika::sha256_hex(folder.lexically_normal().string());
  auto now = signature(folder);
  Root root{folder, {}, {}};
  if (auto kept = pika::read_file(cache)) {
    auto lines = pika::split(*kept, '\n');
    if (lines.size() >= 2 && lines[0] == now && lines[1].size() == 64) root.digest = "sha256:" + std::string(lines[1]);
  }
  if (!root.digest.empty()) {
    ::utimensat(AT_FDCWD, cache.c_str(), nullptr, 0);
    return root;
  }
  auto digest = folder_digest(folder);
  pika::make_dirs(cache.parent_path(), 0700);
  replace_file(cache, now + "\n" + digest + "\n");
  root.digest = "sha256:" + digest;
  return root;
}

Result<Root> RootStore::from_layout(const fs::path& layout) const {
  auto image = PIKA_TRY(read_layout(layout));
  auto images = state_root_ / "images";
  pika::make_dirs(images, 0755);
  Root root{images / image.digest, "sha256:" + image.digest, image.env, use_image(images, image.digest)};
  if (::access(root.folder.c_str(), F_OK) == 0) return root;
  UniqueFd lock(::open((images / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) throw SystemError(fmt::format("open '{}/.lock'", images.string()));
  while (::flock(lock.get(), LOCK_EX) != 0)
    if (errno != EINTR) throw SystemError("flock");
  if (::access(root.folder.c_str(), F_OK) == 0) return root;  // somebody was quicker
  for (const auto& entry : fs::directory_iterator(images))    // what a dead engine left: we hold the lock
    if (entry.path().filename().string().starts_with(".new-")) pika::remove_tree(entry.path());
  auto aside = images / (".new-" + pika::random_hex(8));
  pika::make_dirs(aside, 0755);
  auto unpacked = [&]() -> pika::Status {
    UniqueFd folder(::open(aside.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) throw SystemError(fmt::format("open '{}'", aside.string()));
    for (const auto& digest : image.layers) {
      auto blob = PIKA_TRY(Blob::open(layout, digest));
      auto source = unpack_bytes(blob.bytes());
      PIKA_TRY(apply_layer(*source, folder.get()));
    }
    if (::syncfs(folder.get()) != 0) throw SystemError("syncfs");
    return {};
  }();
  if (!unpacked) {
    pika::remove_tree(aside);
    return std::unexpected(unpacked.error());
  }
  if (::rename(aside.c_str(), root.folder.c_str()) != 0)
    throw SystemError(fmt::format("rename to '{}'", root.folder.string()));
  pika::sync_dir(images);
  return root;
}

std::vector<RootStore::Kept> RootStore::list() const {
  std::vector<Kept> out;
  std::error_code error;
  auto images = state_root_ / "images";
  for (const auto& entry : fs::directory_iterator(images, error)) {
    auto digest = entry.path().filename().string();
    if (digest.starts_with('.')) continue;
    // One that an earlier version unpacked has no lock yet; what was unpacked has the time of its own folder.
    out.push_back({digest, entry.path(), modified(image_lock(images, digest))});
  }
  for (const auto& entry : fs::directory_iterator(state_root_ / "roots", error))
    if (!entry.path().filename().string().starts_with('.')) out.push_back({{}, entry.path(), modified(entry.path())});
  return out;
}

bool RootStore::remove_image(const std::string& digest) const {
  auto images = state_root_ / "images";
  auto path = image_lock(images, digest);
  auto gone = images / (".gone-" + pika::random_hex(8));
  {
    UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) throw SystemError(fmt::format("open '{}'", path.string()));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return false;
    if (::rename((images / digest).c_str(), gone.c_str()) != 0)
      throw SystemError(fmt::format("rename '{}'", (images / digest).string()));
  }
  pika::remove_tree(gone);
  return true;
}

}  // namespace jerichoci
