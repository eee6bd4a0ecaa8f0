// objects.git: the bare git store below the state root whose trees are the snapshots.
//
// A tree that was captured and not yet run is held by refs/jerichoci/snapshots/<tree>, whose time is that of the last
// capture; gc drops it a day later.
//
// A tree that is in the store is there with everything below it: objects arrive as whole packs, which git moves into
// place after it has checked and synced them, or one by one, each synced after what it names (object_import.hpp,
// subset_tree.hpp). So "seen before" is one look-up, but while a collection that removes objects was not finished
// ("jerichoci-prune-due"): then every object is looked for.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"
#include "pika/gitx/oid.hpp"

namespace jerichoci {

class ObjectStore {
 public:
  // Makes the store when there is none.
  static pika::Result<ObjectStore> open(const std::filesystem::path& state_root);

  const std::filesystem::path& path() const { return path_; }
  bool has_tree(const pika::git::Oid& tree) const;

  // Brings a tree and everything below it from another repository; one that is there costs nothing, and what is new
  // costs the change. `objects`: the source's object folders, when they are others than its own; the first is the one
  // that a git with this source would write to.
  pika::Status import_tree(const std::filesystem::path& source, const pika::git::Oid& tree,
                           const std::vector<std::filesystem::path>& objects = {});

  // A run's reference to its tree, refs/jerichoci/runs/<run id>. Nothing that is pinned is ever collected. not_found
  // when the tree was collected since it was captured.
  pika::Status pin(const std::string& run_id, const pika::git::Oid& tree) const;
  void unpin(const std::string& run_id) const;

  // jerichoci-gc.lock, for who removes objects: nobody brings a tree or pins one meanwhile. Empty when somebody does.
  pika::UniqueFd lock_alone() const;

 private:
  pika::UniqueFd lock_shared() const;
  void hold(const pika::git::Oid& tree) const;
  explicit ObjectStore(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path pin_path(const std::string& run_id) const;
  std::filesystem::path last_path(const std::filesystem::path& source) const;
  pika::Status import_pack(const std::filesystem::path& source, const pika::git::Oid& tree,
                           const std::vector<std::filesystem::path>& objects, const std::string& wanted,
                           bool whole_trees) const;
  std::string since_last(const std::filesystem::path& source) const;
  bool looks_merge_due() const;
  void consolidate() const;
  std::filesystem::path path_;
};

}  // namespace jerichoci
