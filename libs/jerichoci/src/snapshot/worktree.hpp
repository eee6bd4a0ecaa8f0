// A work tree as it is, captured as a git tree.
#pragma once
#include <filesystem>

#include "jerichoci/model.hpp"
#include "pika/base/result.hpp"
#include "snapshot/object_store.hpp"

namespace jerichoci {

// Everything `git add -A` would add, written into the store. An index of our own is kept for each work tree, copied
// from the user's whenever that changes (with its time, so that git's guard against edits in the same instant holds):
// its stat cache makes the cost follow the change. Nothing of the user's repository is written. `scratch` is a folder
// that may be filled and is removed by the caller.
pika::Result<SnapshotRecord> capture_worktree(ObjectStore& store, const std::filesystem::path& repository,
                                              const std::filesystem::path& scratch);

}  // namespace jerichoci
