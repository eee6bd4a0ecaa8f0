// The /etc of sandboxes: copies of the small files that programs of a plain Debian need to run, and accounts of its
// own. One prepared folder is one mount; mounting two dozen files one by one made every job some milliseconds later.
#pragma once
#include <filesystem>

namespace jerichoci {

// Folders of hundreds of entries: empty in the prepared folder, the host's are mounted on them.
inline constexpr const char* kSandboxEtcFolders[] = {"alternatives", "fonts", "ssl/certs"};

// The folder, below state_root, made when the host's own files changed since the last one. Looked at for every job
// (some 20 stats), so that an engine that runs for months follows the host's updates. Thread-safe. Throws SystemError.
std::filesystem::path prepare_sandbox_etc(const std::filesystem::path& state_root);

// Removes the folders of earlier boots and earlier files of the host, and what a killed engine had half made. Only for
// who knows that no engine works on this state root. Throws SystemError.
void sweep_sandbox_etc(const std::filesystem::path& state_root);

}  // namespace jerichoci
