#include "pika/domain/scheduler.hpp"

#include <doctest/doctest.h>

using namespace pika::domain;

namespace {
QueuedAttempt queued(int id, int branch, const std::string& lane, const std::string& group = {}) {
  QueuedAttempt q;
  q.attempt = AttemptId(id);
  q.branch = BranchId(branch);
  q.suite = SuiteId(branch);
  q.lane = lane;
  q.required = true;
  q.needs_sandbox = true;
  q.group = group;
  q.queued_at = id;
  q.position = id;
  return q;
}
}  // namespace

TEST_CASE("no runner, no isolation, no capacity and a held group are told apart") {
  ScheduleInput in;
  in.queued = {queued(1, 1, "a")};
  CHECK(schedule(in).waiting.at(0).reason == "capacity");
  in.runners = {
      {.name = "r", .slots = 1, .sandbox = false, .why_no_sandbox = "user namespaces are off", .remedy = "sysctl x"}};
  auto r = schedule(in);
  CHECK(r.waiting.at(0).reason == "no_isolation");
  CHECK(r.waiting.at(0).detail.find("sysctl x") != std::string::npos);
  in.runners = {{.name = "r", .slots = 2}};
  in.queued = {queued(1, 1, "a", "o/n:g"), queued(2, 1, "b", "o/n:g"), queued(3, 1, "c"), queued(4, 1, "d")};
  r = schedule(in);
  REQUIRE(r.assignments.size() == 2);
  CHECK(r.assignments[0].attempt == AttemptId(1));
  CHECK(r.assignments[1].attempt == AttemptId(3));
  CHECK(r.waiting[0].reason == "concurrency_group");
  CHECK(r.waiting[0].detail == "group `g` is held by `a`");
  CHECK(r.waiting[1].reason == "capacity");
}

TEST_CASE("no branch gets a second lane while another branch waits for its first") {
  ScheduleInput in;
  in.runners = {{.name = "r", .slots = 2}};
  in.queued = {queued(1, 1, "a"), queued(2, 1, "b"), queued(3, 2, "a")};
  auto r = schedule(in);
  REQUIRE(r.assignments.size() == 2);
  CHECK(r.assignments[0].attempt == AttemptId(1));
  CHECK(r.assignments[1].attempt == AttemptId(3));
}

TEST_CASE("running lanes use slots and hold groups") {
  ScheduleInput in;
  in.runners = {{.name = "r", .slots = 1}};
  in.running = {{.attempt = AttemptId(9), .branch = BranchId(1), .lane = "x", .group = "", .runner = "r"}};
  in.queued = {queued(1, 2, "a")};
  CHECK(schedule(in).assignments.empty());
}

TEST_CASE("the same input gives the same decisions in whatever order it is listed") {
  ScheduleInput in;
  in.runners = {{.name = "r", .slots = 3}};
  in.queued = {queued(1, 1, "a"), queued(2, 1, "b"), queued(3, 2, "a"), queued(4, 3, "z")};
  auto first = schedule(in);
  std::swap(in.queued[0], in.queued[3]);
  auto second = schedule(in);
  REQUIRE(first.assignments.size() == second.assignments.size());
  for (std::size_t i = 0; i < first.assignments.size(); ++i)
    CHECK(first.assignments[i].attempt == second.assignments[i].attempt);
}

TEST_CASE("a group holds as many lanes as its size says") {
  ScheduleInput in;
  in.runners = {{.name = "r", .slots = 4}};
  in.queued = {queued(1, 1, "a", "o/n:g"), queued(2, 2, "b", "o/n:g"), queued(3, 3, "c", "o/n:g")};
  for (auto& q : in.queued) q.group_size = 2;
  auto r = schedule(in);
  REQUIRE(r.assignments.size() == 2);
  REQUIRE(r.waiting.size() == 1);
  CHECK(r.waiting[0].detail == "group `g` is held by `a`, `b`");
}

TEST_CASE("a lane waits for what it needs, and is skipped where that did not pass") {
  using jerichoci::Status;
  ScheduleInput in;
  in.runners = {{.name = "r", .slots = 4}};
  auto with = [&](std::vector<NeededLane> needs) {
    in.queued = {queued(1, 1, "a")};
    in.queued[0].needs = std::move(needs);
    return schedule(in);
  };
  CHECK(with({{"x", Status::passed}}).assignments.size() == 1);
  for (auto status : {Status::queued, Status::running}) {
    auto r = with({{"y", Status::passed}, {"x", status}});
    CHECK(r.assignments.empty());
    REQUIRE(r.waiting.size() == 1);
    CHECK(r.waiting[0].reason == "dependency");
    CHECK(r.waiting[0].detail == "it needs `x`, which is " + std::string(jerichoci::to_string(status)));
  }
  for (auto status : {Status::failed, Status::cancelled, Status::skipped, Status::nothing_ran}) {
    auto r = with({{"z", Status::running}, {"x", status}});
    CHECK((r.assignments.empty() && r.waiting.empty()));
    REQUIRE(r.skipped.size() == 1);
    CHECK(r.skipped[0].why.starts_with("it needs the lane `x`, which "));
  }
  CHECK(with({{"x", std::nullopt}}).skipped.at(0).why == "it needs the lane `x`, which is not in this suite");
}
