#include "snapshot/object_import.hpp"

#include <fmt/format.h>

#include <unordered_set>

#include "snapshot/tree_diff.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::git::Oid;
using pika::git::Repository;

namespace {

// A synced file and its folder each; about here two git processes and one pack are as quick.
constexpr std::size_t kFewObjects = 16;
constexpr std::uint64_t kSmallObject = 8u << 20;  // a whole one is held in memory

class MissingWalk {
 public:
  MissingWalk(const Repository& store, const Repository& source, StoredTrees stored)
      : store_(store), source_(source), stored_(stored) {}

  pika::Status add_tree(const Oid& tree) {
    if (!seen_.insert(tree).second) return {};
    bool there = store_.exists(tree);
    if (there && stored_ == StoredTrees::whole) return {};
    const auto& from = there ? store_ : source_;
    auto entries = from.list(tree, "");
    if (entries.empty() && from.tree_of(tree) != tree) return gone(tree);
    for (const auto& entry : entries) {
      auto format = entry.mode & kGitFormat;
      if (format == kGitSubmodule) continue;  // names a commit of another repository
      if (format == kGitFolder) {
        PIKA_TRY(add_tree(entry.id));
      } else if (seen_.insert(entry.id).second && !store_.exists(entry.id)) {
        if (!source_.exists(entry.id)) return gone(entry.id);
        missing_.push_back(entry.id);
      }
    }
    if (!there) missing_.push_back(tree);
    return {};
  }

  std::vector<Oid> take() { return std::move(missing_); }

 private:
  static pika::Status gone(const Oid& id) {
    return fail(ErrorKind::not_found, fmt::format("the object {} is not in the repository", id.hex()));
  }

  const Repository& store_;
  const Repository& source_;
  StoredTrees stored_;
  std::unordered_set<Oid> seen_;
  std::vector<Oid> missing_;
};

}  // namespace

pika::Result<std::vector<Oid>> missing_objects(const Repository& store, const Repository& source, const Oid& tree,
                                               StoredTrees stored) {
  MissingWalk walk(store, source, stored);
  PIKA_TRY(walk.add_tree(tree));
  return walk.take();
}

bool is_little(const Repository& source, const std::vector<Oid>& objects) {
  if (objects.size() > kFewObjects) return false;
  for (const auto& id : objects)
    if (source.blob_size(id).value_or(0) > kSmallObject) return false;
  return true;
}

pika::Status copy_objects(Repository& store, const Repository& source, const std::vector<Oid>& objects) {
  for (const auto& id : objects) PIKA_TRY(store.copy_object(source, id));
  return {};
}

}  // namespace jerichoci
