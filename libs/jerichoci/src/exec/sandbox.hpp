// Jobs in bubblewrap: every namespace of their own, an allow-list of host folders read-only, the workspace at
// /workspace, caches at /caches/<name>, a fresh /tmp with the home folder in it, and nothing else of the host.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "exec/job_mount.hpp"
#include "exec/job_process.hpp"
#include "exec/launch.hpp"
#include "jerichoci/model.hpp"
#include "model/host_pattern.hpp"

namespace jerichoci {

// The folder that a small tmpfs covers in the job's own mount namespace, to hold the workspace and caches where the
// job's user can reach them. Not one that a sandbox shows.
std::string sandbox_stage();
inline constexpr const char* kSandboxWorkspace = "/workspace";

struct SandboxSpec {
  std::filesystem::path bubblewrap;
  std::vector<std::string> command;
  std::map<std::string, std::string> env;  // the whole environment, see sandbox_environment
  Network network = Network::off;
  std::vector<HostPattern> allow_hosts;           // with Network::allow_list
  std::vector<std::filesystem::path> host_paths;  // shown read-only beside the built-in list
  std::vector<std::string> caches;                // where each is; the i-th is staged at cache-<i>
  std::vector<JobMount> shown;                    // the i-th is staged at mount-<i>
  bool tmp_on_disk = false;                       // /tmp is staged at tmp; else it is memory
  std::string root;                               // where a named root filesystem is mounted; empty: tools of the host
  std::set<std::string> job_sets;                 // names of variables that the job itself sets
  PrivateMounts mounts;
  LaunchIdentity identity;
};

// What every job sees: PATH, HOME, TMPDIR, LANG, USER, CI=true. The caller adds the job's own.
std::map<std::string, std::string> sandbox_environment();

// bubblewrap's options, without the command; in its own order, which is the order of the mounts.
std::vector<std::string> bubblewrap_arguments(const SandboxSpec& spec);

// What keeps it from starting is told by the process's finish(). Throws SystemError when the host cannot even fork.
std::unique_ptr<JobProcess> start_sandbox(const SandboxSpec& spec);

}  // namespace jerichoci
