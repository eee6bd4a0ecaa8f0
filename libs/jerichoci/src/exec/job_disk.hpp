// A file system of one job's own, of exactly the size that it may write: what is above that cannot be written, whoever
// of the job's processes tries and however fast.
//
// It is an ext4 without a journal in a sparse file, on a loop device. The file has lost its name and the device clears
// itself (LO_FLAGS_AUTOCLEAR) before anything is written; it is mounted nowhere but in namespaces of the job's own. So
// all of it is gone with the last descriptor and the last process, also when the engine is killed. It is never synced
// to the host's disk: nothing of it outlives the job. Needs root on the host (not of a user namespace), loop devices,
// and mkfs.ext4.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "pika/base/fd.hpp"

namespace jerichoci {

class JobDisk {
 public:
  // `folder`: where the file is made; nothing is in it afterwards. `bytes`: the size of the file, of which some 4 % are
  // the file system's own (9 % of 1 MiB). Throws SystemError where it cannot be made.
  JobDisk(const std::filesystem::path& folder, std::uint64_t bytes);
  JobDisk(const JobDisk&) = delete;
  JobDisk& operator=(const JobDisk&) = delete;

  // Its root folder, for this process alone; it belongs to root.
  const std::filesystem::path& root() const { return root_; }
  // A mount of it that is nowhere yet, to be attached by move_mount(2). Throws SystemError.
  pika::UniqueFd mount() const;

  std::uint64_t used() const;  // bytes that were written since it was made
  // Nothing more can be written, or so little that a write of a usual size fails.
  bool full() const;
  // Something that was written did not reach the file, because the disk that holds it is full or broken: what was
  // read back may have been something else. Writes everything to the file.
  bool lost() const;

 private:
  std::string device_;
  pika::UniqueFd mount_, folder_;
  std::filesystem::path root_;
  std::uint64_t used_before_ = 0;
};

// Why no job here can have one, in a few words; empty: it can. Makes one in `folder`, some 10 ms.
std::string why_no_job_disk(const std::filesystem::path& folder);

}  // namespace jerichoci
