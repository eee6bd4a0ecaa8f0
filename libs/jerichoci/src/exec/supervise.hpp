// Watches one job from its start until nothing of it is left.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "exec/job_process.hpp"
#include "pika/base/clock.hpp"
#include "runstore/log_writer.hpp"

namespace jerichoci {

struct Supervision {
  pika::Micros time = 0, grace = 0;                         // deadline from now; then TERM, grace, KILL
  int cancel_fd = -1;                                       // readable: end it the same way
  std::function<void(std::uint64_t log_bytes)> progress{};  // at most once a second, when the log has grown
  // Asked so often, less often when the answer takes long; true: it took more disk than it may, and is
  // killed at once.
  std::function<bool()> over_disk{};
  pika::Micros look_at_disk_every = pika::kSecond / 5;
  int kill_fd = -1;  // readable: as cancelled, and without grace
};

struct Ending {
  JobExit exit;
  bool timed_out = false, cancelled = false, over_disk = false;
  std::string log_error;  // the log could not be written; the job was ended for it
};

// Copies output to the log as it comes. Neither a grandchild that keeps the output open nor a job that ignores TERM
// holds it up; a timeout still collects everything that was written.
Ending supervise(JobProcess& process, LogWriter& log, const Supervision& supervision);

}  // namespace jerichoci
