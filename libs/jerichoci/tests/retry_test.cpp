// Jobs that are tried again, and runs that stop at the first failure.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine_support.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

SnapshotRecord small_snapshot(TestEngine& engine) {
  TestRepository repo;
  repo.write("a", "1");
  return *engine->snapshot_commit(repo.path(), repo.commit());
}

std::size_t count_of(const Ran& ran, const std::string& name, const std::string& job) {
  return static_cast<std::size_t>(std::count_if(ran.events.begin(), ran.events.end(), [&](const auto& e) {
    return pika::json::find_string(e, "event") == name && pika::json::find_string(e, "job_id") == job;
  }));
}

// Fails until it was begun `times` times, which it counts in a folder that outlives the attempt.
EngineConfig with_host_processes() {
  return {.allow_host_process = true, .retry_pause = 0};
}
JobSpec flaky_job(const fs::path& counter, int times) {
  fs::permissions(counter, fs::perms::all);
  auto job = shell_job("test",
                       "echo x >> \"$COUNTER/count\"; echo attempt $(wc -l < \"$COUNTER/count\"); "
                       "test -e leftover && echo not fresh; touch leftover; "
                       "test $(wc -l < \"$COUNTER/count\") -ge " +
                           std::to_string(times));
  job.runtime = Runtime::host_process;
  job.env["COUNTER"] = counter.string();
  return job;
}

}  // namespace

TEST_CASE("a job is tried again after a failure its retries name, in a fresh workspace, and every attempt is kept") {
  TestEngine engine(with_host_processes());
  pika::TempDir counter("jci-count-");
  auto job = flaky_job(counter.path(), 3);
  job.retries = {{FailureKind::test_failed, 5}};
  auto after = shell_job("after", "true");
  after.needs = {"test"};
  auto ran = run(*engine, small_snapshot(engine), {job, after});
  CHECK(ran.record.status == Status::passed);
  const auto& test = ran.record.jobs[0];
  CHECK(test.attempt == 3);
  REQUIRE(test.earlier_attempts.size() == 2);
  CHECK(test.earlier_attempts[0].number == 1);
  CHECK(test.earlier_attempts[1].failure == FailureKind::test_failed);
  CHECK(test.earlier_attempts[1].exit_code == 1);
  CHECK(test.earlier_attempts[1].log_bytes == 10);
  CHECK(test.message.empty());
  CHECK(ran.logs["test"] == "attempt 3\n");
  auto folder = engine.root() / "runs" / ran.record.run_id / "jobs/test";
  CHECK(*pika::read_file(folder / "attempts/1/log.raw") == "attempt 1\n");
  CHECK(*pika::read_file(folder / "attempts/2/log.raw") == "attempt 2\n");
  CHECK(count_of(ran, "job_started", "test") == 3);
  CHECK(count_of(ran, "job_retried", "test") == 2);
  CHECK(count_of(ran, "job_finished", "test") == 1);
  auto read = engine->load_run_record(ran.record.run_id);
  CHECK(read->jobs[0].attempt == 3);
  CHECK(read->jobs[0].earlier_attempts.size() == 2);
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("retries end, and a failure of another kind is not tried again") {
  TestEngine engine(with_host_processes());
  pika::TempDir first("jci-count-"), second("jci-count-");
  auto job = flaky_job(first.path(), 100);
  job.retries = {{FailureKind::test_failed, 1}};
  auto ran = run(*engine, small_snapshot(engine), {job});
  CHECK(ran.record.failure == FailureKind::test_failed);
  CHECK(*pika::read_file(first.path() / "count") == "x\nx\n");
  job = flaky_job(second.path(), 100);
  job.retries = {{FailureKind::infrastructure, 3}, {FailureKind::timed_out, 3}};
  ran = run(*engine, small_snapshot(engine), {job});
  CHECK(*pika::read_file(second.path() / "count") == "x\n");
  CHECK(ran.record.jobs[0].attempt == 1);
}

TEST_CASE("a cancelled run begins no further attempt") {
  TestEngine engine({.slots = 4, .allow_host_process = true, .retry_pause = 3600 * pika::kSecond});
  RunRequest request{.snapshot = small_snapshot(engine)};
  request.jobs = {shell_job("test", "true")};
  request.jobs[0].command = {"/nonexistent/program"};
  request.jobs[0].retries = {{FailureKind::infrastructure, 3}, {FailureKind::setup_failed, 3}};
  CancelToken cancel;
  int retried = 0;
  auto run = engine->run_jobs(
      request,
      [&](const auto& e) {
        if (pika::json::find_string(e, "event") != "job_retried") return;
        ++retried;
        cancel.cancel();
      },
      cancel);
  REQUIRE(run.has_value());
  CHECK(retried == 1);
  CHECK(run->jobs[0].status == Status::failed);
  CHECK(run->jobs[0].attempt == 1);
  CHECK(run->jobs[0].message.ends_with("the run stopped before another attempt"));
}

TEST_CASE(
    "with fail_fast the first failure ends what runs and cancels what has not begun; without it nothing else stops") {
  for (bool fast : {true, false}) {
    TestEngine engine({.slots = 2});
    RunRequest request{.snapshot = small_snapshot(engine), .fail_fast = fast};
    request.jobs = {shell_job("slow", fast ? "sleep 600" : "true"), shell_job("bad", "exit 1"),
                    shell_job("later", "true"), shell_job("after", "true")};
    request.jobs[2].weight = 2;
    request.jobs[3].needs = {"slow"};
    auto run = engine->run_jobs(request, {}, {});
    REQUIRE(run.has_value());
    CHECK(run->failure == FailureKind::test_failed);
    CHECK(run->jobs[0].status == (fast ? Status::cancelled : Status::passed));
    CHECK(run->jobs[1].status == Status::failed);
    CHECK(run->jobs[2].status == (fast ? Status::cancelled : Status::passed));
    CHECK(run->jobs[3].status == (fast ? Status::cancelled : Status::passed));
    if (fast) CHECK(run->jobs[2].message == "cancelled: 'bad' failed, and the run stops at the first failure");
    CHECK(engine->load_plan(run->run_id)->find(fast ? "\"fail_fast\": true" : "\"fail_fast\": false") !=
          std::string::npos);
  }
}

TEST_CASE("the record of a run with very many jobs is not written for every one of them, and its end is") {
  TestEngine engine;
  RunRequest request{.snapshot = small_snapshot(engine)};
  for (int i = 0; i < 300; ++i) {
    auto job = shell_job("job-" + std::to_string(i), "true");
    job.runtime = Runtime::host_process;  // refused here at once: the cost is the driver's
    request.jobs.push_back(job);
  }
  std::size_t writes = 0;
  std::string last;
  auto run = engine->run_jobs(
      request,
      [&](const auto& e) {
        if (pika::json::find_string(e, "event") != "job_finished") return;
        auto now = fs::last_write_time(engine.root() / "runs" / *pika::json::find_string(e, "run_id") / "run.json");
        auto text = std::to_string(now.time_since_epoch().count());
        writes += text != std::exchange(last, text);
      },
      {});
  REQUIRE(run.has_value());
  CHECK(writes < 100);
  auto read = engine->load_run_record(run->run_id);
  CHECK(read->status == Status::failed);
  CHECK(std::all_of(read->jobs.begin(), read->jobs.end(), [](const auto& j) { return is_final(j.status); }));
}
