// What the engine's tests share: a scratch state root, a small repository, a run in one call.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "jerichoci/jerichoci.hpp"
#include "pika/base/files.hpp"

namespace jerichoci::test {

namespace fs = std::filesystem;

// A git repository with a work tree, made by the git program.
class TestRepository {
 public:
  TestRepository();
  const fs::path& path() const { return path_; }
  void write(const std::string& name, std::string_view content, unsigned mode = 0644);
  std::string git(const std::vector<std::string>& args);  // fails the test when git does
  pika::git::Oid commit(const std::string& message = "change");
  pika::git::Oid tree_of(const std::string& revision);

 private:
  pika::TempDir folder_{"jci-repo-"};
  fs::path path_;
};

class TestEngine {
 public:
  explicit TestEngine(EngineConfig config = {});
  Engine* operator->() { return engine_.get(); }
  Engine& operator*() { return *engine_; }
  const fs::path& root() const { return root_; }
  void reopen();  // as after a restart of the program
  void close() { engine_.reset(); }

 private:
  pika::TempDir folder_{"jci-state-"};
  fs::path root_;
  EngineConfig config_;
  std::unique_ptr<Engine> engine_;
};

// Whether jobs of Runtime::oci can run here.
bool has_oci_runtime();
// Whether a limit of disk is prevented here, and not only watched.
bool has_job_disks();
// Loop devices on files below `root`.
std::vector<std::string> loops_of(const fs::path& root);

JobSpec shell_job(const std::string& id, const std::string& script);

struct Ran {
  RunRecord record;
  std::vector<pika::json::Value> events;
  std::map<std::string, std::string> logs;
};
// Runs the jobs on a snapshot; the whole log of each.
Ran run(Engine& engine, const SnapshotRecord& snapshot, std::vector<JobSpec> jobs);
// The same for one job on a new commit of a small repository.
Ran run_script(Engine& engine, const std::string& script);
Ran run_one(Engine& engine, const JobSpec& job);

// Processes whose command line holds `marker`.
std::vector<int> processes_with(const std::string& marker);
// Waits until `condition` holds; fails the test after a generous time.
void wait_until(const std::string& what, const std::function<bool()>& condition);
// A word that no other process has on its command line.
std::string unique_word();

// What is left of jobs anywhere: work folders, mounts, cgroups, processes and temporary folders that name `root` or
// the run.
std::vector<std::string> leftovers(const fs::path& root);

}  // namespace jerichoci::test
