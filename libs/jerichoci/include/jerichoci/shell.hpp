// A person in a job's world: Engine::shell.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "jerichoci/model.hpp"

namespace jerichoci {

// The person's terminal, borrowed: it is raw while the shell runs and as it was afterwards. The job never gets it: it
// has a pseudoterminal of its own, with what is typed and written copied.
struct ShellTerminal {
  int in = -1, out = -1;  // both a terminal
  int resized = -1;       // readable when the size has changed (SIGWINCH is the program's to catch); -1: never
  std::string term{};     // its kind: $TERM of the shell, unless the job sets that itself
};

// How a shell's world was made, told before it begins.
struct ShellWorld {
  JobSpec job{};                       // of the plan: what is the same
  std::vector<std::string> without{};  // names of its secrets, which the shell does not get
};

struct ShellEnd {
  std::optional<int> exit_code{};  // of the shell, as a shell says it: 128 + signal; none: it never began
  Status status = Status::failed;
  FailureKind failure = FailureKind::none;
  std::string message{};  // why it did not begin, or was ended
};

}  // namespace jerichoci
