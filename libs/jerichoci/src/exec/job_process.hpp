// A running job's processes, whatever the runtime: what the supervisor needs to watch, end and bury them.
#pragma once
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jerichoci/model.hpp"
#include "pika/base/fd.hpp"

namespace jerichoci {

// How it ended, once nothing of it is left.
struct JobExit {
  std::optional<int> exit_code;  // as a shell says it: 128 + signal
  std::string not_started;       // why the command never ran; empty when it did
  bool program_missing = false;  // ... because there is no such program
  ResourceUse used{};            // what its processes were charged, as far as they were waited for
};

class JobProcess {
 public:
  virtual ~JobProcess() = default;
  virtual pid_t pid() const = 0;      // of the supervising process
  virtual int pidfd() const = 0;      // readable when the supervising process has ended
  virtual int report_fd() const = 0;  // readable when read_report has something to do; -1: closed
  virtual void read_report() = 0;
  virtual void terminate() = 0;  // asks the job's processes to end (TERM)
  virtual void kill_all() = 0;   // ends every process of the job
  // After pidfd() became readable: reaps, waits until the last process is gone, says how it went. `error_tail` is
  // the end of what came on standard error: the sandbox program says there why it could not begin.
  virtual JobExit finish(std::string_view error_tail) = 0;

  // With an allow-list of hosts: which were asked for, and whether they were allowed; after finish().
  virtual std::vector<std::string> contacted() { return {}; }

  pika::UniqueFd out, err;  // the job's output; read to the end after finish()
};

}  // namespace jerichoci
