// What differs between two trees of a store, found in this process: subtrees with one id are not looked into, so the
// cost follows the change.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/gitx/oid.hpp"
#include "pika/gitx/repository.hpp"

namespace jerichoci {

inline constexpr unsigned kGitFormat = 0170000, kGitFolder = 0040000, kGitLink = 0120000, kGitSubmodule = 0160000;

struct TreeDiff {
  std::vector<pika::git::TreeEntry> written;     // files, symlinks and submodules that are new or other than before
  std::vector<std::string> gone;                 // files, symlinks and submodules whose path is none of these any more
  std::vector<std::string> vanished;             // topmost names of the old tree that the new one does not have
  std::vector<std::string> folders;              // of the new tree, whose names came or went; "" is the root
  std::vector<pika::git::TreeEntry> attributes;  // .gitattributes of every folder of the new tree that was looked into
  bool attributes_changed = false;               // ... one of them is new, other, or gone

  std::size_t count() const { return written.size() + gone.size(); }
};

// From `from` (zero: nothing) to `to`. nullopt when there are more than `most` differences. not_found when a tree is
// not in the store; invalid when a name in it is none a folder can have.
pika::Result<std::optional<TreeDiff>> diff_trees(const pika::git::Repository& store, const pika::git::Oid& from,
                                                 const pika::git::Oid& to, std::size_t most);
// The same for trees of two stores.
pika::Result<std::optional<TreeDiff>> diff_trees(const pika::git::Repository& from_store, const pika::git::Oid& from,
                                                 const pika::git::Repository& to_store, const pika::git::Oid& to,
                                                 std::size_t most);

}  // namespace jerichoci
