#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "engine_support.hpp"
#include "pika/base/text.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

const Runtime kBoth[] = {Runtime::sandbox, Runtime::host_process};

JobSpec job_of(Runtime runtime, const std::string& script) {
  auto job = shell_job("test", script);
  job.runtime = runtime;
  return job;
}

}  // namespace

TEST_CASE("a deadline holds although a grandchild keeps the output open, and nothing is left") {
  TestEngine engine({.allow_host_process = true});
  for (auto runtime : kBoth) {
    auto word = unique_word();
    auto job = job_of(runtime, "echo before; sh -c 'exec sleep 600' " + word + " & sleep 600; : " + word);
    job.limits.time = pika::kSecond / 2;
    job.limits.grace = pika::kSecond / 10;
    auto start = pika::monotonic_now();
    auto ran = run_one(*engine, job);
    CHECK(pika::monotonic_now() - start < 60 * pika::kSecond);
    CHECK(ran.record.failure == FailureKind::timed_out);
    CHECK(ran.record.jobs[0].message == "timed out after 0.5s");
    CHECK(ran.logs["test"].starts_with("before\n"));
    CHECK(processes_with(word).empty());
    CHECK(leftovers(engine.root()).empty());
  }
}

TEST_CASE("TERM comes before KILL, and what a job says then is in its log") {
  TestEngine engine({.allow_host_process = true});
  for (auto runtime : kBoth) {
    auto job = job_of(runtime, "trap 'echo goodbye; exit 0' TERM; echo ready; while :; do sleep 0.01; done");
    job.limits.time = pika::kSecond / 2;
    job.limits.grace = 30 * pika::kSecond;
    auto ran = run_one(*engine, job);
    CHECK(ran.record.failure == FailureKind::timed_out);
    CHECK_MESSAGE(ran.logs["test"].find("goodbye") != std::string::npos, ran.logs["test"]);
  }
}

TEST_CASE("a job that ignores TERM is killed after its grace") {
  TestEngine engine({.allow_host_process = true});
  for (auto runtime : kBoth) {
    auto word = unique_word();
    auto job = job_of(runtime, "trap '' TERM; while :; do sleep 0.01; done; : " + word);
    job.limits.time = pika::kSecond / 5;
    job.limits.grace = pika::kSecond / 5;
    auto ran = run_one(*engine, job);
    CHECK(ran.record.failure == FailureKind::timed_out);
    CHECK(processes_with(word).empty());
    CHECK(leftovers(engine.root()).empty());
  }
}

TEST_CASE("a daemon that left group and session does not hold up the end, and ends with the job") {
  TestEngine engine({.allow_host_process = true});
  for (auto runtime : kBoth) {
    auto word = unique_word();
    // The job ends only when the daemon is one: in a session of its own, its parent gone, deaf to TERM and HUP.
    auto job =
        job_of(runtime, "mkfifo up && setsid sh -c '(trap \"\" TERM HUP; echo up >up; sleep 600; sleep 600; : " + word +
                            ") &' && read word <up && echo done");
    auto ran = run_one(*engine, job);
    CHECK(ran.record.status == Status::passed);
    CHECK(ran.logs["test"] == "done\n");
    CHECK(processes_with(word).empty());
    CHECK(leftovers(engine.root()).empty());
  }
}

TEST_CASE("a token cancels a running job and those that wait") {
  TestEngine engine({.allow_host_process = true});
  TestRepository repo;
  repo.write("a", "1");
  auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  for (auto runtime : kBoth) {
    auto word = unique_word();
    RunRequest request{
        .snapshot = snapshot, .jobs = {job_of(runtime, "echo up; sleep 600; : " + word)}, .run_id = unique_word()};
    request.jobs.push_back(shell_job("after", "echo no"));
    request.jobs[1].needs = {"test"};
    CancelToken token;
    std::thread killer([&] {
      wait_until("the job is up", [&] {
        auto log = pika::read_file(engine->log_file(*request.run_id, "test"));
        return log && *log == "up\n";
      });
      token.cancel();
    });
    auto run = engine->run_jobs(request, {}, token);
    killer.join();
    REQUIRE(run.has_value());
    CHECK(run->status == Status::cancelled);
    CHECK(run->jobs[0].status == Status::cancelled);
    CHECK(run->jobs[1].status == Status::cancelled);
    CHECK(processes_with(word).empty());
    CHECK(leftovers(engine.root()).empty());
  }
}

TEST_CASE("who cancels and has no patience ends the job without its grace, and the run is a cancelled one") {
  TestEngine engine({.allow_host_process = true});
  TestRepository repo;
  repo.write("a", "1");
  auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  for (auto runtime : kBoth) {
    auto word = unique_word();
    RunRequest request{
        .snapshot = snapshot,
        .jobs = {job_of(runtime, "trap 'echo asked' TERM; echo up; while :; do sleep 0.1; done; : " + word)},
        .run_id = unique_word()};
    request.jobs[0].limits.grace = 600 * pika::kSecond;
    CancelToken token;
    auto said = [&](const std::string& words) {
      wait_until(words, [&] {
        auto log = pika::read_file(engine->log_file(*request.run_id, "test"));
        return log && log->find(words) != std::string::npos;
      });
    };
    std::thread killer([&] {
      said("up\n");
      token.cancel();
      said("asked\n");
      token.kill();
    });
    auto run = engine->run_jobs(request, {}, token);
    killer.join();
    REQUIRE(run.has_value());
    CHECK(run->status == Status::cancelled);
    CHECK(run->jobs[0].status == Status::cancelled);
    CHECK(processes_with(word).empty());
    CHECK(leftovers(engine.root()).empty());
  }
}

TEST_CASE("a run can be cancelled by its id from another engine") {
  TestEngine engine;
  TestRepository repo;
  repo.write("a", "1");
  auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  auto other = Engine::open({.state_root = engine.root()});
  RunRequest request{.snapshot = snapshot, .jobs = {shell_job("test", "sleep 600")}, .run_id = "mine"};
  std::thread killer([&] {
    wait_until("the job runs", [&] {
      auto run = (*other)->load_run_record("mine");
      return run && run->jobs[0].status == Status::running;
    });
    CHECK((*other)->request_cancel("mine").has_value());
  });
  auto run = engine->run_jobs(request, {}, {});
  killer.join();
  REQUIRE(run.has_value());
  CHECK(run->status == Status::cancelled);
  CHECK((*other)->request_cancel("mine").error().kind == pika::ErrorKind::conflict);
  CHECK((*other)->request_cancel("no").error().kind == pika::ErrorKind::not_found);
}

TEST_CASE("a job that prints for ever is cut in its log, not on the disk or in memory") {
  TestEngine engine({.log_cap_bytes = 1u << 20});
  auto ran = run_script(*engine, "echo FIRST; head -c 30000000 /dev/zero | tr '\\0' 'x'; echo; echo LAST");
  CHECK(ran.record.status == Status::passed);
  auto& log = ran.logs["test"];
  CHECK(log.starts_with("FIRST\n"));
  CHECK(log.ends_with("\nLAST\n"));
  CHECK(log.size() < (1u << 20) + 200);
  CHECK(log.find("cut here: the log is capped at") != std::string::npos);
}

TEST_CASE("0xFF and NUL in the output harm nothing") {
  TestEngine engine;
  auto ran = run_script(*engine, "printf '\\377\\000\\376'");
  CHECK(ran.logs["test"] == std::string("\xff\0\xfe", 3));
}
