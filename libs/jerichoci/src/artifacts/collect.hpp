// What a job leaves behind: the files of its workspace that ArtifactSpec's globs name, stored by content.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "artifacts/artifact_store.hpp"
#include "jerichoci/model.hpp"

namespace jerichoci {

struct ArtifactLimits {
  std::uint64_t bytes = 0;  // of all files of one job together
  std::size_t files = 0;
};

struct CollectedArtifacts {
  std::vector<ArtifactRecord> files;  // in the order of their paths
  std::string message;                // what was left out and why; empty: nothing was
};

// Walks below `workspace`, a folder whose job has ended, without ever leaving it: symlinks are not followed, only
// regular files are read, and what they may do (setuid) is not kept. Throws SystemError when the store does not take
// the contents (disk full); then nothing is kept.
CollectedArtifacts collect_artifacts(int workspace, const ArtifactSpec& spec, const ArtifactStore& store,
                                     const ArtifactLimits& limits);

}  // namespace jerichoci
