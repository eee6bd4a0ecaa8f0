#include "exec/disk_use.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <set>
#include <string>
#include <vector>

#include "pika/base/result.hpp"
#include "snapshot/tree_walk.hpp"

namespace jerichoci {

namespace {

enum class Closed { skip, open };

class Counter {
 public:
  Counter(const std::filesystem::path& root, Closed closed)
      : closed_(closed), at_(pika::UniqueFd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), root.string()) {}

  std::uint64_t count() {
    if (at_.fd() < 0) return 0;
    std::vector<std::vector<std::string>> open;
    try {
      open.push_back(visit());
      while (!open.empty()) {
        if (open.back().empty()) {
          open.pop_back();
          if (!open.empty()) at_.up();
          continue;
        }
        auto name = std::move(open.back().back());
        open.back().pop_back();
        if (enter(name)) open.push_back(visit());
      }
    } catch (const pika::SystemError&) {
      // it was moved under us: what was seen counts
    }
    return bytes_;
  }

 private:
  bool enter(const std::string& name) {
    if (closed_ == Closed::open) {
      struct stat st{};
      if (::fstatat(at_.fd(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & 0700) != 0700)
        ::fchmodat(at_.fd(), name.c_str(), (st.st_mode & 0777) | 0700, 0);
    }
    try {
      at_.down(name.c_str());
      return true;
    } catch (const pika::SystemError&) {
      return false;
    }
  }

  std::vector<std::string> visit() {
    std::vector<std::string> folders;
    each_entry(at_.fd(), [&](const char* name) {
      struct stat st{};
      if (::fstatat(at_.fd(), name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
      bool again = !S_ISDIR(st.st_mode) && st.st_nlink > 1 && !linked_.insert(st.st_ino).second;
      if (!again) bytes_ += static_cast<std::uint64_t>(st.st_blocks) * 512;
      if (S_ISDIR(st.st_mode)) folders.emplace_back(name);
    });
    return folders;
  }

  Closed closed_;
  FolderCursor at_;
  std::set<ino_t> linked_;
  std::uint64_t bytes_ = 0;
};

std::uint64_t count_all(const std::vector<std::filesystem::path>& folders, Closed closed) {
  std::uint64_t bytes = 0;
  for (const auto& folder : folders) bytes += Counter(folder, closed).count();
  return bytes;
}

}  // namespace

DiskUse::DiskUse(std::vector<std::filesystem::path> folders)
    : folders_(std::move(folders)), before_(count_all(folders_, Closed::open)) {}

std::uint64_t DiskUse::now() const {
  auto bytes = count_all(folders_, Closed::skip);
  return bytes > before_ ? bytes - before_ : 0;
}

std::uint64_t DiskUse::at_end() const {
  auto bytes = count_all(folders_, Closed::open);
  return bytes > before_ ? bytes - before_ : 0;
}

}  // namespace jerichoci
