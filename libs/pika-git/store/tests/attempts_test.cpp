#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "scene.hpp"

using namespace pika;
using namespace pika::store;
using jerichoci::FailureKind;
using Ran = jerichoci::Status;

TEST_CASE("a new suite cancels what the branch had queued and gives back what runs") {
  Scene s;
  auto pushed = s.push("topic", 'a', 10);
  auto other = s.suite(s.push("other", 'a', 11), {"x"}, 12);
  auto old = s.suite(pushed, {"x", "y", "z"}, 20);
  auto running = s.newest(old, 0), ended = s.newest(old, 1);
  auto fence = s.store->assign(running.id, "r1", "why", 1000, 30).value();
  auto ended_fence = s.store->assign(ended.id, "r2", "why", 1000, 30).value();
  s.store->end_attempt({.attempt = ended.id, .fence = ended_fence, .status = Ran::passed, .at = 35});
  std::vector<RunningLease> superseded;
  s.suite(pushed, {"x"}, 40, &superseded);
  REQUIRE(superseded.size() == 1);
  CHECK(superseded[0].attempt == running.id);
  CHECK(superseded[0].fence == fence);
  CHECK(superseded[0].runner == "r1");
  CHECK(s.newest(old, 0).status == Ran::running);
  CHECK(s.newest(old, 1).status == Ran::passed);
  CHECK(s.newest(old, 2).status == Ran::cancelled);
  CHECK(s.newest(other).status == Ran::queued);
}

TEST_CASE("a branch that ended has nothing in the queue") {
  Scene s;
  auto closed = s.push("closed", 'a', 10), merged = s.push("merged", 'a', 11);
  auto suite_of_closed = s.suite(closed, {"x"}, 20), suite_of_merged = s.suite(merged, {"x"}, 21);
  s.store->close_branch(closed.branch.id, "closed by ada", 30);
  CHECK(s.newest(suite_of_closed).status == Ran::cancelled);
  s.store->complete_landing(s.landing(merged, 'c', 31));
  CHECK(s.newest(suite_of_merged).status == Ran::cancelled);
  CHECK(s.store->schedule_input().queued.empty());
}

TEST_CASE("suites are numbered by repository, and the newest is the last") {
  Scene s;
  auto pushed = s.push("topic", 'a', 10);
  CHECK(s.suite(pushed, {"x"}, 20).number == 1);
  auto second = s.suite(pushed, {"x"}, 20);
  CHECK(second.number == 2);
  CHECK(s.store->newest_suite(pushed.branch.id)->id == second.id);
  CHECK(s.store->suite(s.repository.id, 2)->id == second.id);
}

TEST_CASE("a lane that cannot run is ended from the start and is not run again") {
  Scene s;
  auto pushed = s.push("topic", 'a', 10);
  NewSuite wanted;
  wanted.suite.repository = s.repository.id;
  wanted.suite.branch = pushed.branch.id;
  wanted.suite.version = pushed.version.id;
  wanted.suite.queued_at = 20;
  NewLane lane;
  lane.lane = "x";
  lane.jobs = "[]";
  lane.unrunnable = "target `x` is not defined";
  wanted.lanes = {lane};
  std::vector<RunningLease> superseded;
  auto suite = s.store->create_suite(wanted, &superseded);
  CHECK(s.newest(suite).status == Ran::nothing_ran);
  CHECK(s.newest(suite).message == "target `x` is not defined");
  CHECK_FALSE(s.store->add_attempt(s.store->lanes(suite.id)[0].lane.id, "rerun", 0, 30));
  CHECK(s.store->schedule_input().queued.empty());
}

TEST_CASE("an attempt is assigned once, under a fence that grows") {
  Scene s;
  auto attempt = s.newest(s.suite(s.push("topic", 'a', 10), {"x"}, 20));
  auto fence = s.store->assign(attempt.id, "r1", "why", 1000, 30);
  REQUIRE(fence);
  CHECK(*fence > attempt.fence);
  CHECK_FALSE(s.store->assign(attempt.id, "r2", "why", 1000, 31));
  CHECK(s.store->attempt(attempt.id)->runner == "r1");
  CHECK_FALSE(s.store->assign(AttemptId(999), "r", "why", 1000, 32));
}

TEST_CASE("a message under another fence changes nothing") {
  Scene s;
  auto attempt = s.newest(s.suite(s.push("topic", 'a', 10), {"x"}, 20));
  auto fence = s.store->assign(attempt.id, "r1", "why", 1000, 30).value();
  auto before = s.store->last_event();
  CHECK(s.store->end_attempt({.attempt = attempt.id, .fence = fence - 1, .status = Ran::passed, .at = 40}) ==
        EndOutcome::stale_fence);
  CHECK(s.store->end_attempt({.attempt = attempt.id, .fence = fence + 1, .status = Ran::passed, .at = 40}) ==
        EndOutcome::stale_fence);
  CHECK_FALSE(s.store->mark_started(attempt.id, fence + 1, "run", 40));
  auto stop = s.store->heartbeat("r1", {{attempt.id, fence + 1, "r1", 0}}, 9999);
  REQUIRE(stop.size() == 1);
  CHECK(stop[0].fence == fence + 1);
  CHECK(s.store->heartbeat("somebody else", {{attempt.id, fence, "", 0}}, 9999).size() == 1);
  auto now = *s.store->attempt(attempt.id);
  CHECK(now.status == Ran::running);
  CHECK(now.lease_until == 1000);
  CHECK(now.started_at == 0);
  CHECK(now.run_id.empty());
  CHECK(s.store->last_event() == before);
}

TEST_CASE("a heartbeat renews the lease; an expired one is listed") {
  Scene s;
  auto attempt = s.newest(s.suite(s.push("topic", 'a', 10), {"x"}, 20));
  auto fence = s.store->assign(attempt.id, "r1", "why", 1000, 30).value();
  CHECK(s.store->expired_leases(1000).empty());
  CHECK(s.store->expired_leases(1001).size() == 1);
  CHECK(s.store->heartbeat("r1", {{attempt.id, fence, "r1", 0}}, 5000).empty());
  CHECK(s.store->expired_leases(1001).empty());
  s.store->end_attempt({.attempt = attempt.id, .fence = fence, .status = Ran::passed, .at = 40});
  CHECK(s.store->expired_leases(INT64_MAX).empty());
  CHECK(s.store->heartbeat("r1", {{attempt.id, fence, "r1", 0}}, 9000).size() == 1);
}

TEST_CASE("the first end counts") {
  Scene s;
  auto attempt = s.newest(s.suite(s.push("topic", 'a', 10), {"x"}, 20));
  auto fence = s.store->assign(attempt.id, "r1", "why", 1000, 30).value();
  AttemptEnd end{.attempt = attempt.id, .fence = fence, .status = Ran::failed, .failure = FailureKind::lost, .at = 40};
  CHECK(s.store->end_attempt(end) == EndOutcome::recorded);
  end.status = Ran::passed;
  CHECK(s.store->end_attempt(end) == EndOutcome::already_ended);
  CHECK(s.store->attempt(attempt.id)->status == Ran::failed);
  CHECK(s.store->attempt(attempt.id)->failure == FailureKind::lost);
  end.attempt = AttemptId(999);
  CHECK(s.store->end_attempt(end) == EndOutcome::unknown);
}

TEST_CASE("a lane is tried again only when its newest attempt has ended") {
  Scene s;
  auto suite = s.suite(s.push("topic", 'a', 10), {"x"}, 20);
  auto first = s.newest(suite);
  CHECK_FALSE(s.store->add_attempt(first.lane, "rerun", 0, 25));
  auto fence = s.store->assign(first.id, "r1", "why", 1000, 30).value();
  CHECK_FALSE(s.store->add_attempt(first.lane, "rerun", 0, 35));
  s.store->end_attempt(
      {.attempt = first.id, .fence = fence, .status = Ran::failed, .failure = FailureKind::lost, .at = 40});
  auto second = s.store->add_attempt(first.lane, "the runner was lost", 500, 41);
  REQUIRE(second);
  CHECK(second->number == 2);
  CHECK(second->not_before == 500);
  CHECK(second->status == Ran::queued);
  CHECK_FALSE(s.store->add_attempt(first.lane, "rerun", 0, 42));
  auto lanes = s.store->lanes(suite.id);
  REQUIRE(lanes[0].attempts.size() == 2);
  CHECK(lanes[0].newest().id == second->id);
  CHECK_FALSE(s.store->add_attempt(LaneId(999), "rerun", 0, 43));
}

TEST_CASE("cancelling a suite ends its queue and gives what runs") {
  Scene s;
  auto suite = s.suite(s.push("topic", 'a', 10), {"x", "y"}, 20);
  auto running = s.newest(suite, 0);
  s.store->assign(running.id, "r1", "why", 1000, 30);
  auto leases = s.store->cancel_suite(suite.id, "cancelled by ada", 40);
  REQUIRE(leases.size() == 1);
  CHECK(leases[0].attempt == running.id);
  CHECK(s.newest(suite, 1).status == Ran::cancelled);
  CHECK(s.newest(suite, 1).message == "cancelled by ada");
}

TEST_CASE("a waiting reason is told when it changes, and not again") {
  Scene s;
  auto suite = s.suite(s.push("topic", 'a', 10), {"x"}, 20);
  auto attempt = s.newest(suite);
  s.store->set_waiting({{attempt.id, "capacity", "no runner is connected"}});
  auto told = s.store->last_event();
  s.store->set_waiting({{attempt.id, "capacity", "no runner is connected"}});
  CHECK(s.store->last_event() == told);
  s.store->set_waiting({{attempt.id, "backoff", "tried again in 3 s"}});
  told = s.store->last_event();
  s.store->set_waiting({{attempt.id, "backoff", "tried again in 2 s"}});
  CHECK(s.store->last_event() == told);
  s.store->assign(attempt.id, "r", "why", 1000, 30);
  CHECK(s.newest(suite).waiting_reason.empty());
  s.store->set_waiting({{attempt.id, "capacity", "late"}});
  CHECK(s.newest(suite).waiting_reason.empty());
}

TEST_CASE("thirty-two threads that claim two hundred attempts claim each once") {
  Scene s;
  std::vector<std::string> lanes;
  for (int i = 0; i < 200; ++i) lanes.push_back("lane" + std::to_string(i));
  s.suite(s.push("topic", 'a', 10), lanes, 20);
  auto queued = s.store->schedule_input().queued;
  REQUIRE(queued.size() == 200);
  std::mutex mutex;
  std::map<AttemptId, std::vector<std::string>> claims;
  std::vector<std::thread> threads;
  for (int t = 0; t < 32; ++t)
    threads.emplace_back([&, t] {
      auto runner = "r" + std::to_string(t);
      for (std::size_t i = 0; i < queued.size(); ++i) {
        auto id = queued[(i + static_cast<std::size_t>(t) * 7) % queued.size()].attempt;
        if (!s.store->assign(id, runner, "why", 1000, 30)) continue;
        std::lock_guard lock(mutex);
        claims[id].push_back(runner);
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(claims.size() == 200);
  for (const auto& [id, by] : claims) {
    REQUIRE(by.size() == 1);
    CHECK(s.store->attempt(id)->runner == by[0]);
    CHECK(s.store->attempt(id)->fence == 1);
  }
}

TEST_CASE("a lost attempt and the next one are one transaction; so many in a row, then no more") {
  Scene s;
  auto suite = s.suite(s.push("topic", 'a', 10), {"x"}, 20);
  auto lose = [&](Micros at) {
    auto attempt = s.newest(suite);
    auto fence = s.store->assign(attempt.id, "r1", "why", 1000, at).value();
    s.store->end_attempt({.attempt = attempt.id,
                          .fence = fence,
                          .status = Ran::failed,
                          .failure = FailureKind::lost,
                          .at = at,
                          .again = AttemptEnd::Again{3, 100, "the runner was lost"}});
  };
  lose(30);
  CHECK(s.newest(suite).number == 2);
  CHECK(s.newest(suite).not_before == 130);
  lose(200);
  CHECK(s.newest(suite).number == 3);
  CHECK(s.newest(suite).not_before == 400);
  lose(500);
  CHECK(s.newest(suite).number == 3);
  CHECK(s.newest(suite).status == Ran::failed);
}

TEST_CASE("attempts that somebody asked for do not use up those after a loss") {
  Scene s;
  auto suite = s.suite(s.push("topic", 'a', 10), {"x"}, 20);
  for (int i = 0; i < 4; ++i) {
    auto attempt = s.newest(suite);
    auto fence = s.store->assign(attempt.id, "r1", "why", 1000, 30).value();
    s.store->end_attempt(
        {.attempt = attempt.id, .fence = fence, .status = Ran::failed, .failure = FailureKind::test_failed, .at = 40});
    REQUIRE(s.store->add_attempt(attempt.lane, "rerun by ada", 0, 41));
  }
  auto attempt = s.newest(suite);
  auto fence = s.store->assign(attempt.id, "r1", "why", 1000, 50).value();
  s.store->end_attempt({.attempt = attempt.id,
                        .fence = fence,
                        .status = Ran::failed,
                        .failure = FailureKind::lost,
                        .at = 60,
                        .again = AttemptEnd::Again{3, 0, "the runner was lost"}});
  CHECK(s.newest(suite).number == 6);
}

TEST_CASE("a lost attempt of an older suite or of a closed branch is not tried again") {
  Scene s;
  auto pushed = s.push("topic", 'a', 10);
  auto old = s.suite(pushed, {"x"}, 20);
  auto attempt = s.newest(old);
  auto fence = s.store->assign(attempt.id, "r1", "why", 1000, 30).value();
  s.suite(pushed, {"x"}, 40);
  s.store->end_attempt({.attempt = attempt.id,
                        .fence = fence,
                        .status = Ran::failed,
                        .failure = FailureKind::lost,
                        .at = 50,
                        .again = AttemptEnd::Again{3, 0, "the runner was lost"}});
  CHECK(s.newest(old).number == 1);
}

TEST_CASE("what a skipped lane needed passes at last, and it has its turn") {
  Scene s;
  auto pushed = s.push("topic", 'a', 10);
  NewSuite wanted;
  wanted.suite.repository = s.repository.id;
  wanted.suite.branch = pushed.branch.id;
  wanted.suite.version = pushed.version.id;
  wanted.suite.queued_at = 20;
  NewLane build, pack;
  build.lane = "build";
  pack.lane = "pack";
  build.jobs = pack.jobs = "[]";
  pack.needs = {"build"};
  pack.group_size = 3;
  wanted.lanes = {build, pack};
  std::vector<RunningLease> superseded;
  auto suite = s.store->create_suite(wanted, &superseded);
  auto needs_of_pack = [&] {
    for (const auto& q : s.store->schedule_input().queued)
      if (q.lane == "pack") return q.needs.at(0).status;
    return std::optional<Ran>();
  };
  CHECK(needs_of_pack() == Ran::queued);
  CHECK(s.store->lanes(suite.id)[1].lane.group_size == 3);

  auto first = s.newest(suite, 0);
  auto fence = s.store->assign(first.id, "r", "why", 1000, 30).value();
  s.store->end_attempt({.attempt = first.id, .fence = fence, .status = Ran::failed, .at = 40});
  CHECK(needs_of_pack() == Ran::failed);
  s.store->skip({{s.newest(suite, 1).id, "it needs build"}}, 41);
  CHECK(s.newest(suite, 1).status == Ran::skipped);
  CHECK(s.newest(suite, 1).message == "it needs build");
  s.store->skip({{first.id, "too late"}}, 42);
  CHECK(s.newest(suite, 0).status == Ran::failed);

  auto again = s.store->add_attempt(first.lane, "rerun", 0, 50).value();
  auto next = s.store->assign(again.id, "r", "why", 1000, 51).value();
  s.store->end_attempt({.attempt = again.id, .fence = next, .status = Ran::passed, .at = 60});
  CHECK(s.newest(suite, 1).status == Ran::queued);
  CHECK(s.newest(suite, 1).number == 2);
  CHECK(needs_of_pack() == Ran::passed);
}
