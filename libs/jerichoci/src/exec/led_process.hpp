// A job's processes as the engine sees them, whatever the runtime: our leader (leader.hpp), and below it the first
// program, which is bubblewrap, an OCI runtime, or the job's command itself.
//
// The leader shares the engine's memory (clone with CLONE_VM): starting one copies nothing, however much the engine
// holds, where a fork of an engine with a thousand jobs costs more than a sandbox. So what it reads stays in place
// until it has ended, and it changes nothing that anyone else looks at. What it must have of its own it has:
// descriptors, working folder, signals, credentials, a stack. Its errno is that of a thread which sleeps for as long.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "exec/allow_proxy.hpp"
#include "exec/job_process.hpp"
#include "exec/launch.hpp"
#include "exec/leader.hpp"
#include "model/host_pattern.hpp"

namespace jerichoci {

// How a leader makes the job's world and starts the first program in it.
struct LeaderPlan {
  LeaderPlan() = default;
  LeaderPlan(const LeaderPlan&) = delete;
  LeaderPlan& operator=(const LeaderPlan&) = delete;
  virtual ~LeaderPlan() = default;

  // Runs in the process that becomes the first program, with descriptors in place: 0 null, 1 out, 2 err, 3 the report
  // (closed on exec), from 4 on those of `more`. It comes back only when it failed: the errno, and at what. Makes only
  // async-signal-safe calls and allocates nothing.
  virtual int become_first(pid_t leader, const char** step) = 0;

  std::optional<PrivateMounts> mounts;
  LaunchIdentity identity;
  FirstPeak first_peak = FirstPeak::is_not_the_jobs;
  std::vector<pika::UniqueFd> more;      // an empty one leaves its number out
  bool gated = false;                    // a network namespace with nothing but the proxy in it
  std::vector<HostPattern> allow_hosts;  // what the proxy lets through
};

// Common to all that become a first program: from descriptor `first` on all is closed, signals are as at the
// beginning, the leader's end is the process's too. False when that has ended already.
bool ready_to_exec(int first, pid_t leader);

class LedProcess : public JobProcess {
 public:
  LedProcess(const LedProcess&) = delete;
  LedProcess& operator=(const LedProcess&) = delete;
  ~LedProcess() override;

  pid_t pid() const override { return leader_; }
  int pidfd() const override { return pidfd_.get(); }
  int report_fd() const override { return report_->fd(); }
  void read_report() override { report_->read(); }
  void kill_all() override;  // the leader ends what is left and says what it was charged
  std::vector<std::string> contacted() override;

 protected:
  // Starts it. Throws SystemError when the host cannot even do that.
  explicit LedProcess(std::unique_ptr<LeaderPlan> plan);

  // Waits for the leader, which has reaped all the others, and reads what it told last.
  void bury();
  const LeaderReport& report() const { return *report_; }
  // After bury(): how a first program's end is said, by its wait status, and what all of it was charged.
  JobExit ended(int wait_status, std::uint64_t engine_peak) const;
  // ... and why there never was one, if the leader could not begin.
  std::optional<JobExit> could_not_begin() const;
  bool killed() const { return killed_; }

 private:
  void start();
  void start_proxy(pika::UniqueFd hand_over);

  std::unique_ptr<LeaderPlan> plan_;
  std::unique_ptr<std::byte[]> stack_;
  std::thread lender_;  // whose thread-local memory the leader uses
  pid_t leader_ = -1;
  pika::UniqueFd pidfd_;
  std::optional<LeaderReport> report_;
  std::optional<AllowProxy> proxy_;
  bool killed_ = false;
};

}  // namespace jerichoci
