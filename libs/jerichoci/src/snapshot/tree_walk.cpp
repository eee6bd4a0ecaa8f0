#include "snapshot/tree_walk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <string_view>

#include "pika/base/result.hpp"

namespace jerichoci {

using pika::SystemError;
using pika::UniqueFd;

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

FolderCursor::FolderCursor(UniqueFd root, std::string shown) : fd_(std::move(root)), shown_(std::move(shown)) {}

void FolderCursor::down(const char* name) {
  struct stat st{};
  if (::fstat(fd_.get(), &st) != 0) throw SystemError(fmt::format("stat '{}'", path()));
  UniqueFd next(::openat(fd_.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!next) throw SystemError(fmt::format("open '{}'", path(name)));
  above_.push_back({st.st_dev, st.st_ino, name});
  fd_ = std::move(next);
}

void FolderCursor::up() {
  UniqueFd next(::openat(fd_.get(), "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!next) throw SystemError(fmt::format("open '{}/..'", path()));
  struct stat st{};
  if (::fstat(next.get(), &st) != 0) throw SystemError(fmt::format("stat '{}/..'", path()));
  if (st.st_ino != above_.back().inode || st.st_dev != above_.back().device)
    throw SystemError(ESTALE, fmt::format("'{}' was moved while it was read", path()));
  above_.pop_back();
  fd_ = std::move(next);
}

std::string FolderCursor::path(const char* name) const {
  std::string out = shown_;
  for (const auto& place : above_) out += "/" + place.name;
  if (*name) out += std::string("/") + name;
  return out.size() <= 1000 ? out : out.substr(0, 500) + "..." + out.substr(out.size() - 500);
}

void walk_folders(const WalkSteps& steps) {
  std::vector<std::vector<std::string>> open;
  open.push_back(steps.visit());
  while (!open.empty()) {
    if (open.back().empty()) {
      open.pop_back();
      if (!open.empty()) steps.leave();
      continue;
    }
    auto name = std::move(open.back().back());
    open.back().pop_back();
    steps.enter(name);
    open.push_back(steps.visit());
  }
}

}  // namespace jerichoci
