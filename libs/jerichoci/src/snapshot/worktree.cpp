#include "snapshot/worktree.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/repository.hpp"
#include "runstore/replace_file.hpp"
#include "snapshot/git_program.hpp"
#include "snapshot/tree_diff.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::ErrorKind;
using pika::fail;
using pika::git::Oid;
using pika::git::Repository;

namespace {

struct Places {
  fs::path top, objects, index;
};

// In this process where libgit2 understands the repository; a git process costs some milliseconds.
std::optional<Places> quick_places(const fs::path& repository) {
  auto opened = Repository::open(repository);
  if (!opened || !opened->workdir()) return std::nullopt;
  auto common = opened->path();
  if (auto link = pika::read_file(common / "commondir")) common = common / std::string(pika::trim(*link));
  auto top = opened->workdir()->string();
  while (top.size() > 1 && top.back() == '/') top.pop_back();
  return Places{top, common / "objects", opened->path() / "index"};
}

pika::Result<Places> find_places(const fs::path& repository) {
  if (auto places = quick_places(repository)) return *places;
  auto out = git_output(git_command(
      repository,
      {"rev-parse", "--path-format=absolute", "--show-toplevel", "--git-path", "objects", "--git-path", "index"},
      GitConfig::users));
  if (!out)
    return fail(ErrorKind::invalid,
                fmt::format("'{}' is not in a git work tree: {}", repository.string(), out.error().what),
                "run it inside a clone, or 'git init' first");
  auto lines = pika::split(pika::trim(*out), '\n');
  if (lines.size() != 3)
    return fail(
        ErrorKind::invalid,
        fmt::format("the path of the repository '{}' holds a line break", pika::quote_name(repository.string())),
        "move it to a path without one");
  return Places{fs::path(lines[0]), fs::path(lines[1]), fs::path(lines[2])};
}

void copy_index(const fs::path& from, const fs::path& to) {
  auto bytes = pika::read_file(from);
  if (!bytes) return;  // a new repository has none
  struct stat st{};
  if (::stat(from.c_str(), &st) != 0) throw pika::SystemError(fmt::format("stat '{}'", from.string()));
  pika::UniqueFd fd(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) throw pika::SystemError(fmt::format("create '{}'", to.string()));
  pika::write_all(fd.get(), *bytes);
  // git takes an entry as possibly changed when it is not older than the index file: a newer copy would hide edits.
  struct timespec times[2] = {st.st_atim, st.st_mtim};
  if (::futimens(fd.get(), times) != 0) throw pika::SystemError(fmt::format("set times of '{}'", to.string()));
}

// What tells one state of an index from another; the last 20 bytes are the digest of the rest.
std::string index_state(const fs::path& index) {
  struct stat st{};
  if (::stat(index.c_str(), &st) != 0) return "none";
  auto size = static_cast<std::uint64_t>(st.st_size);
  auto digest = pika::read_range(index, size < 20 ? 0 : size - 20, 20);
  auto boot = pika::read_file("/proc/sys/kernel/random/boot_id");  // nothing here is synced
  return fmt::format("{} {} {} {}.{} {} {}", st.st_dev, st.st_ino, size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                     pika::sha256_hex(digest ? *digest : ""), boot ? *boot : "");
}

// The index that a capture works with: indexes/<digest of its path>/index in the state root, kept between captures so
// that a file that was edited and not committed is read once; made anew from the user's when that changed. Whoever
// captures the same work tree at the same time gets one of its own.
class WorkIndex {
 public:
  WorkIndex(const ObjectStore& store, const fs::path& users, const fs::path& scratch) : users_(users) {
    folder_ = store.path().parent_path() / "indexes" / pika::sha256_hex(users.string());
    pika::make_dirs(folder_, 0700);
    lock_ = pika::FileLock::try_lock(folder_ / "lock");
    if (!lock_) folder_ = scratch;
  }
  fs::path path() const { return folder_ / "index"; }

  void prepare() {
    ::unlink((folder_ / "index.lock").c_str());  // of a git that was killed
    auto state = index_state(users_);
    auto seen = pika::read_file(folder_ / "origin");
    if (seen && *seen == state) return;
    forget();
    copy_index(users_, path());
    replace_file(folder_ / "origin", state);
  }
  void forget() {
    ::unlink((folder_ / "origin").c_str());
    ::unlink(path().c_str());
  }

 private:
  const fs::path& users_;
  fs::path folder_;
  std::optional<pika::FileLock> lock_;
};

std::vector<std::string> nul_list(std::string_view bytes) {
  std::vector<std::string> out;
  for (auto part : pika::split(bytes, '\0'))
    if (!part.empty()) out.emplace_back(part);
  return out;
}

// Head and what differs from it, by git: for repositories that libgit2 does not understand.
pika::Status compare_by_git(const std::function<pika::Result<std::string>(std::vector<std::string>)>& git,
                            SnapshotRecord& snapshot) {
  if (auto head = git({"rev-parse", "--verify", "--quiet", "HEAD^{commit}"}))
    snapshot.head = Oid::parse(pika::trim(*head));
  auto tree = snapshot.tree.hex();
  snapshot.dirty_files = nul_list(
      PIKA_TRY(snapshot.head ? git({"diff-tree", "-r", "-z", "--no-renames", "--name-only", snapshot.head->hex(), tree})
                             : git({"ls-tree", "-r", "-z", "--name-only", tree})));
  return {};
}

pika::Status compare_with_head(const ObjectStore& store, const fs::path& top, SnapshotRecord& snapshot) {
  auto theirs = PIKA_TRY(Repository::open(top));
  auto ours = PIKA_TRY(Repository::open(store.path()));
  Oid head_tree;
  if (auto head = theirs.resolve_commit("HEAD")) {
    snapshot.head = *head;
    head_tree = PIKA_TRY(theirs.commit(*head)).tree;
  }
  auto diff = PIKA_TRY(diff_trees(theirs, head_tree, ours, snapshot.tree, ~std::size_t{0} >> 1));
  snapshot.dirty_files = std::move(diff->gone);
  for (const auto& entry : diff->written) snapshot.dirty_files.push_back(entry.path);
  std::sort(snapshot.dirty_files.begin(), snapshot.dirty_files.end());
  return {};
}

// Takes the whole work tree into the index. What git would leave out with a warning is a failure: the tree would not be
// what lies there.
pika::Status add_all(const Places& places, const fs::path& index, const std::vector<std::string>& env) {
  constexpr std::string_view kLeftOut = "warning: could not open directory ";  // LC_ALL is C
  auto command =
      git_command(places.top, {"-c", "core.splitIndex=false", "-c", "advice.addEmbeddedRepo=false", "add", "-A"},
                  GitConfig::users, env);
  std::string said;
  auto added = git_output(command, {}, &said);
  std::string why;
  if (!added) {
    why = added.error().what;
    // The copy's path says nothing to whoever has a damaged index.
    if (auto at = why.find(index.string()); at != why.npos) why.replace(at, index.string().size(), places.index);
  } else {
    for (auto line : pika::split(said, '\n'))
      if (line.starts_with(kLeftOut)) why = fmt::format("could not open directory {}", line.substr(kLeftOut.size()));
  }
  if (why.empty()) return {};
  return fail(ErrorKind::unavailable, fmt::format("the work tree cannot be taken as it is: {}", pika::to_utf8(why)),
              "'git add -A' must be able to take everything: mend what it cannot, or name it in .gitignore");
}

pika::Result<SnapshotRecord> capture(ObjectStore& store, const Places& places, const fs::path& index,
                                     const fs::path& scratch) {
  std::vector<fs::path> objects = {scratch / "objects", places.objects, store.path() / "objects"};
  auto env = object_folders_env(objects);
  env.push_back("GIT_INDEX_FILE=" + index.string());
  auto git = [&](std::vector<std::string> args) {
    return git_output(git_command(places.top, std::move(args), GitConfig::users, env));
  };
  PIKA_TRY(add_all(places, index, env));
  auto tree = Oid::parse(pika::trim(PIKA_TRY(git({"write-tree"}))));
  if (!tree) return fail(ErrorKind::internal, "git write-tree gave no object id");
  SnapshotRecord snapshot;
  snapshot.tree = *tree;
  PIKA_TRY(store.import_tree(places.top, *tree, objects));
  auto compared = compare_with_head(store, places.top, snapshot);
  if (!compared) PIKA_TRY(compare_by_git(git, snapshot));
  snapshot.dirty = !snapshot.dirty_files.empty();
  return snapshot;
}

}  // namespace

pika::Result<SnapshotRecord> capture_worktree(ObjectStore& store, const fs::path& repository, const fs::path& scratch) {
  auto places = PIKA_TRY(find_places(repository));
  pika::make_dirs(scratch / "objects/pack");
  WorkIndex index(store, places.index, scratch);
  index.prepare();
  auto snapshot = capture(store, places, index.path(), scratch);
  if (snapshot) return snapshot;
  // The kept index may name contents that were collected since, or be a piece: once more from the user's own.
  index.forget();
  index.prepare();
  snapshot = capture(store, places, index.path(), scratch);
  if (!snapshot) index.forget();
  return snapshot;
}

}  // namespace jerichoci
