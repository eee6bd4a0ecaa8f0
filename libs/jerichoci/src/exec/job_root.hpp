// A named root filesystem as a job sees it: an overlay without an upper layer, mounted in the job's own mount
// namespace, of empty folders for all that is mounted into it over the root's own files. So the root is never
// written, and need not have /workspace.
#pragma once
#include <filesystem>

#include "exec/sandbox.hpp"
#include "image/root_store.hpp"

namespace jerichoci {

// Lays it out in the job's folder and makes `spec` use it: mounts, root, the image's environment where the job sets
// nothing. After everything else of `spec` but the identity. Throws SystemError.
void use_job_root(const std::filesystem::path& job_folder, const Root& root, SandboxSpec& spec);

}  // namespace jerichoci
