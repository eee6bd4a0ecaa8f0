// What a dead engine was in the middle of writing aside: folders and files that no record names.
#pragma once
#include <filesystem>

namespace jerichoci {

// Removes every half-made thing below the state root: checkouts and object stores aside, scratch of captures, content
// that was not yet given its name. Only for who knows that no engine works on this state root.
void sweep_aside(const std::filesystem::path& state_root);

// Removes one such thing. What cannot be removed (another user's file, a mount) stays and is warned of: it is in
// nobody's way, and no reason not to work.
void remove_left(const std::filesystem::path& path);

// Removes the temporary files of atomic writes (".<name>.<hex>.tmp") in one folder; not below it.
void sweep_temporary_files(const std::filesystem::path& folder);

}  // namespace jerichoci
