#include "snapshot/checkouts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"
#include "runstore/replace_file.hpp"
#include "snapshot/checkout_writer.hpp"
#include "snapshot/tree_copy.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;
using pika::UniqueFd;
using pika::git::Oid;
using pika::git::Repository;

namespace {

constexpr std::size_t kLookedAt = 6;  // checkouts that may be the nearest

std::string boot_id() {
  auto id = pika::read_file("/proc/sys/kernel/random/boot_id");
  return id ? std::string(pika::trim(*id)) : std::string();
}

pika::Micros micros(const struct timespec& t) {
  return t.tv_sec * pika::kSecond + t.tv_nsec / 1000;
}

}  // namespace

bool materialise(const std::vector<fs::path>& layers, const fs::path& to, std::optional<std::uint32_t> owner) {
  CopyRules rules;
  rules.owner = owner;
  rules.layer = true;
  std::uint64_t cloned = 0, by_bytes = 0;
  for (auto it = layers.rbegin(); it != layers.rend(); ++it) {
    auto laid = lay_tree(*it, to, rules);
    cloned += laid.cloned;
    by_bytes += laid.by_bytes;
  }
  return cloned > 0 && by_bytes == 0;
}

Checkouts::Checkouts(const fs::path& state_root, std::optional<std::uint32_t> owner, FaultHook fault,
                     CheckoutPolicy policy)
    : root_(state_root / "checkouts"), owner_(owner), fault_(std::move(fault)), policy_(policy) {
  pika::make_dirs(root_, 0700);
  try {
    sweep();
  } catch (const std::system_error& error) {
    // What stays costs room and nothing else; the next start tries again.
    pika::log_warning("jerichoci", "old checkouts stay: {}", error.what());
  }
}

void Checkouts::sweep() const {
  auto mark = root_ / ".boot";
  auto seen = pika::read_file(mark);
  bool this_boot = seen && *seen == boot_id();
  auto lock = pika::FileLock::try_lock(root_ / ".lock");
  if (!lock) return;  // another engine is at it
  for (const auto& entry : fs::directory_iterator(root_)) {
    auto name = entry.path().filename().string();
    bool litter = name.starts_with(".gone-") || name.starts_with(".new-");
    if (entry.is_directory() && (litter || !this_boot)) pika::remove_tree(entry.path());
  }
  if (!this_boot) pika::write_file_atomic(mark, boot_id());
}

std::optional<Checkouts::Kept> Checkouts::read(const fs::path& place) const {
  auto tree = Oid::parse(place.filename().string());
  struct stat st{}, files{};
  if (!tree || ::stat(place.c_str(), &st) != 0 || ::stat((place / "files").c_str(), &files) != 0) return std::nullopt;
  if (owner_ && files.st_uid != *owner_) return std::nullopt;  // for another job user, who alone could write over it
  auto text = pika::read_file(place / "checkout.json");
  if (!text) return std::nullopt;
  auto value = pika::json::parse(*text, "checkout.json");
  const auto* below = value ? pika::json::find_array(*value, "below") : nullptr;
  if (!below) return std::nullopt;
  Kept kept{*tree, {}, micros(st.st_mtim)};
  for (const auto& item : *below) {
    auto id = item.is_string() ? Oid::parse(std::string_view(item.get_string())) : std::nullopt;
    if (!id) return std::nullopt;
    kept.below.push_back(*id);
  }
  return kept;
}

std::vector<Checkouts::Kept> Checkouts::list() const {
  std::vector<Kept> out;
  for (const auto& entry : fs::directory_iterator(root_))
    if (auto kept = read(entry.path())) out.push_back(std::move(*kept));
  std::sort(out.begin(), out.end(), [](const Kept& a, const Kept& b) { return a.used_at < b.used_at; });
  return out;
}

bool Checkouts::remove(const Oid& tree) const {
  auto place = folder(tree);
  UniqueFd lock(::open((place / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return false;
  // Whoever builds a layer over it holds its lock until that is in place and can be seen here.
  for (const auto& kept : list())
    if (std::find(kept.below.begin(), kept.below.end(), tree) != kept.below.end()) return false;
  auto aside = root_ / fmt::format(".gone-{}", pika::random_hex(8));
  if (::rename(place.c_str(), aside.c_str()) != 0) {
    if (errno == ENOENT) return true;
    throw SystemError(fmt::format("rename '{}'", place.string()));
  }
  pika::remove_tree(aside);
  return true;
}

std::optional<Checkout> Checkouts::open(const Oid& tree) const {
  auto place = folder(tree);
  auto kept = read(place);
  if (!kept) return std::nullopt;
  Checkout out;
  auto ids = kept->below;
  ids.insert(ids.begin(), tree);
  for (const auto& id : ids) {
    UniqueFd lock(::open((folder(id) / "lock").c_str(), O_RDONLY | O_CLOEXEC));
    struct stat held{}, named{};
    if (!lock || ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0) return std::nullopt;
    // It may have been moved away between the two calls.
    if (::fstat(lock.get(), &held) != 0 || ::stat((folder(id) / "lock").c_str(), &named) != 0 ||
        held.st_ino != named.st_ino)
      return std::nullopt;
    out.locks_.push_back(std::move(lock));
    out.layers_.push_back(folder(id) / "files");
  }
  ::utimensat(AT_FDCWD, place.c_str(), nullptr, 0);  // used now
  return out;
}

std::optional<Checkouts::Base> Checkouts::nearest(const Repository& repository, const Oid& tree) const {
  auto all = list();
  std::reverse(all.begin(), all.end());
  std::optional<Base> best;
  auto consider = [&](const Kept& kept) {
    auto most = best ? best->diff.count() : policy_.many_changes;
    auto diff = diff_trees(repository, kept.tree, tree, most);
    // Attributes change how files that did not change are written (line ends): then nothing may be taken over.
    if (!diff || !*diff || (*diff)->attributes_changed || (best && (*diff)->count() >= most)) return;
    best = Base{kept.tree, kept.below, std::move(**diff)};
  };
  // The newest that have all files, then the newest layers.
  std::size_t full = 0, layers = 0;
  for (const auto& kept : all)
    if (kept.below.empty() && full++ < 2) consider(kept);
  if (best && best->diff.count() <= policy_.few_changes) return best;
  for (const auto& kept : all)
    if (!kept.below.empty() && layers++ < kLookedAt) consider(kept);
  return best;
}

pika::Status Checkouts::build(const ObjectStore& store, const Oid& tree, const fs::path& aside) const {
  auto files = aside / "files";
  auto repository = PIKA_TRY(Repository::open(store.path()));
  auto base = nearest(repository, tree);
  auto below = base ? open(base->tree) : std::nullopt;
  pika::json::Array named;
  if (below) {
    auto delta = aside / "delta";
    auto written = write_delta(store, repository, base->diff, delta, aside);
    if (!written) below.reset();  // a name that git knows how to refuse, a file system without whiteouts
    if (written && base->below.size() + 2 <= policy_.deepest_stack) {
      if (::rename(delta.c_str(), files.c_str()) != 0) throw SystemError(fmt::format("rename '{}'", delta.string()));
      named.emplace_back(base->tree.hex());
      for (const auto& id : base->below) named.emplace_back(id.hex());
    } else if (written) {
      CopyRules rules{CopyFiles::link, {}, true};
      for (auto it = below->layers().rbegin(); it != below->layers().rend(); ++it) lay_tree(*it, files, rules);
      rules.how = CopyFiles::move;
      lay_tree(delta, files, rules);
    }
    pika::remove_tree(delta);
  }
  if (!below) {
    // Read whole before it is written: git takes a name that is there twice for either of the two.
    if (!base) PIKA_TRY(diff_trees(repository, {}, tree, SIZE_MAX));
    PIKA_TRY(write_whole_tree(store, tree, files, aside));
  }
  settle_tree(files, owner_);
  replace_file(aside / "checkout.json",
               pika::json::print_pretty(pika::json::Object{{"schema_version", 1}, {"below", std::move(named)}}));
  replace_file(aside / "lock", "");
  ::unlink((aside / "index").c_str());
  reach(fault_, FaultPoint::checkout_written);
  // Still under the lock of what lies below.
  if (::rename(aside.c_str(), folder(tree).c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST)
    throw SystemError(fmt::format("rename to '{}'", folder(tree).string()));
  reach(fault_, FaultPoint::checkout_published);
  return {};
}

// What is there and cannot be used: of another job user, or of an older make. Alone under its lock and looked at again,
// because another run may have put a good one in its place just now.
void Checkouts::clear_useless(const Oid& tree) const {
  auto place = folder(tree);
  if (::access(place.c_str(), F_OK) != 0) return;
  pika::UniqueFd lock(::open((place / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (!lock && errno != ENOENT) return;
  if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (read(place)) return;
  auto gone = root_ / fmt::format(".gone-{}", pika::random_hex(8));
  if (::rename(place.c_str(), gone.c_str()) == 0) pika::remove_tree(gone);
}

pika::Result<Checkout> Checkouts::ensure(const ObjectStore& store, const Oid& tree, const fs::path& scratch) {
  for (int tries = 0; tries < 3; ++tries) {
    if (auto there = open(tree)) return std::move(*there);
    clear_useless(tree);
    auto aside = scratch / fmt::format("checkout-{}", pika::random_hex(8));
    struct Remover {
      const fs::path& path;
      ~Remover() {
        try {
          pika::remove_tree(path);
        } catch (const std::exception& error) {
          pika::log_warning("jerichoci", "a half-made checkout stays: {}", error.what());
        }
      }
    } remover{aside};
    pika::make_dirs(aside, 0755);
    PIKA_TRY(build(store, tree, aside));
  }
  if (auto there = open(tree)) return std::move(*there);
  return pika::fail(pika::ErrorKind::unavailable,
                    fmt::format("the checkout of {} goes away again and again", tree.hex()));
}

}  // namespace jerichoci
