// runs/: one folder a run, and busy/: one locked file for each run that somebody works on.
//
// busy/<run id> is locked (flock) by the engine that runs it and removed at the end. A file there that can be locked
// belongs to a dead engine: its run is settled. The file's lines name what must be removed then: "cgroup <folder>",
// "folder <path>", "process <pid> <start time>". "engine <pid> <start time>" says who locked it: the lock outlives a
// killed engine for as long as a child that it was just forking has not closed its copies of descriptors.
// "forget" says that nothing of the run is to be kept.
#pragma once
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "jerichoci/model.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

class RunStore {
 public:
  explicit RunStore(std::filesystem::path state_root);

  std::filesystem::path run_folder(const std::string& run_id) const { return root_ / "runs" / run_id; }
  std::filesystem::path job_folder(const std::string& run_id, const std::string& job_id) const {
    return run_folder(run_id) / "jobs" / job_id;
  }
  // conflict when there is such a run.
  pika::Status create(const std::string& run_id) const;
  // Atomic; `durable`: synced to disk, for the first and the last record of a run.
  enum class Durable { no, yes };
  void write_record(const RunRecord& run, Durable durable) const;
  pika::Result<RunRecord> read_record(const std::string& run_id) const;
  // The newest by creation, at most `limit` (run ids that are ULIDs tell their time; others come by their folder's).
  // The cost is that of reading the folder's names: no record is opened.
  std::vector<std::string> list(std::size_t limit = SIZE_MAX) const;

  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

inline constexpr const char* kForget = "forget";

// The busy file of a run while this object lives.
class BusyMark {
 public:
  // Nothing when somebody has it.
  static std::optional<BusyMark> take(const std::filesystem::path& state_root, const std::string& run_id);
  // The same, but where who had it is dead the lock is waited for, two seconds at most.
  static std::optional<BusyMark> take_over(const std::filesystem::path& state_root, const std::string& run_id);
  BusyMark(BusyMark&&) noexcept;
  BusyMark& operator=(BusyMark&&) noexcept;
  ~BusyMark();  // lets go; the file stays unless done() was called
  // Something that whoever settles this run must remove. Thread-safe.
  void note(const std::string& line);
  std::vector<std::string> lines() const;
  void done();  // everything is settled

 private:
  BusyMark(std::filesystem::path path, pika::UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::filesystem::path path_;
  pika::UniqueFd fd_;
  bool done_ = false;
};

// Settles every busy run whose engine is dead: kills and removes what it left, writes "lost". Gives the ids.
std::vector<std::string> settle_dead_runs(const RunStore& store);
// The same for one; false when an engine works on it.
bool settle_dead_run(const RunStore& store, const std::string& run_id);

// The kernel's start time of a process (field 22 of /proc/<pid>/stat), so that a number used again is not mistaken.
// Nothing for one that has ended.
std::optional<std::uint64_t> process_start_time(int pid);

}  // namespace jerichoci
