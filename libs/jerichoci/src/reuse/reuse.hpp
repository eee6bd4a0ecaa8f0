// Verdict reuse: a job that says what its verdict depends on need not run when it passed on just that before.
#pragma once
#include <string>

#include "jerichoci/jerichoci.hpp"
#include "run/job_runner.hpp"

namespace jerichoci {

// Why nothing is looked up for this job; empty: it may be. "gate", "runtime", "network", "root", "caches", "secrets",
// "prepared", "host folders": each is something that the key does not hold, or that policy forbids.
std::string why_no_reuse(const EngineConfig& config, const RunRequest& request, const JobSpec& job,
                         const EnvironmentRecord& environment);

// SHA-256 over everything that the verdict may depend on: the tree of the inputs alone, command, environment (with
// the values that env_allow passes), runtime, root, machine and tools, limits but for time, and the trust domain.
std::string reuse_key(const EngineConfig& config, const JobSpec& job, const pika::git::Oid& inputs,
                      const EnvironmentRecord& environment, const std::string& domain);

// One attempt of a job: by an earlier verdict when there is one that counts, else by running it; a job with declared
// inputs is shown only them in any case. Never throws; trouble with the store of verdicts is a miss.
JobRecord run_or_reuse(const JobContext& context, const RunRequest& request, const JobSpec& job, JobRecord record);

}  // namespace jerichoci
