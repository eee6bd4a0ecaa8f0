// The git program as the snapshot code needs it: without the caller's GIT_* variables, which a git hook sets and
// which would turn a command away from the repository it names.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/base/result.hpp"
#include "pika/proc/child.hpp"

namespace jerichoci {

enum class GitConfig {
  clean,  // neither the system's nor the user's configuration: for our own store
  users,  // as the user's own git has it (global ignore files, filters): for capturing a work tree
};

pika::proc::Command git_command(const std::filesystem::path& repository, std::vector<std::string> args,
                                GitConfig config = GitConfig::clean, std::vector<std::string> extra_env = {});

// GIT_OBJECT_DIRECTORY and its alternates for these object folders: git writes to the first and reads from all. None:
// nothing, the repository's own count.
std::vector<std::string> object_folders_env(const std::vector<std::filesystem::path>& folders);

// Runs it; an Error holds git's own last words. Gives standard output, and in `said` what a git that succeeded warned
// of.
pika::Result<std::string> git_output(const pika::proc::Command& command, std::string_view input = {},
                                     std::string* said = nullptr);

}  // namespace jerichoci
