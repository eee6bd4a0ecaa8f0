// A job with a terminal: a pseudoterminal of its own (pty(7)), and a person's terminal in front of it.
#pragma once
#include "exec/supervise.hpp"
#include "jerichoci/shell.hpp"
#include "pika/base/fd.hpp"

namespace jerichoci {

struct Pty {
  pika::UniqueFd master;  // non-blocking
  pika::UniqueFd slave;   // the job's standard streams; to be closed here once the job has been started
};

// A new one with the size of the person's terminal, which the user `uid` may open by name. Throws SystemError.
Pty make_pty(const ShellTerminal& terminal, std::optional<std::uint32_t> uid);

// After fork, with the pseudoterminal as descriptor 0: the caller leads a session whose terminal it is. 0 or the errno.
int take_terminal();

// As supervise(), for a job with a terminal: copies between the two until nothing of the job is left. Nothing is
// logged, and there is no deadline: a person thinks longer than a job may run. What the person's terminal says last
// (it was closed) and a cancel both hang up: HUP, the grace, KILL.
Ending attend(JobProcess& process, Pty pty, const ShellTerminal& terminal, const Supervision& supervision);

}  // namespace jerichoci
