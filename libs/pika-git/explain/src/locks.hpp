// What a change does to the packages that a lock file pins: Cargo.lock, package-lock.json, and the lock files of Poetry
// and uv, which are written like Cargo's.
#pragma once
#include <string>
#include <vector>

#include "model.hpp"

namespace pika::explain {

struct LockedPackage {
  std::string name;
  std::string from{}, to{};  // versions; equal where only its hash or its dependencies differ
};

struct LockDelta {
  bool read = false;                                 // both sides were understood
  std::vector<LockedPackage> added, removed, other;  // of others than the repository's own packages; sorted by name
  bool rest_differs = false;                         // what is no package: the file's version, its metadata
  bool any() const { return !added.empty() || !removed.empty() || !other.empty(); }
};

// Of one changed lock file; not read for other files, and where a side cannot be understood.
LockDelta lock_delta(const Model& model, const Change& change);
// A list in Markdown; empty where nothing of others changes.
std::string lock_words(const LockDelta& delta);
// Folds the hunks of lock files in which nothing but the repository's own packages differs.
void fold_locks(Model& model);

}  // namespace pika::explain
