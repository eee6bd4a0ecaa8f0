// What jobs left on a host: compared before and after.
#pragma once
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace jerichoci::testing {

struct HostState {
  std::set<std::string> found;  // each one a thing in words

  // Looks for processes that carry `marker` in their environment or command line, or are children of ours; mounts and
  // files that name `state_root` or are an engine's; cgroups of an engine's jobs in this state root; mounted or open
  // namespaces; descriptors of ours.
  static HostState look(const std::filesystem::path& state_root, const std::string& marker);
};

// What is there now and was not before. Processes that are just ending get some seconds.
std::vector<std::string> leftovers_since(const HostState& before, const std::filesystem::path& state_root,
                                         const std::string& marker);

}  // namespace jerichoci::testing
