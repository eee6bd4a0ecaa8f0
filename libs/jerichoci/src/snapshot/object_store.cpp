#include "snapshot/object_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pika/base/check.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/repository.hpp"
#include "pika/proc/child.hpp"
#include "runstore/replace_file.hpp"
#include "snapshot/git_program.hpp"
#include "snapshot/object_import.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::ErrorKind;
using pika::fail;
using pika::git::Oid;
using pika::git::Repository;

namespace {
constexpr std::size_t kManyPacks = 20;  // look-ups go through every pack; above this they are merged
// Single objects in one of 256 folders, which stands for the others as in `git gc --auto`: some 7,000 in all.
constexpr std::size_t kManyLoose = 27;

pika::Status make_store(const fs::path& path) {
  // Made aside and renamed: a kill in the middle leaves no half store behind.
  auto aside = path.parent_path() / fmt::format(".objects-{}", pika::random_hex(6));
  auto made = git_output(git_command(path.parent_path(), {"init", "--quiet", "--bare", "--template=", aside.string()}));
  if (!made) return std::unexpected(made.error());
  for (const auto& [key, value] : {std::pair{"core.fsync", "committed,loose-object"},
                                   {"core.fsyncObjectFiles", "true"},  // the same for libgit2, see subset_tree
                                   {"gc.auto", "0"},
                                   {"core.logAllRefUpdates", "false"},
                                   {"pack.writeReverseIndex", "false"}})
    PIKA_TRY(git_output(git_command(aside, {"config", key, value})));
  if (::rename(aside.c_str(), path.c_str()) != 0) {
    auto error = errno;
    pika::remove_tree(aside);
    if (error != ENOTEMPTY && error != EEXIST)
      throw pika::SystemError(error, fmt::format("rename to '{}'", path.string()));
  }
  return {};
}
}  // namespace

pika::Result<ObjectStore> ObjectStore::open(const fs::path& state_root) {
  auto path = state_root / "objects.git";
  if (!fs::exists(path / "HEAD")) PIKA_TRY(make_store(path));
  return ObjectStore(std::move(path));
}

bool ObjectStore::has_tree(const Oid& tree) const {
  // Twice: another process may merge packs while we look, and the pack that was listed is gone when it is opened.
  for (int tries = 0; tries < 2; ++tries) {
    auto repository = Repository::open(path_);
    if (repository && repository->exists(tree)) return true;
  }
  return false;
}

fs::path ObjectStore::pin_path(const std::string& run_id) const {
  return path_ / "refs/jerichoci/runs" / run_id;
}

// The tree that was last imported from a source: what both sides are known to have.
fs::path ObjectStore::last_path(const fs::path& source) const {
  return path_ / "jerichoci-sources" / pika::sha256_hex(source.string());
}

pika::Status ObjectStore::import_tree(const fs::path& source, const Oid& tree, const std::vector<fs::path>& objects) {
  auto shared = lock_shared();  // what is there now stays until it is held
  bool whole = ::access((path_ / "jerichoci-prune-due").c_str(), F_OK) != 0;
  if (whole && has_tree(tree)) {
    hold(tree);
    return {};
  }
  auto store = PIKA_TRY(Repository::open(path_));
  auto theirs = objects.empty() ? Repository::open(source) : Repository::over_objects(objects);
  auto missing = theirs ? missing_objects(store, *theirs, tree, whole ? StoredTrees::whole : StoredTrees::perhaps_not)
                        : std::unexpected(theirs.error());
  if (missing && is_little(*theirs, *missing)) {
    PIKA_TRY(copy_objects(store, *theirs, *missing));
  } else if (missing) {
    std::string wanted;
    for (const auto& id : *missing) wanted += id.hex() + "\n";
    PIKA_TRY(import_pack(source, tree, objects, wanted, false));
  } else {
    // A repository that libgit2 does not understand, or one whose git fetches what it lacks when it is asked for.
    PIKA_TRY(import_pack(source, tree, objects, tree.hex() + "\n" + since_last(source), true));
  }
  hold(tree);
  pika::make_dirs(last_path(source).parent_path());
  replace_file(last_path(source), tree.hex() + "\n");  // a help: without it more is packed
  if (looks_merge_due()) consolidate();
  return {};
}

// What git need not pack, because it is here since the last time.
std::string ObjectStore::since_last(const fs::path& source) const {
  auto known = pika::read_file(last_path(source));
  auto last = known ? Oid::parse(pika::trim(*known)) : std::nullopt;
  if (!last || !has_tree(*last)) return {};
  auto repository = Repository::open(source);
  return repository && repository->exists(*last) ? "^" + last->hex() + "\n" : std::string();
}

// `wanted`: lines of what goes into the pack; with `whole_trees` each stands for all that lies below it.
pika::Status ObjectStore::import_pack(const fs::path& source, const Oid& tree, const std::vector<fs::path>& objects,
                                      const std::string& wanted, bool whole_trees) const {
  std::vector<std::string> args = {"pack-objects", "--stdout", "--quiet", "--delta-base-offset", "--window=0"};
  if (whole_trees) args.emplace_back("--revs");
  auto pack = git_command(source, std::move(args), GitConfig::clean, object_folders_env(objects));
  auto pipe = pika::make_pipe();
  // A file in memory, not a pipe: a packer that ends early would send us SIGPIPE.
  pika::UniqueFd wanted_fd(::memfd_create("wanted", MFD_CLOEXEC));
  if (!wanted_fd) throw pika::SystemError("memfd_create");
  pika::write_all(wanted_fd.get(), wanted);
  ::lseek(wanted_fd.get(), 0, SEEK_SET);
  auto packer = pika::proc::Child::start(pack, wanted_fd.get(), pipe.write.get());
  pipe.write.reset();
  auto index = git_command(path_, {"index-pack", "--stdin"});
  auto indexed = pika::proc::run(index, {.input_fd = pipe.read.get()});
  pipe.read.reset();
  std::string words(4096, '\0');
  words.resize(pika::read_some(packer.streams.err.get(), words.data(), words.size()));
  if (packer.wait() != 0)
    return fail(ErrorKind::unavailable, fmt::format("the tree {} could not be read from '{}': {}", tree.hex(),
                                                    source.string(), pika::to_utf8(pika::trim(words))));
  if (!indexed.ok() || !has_tree(tree))
    return fail(ErrorKind::unavailable,
                fmt::format("the tree {} could not be stored: {}", tree.hex(), pika::to_utf8(pika::trim(indexed.err))));
  return {};
}

bool ObjectStore::looks_merge_due() const {
  auto count = [](const fs::path& folder, std::string_view extension) {
    std::size_t n = 0;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
      n += extension.empty() || it->path().extension() == extension;
    return n;
  };
  return count(path_ / "objects/pack", ".pack") >= kManyPacks || count(path_ / "objects/17", "") >= kManyLoose;
}

void ObjectStore::consolidate() const {
  auto lock = pika::FileLock::try_lock(path_ / "jerichoci-repack.lock");
  if (!lock) return;  // somebody is at it
  // Geometric: merges small packs whole and takes single objects in, drops no object, and readers find the merged pack
  // by themselves.
  auto done = git_output(git_command(path_, {"repack", "--geometric=2", "-d", "--quiet"}));
  if (!done) pika::log_warning("jerichoci", "packs of '{}' were not merged: {}", path_.string(), done.error().what);
}

pika::UniqueFd ObjectStore::lock_shared() const {
  auto path = path_ / "jerichoci-gc.lock";
  pika::UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) throw pika::SystemError(fmt::format("open '{}'", path.string()));
  while (::flock(lock.get(), LOCK_SH) != 0)
    if (errno != EINTR) throw pika::SystemError(fmt::format("lock '{}'", path.string()));
  return lock;
}

pika::UniqueFd ObjectStore::lock_alone() const {
  auto path = path_ / "jerichoci-gc.lock";
  pika::UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) throw pika::SystemError(fmt::format("open '{}'", path.string()));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) lock.reset();
  return lock;
}

void ObjectStore::hold(const Oid& tree) const {
  auto path = path_ / "refs/jerichoci/snapshots" / tree.hex();
  if (::utimensat(AT_FDCWD, path.c_str(), nullptr, 0) == 0) return;
  pika::make_dirs(path.parent_path());
  replace_file(path, tree.hex() + "\n");
}

pika::Status ObjectStore::pin(const std::string& run_id, const Oid& tree) const {
  auto shared = lock_shared();
  if (!has_tree(tree))
    return fail(ErrorKind::not_found, fmt::format("the tree {} is not in the store any more", tree.hex()),
                "take the snapshot again");
  // A loose ref, written as git writes it, without a process of 4 ms.
  auto path = pin_path(run_id);
  pika::make_dirs(path.parent_path());
  replace_file(path, tree.hex() + "\n");
  return {};
}

void ObjectStore::unpin(const std::string& run_id) const {
  ::unlink(pin_path(run_id).c_str());
}

}  // namespace jerichoci
