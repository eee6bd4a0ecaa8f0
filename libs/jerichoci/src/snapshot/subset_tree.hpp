// A part of a snapshot as a tree of its own: what a prepare node or a job with declared inputs is shown, and names by
// its id.
#pragma once
#include <string>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/gitx/oid.hpp"
#include "snapshot/object_store.hpp"

namespace jerichoci {

struct Subset {
  pika::git::Oid tree;               // in the store, with everything below it; the empty tree when nothing was there
  std::vector<std::string> missing;  // inputs that the snapshot does not have, as they were given
};

// The tree that holds only `inputs` of `tree`, each where it was: files, symlinks, or folders with all they hold. An
// input is a relative path of bytes ("src", "a/b.txt", "./a//b/"; "." is all), taken literally; none is all too. What
// lies behind a symlink of the tree is missing, never followed. The .gitattributes beside and above an input come
// along: without them git writes the same file in another way.
//
// Writes tree objects only where they are new; nothing refers to them, so whoever needs them later pins them. The same
// content gives the same id, whatever else the snapshot holds. Errors: not_found when `tree` is not in the store;
// invalid for "..", an absolute path or a NUL. Throws when the store is broken or the disk does not take it.
pika::Result<Subset> subset_tree(const ObjectStore& store, const pika::git::Oid& tree,
                                 const std::vector<std::string>& inputs);

}  // namespace jerichoci
