// An artifact as a file again.
#pragma once
#include <filesystem>

#include "artifacts/artifact_store.hpp"
#include "jerichoci/model.hpp"

namespace jerichoci {

// As Engine::save_artifact.
pika::Result<std::filesystem::path> save_artifact(const ArtifactStore& store, const ArtifactRecord& artifact,
                                                  const std::filesystem::path& folder);

}  // namespace jerichoci
