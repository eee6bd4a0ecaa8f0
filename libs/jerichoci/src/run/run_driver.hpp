// One run: plan, journal, the jobs in the order of their needs, the verdict.
#pragma once
#include "jerichoci/jerichoci.hpp"
#include "run/engine_parts.hpp"

namespace jerichoci {

// The request is checked and its tree is in the store. `terminal`: of the person in front of its one job. Throws
// SystemError when the run could not even be begun.
pika::Result<RunRecord> drive_run(EngineParts& engine, const RunRequest& request, const EventSink& sink,
                                  const CancelToken& cancel, const ShellTerminal* terminal = nullptr);

// The verdict of a run from its jobs' and its prepared outputs': the worst counts, what was skipped for the want of
// something that failed counts as that, and a run in which nothing was to be done is nothing_ran.
struct Verdict {
  Status status = Status::nothing_ran;
  FailureKind failure = FailureKind::none;
  std::string message;
};
Verdict judge_run(const std::vector<JobRecord>& jobs, const std::vector<PreparedOutputRecord>& prepared = {});

}  // namespace jerichoci
