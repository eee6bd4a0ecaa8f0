#include "snapshot/tree_copy.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pika/base/files.hpp"
#include "pika/base/result.hpp"
#include "snapshot/tree_walk.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;
using pika::UniqueFd;

namespace {

constexpr std::uint64_t kSyncedOneByOne = 64;  // with more files the whole file system is synced once

bool clone_bytes(int from, int to) {
  return ::ioctl(to, FICLONE, from) == 0;
}

void copy_bytes(int from, int to, const char* name) {
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

// Holes stay holes: a job's file of many TB that takes no space is no way to fill the host's disk.
void copy_sparse(int from, int to, off_t size, const char* name) {
  auto failed = [&] { return SystemError(fmt::format("copy '{}'", name)); };
  if (::ftruncate(to, size) != 0) throw failed();
  off_t end = 0;
  while (true) {
    off_t begin = ::lseek(from, end, SEEK_DATA);
    if (begin < 0 && errno == ENXIO) return;  // nothing but a hole until the end
    end = begin < 0 ? -1 : ::lseek(from, begin, SEEK_HOLE);
    if (end < 0 || ::lseek(from, begin, SEEK_SET) < 0 || ::lseek(to, begin, SEEK_SET) < 0) throw failed();
    char buffer[64 * 1024];
    for (off_t at = begin; at < end;) {
      auto n = pika::read_some(from, buffer, std::min<std::size_t>(sizeof buffer, static_cast<std::size_t>(end - at)));
      if (n == 0) return;
      pika::write_all(to, {buffer, n});
      at += static_cast<off_t>(n);
    }
  }
}

bool is_whiteout(const struct stat& st) {
  return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
}

bool is_opaque(int folder) {
  char value = 0;
  for (auto* name : {"trusted.overlay.opaque", "user.overlay.opaque"})
    if (::fgetxattr(folder, name, &value, 1) == 1 && value == 'y') return true;
  return false;
}

UniqueFd open_root(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  return fd;
}

class Copier {
 public:
  Copier(const fs::path& from, const fs::path& to, const CopyRules& rules)
      : rules_(rules), from_(open_root(from), from.string()), to_(open_root(to), to.string()) {}

  Copied run() {
    struct stat st{};
    if (::fstat(from_.fd(), &st) != 0) throw SystemError("stat");
    stats_.push_back(st);
    walk_folders({[&] { return visit(); }, [&](const std::string& name) { enter(name); }, [&] { leave(); }});
    settle_folder();
    if (rules_.sync && done_.files > kSyncedOneByOne && ::syncfs(to_.fd()) != 0) throw SystemError("syncfs");
    return done_;
  }

 private:
  std::vector<std::string> visit() {
    std::vector<std::string> folders;
    each_entry(from_.fd(), [&](const char* name) {
      struct stat st{};
      if (::fstatat(from_.fd(), name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        throw SystemError(fmt::format("stat '{}'", from_.path(name)));
      if (S_ISDIR(st.st_mode)) {
        folders.emplace_back(name);
      } else if (rules_.layer && is_whiteout(st)) {
        remove(name);
      } else if (S_ISLNK(st.st_mode)) {
        symlink(name, st);
      } else if (S_ISREG(st.st_mode)) {
        file(name, st);
      }
    });
    return folders;
  }

  void enter(const std::string& name) {
    struct stat st{};
    if (::fstatat(from_.fd(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
      throw SystemError(fmt::format("stat '{}'", from_.path(name.c_str())));
    if (rules_.tame && (st.st_mode & 0700) != 0700) ::fchmodat(from_.fd(), name.c_str(), st.st_mode | 0700, 0);
    stats_.push_back(st);
    from_.down(name.c_str());
    struct stat there{};
    bool keep = ::fstatat(to_.fd(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
    if (keep && (!S_ISDIR(there.st_mode) || (rules_.layer && is_opaque(from_.fd())))) {
      remove(name.c_str());
      keep = false;
    }
    if (!keep && ::mkdirat(to_.fd(), name.c_str(), 0755) != 0)
      throw SystemError(fmt::format("mkdir '{}'", to_.path(name.c_str())));
    to_.down(name.c_str());
  }

  void leave() {
    settle_folder();
    from_.up();
    to_.up();
  }

  // Last, because what was made in the folder changed its time.
  void settle_folder() {
    auto st = stats_.back();
    stats_.pop_back();
    own(to_.fd(), "", AT_EMPTY_PATH);
    if (::fchmod(to_.fd(), rules_.tame ? (st.st_mode & 0777) | 0700 : st.st_mode & 07777) != 0)
      throw SystemError(fmt::format("chmod '{}'", to_.path()));
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    ::futimens(to_.fd(), times);
  }

  void remove(const char* name) {
    if (::unlinkat(to_.fd(), name, 0) == 0 || errno == ENOENT) return;
    pika::remove_tree(fmt::format("/proc/self/fd/{}/{}", to_.fd(), name));
  }

  // Tries once more when something else has the name.
  template <class F>
  void place(const char* name, const char* what, F&& make) {
    if (make()) return;
    if (errno == EEXIST || errno == EISDIR || errno == ENOTEMPTY) {
      remove(name);
      if (make()) return;
    }
    throw SystemError(fmt::format("{} '{}'", what, to_.path(name)));
  }

  void symlink(const char* name, const struct stat& st) {
    if (rules_.how == CopyFiles::link) return link(name, st);
    std::string target(static_cast<std::size_t>(st.st_size) + 1, '\0');
    auto n = ::readlinkat(from_.fd(), name, target.data(), target.size());
    if (n < 0) throw SystemError(fmt::format("readlink '{}'", from_.path(name)));
    target.resize(static_cast<std::size_t>(n));
    place(name, "symlink", [&] { return ::symlinkat(target.c_str(), to_.fd(), name) == 0; });
    own(to_.fd(), name, AT_SYMLINK_NOFOLLOW);
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    ::utimensat(to_.fd(), name, times, AT_SYMLINK_NOFOLLOW);
    ++done_.files;
  }

  void file(const char* name, const struct stat& st) {
    mode_t mode = rules_.tame ? (st.st_mode & 0777) | 0600 : st.st_mode & 07777;
    if (rules_.tame && (st.st_mode & 0600) != 0600) ::fchmodat(from_.fd(), name, (st.st_mode & 0777) | 0600, 0);
    if (rules_.how == CopyFiles::link) return link(name, st);
    UniqueFd target;
    if (rules_.how == CopyFiles::move) {
      place(name, "move", [&] { return ::renameat(from_.fd(), name, to_.fd(), name) == 0; });
      target = UniqueFd(::openat(to_.fd(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      if (!target) throw SystemError(fmt::format("open '{}'", to_.path(name)));
    } else {
      target = copy(name, st);
    }
    own(target.get(), "", AT_EMPTY_PATH);
    if (::fchmod(target.get(), mode) != 0) throw SystemError(fmt::format("chmod '{}'", to_.path(name)));
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    ::futimens(target.get(), times);
    ++done_.files;
    done_.bytes += static_cast<std::uint64_t>(st.st_size);
    if (rules_.sync && done_.files <= kSyncedOneByOne && ::fsync(target.get()) != 0)
      throw SystemError(fmt::format("sync '{}'", to_.path(name)));
  }

  UniqueFd copy(const char* name, const struct stat& st) {
    UniqueFd source(::openat(from_.fd(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!source) throw SystemError(fmt::format("open '{}'", from_.path(name)));
    UniqueFd target;
    place(name, "create", [&] {
      target = UniqueFd(::openat(to_.fd(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
      return bool(target);
    });
    bool cloned = clone_bytes(source.get(), target.get());
    ++(cloned ? done_.cloned : done_.by_bytes);
    bool sparse = st.st_blocks * 512 < st.st_size;
    if (!cloned && sparse) copy_sparse(source.get(), target.get(), st.st_size, name);
    if (!cloned && !sparse) copy_bytes(source.get(), target.get(), name);
    return target;
  }

  void link(const char* name, const struct stat& st) {
    ++done_.files;
    done_.bytes += static_cast<std::uint64_t>(st.st_size);
    place(name, "link", [&] { return ::linkat(from_.fd(), name, to_.fd(), name, 0) == 0; });
  }

  void own(int folder, const char* name, int flags) {
    if (rules_.owner && ::fchownat(folder, name, *rules_.owner, *rules_.owner, flags) != 0)
      throw SystemError(fmt::format("chown '{}'", to_.path(name)));
  }

  const CopyRules& rules_;
  FolderCursor from_, to_;
  std::vector<struct stat> stats_;  // of the folders of `from` that the walk is in
  Copied done_;
};

class Settler {
 public:
  Settler(const fs::path& root, std::optional<std::uint32_t> owner)
      : owner_(owner), at_(open_root(root), root.string()) {}

  void run() {
    struct stat st{};
    if (::fstat(at_.fd(), &st) != 0) throw SystemError("stat");
    entry(at_.fd(), ".", st);
    walk_folders(
        {[&] { return visit(); }, [&](const std::string& name) { at_.down(name.c_str()); }, [&] { at_.up(); }});
  }

 private:
  std::vector<std::string> visit() {
    std::vector<std::string> folders;
    each_entry(at_.fd(), [&](const char* name) {
      struct stat st{};
      if (::fstatat(at_.fd(), name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        throw SystemError(fmt::format("stat '{}'", at_.path(name)));
      if (S_ISCHR(st.st_mode)) return;  // a whiteout has no owner and no mode
      entry(at_.fd(), name, st);
      if (S_ISDIR(st.st_mode)) folders.emplace_back(name);
    });
    return folders;
  }

  void entry(int folder, const char* name, const struct stat& st) {
    if (owner_ && (st.st_uid != *owner_ || st.st_gid != *owner_) &&
        ::fchownat(folder, name, *owner_, *owner_, AT_SYMLINK_NOFOLLOW) != 0)
      throw SystemError(fmt::format("chown '{}'", at_.path(name)));
    mode_t mode = S_ISDIR(st.st_mode) || (st.st_mode & 0100) ? 0755 : 0644;
    if (!S_ISLNK(st.st_mode) && (st.st_mode & 07777) != mode && ::fchmodat(folder, name, mode, 0) != 0)
      throw SystemError(fmt::format("chmod '{}'", at_.path(name)));
    struct timespec times[2] = {{kCheckoutTime, 0}, {kCheckoutTime, 0}};
    if (st.st_mtim.tv_sec == kCheckoutTime && st.st_mtim.tv_nsec == 0) return;  // linked from another checkout
    if (::utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) != 0)
      throw SystemError(fmt::format("set the time of '{}'", at_.path(name)));
  }

  std::optional<std::uint32_t> owner_;
  FolderCursor at_;
};

}  // namespace

Copied lay_tree(const fs::path& from, const fs::path& to, const CopyRules& rules) {
  if (rules.tame) ::chmod(from.c_str(), 0755);
  if (::mkdir(to.c_str(), 0755) != 0 && errno != EEXIST) throw SystemError(fmt::format("mkdir '{}'", to.string()));
  return Copier(from, to, rules).run();
}

void copy_tree(const fs::path& from, const fs::path& to, CopyFiles how, std::optional<std::uint32_t> owner) {
  if (::mkdir(to.c_str(), 0755) != 0) throw SystemError(fmt::format("mkdir '{}'", to.string()));
  CopyRules rules;
  rules.how = how;
  rules.owner = owner;
  Copier(from, to, rules).run();
}

void copy_file(const fs::path& from, const fs::path& to, std::optional<std::uint32_t> owner) {
  struct stat st{};
  if (::lstat(from.c_str(), &st) != 0) throw SystemError(fmt::format("stat '{}'", from.string()));
  struct timespec times[2] = {st.st_atim, st.st_mtim};
  if (S_ISLNK(st.st_mode)) {
    fs::create_symlink(fs::read_symlink(from), to);
  } else {
    UniqueFd source(::open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    UniqueFd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!source || !target) throw SystemError(fmt::format("copy '{}' to '{}'", from.string(), to.string()));
    copy_bytes(source.get(), target.get(), from.c_str());
    if (::fchmod(target.get(), st.st_mode & 07777) != 0) throw SystemError(fmt::format("chmod '{}'", to.string()));
  }
  if (owner && ::lchown(to.c_str(), *owner, *owner) != 0) throw SystemError(fmt::format("chown '{}'", to.string()));
  ::utimensat(AT_FDCWD, to.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

void settle_tree(const fs::path& root, std::optional<std::uint32_t> owner) {
  Settler(root, owner).run();
}

std::uint64_t tree_bytes(const fs::path& root) {
  std::uint64_t bytes = 0;
  FolderCursor at(open_root(root), root.string());
  auto visit = [&] {
    std::vector<std::string> folders;
    each_entry(at.fd(), [&](const char* name) {
      struct stat st{};
      if (::fstatat(at.fd(), name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;  // it went away
      bytes += static_cast<std::uint64_t>(st.st_blocks) * 512;
      if (S_ISDIR(st.st_mode)) folders.emplace_back(name);
    });
    return folders;
  };
  walk_folders({visit, [&](const std::string& name) { at.down(name.c_str()); }, [&] { at.up(); }});
  return bytes;
}

}  // namespace jerichoci
