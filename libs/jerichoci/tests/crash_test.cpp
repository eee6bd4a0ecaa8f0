// The engine is killed in the middle of things; the next start settles and removes what it left.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "engine_support.hpp"
#include "pika/proc/child.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

TEST_CASE("helper: run one job until killed" * doctest::skip()) {
  const char* root = std::getenv("JCI_ROOT");
  REQUIRE(root);
  auto engine = Engine::open({.state_root = root, .allow_host_process = true});
  REQUIRE(engine.has_value());
  TestRepository repo;
  repo.write("a", "1");
  auto snapshot = *(*engine)->snapshot_commit(repo.path(), repo.commit());
  RunRequest request{.snapshot = snapshot, .run_id = std::getenv("JCI_WORD")};
  request.jobs = {shell_job("test", std::string("setsid sleep 600 & echo up; sleep 600; : ") + std::getenv("JCI_WORD")),
                  shell_job("after", "true")};
  request.jobs[0].runtime = *parse_runtime(std::getenv("JCI_RUNTIME"));
  request.jobs[0].limits.pids = 50;
  request.jobs[1].needs = {"test"};
  (void)(*engine)->run_jobs(request, {}, {});
}

TEST_CASE("an engine killed with a job running: the next start settles it as lost and leaves nothing") {
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    pika::TempDir folder("jci-crash-");
    auto root = folder.path() / "state";
    auto word = unique_word();
    pika::proc::Command command;
    command.argv = {"/proc/self/exe", "--no-skip", "--test-case=helper: run one job until killed"};
    command.argv[0] = fs::read_symlink("/proc/self/exe");
    command.env = {"JCI_ROOT=" + root.string(), "JCI_WORD=" + word, "JCI_RUNTIME=" + std::string(to_string(runtime))};
    auto helper = pika::proc::Child::start(command);
    auto log = root / "runs" / word / "jobs/test/log.raw";
    wait_until("the job is up", [&] {
      auto text = pika::read_file(log);
      return text && text->find("up\n") != std::string::npos;
    });
    CHECK(!processes_with(word).empty());
    ::kill(helper.pid(), SIGKILL);
    helper.wait();
    auto engine = Engine::open({.state_root = root});
    REQUIRE(engine.has_value());
    auto run = (*engine)->load_run_record(word);
    REQUIRE(run.has_value());
    CHECK(run->status == Status::failed);
    CHECK(run->failure == FailureKind::lost);
    CHECK(run->jobs[0].failure == FailureKind::lost);
    CHECK(run->jobs[0].log_bytes == 3);
    CHECK(run->jobs[1].status == Status::skipped);
    wait_until("the job's processes are gone", [&] { return processes_with(word).empty(); });
    CHECK(leftovers(root).empty());
    auto events = *pika::read_file(root / "runs" / word / "events.jsonl");
    auto last = pika::json::parse(std::string_view(events).substr(events.rfind('\n', events.size() - 2) + 1));
    CHECK(pika::json::find_string(*last, "event") == "run_finished");
    CHECK(pika::json::find_string(*last, "failure") == "lost");
    CHECK(pika::json::find_int(*last, "seq") == std::count(events.begin(), events.end(), '\n'));
    CHECK((*engine)->load_log(word, "test", 0, 100)->bytes == "up\n");
  }
}

TEST_CASE("a run of a living engine is not settled by another that starts") {
  TestEngine engine;
  TestRepository repo;
  repo.write("a", "1");
  auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  RunRequest request{.snapshot = snapshot, .jobs = {shell_job("test", "true")}};
  auto sink = [&](const pika::json::Value& event) {
    if (pika::json::find_string(event, "event") == "job_started")
      CHECK(Engine::open({.state_root = engine.root()}).has_value());
  };
  auto run = engine->run_jobs(request, sink, {});
  CHECK(run->status == Status::passed);
  CHECK(engine->load_run_record(run->run_id)->status == Status::passed);
}

TEST_CASE(
    "the /etc of sandboxes: the next start removes a half-made one and those of earlier boots, not the one in use") {
  pika::TempDir folder("jci-crash-");
  auto root = folder.path() / "state";
  auto place = root / "sandbox-etc";
  pika::make_dirs(place / ".new-0123456789abcdef/ssl");
  pika::make_dirs(place / "of-an-earlier-boot");
  pika::write_file_atomic(place / "of-an-earlier-boot/passwd", "x");
  auto names = [&] {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(place)) out.push_back(entry.path().filename());
    return out;
  };
  TestRepository repo;
  repo.write("a", "1");
  auto commit = repo.commit();
  std::vector<std::string> in_use;
  for (int turn : {0, 1}) {
    auto engine = Engine::open({.state_root = root});
    REQUIRE(engine.has_value());
    CHECK(names() == in_use);
    RunRequest request{.snapshot = *(*engine)->snapshot_commit(repo.path(), commit)};
    request.jobs = {shell_job("test", "true")};
    request.run_id = turn == 0 ? "first" : "second";
    CHECK((*engine)->run_jobs(request, {}, {})->status == Status::passed);
    in_use = names();
    CHECK(in_use.size() == 1);
  }
}
