#include "engine_support.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

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
    if (auto log = pika::read_file(engine.log_file(ran.record.run_id, job.id))) ran.logs[job.id] = std::move(*log);
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

std::vector<std::string> leftovers(const fs::path& root) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto* below : {"work", "busy", "tmp"})
    for (const auto& entry : fs::directory_iterator(root / below, error)) found.push_back(entry.path());
  auto mounts = pika::read_file("/proc/self/mountinfo");
  for (auto line : pika::split(*mounts, '\n'))
    if (line.find(root.string()) != std::string_view::npos) found.emplace_back(line);
  for (const auto& entry :
       fs::recursive_directory_iterator("/sys/fs/cgroup", fs::directory_options::skip_permission_denied, error))
    if (entry.is_directory(error) && entry.path().filename().string().starts_with("jerichoci-0"))
      found.push_back(entry.path());
  return found;
}

}  // namespace jerichoci::test
