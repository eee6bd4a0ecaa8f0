// How a job's limit of disk is held: prevented, by a file system of its own (job_disk.hpp), or watched, by counting
// what it wrote (disk_use.hpp) and ending it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exec/disk_use.hpp"
#include "exec/job_disk.hpp"
#include "exec/workspace.hpp"
#include "pika/base/clock.hpp"

namespace jerichoci {

inline constexpr const char* kDiskPrevented = "disk: prevented: a file system of that size, on a loop device";
inline constexpr const char* kDiskWatched = "disk: watched: counted while it runs, and no larger file";

class DiskLimit {
 public:
  // Before the job begins; `workspace` must outlive it. Without a limit it only tells what was used.
  DiskLimit(const Workspace& workspace, std::optional<std::uint64_t> limit);

  bool prevented() const { return limit_ && disk_; }
  // For a record, with a limit only.
  std::string_view words() const { return prevented() ? kDiskPrevented : kDiskWatched; }
  // What no file of the job may get larger than.
  std::optional<std::uint64_t> file_bytes() const { return prevented() ? std::nullopt : limit_; }
  // How often to look: a look at a file system costs nothing.
  pika::Micros look_every() const { return prevented() ? pika::kSecond / 50 : pika::kSecond / 5; }
  // To be asked while it runs: it has to be ended.
  bool look();

  // When nothing of the job runs any more. First; then the others have their answers.
  void end();
  std::uint64_t used() const { return used_; }
  // Of what it wrote the host could not keep something: whatever it found out may be wrong.
  bool lost() const { return lost_; }
  // The sentence, if that is what a job failed by, which ended with `exit_code`.
  std::optional<std::string> broken(int exit_code) const;

 private:
  const JobDisk* disk_;
  DiskUse counted_;
  std::optional<std::uint64_t> limit_;
  std::uint64_t used_ = 0;
  bool over_ = false, lost_ = false;  // over: was full, or wrote more
};

}  // namespace jerichoci
