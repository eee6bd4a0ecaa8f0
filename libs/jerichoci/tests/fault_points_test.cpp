// The engine is killed at each of its fault points, one after the other; the next start puts everything right.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "engine_support.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

EngineConfig whole_config(const fs::path& root) {
  EngineConfig config{.state_root = root};
  config.reuse_with_host_tools = true;
  return config;
}

// A run that goes through every part of the engine. Its id is the test's own word: cgroups and stages are named by run
// ids, and another copy of these tests may be at work on this host.
RunRequest whole_request(const SnapshotRecord& snapshot, const std::string& word) {
  RunRequest request{.target_id = "unit", .snapshot = snapshot, .run_id = word};
  auto test = shell_job("test", "echo one; cat hello.txt; echo two > made; echo three > $PIKA_CACHE_C/f; : " + word);
  test.limits.pids = 50;
  test.caches = {"c"};
  test.artifacts = ArtifactSpec{.globs = {"made"}};
  auto after = shell_job("after", "echo after; : " + word);
  after.needs = {"test"};
  after.reuse = ReuseSpec{.inputs = {"hello.txt"}, .audit = 0};
  auto wordy = shell_job("wordy", "seq 1 20000; : " + word);  // long enough to be compressed
  wordy.needs = {"after"};                                    // one after the other, so that each point has one outcome
  test.prepared = {{.output = "deps", .path = "/deps"}};
  PrepareSpec deps;
  deps.id = "deps";
  deps.command = {"sh", "-c", "cp hello.txt $PIKA_OUTPUT/; : " + word};
  deps.inputs = {"hello.txt"};
  request.prepares = {deps};
  request.jobs = {test, after, wordy};
  return request;
}

void work_through_everything(Engine& engine, const std::string& word) {
  TestRepository repo;
  repo.write("hello.txt", "hello\n");
  auto snapshot = *engine.snapshot_commit(repo.path(), repo.commit());
  auto run = engine.run_jobs(whole_request(snapshot, word), {}, {});
  REQUIRE(run.has_value());
  CHECK_MESSAGE(run->status == Status::passed, run->message);
  CHECK(engine.gc({.keep_days = 0, .keep_runs = 0, .keep_snapshot_hours = 0}).has_value());
}

// Everything below the state root that only a dead engine's work can be, a line each.
std::string half_made(const fs::path& root) {
  std::string found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    auto name = entry.path().filename().string();
    if (name.ends_with(".tmp") || name.starts_with(".new-") || name.starts_with(".objects-") || name == ".reserve" ||
        name == "log.tail" || name.starts_with(".gc-"))
      found += entry.path().string() + "\n";
  }
  for (const auto& loop : loops_of(root)) found += loop + "\n";
  return found;
}

void check_journal(const fs::path& folder) {
  auto text = *pika::read_file(folder / "events.jsonl");
  std::int64_t seq = 0;
  std::string last;
  for (auto line : pika::split(pika::trim(text), '\n')) {
    auto event = pika::json::parse(line);
    REQUIRE(event.has_value());
    CHECK(pika::json::find_int(*event, "seq") == ++seq);
    last = *pika::json::find_string(*event, "event");
  }
  CHECK(last == "run_finished");
}

void check_runs(Engine& engine, const fs::path& root) {
  std::vector<std::string> warnings;
  for (const auto& run : engine.list_runs(100, &warnings)) {
    CHECK(is_final(run.status));
    CHECK((run.failure == FailureKind::lost || run.status == Status::passed));
    for (const auto& job : run.jobs) {
      CHECK(is_final(job.status));
      if (job.log_bytes == 0) continue;
      auto log = engine.load_log(run.run_id, job.id, 0, 1 << 20);
      REQUIRE(log.has_value());
      CHECK(log->bytes.size() == job.log_bytes);
      CHECK(log->complete);
      if (job.status == Status::passed && job.id != "wordy")
        CHECK(log->bytes == (job.id == "test" ? "one\nhello\n" : "after\n"));
    }
    check_journal(root / "runs" / run.run_id);
  }
  CHECK(warnings.empty());
}

void check_rerun(Engine& engine, const std::string& word) {
  auto again = engine.load_plan(word) ? engine.rerun_jobs(word, {}, {})
                                      : pika::Result<RunRecord>(std::unexpected(pika::Error{}));
  if (!again) {  // it died before there was a plan: the same request again
    TestRepository repo;
    repo.write("hello.txt", "hello\n");
    auto snapshot = *engine.snapshot_commit(repo.path(), repo.commit());
    auto request = whole_request(snapshot, word);
    request.run_id.reset();
    again = engine.run_jobs(request, {}, {});
  }
  REQUIRE_MESSAGE(again.has_value(), (again ? "" : again.error().text()));
  CHECK_MESSAGE(again->status == Status::passed, again->message);
}

void die_at(FaultPoint point) {
  INFO("fault point " << to_string(point));
  pika::TempDir folder("jci-fault-");
  auto root = folder.path() / "state";
  auto word = unique_word();
  pika::proc::Command command;
  command.argv = {fs::read_symlink("/proc/self/exe"), "--no-skip", "--test-case=helper: die at a fault point"};
  command.env = {"JCI_ROOT=" + root.string(), "JCI_WORD=" + word, "JCI_POINT=" + std::string(to_string(point)),
                 "TMPDIR=" + folder.path().string()};
  auto outcome = pika::proc::run(command);
  REQUIRE_MESSAGE(outcome.exit_code == 128 + SIGKILL, "never reached: " << outcome.out << outcome.err);
  auto opened = Engine::open(whole_config(root));
  REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().text()));
  auto& engine = **opened;
  CHECK(half_made(root) == "");
  // A run that a collection was removing is removed whole by the next.
  CHECK(engine.gc({}).has_value());
  CHECK(half_made(root) == "");
  CHECK(leftovers(root).empty());
  wait_until("the jobs' processes are gone", [&] { return processes_with(word).empty(); });
  check_runs(engine, root);
  auto fsck = pika::proc::run({.argv = {"git", "-C", (root / "objects.git").string(), "fsck", "--strict"}});
  CHECK_MESSAGE(fsck.ok(), fsck.err);
  check_rerun(engine, word);
  CHECK(leftovers(root).empty());
  CHECK(half_made(root) == "");
}

// Six points a test case: none takes long.
void die_at_part(std::size_t part) {
  for (std::size_t i = part * 6; i < std::min(kFaultPoints.size(), part * 6 + 6); ++i) die_at(kFaultPoints[i]);
}

}  // namespace

TEST_CASE("helper: die at a fault point" * doctest::skip()) {
  const char* root = std::getenv("JCI_ROOT");
  REQUIRE(root);
  std::string wanted = std::getenv("JCI_POINT");
  auto config = whole_config(root);
  config.fault = [wanted](FaultPoint point) {
    if (to_string(point) == wanted) ::kill(::getpid(), SIGKILL);
  };
  auto engine = Engine::open(config);
  REQUIRE(engine.has_value());
  work_through_everything(**engine, std::getenv("JCI_WORD"));
}

TEST_CASE("killed at a fault point: the next start settles and removes everything (beginning of a run)") {
  die_at_part(0);
}
TEST_CASE("killed at a fault point: the next start settles and removes everything (start of a job)") {
  die_at_part(1);
}
TEST_CASE("killed at a fault point: the next start settles and removes everything (end of a job)") {
  die_at_part(2);
}
TEST_CASE("killed at a fault point: the next start settles and removes everything (end of a run)") {
  die_at_part(3);
}
