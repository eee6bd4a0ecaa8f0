// One job of a run, from its workspace to its record.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "exec/job_mount.hpp"
#include "jerichoci/model.hpp"
#include "jerichoci/shell.hpp"
#include "run/engine_parts.hpp"
#include "runstore/journal.hpp"

namespace jerichoci {

struct JobContext {
  EngineParts& engine;
  std::string run_id;
  const Checkout& checkout;
  BusyMark& busy;
  Journal& journal;
  int cancel_fd = -1;              // see CancelToken
  std::vector<JobMount> mounts{};  // prepared outputs
  pika::git::Oid tree{};           // of the checkout, for caches
  TrustDomain trust{};
  const std::map<std::string, std::string>* secrets = nullptr;  // RunRequest::secrets
  const ShellTerminal* terminal = nullptr;                      // a person's, in front of the job
  int kill_fd = -1;
  std::function<void()> processes_ended{};  // called once none of the job's is left, if any began
};

// The record as it is before the job begins.
JobRecord new_job_record(const JobSpec& job);

// Runs it and waits until nothing of it is left. Never throws: what the host does not give is an infrastructure
// failure of the record.
JobRecord run_job(const JobContext& context, const JobSpec& job, JobRecord record);

}  // namespace jerichoci
