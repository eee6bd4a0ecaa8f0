// A job that is pinned to one content of its root filesystem begins on no other.
#include <doctest/doctest.h>

#include "engine_support.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

TEST_CASE("a job pinned to another root filesystem than is there fails before it begins, and says both digests") {
  pika::TempDir root("jci-root-");
  pika::write_file_atomic(root.path() / "hello", "hello\n");
  EngineConfig config;
  config.roots["small"] = root.path();
  TestEngine engine(config);
  TestRepository repo;
  repo.write("a", "a\n");
  RunRequest request;
  request.snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  auto job = shell_job("test", "echo really ran");
  job.root = "small";
  job.root_digest = "sha256:" + std::string(64, '0');
  request.jobs = {job};
  auto is = engine->root_digest("small");
  REQUIRE(is);
  CHECK(valid_root_digest(*is));
  CHECK_FALSE(engine->root_digest("none"));

  auto record = engine->run_jobs(request, {}, {});
  REQUIRE(record);
  const auto& ran = record->jobs.at(0);
  CHECK(ran.status == Status::failed);
  CHECK(ran.failure == FailureKind::setup_failed);
  CHECK(ran.message.find("has " + *is + ", and the job wants " + job.root_digest) != std::string::npos);
  auto log = engine->load_log(record->run_id, "test", 0, 1 << 20);
  REQUIRE(log);
  CHECK(log->bytes.find("really ran") == std::string::npos);

  // The pin is part of the job wherever it goes: to a runner, into a plan.
  auto again = job_spec_from_json(to_json(job));
  REQUIRE(again);
  CHECK(again->root_digest == job.root_digest);

  request.jobs[0].root_digest = *is;
  record = engine->run_jobs(request, {}, {});
  REQUIRE(record);
  CHECK(record->jobs.at(0).message.find("pinned") == std::string::npos);

  request.jobs[0].root_digest = "sha256:12";
  CHECK_FALSE(engine->run_jobs(request, {}, {}));
  request.jobs[0].root_digest = *is;
  request.jobs[0].root.clear();
  CHECK_FALSE(engine->run_jobs(request, {}, {}));
}
