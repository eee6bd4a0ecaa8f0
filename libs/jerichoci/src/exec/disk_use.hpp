// What a job added to its folders (its workspace, and with a limit its caches and temporary files too), counted from
// outside while it runs and once more when it has ended. A host that cannot give it a file system of its own
// (job_disk.hpp) can hold a limit no other way; a single file is bounded by RLIMIT_FSIZE besides.
#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

namespace jerichoci {

class DiskUse {
 public:
  // What is in these folders now does not count: an overlay's upper layer holds little but what the job adds, a copy
  // holds the whole tree.
  explicit DiskUse(std::vector<std::filesystem::path> folders);

  // Of what can be seen now: what a running job moves or deletes meanwhile is left out.
  std::uint64_t now() const;
  // When nothing runs in it any more; opens folders that the job closed to its own user.
  std::uint64_t at_end() const;

 private:
  std::vector<std::filesystem::path> folders_;
  std::uint64_t before_ = 0;
};

}  // namespace jerichoci
