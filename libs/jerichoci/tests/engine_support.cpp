#include "engine_support.hpp"

#include "exec/cgroup.hpp"
#include "exec/job_disk.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "pika/base/clock.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"

namespace jerichoci::test {

TestRepository::TestRepository() : path_(folder_.path() / "repo") {
  fs::create_directory(path_);
  git({"init", "--quiet", "--initial-branch=main"});
}

void TestRepository::write(const std::string& name, std::string_view content, unsigned mode) {
  auto file = path_ / name;
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
  ::chmod(file.c_str(), mode);
}

std::string TestRepository::git(const std::vector<std::string>& args) {
  pika::proc::Command c;
  c.argv = {"git", "-C", path_.string(), "-c", "user.name=Test", "-c", "user.email=test@example.org"};
  c.argv.insert(c.argv.end(), args.begin(), args.end());
  c.env = {"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"};
  auto out = pika::proc::run(c);
  REQUIRE_MESSAGE(out.ok(), out.err);
  return out.out;
}

pika::git::Oid TestRepository::commit(const std::string& message) {
  git({"add", "-A", "--force"});
  git({"commit", "--quiet", "--allow-empty", "-m", message});
  return *pika::git::Oid::parse(pika::trim(git({"rev-parse", "HEAD"})));
}

pika::git::Oid TestRepository::tree_of(const std::string& revision) {
  return *pika::git::Oid::parse(pika::trim(git({"rev-parse", revision + "^{tree}"})));
}

TestEngine::TestEngine(EngineConfig config) : root_(folder_.path() / "state"), config_(std::move(config)) {
  config_.state_root = root_;
  reopen();
}

void TestEngine::reopen() {
  engine_.reset();
  auto opened = Engine::open(config_);
  REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().text()));
  engine_ = std::move(*opened);
}

bool has_oci_runtime() {
  return ::access(EngineConfig().runc.c_str(), X_OK) == 0 && !cgroup_mount_points().empty();
}

bool has_job_disks() {
  pika::TempDir folder("jci-disks-");
  return why_no_job_disk(folder.path()).empty();
}

std::vector<std::string> loops_of(const fs::path& root) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/sys/block", error)) {
    try {
      auto file = pika::read_file(entry.path() / "loop/backing_file");
      if (file && file->starts_with(root.string() + "/")) found.push_back(entry.path().filename());
    } catch (const pika::SystemError&) {
      // it was cleared while we looked
    }
  }
  return found;
}

JobSpec shell_job(const std::string& id, const std::string& script) {
  JobSpec job;
  job.id = id;
  job.command = {"sh", "-c", script};
  return job;
}

Ran run(Engine& engine, const SnapshotRecord& snapshot, std::vector<JobSpec> jobs) {
  Ran ran;
  RunRequest request;
  request.target_id = "unit";
  request.snapshot = snapshot;
  request.jobs = std::move(jobs);
  auto record = engine.run_jobs(request, [&](const auto& event) { ran.events.push_back(event); }, {});
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().text()));
  ran.record = std::move(*record);
  for (const auto& job : ran.record.jobs)
    if (auto log = engine.load_log(ran.record.run_id, job.id, 0, UINT64_MAX)) ran.logs[job.id] = std::move(log->bytes);
  return ran;
}

Ran run_one(Engine& engine, const JobSpec& job) {
  TestRepository repo;
  repo.write("hello.txt", "hello\n");
  auto snapshot = engine.snapshot_commit(repo.path(), repo.commit());
  REQUIRE(snapshot.has_value());
  return run(engine, *snapshot, {job});
}

Ran run_script(Engine& engine, const std::string& script) {
  return run_one(engine, shell_job("test", script));
}

std::vector<int> processes_with(const std::string& marker) {
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    auto pid = pika::parse_number<int>(entry.path().filename().string());
    if (!pid || *pid == ::getpid()) continue;
    try {
      auto text = pika::read_file(entry.path() / "cmdline");
      if (text && text->find(marker) != std::string::npos) found.push_back(*pid);
    } catch (const pika::SystemError&) {
      // it ended while we looked
    }
  }
  return found;
}

void wait_until(const std::string& what, const std::function<bool()>& condition) {
  auto give_up = pika::monotonic_now() + 60 * pika::kSecond;
  while (!condition()) {
    REQUIRE_MESSAGE(pika::monotonic_now() < give_up, what);
    ::poll(nullptr, 0, 5);
  }
}

std::string unique_word() {
  return "jci-" + pika::random_hex(8);
}

std::vector<std::string> leftovers(const fs::path& root) {
  wait_until("the loop devices are clear", [&] { return loops_of(root).empty(); });  // after the last unmounting
  std::vector<std::string> found;
  std::error_code error;
  for (const auto* below : {"work", "busy", "tmp"})
    for (const auto& entry : fs::directory_iterator(root / below, error)) found.push_back(entry.path());
  auto mounts = pika::read_file("/proc/self/mountinfo");
  for (auto line : pika::split(*mounts, '\n'))
    if (line.find(root.string()) != std::string_view::npos) found.emplace_back(line);
  std::vector<std::string> runs;
  for (const auto& entry : fs::directory_iterator(root / "runs", error))
    runs.push_back("jerichoci-" + entry.path().filename().string() + "-");
  for (const auto& entry :
       fs::recursive_directory_iterator("/sys/fs/cgroup", fs::directory_options::skip_permission_denied, error))
    for (const auto& run : runs)
      if (entry.path().filename().string().starts_with(run) && entry.is_directory(error)) found.push_back(entry.path());
  return found;
}

}  // namespace jerichoci::test
