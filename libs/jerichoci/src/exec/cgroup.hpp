// Control groups of version 1, version 2 and both at once (hybrid). Each controller is used where it is: in the
// version 2 tree when that has it, else in its own version 1 tree, always below this process's own group from
// /proc/self/cgroup. What cannot be held is said in words, never silently left out.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "jerichoci/model.hpp"
#include "pika/base/fd.hpp"

namespace jerichoci {

struct CgroupTree {
  std::filesystem::path base;  // our own group's folder; job groups are made below it
  bool version2 = false;
  bool writable = false;
};

// What this process may use. Read anew by every engine; nothing is kept globally.
struct CgroupHost {
  std::optional<CgroupTree> memory, pids, cpu;
  std::optional<CgroupTree> unified;  // version 2, also without controllers: cgroup.kill

  // From a process's mountinfo and cgroup files, see proc(5); a test has its own.
  static CgroupHost detect(const std::filesystem::path& mountinfo = "/proc/self/mountinfo",
                           const std::filesystem::path& own = "/proc/self/cgroup");
  std::vector<std::string> describe() const;  // "memory: cgroup v1", "pids: none"
};

// Where control groups are mounted, of every kind.
std::vector<std::string> cgroup_mount_points();

// The groups of one job. Made only for what the job asks: a group costs 1 ms.
class JobCgroup {
 public:
  JobCgroup() = default;
  // `name` is a folder name. Adds to `enforced` how each limit is held ("memory: cgroup v1"), to `not_enforced` what
  // the host cannot hold. `before` hears of each folder before it is there, so that somebody knows whatever happens.
  static JobCgroup make(const CgroupHost& host, const std::string& name, const Limits& limits,
                        std::vector<std::string>& enforced, std::vector<std::string>& not_enforced,
                        const std::function<void(const std::filesystem::path&)>& before = {});
  JobCgroup(JobCgroup&&) = default;
  JobCgroup& operator=(JobCgroup&&) = default;

  // Version 1: a process of one thread writes "0" into each of these files to be in the groups. Version 2: the folder
  // of the one group, for clone3; -1: none.
  const std::vector<pika::UniqueFd>& join_fds() const { return join_fds_; }
  int born_in() const { return born_in_.get(); }
  const std::vector<std::filesystem::path>& folders() const { return folders_; }
  bool empty() const { return folders_.empty(); }
  std::uint64_t oom_kills() const;
  // What the groups counted; empty where they count nothing. Before they are removed.
  ResourceUse used() const;

 private:
  void add(const CgroupTree& tree, const std::string& name,
           const std::function<void(const std::filesystem::path&)>& before);
  std::vector<std::filesystem::path> folders_;
  std::vector<pika::UniqueFd> join_fds_;
  pika::UniqueFd born_in_;
  std::filesystem::path memory_;
  bool memory_v2_ = false;
};

// Kills what is in the groups and removes them, at most for some seconds. False when something stays. Also used for
// groups that a dead engine left.
bool remove_cgroups(const std::vector<std::filesystem::path>& folders);

}  // namespace jerichoci
