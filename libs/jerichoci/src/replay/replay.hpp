// Compares a run with the same run made again.
#pragma once
#include <functional>

#include "jerichoci/replay.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

// The plan's jobs as they are run again: all, or one without what it needs (jobs share no workspace). Every one really
// runs, also where an earlier verdict would do. not_found when there is no such job.
pika::Result<std::vector<JobSpec>> replayed_jobs(const std::vector<JobSpec>& jobs, const std::string& job);

// Bytes of a job's log from an offset on; empty at its end.
using ReadLog = std::function<std::string(const std::string& run_id, const std::string& job_id, std::uint64_t offset,
                                          std::uint64_t size)>;
ReplayReport compare_runs(const ReadLog& read_log, RunRecord before, RunRecord after);

}  // namespace jerichoci
