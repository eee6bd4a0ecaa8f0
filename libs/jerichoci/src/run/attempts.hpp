// One job after another attempt: what stays of the earlier one.
#pragma once
#include <filesystem>

#include "jerichoci/model.hpp"
#include "run/job_runner.hpp"

namespace jerichoci {

// The record with which the attempt after `last` waits: queued, and `last` among the earlier attempts.
JobRecord next_attempt(const JobRecord& last);

// Moves what the attempt wrote in the job's folder (its log and whatever else) to attempts/<number>/ there, so that
// the next one begins with an empty folder. Throws SystemError.
void keep_attempt(const std::filesystem::path& job_folder, unsigned number);

// The record of a job that could not even be begun, for what it asks.
JobRecord not_set_up(JobRecord record, std::string why);

// One attempt, the first or a later one, by run_job: each in a fresh workspace. Never throws.
JobRecord run_attempt(const JobContext& context, const JobSpec& job, JobRecord record);

}  // namespace jerichoci
