// A verdict counts again only where nothing that it could depend on differs, and only for whom may trust it.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>

#include "engine_support.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

EngineConfig host_tools() {
  EngineConfig config;
  config.reuse_with_host_tools = true;
  return config;
}

// Runs a job that depends on src/ alone; its log says whether it ran.
struct Project {
  TestRepository repo;
  JobSpec job = shell_job("test", "echo really ran; ls; cat src/a");
  RunRequest request;
  Project() {
    repo.write("src/a", "one\n");
    repo.write("other", "x\n");
    job.reuse = ReuseSpec{.inputs = {"src"}, .audit = 0};
  }
  JobRecord run(TestEngine& engine) {
    request.snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
    request.jobs = {job};
    auto record = engine->run_jobs(request, {}, {});
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().text()));
    last_run = record->run_id;
    CHECK(engine->load_run_record(last_run)->jobs[0].reuse.has_value());
    return record->jobs[0];
  }
  bool ran(TestEngine& engine) { return engine->load_log(last_run, "test", 0, 1000)->bytes.find("really ran") == 0; }
  std::string last_run;
};

}  // namespace

TEST_CASE("reuse: the same inputs again run nothing, and the run that proved it is named; other files do not matter") {
  TestEngine engine(host_tools());
  Project p;
  p.job.artifacts = ArtifactSpec{.globs = {"src/a"}};
  auto first = p.run(engine);
  CHECK(p.ran(engine));
  CHECK(!first.reuse->reused);
  CHECK(first.reuse->why_not.empty());
  CHECK(first.reuse->key.size() == 64);
  auto proof = p.last_run;
  p.repo.write("other", "changed\n");
  auto second = p.run(engine);
  CHECK(second.status == Status::passed);
  CHECK(second.reuse->reused);
  CHECK(second.reuse->run_id == proof);
  CHECK(second.message.find(proof) != std::string::npos);
  CHECK(second.artifacts.size() == 1);
  CHECK(!p.ran(engine));
  // A verdict that was reused proves nothing itself.
  p.repo.write("other", "again\n");
  CHECK(p.run(engine).reuse->run_id == proof);
  p.repo.write("src/a", "two\n");
  CHECK(!p.run(engine).reuse->reused);
  CHECK(p.ran(engine));
}

TEST_CASE("reuse: a job is shown its declared inputs and nothing else of the tree") {
  TestEngine engine(host_tools());
  Project p;
  p.job.command = {"sh", "-c", "test -e src/a && ! test -e other"};
  CHECK(p.run(engine).status == Status::passed);
  p.job.network = Network::on;  // also where nothing can be reused
  auto record = p.run(engine);
  CHECK(record.status == Status::passed);
  CHECK(record.reuse->why_not == "network");
}

TEST_CASE("reuse: command, environment, limits, and what env_allow passes are part of the key") {
  auto config = host_tools();
  config.env = {{"PASSED", "1"}};
  TestEngine engine(config);
  Project p;
  p.run(engine);
  auto is_new = [&](auto change) {
    Project q;
    change(q.job);
    bool fresh = !q.run(engine).reuse->reused;
    CHECK(q.run(engine).reuse->reused);
    return fresh;
  };
  CHECK(!is_new([](JobSpec&) {}));
  CHECK(is_new([](JobSpec& j) { j.command.push_back("x"); }));
  CHECK(is_new([](JobSpec& j) { j.env["A"] = "1"; }));
  CHECK(is_new([](JobSpec& j) { j.env_allow = {"PASSED"}; }));
  CHECK(is_new([](JobSpec& j) { j.limits.pids = 100; }));
  CHECK(!is_new([](JobSpec& j) { j.limits.time = 60 * pika::kSecond; }));
  CHECK(!is_new([](JobSpec& j) { j.description = "other words"; }));
}

TEST_CASE("reuse: a gate is satisfied by no earlier verdict, unless policy names the job") {
  auto config = host_tools();
  config.reuse_for_gates = {{"other", "for another job"}};
  TestEngine engine(config);
  Project p;
  p.run(engine);
  p.request.gate = true;
  auto gated = p.run(engine);
  CHECK(!gated.reuse->reused);
  CHECK(gated.reuse->why_not == "gate");
  CHECK(p.ran(engine));
  config = host_tools();
  config.reuse_for_gates = {{"test", "it takes a day and is audited"}};
  TestEngine lenient(config);
  Project q;
  q.request.gate = true;
  q.run(lenient);
  CHECK(q.run(lenient).reuse->reused);
}

TEST_CASE("reuse: what a gate's pass depended on beside its inputs keeps it from counting later") {
  TestEngine engine(host_tools());
  Project p;
  p.request.gate = true;
  p.job.network = Network::on;
  CHECK(p.run(engine).reuse->why_not == "network");
  p.request.gate = false;
  p.job.network = Network::off;
  CHECK(!p.run(engine).reuse->reused);
  CHECK(p.ran(engine));
}

TEST_CASE("reuse: an input that the tree does not have is no verdict on a smaller tree") {
  TestEngine engine(host_tools());
  Project p;
  p.job.reuse->inputs = {"src", "tests"};
  p.request.snapshot = *engine->snapshot_commit(p.repo.path(), p.repo.commit());
  p.request.jobs = {p.job};
  auto job = engine->run_jobs(p.request, {}, {})->jobs[0];
  CHECK(job.failure == FailureKind::setup_failed);
  CHECK(job.message.find("tests") != std::string::npos);
}

TEST_CASE("reuse: other artifacts asked for are another key, and those taken over are wanted from now on") {
  TestEngine engine(host_tools());
  Project p;
  p.job.artifacts = ArtifactSpec{.globs = {"src/a"}};
  p.run(engine);
  for (const auto& entry : fs::recursive_directory_iterator(engine.root() / "artifacts")) {
    struct timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    ::utimensat(AT_FDCWD, entry.path().c_str(), times, AT_SYMLINK_NOFOLLOW);
  }
  auto again = p.run(engine);
  REQUIRE(again.reuse->reused);
  auto content = again.artifacts[0].content;
  struct stat st{};
  REQUIRE(::stat((engine.root() / "artifacts" / content.substr(0, 2) / content).c_str(), &st) == 0);
  CHECK(st.st_mtim.tv_sec > 1'000'000'000);
  p.job.artifacts->globs = {"src/*"};
  CHECK(!p.run(engine).reuse->reused);
}

TEST_CASE("reuse: a domain reads its own verdicts and those of the one it may read from, never another's") {
  TestEngine engine(host_tools());
  Project p;
  p.request.trust = {.name = "branch-evil", .reads_from = "main"};
  p.run(engine);
  p.request.trust = {.name = "main"};
  auto trusted = p.run(engine);
  CHECK(!trusted.reuse->reused);
  CHECK(p.ran(engine));
  auto proof = p.last_run;
  p.request.trust = {.name = "branch-good", .reads_from = "main", .may_save = false};
  auto branch = p.run(engine);
  CHECK(branch.reuse->reused);
  CHECK(branch.reuse->run_id == proof);
  CHECK(!fs::exists(engine.root() / "verdicts/branch-good"));
  // A file in the trusted folder that points at an untrusted run is no verdict.
  Project q;
  q.job.command = {"sh", "-c", "echo really ran; : other"};
  q.request.trust = {.name = "branch-evil"};
  q.run(engine);
  auto untrusted = q.last_run;
  q.request.trust = {.name = "main"};
  q.run(engine);
  for (const auto& file : fs::directory_iterator(engine.root() / "verdicts/main")) {
    auto text = *pika::read_file(file.path());
    if (auto at = text.find(q.last_run); at != std::string::npos)
      std::ofstream(file.path()) << text.replace(at, q.last_run.size(), untrusted);
  }
  CHECK(!q.run(engine).reuse->reused);
}

TEST_CASE("reuse: an audited verdict that does not hold is said, and never reused again") {
  TestEngine engine(host_tools());
  Project p;
  // Passes on an even count of runs seen by the engine's log folder: as flaky as can be, and told by nothing in the
  // key.
  p.job.command = {"sh", "-c", "echo really ran; test $PIKA_RUN_ID = first"};
  p.request.run_id = "first";
  CHECK(p.run(engine).status == Status::passed);
  p.request.run_id = "second";
  CHECK(p.run(engine).reuse->reused);
  p.request.run_id = "third";
  p.job.reuse->audit = 1;
  auto audited = p.run(engine);
  CHECK(audited.status == Status::failed);
  CHECK(audited.reuse->audit == "differs");
  CHECK(audited.reuse->run_id == "first");
  CHECK(audited.message.find("in run first: that verdict is not reused any more") != std::string::npos);
  p.request.run_id = "fourth";
  p.job.reuse->audit = 0;
  CHECK(!p.run(engine).reuse->reused);

  Project q;
  q.job.reuse->audit = 1;
  q.run(engine);
  auto same = q.run(engine);
  CHECK(same.reuse->audit == "same");
  CHECK(q.ran(engine));
}

TEST_CASE("reuse: trouble with the store of verdicts is a miss; a failure is never reused; retention ends it too") {
  TestEngine engine(host_tools());
  Project p;
  p.run(engine);
  for (const auto& file : fs::recursive_directory_iterator(engine.root() / "verdicts"))
    if (file.is_regular_file()) std::ofstream(file.path()) << "{\"schema_version\": 1, \"key\"";
  CHECK(!p.run(engine).reuse->reused);
  CHECK(p.run(engine).reuse->reused);
  pika::remove_tree(engine.root() / "verdicts");
  std::ofstream(engine.root() / "verdicts") << "no folder";
  auto record = p.run(engine);
  CHECK(record.status == Status::passed);
  CHECK(!record.reuse->reused);
  fs::remove(engine.root() / "verdicts");
  p.job.command = {"false"};
  CHECK(p.run(engine).status == Status::failed);
  CHECK(!p.run(engine).reuse->reused);
  p.job.command = {"true"};
  p.run(engine);
  pika::remove_tree(engine.root() / "runs" / p.last_run);  // what proved it is gone
  CHECK(!p.run(engine).reuse->reused);
}

TEST_CASE("reuse: without an administrator's word the host's tools name nothing; caches and secrets neither") {
  TestEngine plain;
  Project p;
  CHECK(p.run(plain).reuse->why_not == "root");
  CHECK(!fs::exists(plain.root() / "verdicts"));
  TestEngine engine(host_tools());
  Project q;
  q.job.caches = {"things"};
  CHECK(q.run(engine).reuse->why_not == "caches");
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("reuse: a named root counts by its digest, without the host's tools: changed, it is another environment") {
  pika::TempDir root("jci-root-");
  ::chmod(root.path().c_str(), 0755);
  auto tool = root.path() / "usr/bin";
  // The host's own tools, as a root that is a folder of links would break: a static shell is enough.
  std::error_code error;
  if (!fs::exists("/bin/busybox", error)) return;
  fs::create_directories(tool);
  fs::copy_file("/bin/busybox", tool / "sh");
  fs::create_directory_symlink("usr/bin", root.path() / "bin");
  EngineConfig config;
  config.roots["small"] = root.path();
  TestEngine engine(config);
  Project p;
  p.job = shell_job("test", "echo really ran");
  p.job.command[0] = "/bin/sh";
  p.job.root = "small";
  p.job.reuse = ReuseSpec{.inputs = {"src"}, .audit = 0};
  auto first = p.run(engine);
  CHECK_MESSAGE(first.status == Status::passed, first.message);
  CHECK(first.reuse->why_not.empty());
  auto proof = p.last_run;
  auto second = p.run(engine);
  CHECK(second.reuse->reused);
  CHECK(second.reuse->run_id == proof);
  CHECK(!p.ran(engine));
  std::ofstream(root.path() / "new") << "x";
  CHECK(!p.run(engine).reuse->reused);
  CHECK(p.ran(engine));
  p.request.gate = true;
  CHECK(p.run(engine).reuse->why_not == "gate");
  p.request.gate = false;
  p.job.root = "unknown";
  auto unknown = p.run(engine);
  CHECK(unknown.status == Status::failed);
  CHECK(unknown.reuse->why_not == "root");
}
