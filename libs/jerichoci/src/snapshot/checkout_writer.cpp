#include "snapshot/checkout_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "snapshot/git_program.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;
using pika::UniqueFd;
using pika::git::Repository;
using pika::git::TreeEntry;

namespace {

constexpr std::uint64_t kLargeFile = 16u << 20;  // above this git writes it: it streams

unsigned format_of(const TreeEntry& e) {
  return e.mode & kGitFormat;
}

// A folder tree that is being written. No name in it leads out: symlinks are never followed.
class FolderWriter {
 public:
  explicit FolderWriter(const fs::path& root) : root_(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!root_) throw SystemError(fmt::format("open '{}'", root.string()));
  }

  void write(const TreeEntry& e, const std::string& content) {
    auto [folder, name] = place(e.path);
    if (format_of(e) == kGitLink) {
      if (::symlinkat(content.c_str(), folder, name.c_str()) != 0)
        throw SystemError(fmt::format("symlink '{}'", e.path));
      return;
    }
    UniqueFd fd(::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, e.mode & 0100 ? 0755 : 0644));
    if (!fd) throw SystemError(fmt::format("create '{}'", e.path));
    pika::write_all(fd.get(), content);
  }

  void folder(const std::string& path) {
    auto [parent, name] = place(path);
    if (::mkdirat(parent, name.c_str(), 0755) != 0 && errno != EEXIST)
      throw SystemError(fmt::format("mkdir '{}'", path));
  }

  void whiteout(const std::string& path) {
    auto [folder, name] = place(path);
    if (::mknodat(folder, name.c_str(), S_IFCHR, makedev(0, 0)) != 0)
      throw SystemError(fmt::format("make the whiteout '{}'", path));
  }

 private:
  struct Place {
    int folder;
    std::string name;
  };

  // The folder of a path, made when it is not there; kept open, because the next path mostly has the same.
  Place place(const std::string& path) {
    auto slash = path.rfind('/');
    if (slash == std::string::npos) return {root_.get(), path};
    auto parent = path.substr(0, slash);
    if (!open_ || parent != open_path_) {
      open_ = open_below(parent);
      open_path_ = parent;
    }
    return {open_.get(), path.substr(slash + 1)};
  }

  UniqueFd open_below(const std::string& path) {
    struct open_how how{};
    how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof how)));
    if (fd) return fd;
    if (errno != ENOENT) throw SystemError(fmt::format("open folder '{}'", path));
    UniqueFd at(::fcntl(root_.get(), F_DUPFD_CLOEXEC, 0));
    for (auto part : pika::split(path, '/')) {
      auto name = std::string(part);
      if (::mkdirat(at.get(), name.c_str(), 0755) != 0 && errno != EEXIST)
        throw SystemError(fmt::format("mkdir '{}'", path));
      at = UniqueFd(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!at) throw SystemError(fmt::format("open folder '{}'", path));
    }
    return at;
  }

  UniqueFd root_, open_;
  std::string open_path_;
};

// Through an index of just these files and the attributes that say how to write them.
pika::Status write_by_git(const ObjectStore& store, const TreeDiff& diff, const fs::path& files,
                          const fs::path& scratch) {
  std::vector<std::string> env = {"GIT_INDEX_FILE=" + (scratch / "index").string(), "GIT_WORK_TREE=" + files.string()};
  std::string entries, paths;
  auto add = [&](const TreeEntry& e) { entries += fmt::format("{:o} {}\t{}", e.mode, e.id.hex(), e.path) + '\0'; };
  std::for_each(diff.attributes.begin(), diff.attributes.end(), add);
  std::for_each(diff.written.begin(), diff.written.end(), add);
  for (const auto& e : diff.written) paths += e.path + '\0';
  PIKA_TRY(
      git_output(git_command(store.path(), {"update-index", "-z", "--index-info"}, GitConfig::clean, env), entries));
  PIKA_TRY(git_output(git_command(store.path(), {"checkout-index", "--force", "-z", "--stdin"}, GitConfig::clean, env),
                      paths));
  return {};
}

}  // namespace

pika::Status write_whole_tree(const ObjectStore& store, const pika::git::Oid& tree, const fs::path& files,
                              const fs::path& scratch) {
  pika::make_dirs(files);
  std::vector<std::string> env = {"GIT_INDEX_FILE=" + (scratch / "index").string(), "GIT_WORK_TREE=" + files.string()};
  auto written = git_output(git_command(store.path(), {"-c", "checkout.workers=0", "read-tree", "-m", "-u", tree.hex()},
                                        GitConfig::clean, env));
  if (written) return {};
  auto error = written.error();
  error.advice = fmt::format(
      "where the disk has room, the store of trees is damaged: remove '{}', and each run brings its tree again",
      store.path().string());
  return std::unexpected(std::move(error));
}

pika::Status write_delta(const ObjectStore& store, const Repository& repository, const TreeDiff& diff,
                         const fs::path& files, const fs::path& scratch) {
  pika::make_dirs(files);
  bool by_git = !diff.attributes.empty() || std::any_of(diff.written.begin(), diff.written.end(), [&](const auto& e) {
    return format_of(e) != kGitSubmodule && repository.blob_size(e.id).value_or(0) > kLargeFile;
  });
  if (by_git && !diff.written.empty()) PIKA_TRY(write_by_git(store, diff, files, scratch));
  FolderWriter writer(files);
  if (!by_git) {
    for (const auto& e : diff.written) {
      if (format_of(e) == kGitSubmodule) {
        writer.folder(e.path);
      } else {
        writer.write(e, PIKA_TRY(repository.blob(e.id)));
      }
    }
  }
  for (const auto& path : diff.vanished) writer.whiteout(path);
  return {};
}

}  // namespace jerichoci
