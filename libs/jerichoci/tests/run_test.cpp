#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "engine_support.hpp"
#include "jerichoci/testing/run_fixture.hpp"
#include "pika/base/text.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

std::vector<std::string> names_of(const std::vector<pika::json::Value>& events) {
  std::vector<std::string> out;
  for (const auto& e : events) out.push_back(*pika::json::find_string(e, "event"));
  return out;
}

SnapshotRecord small_snapshot(TestEngine& engine) {
  TestRepository repo;
  repo.write("a", "1");
  return *engine->snapshot_commit(repo.path(), repo.commit());
}

}  // namespace

TEST_CASE("a run without jobs ran nothing, and is not green") {
  TestEngine engine;
  auto ran = run(*engine, {}, {});
  CHECK(ran.record.status == Status::nothing_ran);
  CHECK(engine->load_run_record(ran.record.run_id)->status == Status::nothing_ran);
  CHECK(exit_code(ran.record.status, ran.record.failure) == 3);
}

TEST_CASE("the plan is on disk before any job runs, and holds all a rerun needs") {
  TestEngine engine;
  auto snapshot = small_snapshot(engine);
  bool there = false;
  RunRequest request{.target_id = "unit", .snapshot = snapshot, .jobs = {shell_job("test", "true")}, .run_id = "r1"};
  auto sink = [&](const pika::json::Value& event) {
    if (pika::json::find_string(event, "event") == "run_started")
      there = fs::exists(engine.root() / "runs/r1/plan.json");
  };
  REQUIRE(engine->run_jobs(request, sink, {}).has_value());
  CHECK(there);
  auto plan = *pika::json::parse(*engine->load_plan("r1"));
  CHECK(pika::json::find_int(plan, "schema_version") == 1);
  CHECK(pika::json::find_array(plan, "nodes")->size() == 2);
  CHECK(fs::exists(engine.root() / "objects.git/refs/jerichoci/runs/r1"));
}

TEST_CASE("events are in the journal in order, each with schema, number, time and run") {
  TestEngine engine;
  auto ran = run(*engine, small_snapshot(engine), {shell_job("test", "true")});
  CHECK(names_of(ran.events) == std::vector<std::string>{"run_started", "plan_ready", "node_started", "node_finished",
                                                         "node_started", "job_started", "job_finished", "node_finished",
                                                         "run_finished"});
  auto text = *pika::read_file(engine.root() / "runs" / ran.record.run_id / "events.jsonl");
  std::string expected;
  for (std::size_t i = 0; i < ran.events.size(); ++i) {
    expected += pika::json::print(ran.events[i]) + "\n";
    CHECK(pika::json::find_int(ran.events[i], "seq") == static_cast<std::int64_t>(i + 1));
    CHECK(pika::json::find_string(ran.events[i], "run_id") == ran.record.run_id);
    CHECK(pika::json::find_string(ran.events[i], "time").has_value());
  }
  CHECK(text == expected);
}

TEST_CASE("a reader of events that throws changes nothing of the run") {
  TestEngine engine;
  RunRequest request{.snapshot = small_snapshot(engine), .jobs = {shell_job("test", "true")}};
  int called = 0;
  auto run = engine->run_jobs(request,
                              [&](const auto&) {
                                ++called;
                                throw std::runtime_error("broken pipe");
                              },
                              {});
  REQUIRE(run.has_value());
  CHECK(run->status == Status::passed);
  CHECK(called == 9);
}

TEST_CASE("jobs run after what they need, and are skipped when that failed") {
  TestEngine engine;
  auto build = shell_job("build", "exit 1"), test = shell_job("test", "true"), deploy = shell_job("deploy", "true"),
       lint = shell_job("lint", "true");
  test.needs = {"build"};
  deploy.needs = {"test"};
  auto ran = run(*engine, small_snapshot(engine), {deploy, test, build, lint});
  CHECK(ran.record.jobs[0].status == Status::skipped);
  CHECK(ran.record.jobs[1].status == Status::skipped);
  CHECK(ran.record.jobs[1].message == "skipped: it needs 'build', which failed");
  CHECK(ran.record.jobs[2].status == Status::failed);
  CHECK(ran.record.jobs[3].status == Status::passed);
  CHECK(ran.record.failure == FailureKind::test_failed);
  build.command = {"true"};
  auto good = run(*engine, small_snapshot(engine), {deploy, test, build, lint});
  CHECK(good.record.status == Status::passed);
  CHECK(good.record.jobs[0].started_at >= good.record.jobs[1].finished_at);
  CHECK(good.record.jobs[1].started_at >= good.record.jobs[2].finished_at);
}

TEST_CASE("jobs run side by side up to the host's slots, shared by every engine of the state root") {
  TestEngine engine({.slots = 2, .allow_host_process = true});
  auto snapshot = small_snapshot(engine);
  pika::TempDir folder("jci-meet-");
  ::chmod(folder.path().c_str(), 0777);
  auto place = folder.path().string();
  // Two that wait for each other in a folder of the host: only side by side can both end.
  auto meet = [&](const std::string& me, const std::string& other) {
    auto job =
        shell_job(me, "touch " + place + "/" + me + "; until test -e " + place + "/" + other + "; do sleep 0.01; done");
    job.runtime = Runtime::host_process;
    job.limits.time = 30 * pika::kSecond;
    return job;
  };
  CHECK(run(*engine, snapshot, {meet("a", "b"), meet("b", "a")}).record.status == Status::passed);

  TestEngine narrow({.slots = 1, .allow_host_process = true});
  auto one = small_snapshot(narrow);
  auto alone = [&](const std::string& id) {
    auto job = shell_job(id, "mkdir " + place + "/lock && sleep 0.05 && rmdir " + place + "/lock");
    job.runtime = Runtime::host_process;
    return job;
  };
  auto second = Engine::open({.state_root = narrow.root(), .slots = 1, .allow_host_process = true});
  Status other = Status::queued;
  std::thread beside([&] { other = run(**second, one, {alone("c"), alone("d")}).record.status; });
  CHECK(run(*narrow, one, {alone("a"), alone("b")}).record.status == Status::passed);
  beside.join();
  CHECK(other == Status::passed);
}

TEST_CASE("a run id is taken once, and what is no run id never becomes a path") {
  TestEngine engine;
  RunRequest request{.run_id = "twice"};
  CHECK(engine->run_jobs(request, {}, {}).has_value());
  CHECK(engine->run_jobs(request, {}, {}).error().kind == pika::ErrorKind::conflict);
  for (auto* bad : {"../x", "a/b", "..", ""}) {
    request.run_id = bad;
    CHECK(engine->run_jobs(request, {}, {}).error().kind == pika::ErrorKind::invalid);
    CHECK(!engine->load_run_record(bad).has_value());
    CHECK(!engine->load_plan(bad).has_value());
    CHECK(!engine->load_log("twice", bad, 0, 10).has_value());
  }
  CHECK(!fs::exists(engine.root() / "x"));
}

TEST_CASE("a tree that was never captured cannot be run") {
  TestEngine engine;
  RunRequest request{.snapshot = {.tree = *pika::git::Oid::parse("1234567890123456789012345678901234567890")},
                     .jobs = {shell_job("a", "true")}};
  auto run = engine->run_jobs(request, {}, {});
  REQUIRE(!run);
  CHECK(run.error().advice.find("snapshot") != std::string::npos);
  CHECK(engine->list_runs(10, nullptr).empty());
}

TEST_CASE("runs are listed newest first, and a corrupt record harms only itself and is named") {
  TestEngine engine;
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(run(*engine, {}, {}).record.run_id);
  {
    std::ofstream(engine.root() / "runs" / ids[1] / "run.json") << "{\"schema_version\": 1, \"ru";
  }
  std::vector<std::string> warnings;
  auto runs = engine->list_runs(10, &warnings);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].run_id == ids[2]);
  CHECK(runs[1].run_id == ids[0]);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find(ids[1]) != std::string::npos);
}

TEST_CASE("a skipped run is recorded with its reason") {
  TestEngine engine;
  auto run =
      engine->record_skipped_run({.target_id = "unit", .jobs = {shell_job("test", "true")}}, "no path of it changed");
  REQUIRE(run.has_value());
  auto read = engine->load_run_record(run->run_id);
  CHECK(read->status == Status::skipped);
  CHECK(read->message == "no path of it changed");
  CHECK(read->jobs[0].status == Status::skipped);
}

TEST_CASE("a log is read by ranges, and its end is told") {
  TestEngine engine;
  auto ran = run(*engine, small_snapshot(engine), {shell_job("test", "printf 0123456789")});
  auto first = engine->load_log(ran.record.run_id, "test", 0, 4);
  CHECK(first->bytes == "0123");
  CHECK(!first->complete);
  auto rest = engine->load_log(ran.record.run_id, "test", first->next_offset, 100);
  CHECK(rest->bytes == "456789");
  CHECK(rest->complete);
  CHECK(engine->load_log(ran.record.run_id, "other", 0, 1).error().kind == pika::ErrorKind::not_found);
}

TEST_CASE("a fixture's run reads as an engine's run") {
  TestEngine engine;
  auto id =
      testing::TestJerichociRunFixture(engine.root())
          .target("unit")
          .job(testing::TestJerichociJobFixture("build").log("ok\n"))
          .job(testing::TestJerichociJobFixture("test").failed(FailureKind::test_failed, "exit code 1").log("boom\n"))
          .write();
  auto run = engine->load_run_record(id);
  REQUIRE(run.has_value());
  CHECK(run->status == Status::failed);
  CHECK(run->failure == FailureKind::test_failed);
  CHECK(engine->load_log(id, "test", 0, 100)->bytes == "boom\n");
  CHECK(engine->load_log(id, "test", 0, 100)->complete);
}
