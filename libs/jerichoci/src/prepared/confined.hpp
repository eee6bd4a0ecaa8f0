// Paths of others, opened below a folder and nowhere else: no "..", no absolute path, no symlink on the way.
#pragma once
#include <string>

#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

// Opens `path` below the open folder `root` with openat2(2); `flags` as of open(2). not_found when there is nothing,
// invalid when the path leaves the folder, meets a symlink or is of another kind than the flags ask. `what` begins
// the sentence. Throws SystemError for trouble of the host.
pika::Result<pika::UniqueFd> open_below(int root, const std::string& path, int flags, std::string_view what);

// The content of a regular file below `root`, at most `cap` bytes; too_large when it holds more.
pika::Result<std::string> read_below(int root, const std::string& path, std::size_t cap, std::string_view what);

}  // namespace jerichoci
