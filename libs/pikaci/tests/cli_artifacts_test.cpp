#include <doctest/doctest.h>

#include "cli_support.hpp"
#include "jerichoci/jerichoci.hpp"

using namespace pikaci;

namespace {

// A run whose job left two files; made by the engine, because that is what writes records.
std::string run_with_artifacts(Scratch& s) {
  s.write("a", "1\n");
  s.commit("begin");
  auto context = s.context();
  auto engine = jerichoci::Engine::open({.state_root = context.state_root, .allow_host_process = true}).value();
  jerichoci::JobSpec job;
  job.id = "test";
  job.runtime = jerichoci::Runtime::host_process;
  job.command = {"sh", "-c", "mkdir out; echo one > out/one; echo two > out/two; ln -s one out/link"};
  job.artifacts = jerichoci::ArtifactSpec{.globs = {"out/"}};
  auto snapshot = engine->snapshot_worktree(s.root()).value();
  return engine->run_jobs({.snapshot = snapshot, .jobs = {job}}, {}, {}).value().run_id;
}

}  // namespace

TEST_CASE("artifacts of a run are listed for people and for programs, and written out") {
  Scratch s;
  auto id = run_with_artifacts(s);
  CHECK(cli_artifacts(s.context(), "last", "", "") == 0);
  CHECK(s.out().find("out/one") != std::string::npos);
  CHECK(s.out().find("2 files, 8 B") != std::string::npos);
  CHECK(s.err().find("1 symlink not followed") != std::string::npos);
  CHECK(cli_artifacts(s.context(OutputFormat::json), id, "test", "") == 0);
  auto document = s.json();
  REQUIRE(pika::json::find_array(document, "artifacts")->size() == 2);
  CHECK(pika::json::find_string((*pika::json::find_array(document, "artifacts"))[0], "path") == "out/one");
  CHECK(pika::json::find_bool((*pika::json::find_array(document, "artifacts"))[0], "kept") == true);

  CHECK(cli_artifacts(s.context(), id, "", "taken") == 0);
  CHECK(*pika::read_file(s.root() / "taken/test/out/two") == "two\n");
  CHECK(cli_artifacts(s.context(), id, "test", "one-job") == 0);
  CHECK(*pika::read_file(s.root() / "one-job/out/two") == "two\n");
  // What is there is not written over.
  CHECK(cli_artifacts(s.context(), id, "test", "one-job") != 0);
  CHECK(s.err().find("name an empty folder") != std::string::npos);
  CHECK(cli_artifacts(s.context(), id, "tset", "") == 2);
  CHECK(s.err().find("did you mean 'test'") != std::string::npos);
}

TEST_CASE("artifacts whose content is gone are said to be, and --out then fails") {
  Scratch s;
  auto id = run_with_artifacts(s);
  pika::remove_tree(s.context().state_root / "artifacts");
  CHECK(cli_artifacts(s.context(), id, "", "") == 0);
  CHECK(s.out().find("not kept any more") != std::string::npos);
  CHECK(cli_artifacts(s.context(), id, "", "taken") == 2);
}
