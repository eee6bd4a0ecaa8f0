// What a job added to its workspace, counted from outside while it runs and once more when it has ended. A host that
// has no quota for a folder can hold a limit no other way; a single file is bounded by RLIMIT_FSIZE besides.
#pragma once
#include <cstdint>
#include <filesystem>

namespace jerichoci {

class DiskUse {
 public:
  // `folder`: the upper layer of an overlay, or a copy: then `before` is what that took at the beginning.
  explicit DiskUse(std::filesystem::path folder, std::uint64_t before = 0)
      : folder_(std::move(folder)), before_(before) {}

  // Of what can be seen now: what a running job moves or deletes meanwhile is left out.
  std::uint64_t now() const;
  // When nothing runs in it any more; opens folders that the job closed to its own user.
  std::uint64_t at_end() const;

 private:
  std::filesystem::path folder_;
  std::uint64_t before_;
};

}  // namespace jerichoci
