#include <doctest/doctest.h>

#include "engine_support.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

TEST_CASE("a sandbox job of a committed tree runs, passes and leaves its log") {
  TestEngine engine;
  auto ran = run_script(*engine, "cat hello.txt; pwd; id -u; echo $CI $PIKA_JOB; ls /; echo oops >&2");
  INFO(ran.record.jobs[0].message << ran.logs["test"]);
  CHECK(ran.record.status == Status::passed);
  CHECK(ran.record.jobs[0].exit_code == 0);
  CHECK(ran.logs["test"].find("hello\n/workspace\n1000\ntrue test\n") == 0);
  CHECK(ran.logs["test"].find("oops") != std::string::npos);
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("a host process job runs when an administrator allows it") {
  TestEngine engine({.allow_host_process = true});
  auto job = shell_job("test", "cat hello.txt; echo new > made; pwd; id -u; echo $HOME; touch $TMPDIR/x; exit 3");
  job.runtime = Runtime::host_process;
  auto ran = run_one(*engine, job);
  INFO(ran.record.jobs[0].message << ran.logs["test"]);
  CHECK(ran.record.status == Status::failed);
  CHECK(ran.record.failure == FailureKind::test_failed);
  CHECK(ran.record.jobs[0].exit_code == 3);
  CHECK(leftovers(engine.root()).empty());
}
