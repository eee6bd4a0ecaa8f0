#include "pika/domain/verdict.hpp"

#include <doctest/doctest.h>

using namespace pika::domain;
using jerichoci::Status;

namespace {

struct Story {
  Candidate candidate;
  Suite suite;
  std::vector<LaneWithAttempts> lanes;
  Story() {
    candidate.id = CandidateId(1);
    candidate.target_tip = "tip";
    candidate.tree = "tree";
    candidate.commit = "commit";
    candidate.required = {"unit"};
    suite.candidate = CandidateId(1);
    add("unit", Status::passed);
  }
  void add(const std::string& id, Status status, bool gating = true) {
    LaneWithAttempts l;
    l.lane.lane = id;
    l.lane.gating = gating;
    l.attempts.push_back({});
    l.attempts.back().status = status;
    lanes.push_back(l);
  }
  VerdictResult result() {
    return verdict({.target = "main", .target_tip = "tip", .candidate = &candidate, .suite = &suite, .lanes = &lanes});
  }
};

}  // namespace

TEST_CASE("green on the candidate's tree is ready") {
  Story s;
  CHECK(s.result().can_land);
  CHECK(s.result().state == VerdictState::ready);
}

TEST_CASE("every state of a required lane but passed refuses") {
  for (auto status :
       {Status::failed, Status::cancelled, Status::skipped, Status::nothing_ran, Status::queued, Status::running}) {
    Story s;
    s.lanes.clear();
    s.add("unit", status);
    CHECK_FALSE(s.result().can_land);
    CHECK(s.result().red_lanes == std::vector<std::string>{"unit"});
  }
}

TEST_CASE("a lane of the head with the same id does not stand in for the target's") {
  Story s;
  s.lanes.clear();
  s.add("unit", Status::passed, false);
  auto r = s.result();
  CHECK_FALSE(r.can_land);
  CHECK(r.state == VerdictState::refused);
}

TEST_CASE("the newest attempt counts, in both directions") {
  Story s;
  s.lanes[0].attempts.push_back({});
  s.lanes[0].attempts.back().status = Status::failed;
  CHECK_FALSE(s.result().can_land);
  s.lanes[0].attempts.push_back({});
  s.lanes[0].attempts.back().status = Status::passed;
  CHECK(s.result().can_land);
}

TEST_CASE("a suite of another candidate counts for nothing") {
  Story s;
  s.suite.candidate = CandidateId(2);
  CHECK_FALSE(s.result().can_land);
  s.suite.candidate.reset();
  CHECK_FALSE(s.result().can_land);
}

TEST_CASE("when the target moved nothing can land, not even over red") {
  Story s;
  auto r = verdict(
      {.target = "main", .target_tip = "elsewhere", .candidate = &s.candidate, .suite = &s.suite, .lanes = &s.lanes});
  CHECK(r.state == VerdictState::target_moved);
  CHECK_FALSE(r.can_land);
  CHECK_FALSE(r.can_override);
}

TEST_CASE("conflicts name their paths and cannot be overridden") {
  Story s;
  s.candidate.conflicts = {"a\nb"};
  auto r = s.result();
  CHECK(r.state == VerdictState::conflicts);
  CHECK(r.reasons[0].find("\\n") != std::string::npos);
  CHECK_FALSE(r.can_override);
}

TEST_CASE("nothing selected is never green unless the policy says so") {
  Story s;
  s.lanes.clear();
  s.suite.not_chosen = {{"unit", "no path matches"}};
  CHECK(s.result().state == VerdictState::nothing_ran);
  CHECK_FALSE(s.result().can_land);
  s.candidate.allow_nothing_to_run = true;
  CHECK(s.result().can_land);
}

TEST_CASE("with no required lane at all nothing is proven") {
  Story s;
  s.candidate.required.clear();
  CHECK_FALSE(s.result().can_land);
}

TEST_CASE("a catalogue that does not parse gates everything") {
  Story s;
  s.suite.catalogue_error = "ci/pikaci.toml:1:1: no";
  CHECK(s.result().state == VerdictState::catalogue_error);
}

TEST_CASE("a branch whose own catalogue does not parse cannot land it") {
  Story s;
  s.suite.head_catalogue_error = "ci/pikaci.toml:4:1: unknown key";
  CHECK(s.result().state == VerdictState::catalogue_error);
  CHECK_FALSE(s.result().can_land);
  CHECK(s.result().reasons[0].find("4:1") != std::string::npos);
}
