// A job of a plan, with a shell in the place of its command.
#pragma once
#include <string>

#include "jerichoci/jerichoci.hpp"

namespace jerichoci {

// The job that is meant: `job`, else the only one, else the only one that failed. not_found, naming them.
pika::Result<std::string> shell_job_of(const RunRecord& run, const std::string& job);

// Makes a plan's request one for a shell in the world of `job`: nothing before it but the prepared outputs that it
// mounts, no secrets, nothing saved, kept or looked up, no further attempts. `term`: as ShellTerminal::term.
ShellWorld make_shell_request(RunRequest& request, const std::string& job, const std::string& term);

// What runs there: puts the job's own command at $TMPDIR/job, says so, and becomes bash, or sh where there is none.
std::vector<std::string> shell_command(const std::vector<std::string>& command);

}  // namespace jerichoci
