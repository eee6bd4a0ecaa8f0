// Writes files of a tree into a folder, as git would check them out.
#pragma once
#include <filesystem>

#include "pika/base/result.hpp"
#include "snapshot/object_store.hpp"
#include "snapshot/tree_diff.hpp"

namespace jerichoci {

// All files of a tree, by git. `files` is made; `scratch` may be filled.
pika::Status write_whole_tree(const ObjectStore& store, const pika::git::Oid& tree, const std::filesystem::path& files,
                              const std::filesystem::path& scratch);

// diff.written into `files`, and a whiteout (overlayfs: a character device 0/0) for each of diff.vanished. Without a
// git process where no attributes say how a file is to be written.
pika::Status write_delta(const ObjectStore& store, const pika::git::Repository& repository, const TreeDiff& diff,
                         const std::filesystem::path& files, const std::filesystem::path& scratch);

}  // namespace jerichoci
