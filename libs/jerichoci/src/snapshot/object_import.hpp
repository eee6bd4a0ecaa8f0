// What the store lacks of a tree, and how it gets there in this process when that is little: a capture after an edit
// brings a handful of objects, for which two git processes and a pack would be dear.
#pragma once
#include <cstddef>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/gitx/oid.hpp"
#include "pika/gitx/repository.hpp"

namespace jerichoci {

// Whether a tree in the store may be taken to have everything below it there.
enum class StoredTrees { whole, perhaps_not };

// The objects of `tree` that `store` lacks and `source` has, each behind what it names; the last is the tree itself.
// Trees that are in the store are not looked into unless they are perhaps not whole. not_found when `source` lacks one
// too.
pika::Result<std::vector<pika::git::Oid>> missing_objects(const pika::git::Repository& store,
                                                          const pika::git::Repository& source,
                                                          const pika::git::Oid& tree, StoredTrees stored);

// Whether these are so few and so small that they are copied one by one.
bool is_little(const pika::git::Repository& source, const std::vector<pika::git::Oid>& objects);

// Copies them in this order, each on disk before the next: whatever ends this in between, a tree that is there has
// everything below it.
pika::Status copy_objects(pika::git::Repository& store, const pika::git::Repository& source,
                          const std::vector<pika::git::Oid>& objects);

}  // namespace jerichoci
