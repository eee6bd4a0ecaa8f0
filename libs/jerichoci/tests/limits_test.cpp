#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "engine_support.hpp"
#include "exec/cgroup.hpp"
#include "exec/disk_limit.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

// Each test holds on a host with the controller and says so on one without.

TEST_CASE("a job that wants more memory than its limit is out of memory, not a failed test") {
  TestEngine engine({.allow_host_process = true});
  bool can = CgroupHost::detect().memory.has_value();
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    auto job = shell_job("test", "echo start; head -c 300000000 /dev/zero | tail -c 300000000 | wc -c");
    job.command = {"perl", "-e", "my $x = 'a' x 300_000_000; print length $x"};
    job.runtime = runtime;
    job.limits.memory_bytes = 64u << 20;
    auto ran = run_one(*engine, job);
    if (can) {
      CHECK(ran.record.failure == FailureKind::out_of_memory);
      CHECK(ran.record.jobs[0].exit_code == 137);
      CHECK(ran.record.jobs[0].not_enforced.empty() == (runtime == Runtime::sandbox));
    } else {
      CHECK(ran.record.status == Status::passed);
      CHECK(ran.record.jobs[0].not_enforced.at(0).starts_with("memory: "));
    }
    CHECK(leftovers(engine.root()).empty());
  }
}

TEST_CASE("an engine larger than a job's memory limit: the job is ended for it, not the leader that cleans up") {
  if (!CgroupHost::detect().memory) return;
  // What a leader's death would leave comes to us.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  std::vector<char> large(400u << 20, 'x');
  TestEngine engine({.allow_host_process = true});
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    auto job = shell_job("test", "");
    job.command = {"perl", "-e", "my $x = 'a' x 300_000_000; print length $x"};
    job.runtime = runtime;
    job.limits.memory_bytes = 64u << 20;
    CHECK(run_one(*engine, job).record.failure == FailureKind::out_of_memory);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(leftovers(engine.root()).empty());
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  CHECK(large.back() == 'x');
}

TEST_CASE("a fork bomb stops at its process limit, and nothing is left of it") {
  if (!CgroupHost::detect().pids) {
    MESSAGE("skipped: no pids controller that may be written");
    return;
  }
  TestEngine engine({.allow_host_process = true});
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    auto word = unique_word();
    auto job = shell_job("test", "bomb() { bomb | bomb & }; bomb; sleep 600; : " + word);
    job.runtime = runtime;
    job.limits.pids = 50;
    job.limits.time = pika::kSecond;
    job.limits.grace = pika::kSecond / 10;
    auto ran = run_one(*engine, job);
    CHECK(ran.record.status == Status::failed);
    CHECK(processes_with(word).empty());
    CHECK(leftovers(engine.root()).empty());
  }
}

TEST_CASE("a limit this host cannot hold is named in the record, and the job still runs") {
  CgroupHost none;
  std::vector<std::string> enforced, not_enforced;
  auto group = JobCgroup::make(none, "x", {.cpus = 1, .memory_bytes = 1u << 30, .pids = 10}, enforced, not_enforced);
  CHECK(enforced.empty());
  CHECK(group.empty());
  CHECK(not_enforced.size() == 3);
}

TEST_CASE("a job with every limit runs under them") {
  TestEngine engine;
  auto job = shell_job("test", "echo ok");
  job.limits.cpus = 0.5;
  job.limits.pids = 100;
  job.limits.memory_bytes = 256u << 20;
  auto ran = run_one(*engine, job);
  CHECK_MESSAGE(ran.record.status == Status::passed, ran.record.message);
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("a job that fills the disk is ended at its limit, and says so") {
  TestEngine engine({.allow_host_process = true});
  bool prevented = has_job_disks();
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    for (auto* script : {"head -c 100000000 /dev/zero > one-file",
                         "i=0; while [ $i -lt 200 ]; do i=$((i+1)); head -c 700000 /dev/zero > f$i; done",
                         "head -c 700000 /dev/zero > a; head -c 700000 /dev/zero > b",
                         "mkdir -p d/e; for i in 1 2 3; do head -c 600000 /dev/zero > d/e/f$i; done; x=$?; chmod 000 "
                         "d/e d; exit $x"}) {
      auto job = shell_job("test", script);
      job.runtime = runtime;
      job.limits.disk_bytes = 1u << 20;
      job.limits.time = 60 * pika::kSecond;
      auto ran = run_one(*engine, job);
      INFO(script);
      CHECK(ran.record.status == Status::failed);
      CHECK(ran.record.failure == FailureKind::test_failed);
      CHECK(ran.record.jobs[0].message.starts_with(
          prevented ? "disk: the 1.0 MB that it may write were full; exit code " : "disk: it wrote more than 1.0 MB"));
      CHECK(ran.record.jobs[0].used.disk_bytes.value_or(0) > 500'000);
      CHECK(ran.record.jobs[0].enforced.at(0) == (prevented ? kDiskPrevented : kDiskWatched));
      CHECK(leftovers(engine.root()).empty());
    }
    auto job = shell_job("test", "head -c 500000 /dev/zero > a; for i in 1 2 3 4 5; do ln a l$i; done");
    job.runtime = runtime;
    job.limits.disk_bytes = 1u << 20;
    CHECK(run_one(*engine, job).record.status == Status::passed);
  }
}
