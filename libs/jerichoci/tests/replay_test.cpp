#include <doctest/doctest.h>

#include <fstream>

#include "engine_support.hpp"
#include "replay/replay.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

std::string recorded(TestEngine& engine, std::vector<JobSpec> jobs) {
  TestRepository repo;
  repo.write("a", "1\n");
  return run(*engine, *engine->snapshot_commit(repo.path(), repo.commit()), std::move(jobs)).record.run_id;
}

}  // namespace

TEST_CASE("replay: the same outcome is said to be the same, passed or failed, with its exit code") {
  TestEngine engine;
  auto good = recorded(engine, {shell_job("test", "cat a")});
  auto again = engine->replay(good, "", {}, {});
  REQUIRE(again.has_value());
  CHECK(again->verdict == ReplayVerdict::same);
  CHECK(again->exit_code() == 0);
  CHECK(again->after.run_id != good);
  CHECK(again->after.rerun_of == good);
  CHECK(again->after.snapshot.tree == again->before.snapshot.tree);
  CHECK(!again->jobs[0].log);
  auto bad = recorded(engine, {shell_job("test", "exit 3")});
  auto failed = engine->replay(bad, "", {}, {});
  CHECK(failed->verdict == ReplayVerdict::same);
  CHECK(failed->exit_code() == 1);
}

TEST_CASE("replay: another outcome in the same environment is flaky, and the first differing line is shown") {
  TestEngine engine;
  auto job = shell_job("test", "echo begin; echo run $PIKA_RUN_ID > made; cat made; test $PIKA_RUN_ID = first");
  job.artifacts = ArtifactSpec{.globs = {"made"}};
  TestRepository repo;
  repo.write("a", "1\n");
  RunRequest request{
      .snapshot = *engine->snapshot_commit(repo.path(), repo.commit()), .jobs = {job}, .run_id = "first"};
  REQUIRE(engine->run_jobs(request, {}, {})->status == Status::passed);
  auto again = engine->replay("first", "test", {}, {});
  REQUIRE(again.has_value());
  CHECK(again->verdict == ReplayVerdict::flaky);
  CHECK(again->exit_code() == 1);
  const auto& compared = again->jobs.at(0);
  REQUIRE(compared.log.has_value());
  CHECK(compared.log->number == 2);
  CHECK(compared.log->before == "run first");
  CHECK(compared.log->after == "run " + again->after.run_id);
  CHECK(compared.artifacts == std::vector<std::string>{"made: another content"});
  auto json = to_json(*again);
  CHECK(pika::json::find_string(json, "verdict") == "flaky");
}

TEST_CASE("replay: another outcome where something of the environment differs is put down to that, and shown") {
  auto no_log = [](const auto&...) { return std::string(); };
  JobRecord before, after;
  before.id = after.id = "test";
  before.status = Status::passed;
  after.status = Status::failed;
  after.failure = FailureKind::test_failed;
  before.environment.kernel = "6.1.0";
  after.environment.kernel = "6.18.4";
  before.enforced = {"memory: cgroup v1"};
  RunRecord a, b;
  a.run_id = "a";
  b.run_id = "b";
  a.jobs = {before};
  b.jobs = {after};
  auto report = compare_runs(no_log, a, b);
  CHECK(report.verdict == ReplayVerdict::environment);
  CHECK(report.jobs[0].environment ==
        std::vector<std::string>{"kernel: 6.1.0 before, 6.18.4 now",
                                 "limits enforced: memory: cgroup v1 before, not known now"});
  b.jobs[0].failure = FailureKind::infrastructure;
  CHECK(compare_runs(no_log, a, b).verdict == ReplayVerdict::not_compared);
}

TEST_CASE("replay of one job runs that alone, really, and saves nothing") {
  EngineConfig config;
  config.reuse_with_host_tools = true;
  TestEngine engine(config);
  auto build = shell_job("build", "true"), test = shell_job("test", "echo ran");
  test.needs = {"build"};
  test.reuse = ReuseSpec{.inputs = {"a"}, .audit = 0};
  auto id = recorded(engine, {build, test});
  auto again = engine->replay(id, "test", {}, {});
  REQUIRE(again.has_value());
  REQUIRE(again->after.jobs.size() == 1);
  CHECK(again->after.jobs[0].reuse->audit == "same");
  CHECK(!again->after.trust.may_save);
  CHECK(again->verdict == ReplayVerdict::same);
  CHECK(engine->replay(id, "tset", {}, {}).error().kind == pika::ErrorKind::not_found);
  CHECK(!engine->replay("nothing", "", {}, {}).has_value());
}
