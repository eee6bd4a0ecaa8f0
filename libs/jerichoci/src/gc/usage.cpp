#include "gc/usage.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <vector>

#include "pika/base/fd.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::UniqueFd;

namespace {

std::uint64_t blocks(const struct stat& st) {
  return static_cast<std::uint64_t>(st.st_blocks) * 512;
}

// The entries of a folder, without "." and "..", and without following a symlink to get there.
void each_entry(int at, const char* folder, const std::function<void(int, const std::string&, const struct stat&)>& f) {
  UniqueFd fd(::openat(at, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return;
  std::vector<std::string> names;
  {
    UniqueFd own(::openat(fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::unique_ptr<DIR, int (*)(DIR*)> dir(own ? ::fdopendir(own.get()) : nullptr, ::closedir);
    if (!dir) return;
    own.release();
    while (auto* entry = ::readdir(dir.get())) {
      std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(std::move(name));
    }
  }
  for (const auto& name : names) {
    struct stat st{};
    if (::fstatat(fd.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) f(fd.get(), name, st);
  }
}

class Measure {
 public:
  std::map<std::string_view, std::uint64_t> bytes;

  void below(int at, const std::string& name, std::string_view kind) {
    each_entry(at, name.c_str(), [&](int fd, const std::string& entry, const struct stat& st) {
      count(st, kind);
      if (S_ISDIR(st.st_mode)) below(fd, entry, kind);
    });
  }

  // runs/<id>/jobs/ is what the jobs said.
  void runs(int at, const std::string& name) {
    each_entry(at, name.c_str(), [&](int fd, const std::string& run, const struct stat& st) {
      count(st, run.starts_with('.') ? "tmp" : "runs");
      if (!S_ISDIR(st.st_mode)) return;
      each_entry(fd, run.c_str(), [&](int inner, const std::string& entry, const struct stat& inner_st) {
        std::string_view kind = run.starts_with('.') ? "tmp" : entry == "jobs" ? "logs" : "runs";
        count(inner_st, kind);
        if (S_ISDIR(inner_st.st_mode)) below(inner, entry, kind);
      });
    });
  }

  void count(const struct stat& st, std::string_view kind) {
    if (st.st_nlink > 1 && !S_ISDIR(st.st_mode) && !seen_.emplace(st.st_dev, st.st_ino).second) return;
    bytes[kind] += blocks(st);
  }

 private:
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;
};

std::string_view class_of(const std::string& name) {
  if (name == "objects.git") return "snapshots";
  if (name == "roots") return "images";
  if (name == "tmp" || name.starts_with('.')) return "tmp";
  for (auto kind : kGcClasses)
    if (name == kind) return kind;
  return "other";
}

}  // namespace

std::map<std::string_view, std::uint64_t> measure_usage(const fs::path& state_root) {
  Measure m;
  for (auto kind : kGcClasses) m.bytes[kind] = 0;
  struct stat st{};
  if (::lstat(state_root.c_str(), &st) == 0) m.count(st, "other");
  each_entry(AT_FDCWD, state_root.c_str(), [&](int fd, const std::string& name, const struct stat& entry) {
    auto kind = class_of(name);
    m.count(entry, kind);
    if (!S_ISDIR(entry.st_mode)) return;
    if (kind == "runs") {
      m.runs(fd, name);
    } else {
      m.below(fd, name, kind);
    }
  });
  return m.bytes;
}

void Freed::entry(int folder, const std::string& name) {
  struct stat st{};
  if (::fstatat(folder, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (S_ISDIR(st.st_mode)) {
    bytes_ += blocks(st);
    each_entry(folder, name.c_str(), [&](int fd, const std::string& inner, const struct stat&) { entry(fd, inner); });
    return;
  }
  auto left = names_left_.emplace(std::pair{st.st_dev, st.st_ino}, st.st_nlink).first;
  if (left->second > 0 && --left->second == 0) bytes_ += blocks(st);
}

void Freed::add(const fs::path& path) {
  entry(AT_FDCWD, path.string());
}

}  // namespace jerichoci
