#include "caches/touched.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "pika/base/result.hpp"
#include "snapshot/tree_copy.hpp"
#include "snapshot/tree_diff.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::Micros;
using pika::SystemError;

namespace {

constexpr std::size_t kMostTouched = 5000;
constexpr std::size_t kLongestPath = 3000;  // with the folders above it a system call takes 4,095 bytes

void set_time(const fs::path& path, Micros time) {
  struct timespec at{time / pika::kSecond, time % pika::kSecond * 1000};
  struct timespec times[2] = {at, at};
  if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT && errno != ENOTDIR)
    throw SystemError(fmt::format("set the time of '{}'", path.string()));
}

class LayerWriter {
 public:
  LayerWriter(const fs::path& root, std::optional<std::uint32_t> owner) : root_(root), owner_(owner) {}

  void folder(const fs::path& path) {
    auto folder = root_;
    for (const auto& name : path) {
      folder /= name;
      if (!folders_.insert(folder).second) continue;
      if (::mkdir(folder.c_str(), 0755) != 0 || ::chmod(folder.c_str(), 0755) != 0 ||
          (owner_ && ::chown(folder.c_str(), *owner_, *owner_) != 0))
        throw SystemError(fmt::format("mkdir '{}'", folder.string()));
    }
  }
  void file(const fs::path& from, const fs::path& path) {
    folder(path.parent_path());
    copy_file(from, root_ / path, owner_);
  }
  void settle() {
    for (const auto& folder : folders_) set_time(folder, kCheckoutTime * pika::kSecond);
  }

 private:
  const fs::path& root_;
  std::optional<std::uint32_t> owner_;
  std::set<fs::path> folders_;
};

}  // namespace

std::optional<TouchedPaths> touched_paths(const pika::git::Repository& store, const GenerationFacts& facts,
                                          const pika::git::Oid& tree, Micros now) {
  auto diff = diff_trees(store, facts.tree, tree, kMostTouched);
  if (!diff || !*diff) return std::nullopt;
  auto touched = facts.touched;
  // Not before anything the cache can hold, also when the clock went back.
  auto at = std::max(now, facts.saved_at + 1);
  for (const auto& path : (*diff)->gone) touched.erase(path);
  for (const auto& path : (*diff)->vanished) touched.erase(path);
  for (const auto& entry : (*diff)->written) touched[entry.path] = at;
  for (const auto& path : (*diff)->folders)
    if (!path.empty()) touched[path] = at;
  bool deep = std::any_of(touched.begin(), touched.end(), [](const auto& t) { return t.first.size() > kLongestPath; });
  if (touched.size() > kMostTouched || deep) return std::nullopt;
  return touched;
}

void make_touched_layer(const std::vector<fs::path>& layers, const TouchedPaths& touched, const fs::path& to,
                        std::optional<std::uint32_t> owner) {
  LayerWriter writer(to, owner);
  for (const auto& [path, time] : touched) {
    for (const auto& layer : layers) {
      struct stat st{};
      if (::lstat((layer / path).c_str(), &st) != 0) continue;
      if (S_ISDIR(st.st_mode)) writer.folder(path);
      if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) writer.file(layer / path, path);
      break;  // the uppermost one that has the name, also when that is a whiteout
    }
  }
  writer.settle();
  touch_files(to, touched);
}

void touch_files(const fs::path& workspace, const TouchedPaths& touched) {
  for (const auto& [path, time] : touched) set_time(workspace / path, time);
}

}  // namespace jerichoci
