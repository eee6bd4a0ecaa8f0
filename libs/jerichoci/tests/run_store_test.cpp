// The run store: one corrupt record harms only itself.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "engine_support.hpp"
#include "log_support.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/hash.hpp"
#include "pika/proc/child.hpp"
#include "plan/plan.hpp"
#include "runstore/run_store.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

TEST_CASE("a run record cut at any length harms only itself and is named; the others are listed") {
  TestEngine engine;
  auto good = run_script(*engine, "true").record.run_id;
  auto bad = run_script(*engine, "true").record.run_id;
  auto file = engine.root() / "runs" / bad / "run.json";
  auto whole = *pika::read_file(file);
  REQUIRE(whole.back() == '\n');
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    put_file(file, whole.substr(0, size));
    std::vector<std::string> warnings;
    auto runs = engine->list_runs(10, &warnings);
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].run_id == good);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find(bad) != std::string::npos);
    if (size % 100 == 0) CHECK(!engine->load_run_record(bad).has_value());
  }
  // And it takes no place in a short list.
  CHECK(engine->list_runs(1, nullptr).size() == 1);
  put_file(file, whole);
  CHECK(engine->list_runs(10, nullptr).size() == 2);
}

TEST_CASE("a run record with any byte changed is refused or read, and never stops the list") {
  TestEngine engine;
  auto bad = run_script(*engine, "true").record.run_id;
  auto file = engine.root() / "runs" / bad / "run.json";
  auto whole = *pika::read_file(file);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ (at % 2 ? 0x80 : 0x01));
    put_file(file, changed);
    std::vector<std::string> warnings;
    CHECK(engine->list_runs(10, &warnings).size() + warnings.size() == 1);
  }
}

TEST_CASE("a plan cut at any length is refused with its name, and so is a rerun of it") {
  TestEngine engine;
  auto id = run_script(*engine, "true").record.run_id;
  auto file = engine.root() / "runs" / id / "plan.json";
  auto whole = *pika::read_file(file);
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    auto value = pika::json::parse(std::string_view(whole).substr(0, size), "plan.json");
    CHECK(!(value && plan_from_json(*value)));
  }
  put_file(file, whole.substr(0, whole.size() / 2));
  auto again = engine->rerun_jobs(id, {}, {});
  REQUIRE(!again.has_value());
  CHECK(again.error().what.find("plan.json") != std::string::npos);
}

TEST_CASE("runs are listed newest first, as many as are asked for, and what is no run is passed over") {
  pika::TempDir folder("jci-runs-");
  RunStore store(folder.path());
  std::vector<std::string> ids;
  for (int i = 0; i < 300; ++i) ids.push_back(fmt::format("01ARZ3NDEK{:016}", i));
  for (std::size_t i = 0; i < ids.size(); ++i) REQUIRE(store.create(ids[i * 7 % ids.size()]));
  fs::create_directory(folder.path() / "runs" / ".hidden");
  CHECK(store.list(0).empty());
  auto newest = store.list();
  CHECK(newest.size() == 300);
  CHECK(store.list(1'000) == newest);
  newest.resize(5);
  CHECK(store.list(5) == newest);
}

TEST_CASE("helper: run one job until ended" * doctest::skip()) {
  auto engine = Engine::open({.state_root = std::getenv("JCI_ROOT"), .allow_host_process = true});
  REQUIRE(engine.has_value());
  TestRepository repo;
  repo.write("a", "1");
  RunRequest request{.snapshot = *(*engine)->snapshot_commit(repo.path(), repo.commit()), .run_id = "ended"};
  request.jobs = {shell_job("test", "echo up; sleep 600")};
  request.jobs[0].runtime = Runtime::host_process;
  (void)(*engine)->run_jobs(request, {}, {});
}

TEST_CASE("a program that is ended by SIGTERM leaves no run that says it runs for ever") {
  TestEngine watching;
  pika::proc::Command command;
  command.argv = {fs::read_symlink("/proc/self/exe"), "--no-skip", "--test-case=helper: run one job until ended"};
  command.env = {"JCI_ROOT=" + watching.root().string()};
  auto helper = pika::proc::Child::start(command);
  wait_until("the job is up", [&] {
    auto log = watching->load_log("ended", "test", 0, 10);
    return log && log->bytes == "up\n";
  });
  CHECK(watching->load_run_record("ended")->status == Status::running);
  ::kill(helper.pid(), SIGTERM);
  helper.wait();
  // An engine that was open all the time says so, not only the next that starts.
  auto run = watching->load_run_record("ended");
  REQUIRE(run.has_value());
  CHECK(run->failure == FailureKind::lost);
  CHECK(run->jobs[0].log_bytes == 3);
  CHECK(watching->list_runs(5, nullptr).at(0).failure == FailureKind::lost);
  wait_until("nothing is left", [&] { return leftovers(watching.root()).empty(); });
}

namespace {

// Takes the mark of run "r" and dies; a child that it forked meanwhile keeps the lock, as one does that has not closed
// its copies of descriptors yet, until the file was opened three times more.
[[noreturn]] void die_with_mark(const fs::path& root, int ready) {
  auto mark = BusyMark::take(root, "r");
  int watch = ::inotify_init1(IN_CLOEXEC);
  if (!mark || ::inotify_add_watch(watch, (root / "busy/r").c_str(), IN_OPEN) < 0) ::_exit(1);
  if (::fork() == 0) {
    ::alarm(30);
    [[maybe_unused]] auto told = ::write(ready, "x", 1);
    char events[4096];
    for (long opened = 0; opened < 3;) {
      auto n = ::read(watch, events, sizeof events);
      if (n > 0) opened += n / static_cast<long>(sizeof(struct inotify_event));
    }
  }
  ::_exit(0);
}

}  // namespace

TEST_CASE("an engine killed while it forked: its run is settled by the next start, not taken for one at work") {
  pika::TempDir folder("jci-mark-");
  RunStore store(folder.path());
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  auto engine = ::fork();
  if (engine == 0) die_with_mark(folder.path(), ready[1]);
  ::close(ready[1]);
  char byte = 0;
  CHECK(::read(ready[0], &byte, 1) == 1);
  ::close(ready[0]);
  ::waitpid(engine, nullptr, 0);
  CHECK(settle_dead_run(store, "r"));
  CHECK(fs::is_empty(folder.path() / "busy"));
}

TEST_CASE("what a dead engine left and nobody can remove is no reason not to work") {
  if (::geteuid() != 0) {
    MESSAGE("only root can make a file that its owner cannot remove");
    return;
  }
  TestEngine engine;
  engine.close();
  auto left = engine.root() / "runs/.gc-01J/log.raw";
  pika::make_dirs(left.parent_path());
  std::ofstream(left) << "x";
  pika::UniqueFd fd(::open(left.c_str(), O_RDONLY | O_CLOEXEC));
  int flags = FS_IMMUTABLE_FL;
  if (::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags) != 0) {
    MESSAGE("this file system has no immutable files");
    return;
  }
  EngineConfig config;
  config.state_root = engine.root();
  CHECK(Engine::open(config).has_value());
  CHECK(fs::exists(left));
  flags = 0;
  REQUIRE(::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags) == 0);
  engine.reopen();
  CHECK(!fs::exists(left.parent_path()));
}

TEST_CASE("a state folder of another user is refused, also to root") {
  if (::geteuid() != 0) {
    MESSAGE("only root can give a folder to another user");
    return;
  }
  TestEngine engine;
  engine.close();
  REQUIRE(::chown((engine.root() / "engine.lock").c_str(), 4711, 4711) == 0);
  EngineConfig config;
  config.state_root = engine.root();
  auto refused = Engine::open(config);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().what == "its owner is user 4711, and this runs as user 0");
  CHECK(refused.error().advice == "run it as that user, or name another state folder");
}
