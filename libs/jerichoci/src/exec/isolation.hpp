// What this host can isolate with, found out by doing it once.
#pragma once
#include <mutex>
#include <optional>

#include "exec/cgroup.hpp"
#include "exec/workspace.hpp"
#include "jerichoci/jerichoci.hpp"

namespace jerichoci {

class Isolation {
 public:
  Isolation(const EngineConfig& config, const CgroupHost& cgroups, std::optional<std::uint32_t> job_uid)
      : config_(config), cgroups_(cgroups), job_uid_(job_uid) {}

  // Runs `true` in a sandbox over an empty tree. A success is kept, also for the next program with this state root
  // (isolation_memory.hpp); a failure is tried again, it may be mended.
  IsolationReport report();
  // How a job's limit of disk is held here, tried out anew: "disk: prevented: ...", "disk: watched: ...; <why>".
  std::string disk_words();
  // A job could not be started: what was found out is tried again.
  void doubt();
  WorkspaceKind workspace_kind();

 private:
  IsolationReport probe();
  const EngineConfig& config_;
  const CgroupHost& cgroups_;
  std::optional<std::uint32_t> job_uid_;
  std::mutex mutex_;
  std::optional<IsolationReport> good_;
};

}  // namespace jerichoci
