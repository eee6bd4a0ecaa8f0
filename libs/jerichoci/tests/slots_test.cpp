// The host's capacity: who has the next slots, among runs of several programs.
#include "run/slots.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "engine_support.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

TEST_CASE("fairness: who holds least has the turn, then who waits longest, and everybody decides the same") {
  struct Row {
    WaitingRun me;
    std::vector<WaitingRun> others;
    std::string turn;  // of whom, before me; empty: mine
  };
  for (const auto& row : std::vector<Row>{
           {{"a", 0, 1, 5}, {}, ""},
           {{"a", 1, 1, 5}, {{"b", 0, 1, 9}}, "b"},
           {{"a", 1, 1, 5}, {{"b", 1, 1, 9}}, ""},
           {{"a", 1, 1, 9}, {{"b", 1, 1, 5}}, "b"},
           {{"a", 2, 1, 5}, {{"b", 1, 1, 9}, {"c", 0, 4, 9}}, "c"},
           {{"b", 0, 1, 5}, {{"a", 0, 1, 5}}, "a"},
           {{"a", 0, 1, 5}, {{"b", 0, 1, 5}}, ""},
       }) {
    auto* first = turn_before(row.me, row.others);
    CHECK((first ? first->run_id : "") == row.turn);
  }
}

TEST_CASE("slots: a weight takes that many at once, all of them if it asks for more, and gives them back at once") {
  pika::TempDir root("jci-slots-");
  Slots slots(root.path(), 3);
  SlotLine line(slots, "a"), other(slots, "b");
  {
    auto two = line.try_take(2);
    CHECK(two.has_value());
    CHECK(!line.try_take(2).has_value());
    CHECK(line.try_take(1).has_value());
  }
  line.leave();
  auto all = other.try_take(1000);
  CHECK(all.has_value());
  CHECK(!line.try_take(1).has_value());
  all.reset();
  CHECK(line.try_take(3).has_value());
}

TEST_CASE("slots: a run takes a free one only when no other that waits holds fewer") {
  pika::TempDir root("jci-slots-");
  Slots here(root.path(), 2), there(root.path(), 2);  // as two programs have them
  SlotLine a(here, "a"), b(there, "b");
  auto first = a.try_take(1), second = a.try_take(1);
  REQUIRE(second.has_value());
  CHECK(!b.try_take(1).has_value());
  CHECK(!a.try_take(1).has_value());
  second.reset();  // free now, and b's: a holds one
  CHECK(!a.try_take(1).has_value());
  auto bs = b.try_take(1);
  CHECK(bs.has_value());
  b.leave();
  first.reset();
  CHECK(a.try_take(1).has_value());
}

TEST_CASE("slots: a heavy job is not starved by light ones, and two runs never hold what the other needs") {
  pika::TempDir root("jci-slots-");
  Slots slots(root.path(), 4);
  SlotLine heavy(slots, "heavy"), light(slots, "light");
  std::vector<std::optional<Slot>> held;
  for (int i = 0; i < 3; ++i) held.push_back(light.try_take(1));
  CHECK(!heavy.try_take(4).has_value());
  // One is free; it is kept for the heavy one, so that the others can join it.
  CHECK(!light.try_take(1).has_value());
  held.clear();
  CHECK(!light.try_take(1).has_value());
  auto all = heavy.try_take(4);
  CHECK(all.has_value());
  CHECK(!heavy.try_take(4).has_value());
  all.reset();
  CHECK(light.try_take(1).has_value());  // it waits longer now
}

TEST_CASE("slots: a place in the line is left by a run that wants nothing more, and by one that is gone") {
  pika::TempDir root("jci-slots-");
  Slots slots(root.path(), 1);
  SlotLine a(slots, "a");
  auto held = a.try_take(1);
  {
    SlotLine b(slots, "b");
    CHECK(!b.try_take(1).has_value());
    CHECK(fs::exists(slots.waiting_folder() / "b"));
  }
  CHECK(!fs::exists(slots.waiting_folder() / "b"));
  // What a killed process leaves: a file that nobody has locked.
  CHECK(pika::read_file(root.path() / "slots/0") == "a");
  pika::write_file_atomic(slots.waiting_folder() / "dead", "0 1");
  held.reset();
  CHECK(a.try_take(1).has_value());
  CHECK(!fs::exists(slots.waiting_folder() / "dead"));
}

// A program that takes every slot for a run and stays, or that runs jobs until it is told to end.
TEST_CASE("helper: hold slots until killed" * doctest::skip()) {
  const char* root = std::getenv("JCI_ROOT");
  REQUIRE(root);
  Slots slots(root, 2);
  SlotLine line(slots, "holder");
  auto held = line.try_take(2);
  REQUIRE(held.has_value());
  (void)line.try_take(1);  // and waits for more
  pika::write_file_atomic(fs::path(root) / "up", "");
  while (true) ::pause();
}

TEST_CASE("slots: a holder that is killed frees its slots and its place by itself") {
  pika::TempDir root("jci-slots-");
  pika::proc::Command command;
  command.argv = {fs::read_symlink("/proc/self/exe"), "--no-skip", "--test-case=helper: hold slots until killed"};
  command.env = {"JCI_ROOT=" + root.path().string()};
  auto holder = pika::proc::Child::start(command);
  wait_until("the holder is up", [&] { return fs::exists(root.path() / "up"); });
  Slots slots(root.path(), 2);
  SlotLine line(slots, "mine");
  CHECK(!line.try_take(1).has_value());
  ::kill(holder.pid(), SIGKILL);
  holder.wait();
  CHECK(line.try_take(2).has_value());
}

TEST_CASE("helper: run many jobs beside another engine" * doctest::skip()) {
  const char* root = std::getenv("JCI_ROOT");
  REQUIRE(root);
  auto engine = Engine::open({.state_root = root, .slots = 2, .allow_host_process = true});
  TestRepository repo;
  repo.write("a", "1");
  RunRequest request{.snapshot = *(*engine)->snapshot_commit(repo.path(), repo.commit()), .run_id = "many"};
  for (int i = 0; i < 40; ++i) {
    auto job = shell_job("job-" + std::to_string(i), "touch \"$MEET/begun-" + std::to_string(i) +
                                                         "\"; until test -e \"$MEET/go\"; do sleep 0.01; done");
    job.runtime = Runtime::host_process;
    job.env["MEET"] = std::getenv("JCI_MEET");
    request.jobs.push_back(job);
  }
  REQUIRE((*engine)->run_jobs(request, {}, {})->status == Status::passed);
}

TEST_CASE("a run with many jobs does not keep another program's run from its turn") {
  TestEngine engine({.slots = 2, .allow_host_process = true});
  pika::TempDir meet("jci-meet-");
  fs::permissions(meet.path(), fs::perms::all);
  pika::proc::Command command;
  command.argv = {fs::read_symlink("/proc/self/exe"), "--no-skip",
                  "--test-case=helper: run many jobs beside another engine"};
  command.env = {"JCI_ROOT=" + engine.root().string(), "JCI_MEET=" + meet.path().string()};
  auto other = pika::proc::Child::start(command);
  wait_until("the other's first jobs hold both slots",
             [&] { return fs::exists(meet.path() / "begun-0") && fs::exists(meet.path() / "begun-1"); });
  TestRepository repo;
  repo.write("a", "1");
  auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  RunRequest request{.snapshot = snapshot, .run_id = "few"};
  // Ends the other's two jobs once it waits in the line; by then that has begun no third one.
  std::thread go([&] {
    wait_until("we wait", [&] { return fs::exists(engine.root() / "slots/waiting/few"); });
    pika::write_file_atomic(meet.path() / "go", "", 0644);
  });
  request.jobs = {shell_job("mine", "ls \"$MEET\" | grep -c begun")};
  request.jobs[0].runtime = Runtime::host_process;
  request.jobs[0].env["MEET"] = meet.path().string();
  auto run = engine->run_jobs(request, {}, {});
  go.join();
  REQUIRE(run.has_value());
  CHECK(run->status == Status::passed);
  // One slot each while both wait: the other may have gone through a few short jobs in its own, never through all.
  auto begun = pika::parse_number<int>(pika::trim(*pika::read_file(engine->log_file("few", "mine"))));
  CHECK(begun.value_or(99) < 20);
  CHECK(other.wait() == 0);
  CHECK(fs::is_empty(engine.root() / "slots/waiting"));
}

TEST_CASE(
    "slots: the next job runs while the workspace of the one before is removed, and no more are tidied up at once") {
  std::atomic<int> removed = 0, most = 0, begun = 0;
  EngineConfig config{.slots = 1};
  config.fault = [&](FaultPoint point) {
    if (point == FaultPoint::job_started) ++begun;
    if (point != FaultPoint::workspace_removed) return;
    // The first job's end waits for the second's beginning, which a slot held till then would never see.
    most = std::max<int>(most, ++removed);
    if (removed == 1) wait_until("the second job runs", [&] { return begun >= 2; });
    --removed;
  };
  TestEngine engine(config);
  TestRepository repo;
  repo.write("a", "1");
  auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  auto ran = run(*engine, snapshot, {shell_job("a", "true"), shell_job("b", "true"), shell_job("c", "true")});
  CHECK(ran.record.status == Status::passed);
  CHECK(begun == 3);
  CHECK(most <= 2);  // one that gave its slot away, one that holds it
}
