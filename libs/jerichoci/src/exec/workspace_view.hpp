// What a job left in its workspace, after its last process ended and its mounts are gone with it.
#pragma once
#include <filesystem>
#include <string>

#include "pika/base/fd.hpp"

namespace jerichoci {

// A folder descriptor of the workspace as the job left it, read-only. `job_folder` holds upper and the layers
// that `lower` names ("lower:lower1"): they are mounted over each other once more, as layers that are only read, in a
// namespace of a short-lived process that hands the folder over; so the kernel itself judges whiteouts, opaque folders
// and renames, and nothing is left when the descriptor is closed. `disk`:
// of a job that has a file system of its own, a mount of it: upper is in there. Throws SystemError.
pika::UniqueFd open_overlay_view(const std::filesystem::path& job_folder, const std::string& lower, int disk = -1);

}  // namespace jerichoci
