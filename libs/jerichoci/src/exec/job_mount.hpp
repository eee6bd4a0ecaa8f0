// A folder that a job is shown beside its workspace.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace jerichoci {

struct JobMount {
  std::filesystem::path source;  // a folder of the host, absolute
  std::string target;            // absolute, in the sandbox
  bool read_only = true;
  std::string variable;  // tells the job where it is: its target, or for a host process the folder it can reach
  std::vector<std::filesystem::path> below{};  // further folders, whose entries are shown too where names are free
};

}  // namespace jerichoci
