#include "snapshot/checkouts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "snapshot/git_program.hpp"
#include "snapshot/tree_copy.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::git::Oid;

namespace {

// Above this many changed paths a fresh checkout is no dearer than linking the rest.
constexpr std::size_t kManyChanges = 5000;

std::string boot_id() {
  auto id = pika::read_file("/proc/sys/kernel/random/boot_id");
  return id ? std::string(pika::trim(*id)) : std::string();
}

}  // namespace

Checkouts::Checkouts(const fs::path& state_root, std::optional<std::uint32_t> owner, FaultHook fault)
    : root_(state_root / "checkouts"), owner_(owner), fault_(std::move(fault)) {
  pika::make_dirs(root_, 0700);
  auto mark = root_ / ".boot";
  auto seen = pika::read_file(mark);
  if (seen && *seen == boot_id()) return;
  auto lock = pika::FileLock::try_lock(root_ / ".lock");
  if (!lock) return;  // another engine is at it
  for (const auto& entry : fs::directory_iterator(root_))
    if (entry.is_directory()) pika::remove_tree(entry.path());
  pika::write_file_atomic(mark, boot_id());
}

std::optional<Oid> Checkouts::newest() const {
  std::optional<Oid> best;
  struct timespec best_time{};
  for (const auto& entry : fs::directory_iterator(root_)) {
    auto tree = Oid::parse(entry.path().filename().string());
    struct stat st{};
    if (!tree || ::stat(entry.path().c_str(), &st) != 0) continue;
    if (owner_ && st.st_uid != *owner_) continue;
    if (best && std::pair(st.st_mtim.tv_sec, st.st_mtim.tv_nsec) <= std::pair(best_time.tv_sec, best_time.tv_nsec))
      continue;
    best = tree;
    best_time = st.st_mtim;
  }
  return best;
}

std::optional<Checkouts::Change> Checkouts::change_from(const ObjectStore& store, const Oid& from,
                                                        const Oid& to) const {
  if (!store.has_tree(from)) return std::nullopt;
  auto out = git_output(
      git_command(store.path(), {"diff-tree", "-r", "-z", "--no-renames", "--name-status", from.hex(), to.hex()}));
  if (!out) return std::nullopt;
  // <status> NUL <path> NUL ...  (git-diff-tree(1), -z --name-status)
  Change change;
  auto parts = pika::split(*out, '\0');
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    auto path = parts[i + 1];
    // Attributes change how files that did not change are written (line ends): then nothing may be taken over.
    if (path == ".gitattributes" || path.ends_with("/.gitattributes")) return std::nullopt;
    if (parts[i] != "A") change.gone.emplace(path);
    if (parts[i] != "D") change.to_write.append(path).push_back('\0');
    ++change.count;
  }
  if (change.count > kManyChanges) return std::nullopt;
  return change;
}

pika::Status Checkouts::build(const ObjectStore& store, const Oid& tree, const fs::path& aside) const {
  auto files = aside / "files";
  std::vector<std::string> env = {"GIT_INDEX_FILE=" + (aside / "index").string(), "GIT_WORK_TREE=" + files.string()};
  auto base = newest();
  auto change = base ? change_from(store, *base, tree) : std::nullopt;
  if (change) {
    copy_tree(root_ / base->hex(), files, CopyFiles::link, change->gone);
    PIKA_TRY(git_output(git_command(store.path(), {"read-tree", tree.hex()}, GitConfig::clean, env)));
    if (!change->to_write.empty()) {
      auto write = git_command(store.path(), {"checkout-index", "--force", "-z", "--stdin"}, GitConfig::clean, env);
      PIKA_TRY(git_output(write, change->to_write));
    }
  } else {
    pika::make_dirs(files);
    PIKA_TRY(git_output(git_command(store.path(), {"-c", "checkout.workers=0", "read-tree", "-m", "-u", tree.hex()},
                                    GitConfig::clean, env)));
  }
  settle_modes(files, owner_);
  return {};
}

pika::Result<fs::path> Checkouts::ensure(const ObjectStore& store, const Oid& tree) {
  auto place = root_ / tree.hex();
  struct stat st{};
  if (::stat(place.c_str(), &st) == 0) {
    if (!owner_ || st.st_uid == *owner_) {
      ::utimensat(AT_FDCWD, place.c_str(), nullptr, 0);  // used now: the next one grows from here
      return place;
    }
    pika::remove_tree(place);  // made for another job user, who alone could write in workspaces over it
  }
  auto aside = root_ / fmt::format(".new-{}", pika::random_hex(8));
  struct Remover {
    fs::path path;
    ~Remover() {
      try {
        pika::remove_tree(path);
      } catch (const std::exception&) {
        // It is below checkouts/ with a hidden name; the next boot's sweep takes it.
      }
    }
  } remover{aside};
  pika::make_dirs(aside);
  PIKA_TRY(build(store, tree, aside));
  reach(fault_, FaultPoint::checkout_written);
  if (::rename((aside / "files").c_str(), place.c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST)
    throw pika::SystemError(fmt::format("rename to '{}'", place.string()));
  reach(fault_, FaultPoint::checkout_published);
  return place;
}

}  // namespace jerichoci
