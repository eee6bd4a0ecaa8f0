#include "snapshot/worktree.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "snapshot/git_program.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::ErrorKind;
using pika::fail;
using pika::git::Oid;

namespace {

struct Places {
  fs::path top, objects, index;
};

pika::Result<Places> find_places(const fs::path& repository) {
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

// For GIT_ALTERNATE_OBJECT_DIRECTORIES, where a colon separates and quotes make it harmless.
std::string quoted_path(const fs::path& path) {
  std::string out = "\"";
  for (char c : path.string()) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
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

std::vector<std::string> nul_list(std::string_view bytes) {
  std::vector<std::string> out;
  for (auto part : pika::split(bytes, '\0'))
    if (!part.empty()) out.emplace_back(part);
  return out;
}

}  // namespace

pika::Result<SnapshotRecord> capture_worktree(ObjectStore& store, const fs::path& repository, const fs::path& scratch) {
  auto places = PIKA_TRY(find_places(repository));
  auto index = scratch / "index";
  copy_index(places.index, index);
  pika::make_dirs(scratch / "objects/pack");
  std::vector<std::string> env = {
      "GIT_INDEX_FILE=" + index.string(), "GIT_OBJECT_DIRECTORY=" + (scratch / "objects").string(),
      "GIT_ALTERNATE_OBJECT_DIRECTORIES=" + quoted_path(places.objects) + ":" + quoted_path(store.path() / "objects")};
  auto git = [&](std::vector<std::string> args) {
    return git_output(git_command(places.top, std::move(args), GitConfig::users, env));
  };
  PIKA_TRY(git({"-c", "core.splitIndex=false", "-c", "advice.addEmbeddedRepo=false", "add", "-A"}));
  auto tree = Oid::parse(pika::trim(PIKA_TRY(git({"write-tree"}))));
  if (!tree) return fail(ErrorKind::internal, "git write-tree gave no object id");

  SnapshotRecord snapshot;
  snapshot.tree = *tree;
  if (auto head = git({"rev-parse", "--verify", "--quiet", "HEAD^{commit}"}))
    snapshot.head = Oid::parse(pika::trim(*head));
  if (snapshot.head) {
    snapshot.dirty_files = nul_list(
        PIKA_TRY(git({"diff-tree", "-r", "-z", "--no-renames", "--name-only", snapshot.head->hex(), tree->hex()})));
  } else {
    snapshot.dirty_files = nul_list(PIKA_TRY(git({"ls-tree", "-r", "-z", "--name-only", tree->hex()})));
  }
  snapshot.dirty = !snapshot.dirty_files.empty();
  PIKA_TRY(store.import_tree(places.top, *tree, env));
  return snapshot;
}

}  // namespace jerichoci
