// The process of ours that stands between the engine and a job's first process. It is the reaper of everything that
// the job leaves: so nothing gets away, nothing waits for a lazy first process of the host, and what every process was
// charged is known. It runs after fork, without exec, on async-signal-safe calls only.
#pragma once
#include <sys/types.h>

#include <cstdint>

#include "jerichoci/model.hpp"
#include "pika/base/fd.hpp"

namespace jerichoci {

// What a leader tells the engine, through a pipe; each fits in one atomic write.
struct LeaderMessage {
  enum Kind : int { started, failed, ended } kind;
  int value;              // the first process's pid, an errno, a wait status
  std::int64_t cpu_time;  // with `ended`: microseconds, of all that is gone
  std::uint64_t peak;     // bytes, of the largest single process
  char step[96];          // with `failed`: what could not be done
};

void tell(int report, LeaderMessage::Kind kind, int value, const char* step = "");

// Becomes the leader: all that is left behind becomes our child, and until begin_to_lead our end comes at once with
// the engine's: nothing is made after that was settled. `engine` is who forked us; if that is gone already, ends.
void become_leader(pid_t engine);
// Before the first process is started: from now on the engine's end is a TERM to us.
void begin_to_lead(pid_t engine);

// All signals are blocked. Waits until `first` has ended or TERM asks for the end of all, ends what is left, tells how
// `first` ended, and ends. `first_peak`: its own memory counts too; not for a program that only starts the job.
enum class FirstPeak { counts, is_not_the_jobs };
[[noreturn]] void lead(int report, pid_t first, FirstPeak first_peak);

// The engine's side: what has been told so far.
class LeaderReport {
 public:
  explicit LeaderReport(pika::UniqueFd pipe);
  int fd() const { return pipe_ ? pipe_.get() : -1; }
  void read();
  pid_t first() const { return first_; }
  const std::optional<LeaderMessage>& failure() const { return failure_; }
  std::optional<int> wait_status() const { return ended_ ? std::optional(ended_->value) : std::nullopt; }
  // A peak that is not above what the engine itself had says nothing: a forked process begins with its pages.
  ResourceUse used(std::uint64_t engine_peak) const;

 private:
  pika::UniqueFd pipe_;
  pid_t first_ = -1;
  std::optional<LeaderMessage> ended_, failure_;
};

}  // namespace jerichoci
