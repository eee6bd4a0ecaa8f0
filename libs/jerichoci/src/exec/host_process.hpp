// Jobs as plain processes of the host, without isolation, for hosts and jobs an administrator trusts.
//
// A leader process of ours stands between engine and job: it is the reaper of everything the job starts, so that a
// daemon that left its group and session is still found and killed when the job's command has ended, when it is told
// to (SIGTERM), and when the engine has died.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exec/job_process.hpp"
#include "exec/launch.hpp"

namespace jerichoci {

struct HostProcessSpec {
  std::vector<std::string> command;
  std::map<std::string, std::string> env;  // the whole environment
  std::string workspace;                   // the command's working folder
  std::optional<PrivateMounts> mounts;     // when root: the overlay and where it is mounted
  LaunchIdentity identity;
};

// As start_sandbox.
std::unique_ptr<JobProcess> start_host_process(const HostProcessSpec& spec);

}  // namespace jerichoci
