#include "artifacts/collect.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "artifacts/glob.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

using pika::UniqueFd;

namespace {

constexpr int kDeepest = 128;                // folders within each other; a job may make thousands
constexpr std::size_t kEntries = 2'000'000;  // looked at

// Nothing for a folder that may not be listed.
std::optional<std::vector<std::string>> names_in(int folder) {
  std::vector<std::string> names;
  UniqueFd own(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::unique_ptr<DIR, int (*)(DIR*)> dir(own ? ::fdopendir(own.get()) : nullptr, ::closedir);
  if (!dir) return std::nullopt;
  own.release();
  while (auto* entry = ::readdir(dir.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Collector {
 public:
  Collector(const ArtifactSpec& spec, const ArtifactStore& store, const ArtifactLimits& limits)
      : limits_(limits), globs_(spec.globs), walk_(spec.globs), batch_(store) {}

  CollectedArtifacts run(int workspace) {
    folder(workspace, "", 0);
    batch_.publish();
    out_.message = pika::join(words(), "; ");
    return std::move(out_);
  }

 private:
  void folder(int fd, const std::string& path, int depth) {
    auto names = names_in(fd);
    if (!names) return unreadable(path.empty() ? "." : path);
    for (const auto& name : *names) {
      if (full_ || ++seen_ > kEntries) return;
      struct stat st{};
      if (::fstatat(fd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) unreadable(path + name);
        continue;
      }
      if (S_ISDIR(st.st_mode)) {
        below(fd, name, path, depth);
      } else if (walk_.matches(name)) {
        entry(fd, name, path + name, st);
      }
    }
  }

  void below(int fd, const std::string& name, const std::string& path, int depth) {
    if (!walk_.enter(name)) return;
    UniqueFd folder_fd(::openat(fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (depth + 1 >= kDeepest) {
      ++deep_;
    } else if (folder_fd) {
      folder(folder_fd.get(), path + name + "/", depth + 1);
    } else {
      unreadable(path + name);
    }
    walk_.leave();
  }

  void entry(int fd, const std::string& name, std::string path, const struct stat& st) {
    if (S_ISLNK(st.st_mode)) {
      ++links_;
      return;
    }
    if (!S_ISREG(st.st_mode)) {
      ++special_;
      return;
    }
    if (out_.files.size() >= limits_.files) {
      full_ = true;
      return;
    }
    // Not waiting for a writer, should it have become a fifo; and looked at again, because only this one is read.
    UniqueFd file(::openat(fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat opened{};
    if (!file || ::fstat(file.get(), &opened) != 0) return unreadable(path);
    if (!S_ISREG(opened.st_mode)) {
      ++special_;
      return;
    }
    auto left = limits_.bytes - std::min(limits_.bytes, bytes_);
    auto size = static_cast<std::uint64_t>(opened.st_size);
    auto content = size <= left ? batch_.add(file.get(), left) : std::nullopt;
    if (!content) {
      large_.push_back(fmt::format("{} ({})", pika::quote_name(path), pika::format_bytes(size)));
      return;
    }
    bytes_ += content->bytes;
    out_.files.push_back({std::move(path), content->name, content->bytes, (opened.st_mode & S_IXUSR) != 0});
  }

  void unreadable(const std::string& path) {
    if (unreadable_++ == 0) first_unreadable_ = pika::quote_name(path);
  }

  std::vector<std::string> words() const {
    std::vector<std::string> out;
    auto count = [](std::size_t n, std::string_view one) { return pika::plural(static_cast<std::int64_t>(n), one); };
    if (full_) out.push_back(fmt::format("only the first {} were kept", count(limits_.files, "file")));
    if (!large_.empty())
      out.push_back(fmt::format("{} left out, because artifacts may take {}: {}{}", count(large_.size(), "file"),
                                pika::format_bytes(limits_.bytes), large_[0], large_.size() > 1 ? ", ..." : ""));
    if (links_) out.push_back(count(links_, "symlink") + " not followed");
    if (special_) out.push_back(count(special_, "special file") + " left out");
    if (deep_) out.push_back(fmt::format("{} more than {} deep left out", count(deep_, "folder"), kDeepest));
    if (unreadable_) out.push_back(fmt::format("{} not readable: {}", count(unreadable_, "entry"), first_unreadable_));
    if (seen_ > kEntries) out.push_back(fmt::format("only {} files were looked at", kEntries));
    // Only where everything was looked at.
    if (!full_ && seen_ <= kEntries && !deep_ && !unreadable_)
      for (std::size_t i = 0; i < globs_.size(); ++i)
        if (!walk_.ever_matched(i)) out.push_back(fmt::format("no file matches '{}'", pika::quote_name(globs_[i])));
    return out;
  }

  const ArtifactLimits& limits_;
  const std::vector<std::string>& globs_;
  GlobWalk walk_;
  ArtifactBatch batch_;
  CollectedArtifacts out_;
  std::uint64_t bytes_ = 0;
  std::size_t seen_ = 0, links_ = 0, special_ = 0, deep_ = 0, unreadable_ = 0;
  std::string first_unreadable_;
  std::vector<std::string> large_;
  bool full_ = false;
};

}  // namespace

CollectedArtifacts collect_artifacts(int workspace, const ArtifactSpec& spec, const ArtifactStore& store,
                                     const ArtifactLimits& limits) {
  return Collector(spec, store, limits).run(workspace);
}

}  // namespace jerichoci
