// checkouts/<tree>/: the files of a snapshot, made once, read by every job that runs on it, written by nobody.
//
//   files/         all files, or what differs from the layers below: a layer of overlayfs, with whiteouts
//   checkout.json  {"schema_version": 1, "below": ["<tree>", ...]}: the layers it lies on, uppermost first
//   lock           locked (shared) by who reads it
//
// A tree that differs little from another's checkout is a layer over that one, so that its cost follows the change. At
// most CheckoutPolicy::deepest_stack layers lie on each other; then all files are there again, hard-linked where they
// did not change.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"
#include "pika/gitx/oid.hpp"
#include "run/reach.hpp"
#include "snapshot/object_store.hpp"
#include "snapshot/tree_diff.hpp"

namespace jerichoci {

struct CheckoutPolicy {
  std::size_t deepest_stack = 8;
  // Above this many changed paths a fresh checkout is no dearer than what a layer saves.
  std::size_t many_changes = 5000;
  // Up to this many a layer lies on a checkout that has all files, even when another one is nearer: short stacks.
  std::size_t few_changes = 256;
};

// A checkout that stays while this object lives.
class Checkout {
 public:
  Checkout() = default;
  // Folders, uppermost first. All but the last may hold whiteouts.
  const std::vector<std::filesystem::path>& layers() const { return layers_; }

 private:
  friend class Checkouts;
  std::vector<std::filesystem::path> layers_;
  std::vector<pika::UniqueFd> locks_;
};

// Lays the layers of a checkout on one another in a new folder. Whether all of it shares its extents with the checkout,
// as file systems that can reflink have it.
bool materialise(const std::vector<std::filesystem::path>& layers, const std::filesystem::path& to,
                 std::optional<std::uint32_t> owner);

class Checkouts {
 public:
  // `owner`: the user jobs run as, when that is another than ours. Checkouts of an earlier boot are dropped: they
  // were never synced, so after a power cut their files may be empty; making them again is cheaper than the fsyncs.
  Checkouts(const std::filesystem::path& state_root, std::optional<std::uint32_t> owner, FaultHook fault = {},
            CheckoutPolicy policy = {});

  // The tree's files. The first call for a tree makes them in `scratch` (on the same file system; the caller removes
  // what a failure leaves there) and renames them into place.
  pika::Result<Checkout> ensure(const ObjectStore& store, const pika::git::Oid& tree,
                                const std::filesystem::path& scratch);

  // For who collects what is not used: what is here, least recently used first.
  struct Kept {
    pika::git::Oid tree;
    std::vector<pika::git::Oid> below;
    pika::Micros used_at = 0;
  };
  std::vector<Kept> list() const;
  std::filesystem::path folder(const pika::git::Oid& tree) const { return root_ / tree.hex(); }
  // False when somebody reads it or another checkout lies on it.
  bool remove(const pika::git::Oid& tree) const;

 private:
  struct Base {
    pika::git::Oid tree;
    std::vector<pika::git::Oid> below;
    TreeDiff diff;
  };
  std::optional<Checkout> open(const pika::git::Oid& tree) const;
  std::optional<Kept> read(const std::filesystem::path& place) const;
  void clear_useless(const pika::git::Oid& tree) const;
  std::optional<Base> nearest(const pika::git::Repository& repository, const pika::git::Oid& tree) const;
  pika::Status build(const ObjectStore& store, const pika::git::Oid& tree, const std::filesystem::path& aside) const;
  void sweep() const;
  std::filesystem::path root_;
  std::optional<std::uint32_t> owner_;
  FaultHook fault_;
  CheckoutPolicy policy_;
};

}  // namespace jerichoci
