#include "pika/base/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "pika/base/hash.hpp"

namespace pika {

Result<std::string> read_range(const fs::path& path, std::uint64_t offset, std::uint64_t size) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR)
      return fail(ErrorKind::not_found, fmt::format("there is no file '{}'", path.string()));
    throw SystemError(fmt::format("open '{}'", path.string()));
  }
  std::string out;
  constexpr std::size_t kChunk = 256 * 1024;
  while (size > 0) {
    auto want = static_cast<std::size_t>(std::min<std::uint64_t>(size, kChunk));
    auto before = out.size();
    out.resize(before + want);
    ssize_t n = ::pread(fd.get(), out.data() + before, want, static_cast<off_t>(offset));
    if (n < 0) {
      if (errno == EINTR) {
        out.resize(before);
        continue;
      }
      throw SystemError(fmt::format("read '{}'", path.string()));
    }
    out.resize(before + static_cast<std::size_t>(n));
    if (n == 0) break;
    offset += static_cast<std::uint64_t>(n);
    size -= static_cast<std::uint64_t>(n);
  }
  return out;
}

Result<std::string> read_file(const fs::path& path) {
  return read_range(path, 0, UINT64_MAX);
}

void sync_dir(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  if (::fsync(fd.get()) != 0 && errno != EINVAL) throw SystemError(fmt::format("fsync '{}'", path.string()));
}

void write_file_atomic(const fs::path& path, std::string_view bytes, unsigned mode) {
  auto folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  auto temporary = folder / fmt::format(".{}.{}.tmp", path.filename().string().substr(0, 100), random_hex(6));
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) throw SystemError(fmt::format("create '{}'", temporary.string()));
  try {
    write_all(fd.get(), bytes);
    if (::fsync(fd.get()) != 0) throw SystemError(fmt::format("fsync '{}'", temporary.string()));
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      throw SystemError(fmt::format("rename '{}' to '{}'", temporary.string(), path.string()));
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_dir(folder);
}

void make_dirs(const fs::path& path, unsigned mode) {
  if (path.empty()) return;
  struct stat st{};
  if (::stat(path.c_str(), &st) == 0) {
    if (S_ISDIR(st.st_mode)) return;
    throw SystemError(ENOTDIR, fmt::format("mkdir '{}'", path.string()));
  }
  if (path.has_parent_path() && path.parent_path() != path) make_dirs(path.parent_path(), mode);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) throw SystemError(fmt::format("mkdir '{}'", path.string()));
}

namespace {

constexpr int kDeepest = 64;  // folders held open at once

// A tree being removed. What lies deeper than kDeepest is moved up beside the rest and taken in another round, so that
// a tree of any depth needs few descriptors.
class Removal {
 public:
  explicit Removal(const fs::path& path) : path_(path) {}

  void run() {
    remove(AT_FDCWD, path_.c_str(), path_.string(), 0);
    while (!lifted_.empty()) {
      auto next = std::move(lifted_.back());
      lifted_.pop_back();
      remove(AT_FDCWD, next.c_str(), next.string(), 0);
    }
  }

 private:
  void remove(int parent, const char* name, const std::string& shown, int depth) {
    if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return;
    if (errno != EISDIR && errno != EPERM && errno != EACCES && errno != ENOTEMPTY)
      throw SystemError(fmt::format("remove '{}'", shown));
    if (depth >= kDeepest) {
      auto up =
          path_.parent_path() / fmt::format(".{}.{}.gone", path_.filename().string().substr(0, 80), random_hex(6));
      if (::renameat(parent, name, AT_FDCWD, up.c_str()) != 0) throw SystemError(fmt::format("move '{}'", shown));
      lifted_.push_back(up);
      return;
    }
    empty(parent, name, shown, depth, errno);
    if (::unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
      throw SystemError(fmt::format("remove '{}'", shown));
  }

  // `refused`: why it could not be removed as a file, which it may be.
  void empty(int parent, const char* name, const std::string& shown, int depth, int refused) {
    int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES) {
      ::fchmodat(parent, name, 0700, 0);
      fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd < 0) throw SystemError(errno == ENOTDIR ? refused : errno, fmt::format("remove '{}'", shown));
    struct stat st{};
    if (::fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700) ::fchmod(fd, 0700);
    std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd), ::closedir);  // owns fd
    if (!dir) throw SystemError(fmt::format("read folder '{}'", shown));
    while (auto* entry = ::readdir(dir.get())) {
      std::string_view child = entry->d_name;
      if (child != "." && child != "..") remove(fd, entry->d_name, shown + "/" + std::string(child), depth + 1);
    }
  }

  fs::path path_;
  std::vector<fs::path> lifted_;
};

}  // namespace

void remove_tree(const fs::path& path) {
  if (!path.empty()) Removal(path).run();
}

TempDir::TempDir(const std::string& prefix, const fs::path& parent) {
  auto base = parent.empty() ? fs::temp_directory_path() : parent;
  std::string name = (base / (prefix + "XXXXXX")).string();
  if (!::mkdtemp(name.data())) throw SystemError(fmt::format("mkdtemp '{}'", name));
  path_ = name;
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  try {
    remove_tree(path_);
  } catch (...) {
  }
}

std::optional<FileLock> FileLock::try_lock(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::nullopt;
    throw SystemError(fmt::format("flock '{}'", path.string()));
  }
  return FileLock(std::move(fd));
}

fs::path program_dir() {
  return fs::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace pika
