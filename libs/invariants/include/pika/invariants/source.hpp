// Trees to check: a work tree as it lies there, or a commit's tree from git's objects.
//
// A work tree is what git would add (so is a folder that is no repository): tracked files and new ones that are not
// ignored, as they are on disk now. Symlinks are files without text; submodules and what lies in them are not part of
// the tree. Views read through the store and must not outlive it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>

#include "pika/base/result.hpp"
#include "pika/gitx/repository.hpp"
#include "pika/invariants/store.hpp"
#include "pika/invariants/tree.hpp"

namespace pika::invariants {

// Files above this are there, and their text is not read.
inline constexpr std::uint64_t kMostRead = 64u << 20;

enum class Listing {
  of_git,     // a work tree of git
  of_folder,  // any folder: all that its .gitignore files do not ignore
};
struct WorkTreeOptions {
  Listing listing = Listing::of_git;
  std::int64_t now = 0;  // nanoseconds since 1970; 0: as the clock says. A younger file's stamp is not kept
};
// `root` is the work tree's folder. unavailable, internal: git's words; a file that cannot be read is named.
Result<std::unique_ptr<TreeView>> open_work_tree(const std::filesystem::path& root, FactStore& store,
                                                 const WorkTreeOptions& options = {});
// `repository` must outlive the view. `id` is a commit or a tree.
std::unique_ptr<TreeView> open_revision(const git::Repository& repository, const git::Oid& id, FactStore& store);

}  // namespace pika::invariants
