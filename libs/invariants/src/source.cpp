// Work trees and commits as trees of facts.
#include "pika/invariants/source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>

#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"

namespace pika::invariants {
namespace {

namespace fs = std::filesystem;

// Two writes within one step of a file system's clock look alike, so a file this young is looked at again.
constexpr std::int64_t kYoung = 2'000'000'000;

const std::vector<Reference> kNoReferences;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The whole of a file that is one. Throws SystemError.
std::string read_all(const fs::path& path, std::uint64_t size) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
  std::string bytes(size + 1, '\0');
  std::size_t filled = 0;
  while (const auto n = read_some(fd.get(), bytes.data() + filled, bytes.size() - filled)) {
    filled += n;
    if (filled == bytes.size()) bytes.resize(bytes.size() * 2);
    if (filled > kMostRead) break;
  }
  bytes.resize(filled);
  return bytes;
}

class WorkTree : public TreeView {
 public:
  WorkTree(fs::path root, FactStore& store, std::int64_t now) : root_(std::move(root)), store_(store), now_(now) {}

  // Paths that git lists, with NUL after each.
  void take(std::string_view listing) {
    std::vector<std::string> listed;
    for (auto path : split(listing, '\0'))
      if (!path.empty()) listed.emplace_back(path);
    std::sort(listed.begin(), listed.end());
    listed.erase(std::unique(listed.begin(), listed.end()), listed.end());
    for (auto& path : listed) {
      struct stat status{};
      if (::lstat((root_ / path).c_str(), &status) != 0) continue;  // deleted, and not committed so
      if (S_ISDIR(status.st_mode)) continue;                        // a submodule
      File file;
      file.readable = S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) <= kMostRead;
      file.stamp = {static_cast<std::uint64_t>(status.st_size), status.st_ino, status.st_dev,
                    nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
      if (auto blob = file.readable ? store_.blob_of(path, file.stamp) : std::nullopt) {
        file.blob = *blob;
        file.known = true;
      }
      paths_.push_back(std::move(path));
      files_.push_back(std::move(file));
    }
    for (std::size_t i = 0; i < files_.size(); ++i)
      if (files_[i].readable && language_of(paths_[i]) != Language::none)
        with_blob(i, [&](const git::Oid& blob, const auto& read) {
          files_[i].references = &store_.references(blob, paths_[i], read);
        });
  }

  const std::vector<std::string>& paths() const override { return paths_; }
  const std::vector<Reference>& references(std::size_t file) const override {
    return files_[file].references ? *files_[file].references : kNoReferences;
  }
  std::vector<Mention> mentions(std::size_t file, const std::vector<std::string>& words) const override {
    std::vector<Mention> found;
    if (files_[file].readable)
      with_blob(file, [&](const git::Oid& blob, const auto& read) { found = store_.mentions(blob, words, read); });
    return found;
  }
  std::string text(std::size_t file) const override { return files_[file].readable ? read(file) : std::string(); }

 private:
  struct File {
    FileStamp stamp;
    git::Oid blob;
    bool readable = false, known = false;
    const std::vector<Reference>* references = nullptr;
  };

  std::string read(std::size_t file) const { return read_all(root_ / paths_[file], files_[file].stamp.size); }

  // Calls `each` with the file's blob and a function that gives its text, which is read at most once.
  template <class Each>
  void with_blob(std::size_t index, const Each& each) const {
    auto& file = files_[index];
    std::optional<std::string> text;
    if (!file.known) {
      text = read(index);
      file.blob = git::blob_id(*text);
      file.known = true;
      if (std::max(file.stamp.modified, file.stamp.changed) + kYoung < now_ && text->size() == file.stamp.size)
        store_.remember(paths_[index], file.stamp, file.blob);
    }
    each(file.blob, [&] { return text ? std::move(*text) : read(index); });
  }

  fs::path root_;
  FactStore& store_;
  std::int64_t now_;  // before the first file was looked at
  std::vector<std::string> paths_;
  mutable std::vector<File> files_;  // a blob's name is found out when it is first needed
};

class Revision : public TreeView {
 public:
  Revision(const git::Repository& repository, const git::Oid& id, FactStore& store)
      : repository_(repository), store_(store) {
    std::vector<git::TreeEntry> entries;
    repository.walk(id, [&](const git::TreeEntry& entry) {
      if (entry.mode != 0160000) entries.push_back(entry);
      return true;
    });
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    for (auto& entry : entries) {
      paths_.push_back(std::move(entry.path));
      const bool readable = entry.mode != 0120000;
      files_.push_back({entry.id, readable, nullptr});
      if (readable && language_of(paths_.back()) != Language::none)
        files_.back().references = &store_.references(entry.id, paths_.back(), [&] { return read(entry.id); });
    }
  }

  const std::vector<std::string>& paths() const override { return paths_; }
  const std::vector<Reference>& references(std::size_t file) const override {
    return files_[file].references ? *files_[file].references : kNoReferences;
  }
  std::vector<Mention> mentions(std::size_t file, const std::vector<std::string>& words) const override {
    if (!files_[file].readable) return {};
    return store_.mentions(files_[file].blob, words, [&] { return read(files_[file].blob); });
  }
  std::string text(std::size_t file) const override {
    return files_[file].readable ? read(files_[file].blob) : std::string();
  }

 private:
  struct File {
    git::Oid blob;
    bool readable = false;
    const std::vector<Reference>* references = nullptr;
  };
  std::string read(const git::Oid& blob) const {
    if (repository_.blob_size(blob).value_or(0) > kMostRead) return {};
    return repository_.blob(blob).value_or(std::string());
  }
  const git::Repository& repository_;
  FactStore& store_;
  std::vector<std::string> paths_;
  std::vector<File> files_;
};

Result<std::string> run_git(std::vector<std::string> words) {
  proc::Command command;
  command.argv = {"git", "-c", "core.fsmonitor=false"};
  for (auto& word : words) command.argv.push_back(std::move(word));
  command.drop_env = "GIT_";
  command.env = {"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C"};
  command.deadline = 120 * kSecond;
  auto out = proc::run(command);
  if (out.timed_out) return fail(ErrorKind::unavailable, "git ls-files did not end within 2 minutes");
  if (out.ok()) return std::move(out.out);
  auto why = std::string(trim(to_utf8(out.err)));
  if (why.empty()) why = out.start_error.empty() ? fmt::format("exit code {}", out.exit_code) : out.start_error;
  return fail(ErrorKind::internal, "git ls-files failed: " + why);
}

// With the user's own configuration, because it may say what is ignored.
Result<std::string> list_files(const fs::path& root, Listing listing) {
  if (listing == Listing::of_git)
    return run_git({"-C", root.string(), "ls-files", "-z", "--cached", "--others", "--exclude-standard"});
  // An empty repository elsewhere, to which every file of the folder is a new one.
  const TempDir empty("pika-invariants-");
  const auto repository = (empty.path() / "git").string();
  PIKA_TRY(run_git({"init", "-q", "--template=", "--bare", repository}));
  return run_git({"-C", root.string(), "--git-dir=" + repository, "--work-tree=" + root.string(), "ls-files", "-z",
                  "--others", "--exclude-standard"});
}

}  // namespace

Result<std::unique_ptr<TreeView>> open_work_tree(const fs::path& root, FactStore& store,
                                                 const WorkTreeOptions& options) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto listing = PIKA_TRY(list_files(root, options.listing));
  auto tree = std::make_unique<WorkTree>(root, store, options.now ? options.now : nanoseconds(now));
  try {
    tree->take(listing);
  } catch (const SystemError& error) {
    return fail(ErrorKind::unavailable, error.what(), "a file that cannot be read cannot be checked");
  }
  return tree;
}

std::unique_ptr<TreeView> open_revision(const git::Repository& repository, const git::Oid& id, FactStore& store) {
  return std::make_unique<Revision>(repository, id, store);
}

}  // namespace pika::invariants
