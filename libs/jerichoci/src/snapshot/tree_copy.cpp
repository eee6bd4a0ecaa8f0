#include "snapshot/tree_copy.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;
using pika::UniqueFd;

namespace {

UniqueFd open_folder(int parent, const char* name) {
  UniqueFd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) throw SystemError(fmt::format("open folder '{}'", name));
  return fd;
}

void each_entry(int folder, const std::function<void(const char* name)>& each) {
  UniqueFd listing = open_folder(folder, ".");
  DIR* dir = ::fdopendir(listing.get());
  if (!dir) throw SystemError("read folder");
  listing.release();
  struct Closer {
    DIR* d;
    ~Closer() { ::closedir(d); }
  } closer{dir};
  while (auto* entry = ::readdir(dir)) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") each(entry->d_name);
  }
}

void copy_bytes(int from, int to, const char* name) {
  if (::ioctl(to, FICLONE, from) == 0) return;
  while (true) {
    auto n = ::copy_file_range(from, nullptr, to, nullptr, 1u << 30, 0);
    if (n == 0) return;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
  }
  if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
    throw SystemError(fmt::format("copy '{}'", name));
  char buffer[64 * 1024];
  while (auto n = pika::read_some(from, buffer, sizeof buffer)) pika::write_all(to, {buffer, n});
}

class Copier {
 public:
  Copier(CopyFiles how, const std::unordered_set<std::string>& leave_out, std::optional<std::uint32_t> owner)
      : how_(how), leave_out_(leave_out), owner_(owner) {}

  // Copies the entries of `from` into a folder that `make` gives when the first of them comes.
  void folder(int from, const std::string& prefix, const std::function<int()>& make) {
    each_entry(from, [&](const char* name) {
      auto path = prefix + name;
      if (!leave_out_.empty() && leave_out_.contains(path)) return;
      struct stat st{};
      if (::fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) != 0) throw SystemError(fmt::format("stat '{}'", path));
      if (S_ISDIR(st.st_mode)) {
        subfolder(from, name, path, st, make);
      } else {
        file(from, name, st, make());
      }
    });
  }

 private:
  void subfolder(int from, const char* name, const std::string& path, const struct stat& st,
                 const std::function<int()>& make) {
    UniqueFd source = open_folder(from, name);
    UniqueFd target;
    auto make_this = [&] {
      if (target) return target.get();
      int parent = make();
      if (::mkdirat(parent, name, 0755) != 0) throw SystemError(fmt::format("mkdir '{}'", path));
      target = open_folder(parent, name);
      return target.get();
    };
    bool empty = true;
    each_entry(source.get(), [&](const char*) { empty = false; });
    if (empty) make_this();
    folder(source.get(), path + "/", make_this);
    if (!target) return;
    own(target.get(), "", AT_EMPTY_PATH);
    if (::fchmod(target.get(), st.st_mode & 07777) != 0) throw SystemError(fmt::format("chmod '{}'", path));
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    ::futimens(target.get(), times);
  }

  void file(int from, const char* name, const struct stat& st, int to) {
    if (how_ == CopyFiles::link) {
      if (::linkat(from, name, to, name, 0) != 0) throw SystemError(fmt::format("link '{}'", name));
      return;
    }
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    if (S_ISLNK(st.st_mode)) {
      std::string target(static_cast<std::size_t>(st.st_size) + 1, '\0');
      auto n = ::readlinkat(from, name, target.data(), target.size());
      if (n < 0) throw SystemError(fmt::format("readlink '{}'", name));
      target.resize(static_cast<std::size_t>(n));
      if (::symlinkat(target.c_str(), to, name) != 0) throw SystemError(fmt::format("symlink '{}'", name));
      own(to, name, AT_SYMLINK_NOFOLLOW);
      ::utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
      return;
    }
    if (!S_ISREG(st.st_mode)) return;  // a checkout has nothing else
    UniqueFd source(::openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!source) throw SystemError(fmt::format("open '{}'", name));
    UniqueFd target(::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!target) throw SystemError(fmt::format("create '{}'", name));
    copy_bytes(source.get(), target.get(), name);
    own(target.get(), "", AT_EMPTY_PATH);
    if (::fchmod(target.get(), st.st_mode & 07777) != 0) throw SystemError(fmt::format("chmod '{}'", name));
    ::futimens(target.get(), times);
  }

  void own(int folder, const char* name, int flags) {
    if (owner_ && ::fchownat(folder, name, *owner_, *owner_, flags) != 0)
      throw SystemError(fmt::format("chown '{}'", name));
  }

  CopyFiles how_;
  const std::unordered_set<std::string>& leave_out_;
  std::optional<std::uint32_t> owner_;
};

void settle_folder(int folder, std::optional<std::uint32_t> owner) {
  each_entry(folder, [&](const char* name) {
    struct stat st{};
    if (::fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0) throw SystemError(fmt::format("stat '{}'", name));
    if (owner && (st.st_uid != *owner || st.st_gid != *owner) &&
        ::fchownat(folder, name, *owner, *owner, AT_SYMLINK_NOFOLLOW) != 0)
      throw SystemError(fmt::format("chown '{}'", name));
    if (S_ISLNK(st.st_mode)) return;
    mode_t mode = S_ISDIR(st.st_mode) || (st.st_mode & 0100) ? 0755 : 0644;
    if ((st.st_mode & 07777) != mode && ::fchmodat(folder, name, mode, 0) != 0)
      throw SystemError(fmt::format("chmod '{}'", name));
    if (S_ISDIR(st.st_mode)) settle_folder(open_folder(folder, name).get(), owner);
  });
}

}  // namespace

void copy_tree(const fs::path& from, const fs::path& to, CopyFiles how,
               const std::unordered_set<std::string>& leave_out, std::optional<std::uint32_t> owner) {
  UniqueFd source(::open(from.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!source) throw SystemError(fmt::format("open '{}'", from.string()));
  if (::mkdir(to.c_str(), 0755) != 0) throw SystemError(fmt::format("mkdir '{}'", to.string()));
  UniqueFd target(::open(to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!target) throw SystemError(fmt::format("open '{}'", to.string()));
  if (::fchmod(target.get(), 0755) != 0) throw SystemError(fmt::format("chmod '{}'", to.string()));
  if (owner && ::fchown(target.get(), *owner, *owner) != 0) throw SystemError(fmt::format("chown '{}'", to.string()));
  Copier(how, leave_out, owner).folder(source.get(), "", [&] { return target.get(); });
}

void settle_modes(const fs::path& root, std::optional<std::uint32_t> owner) {
  UniqueFd folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw SystemError(fmt::format("open '{}'", root.string()));
  if (owner && ::fchown(folder.get(), *owner, *owner) != 0) throw SystemError(fmt::format("chown '{}'", root.string()));
  if (::fchmod(folder.get(), 0755) != 0) throw SystemError(fmt::format("chmod '{}'", root.string()));
  settle_folder(folder.get(), owner);
}

}  // namespace jerichoci
