// The scheduler: a pure function from what is queued, what runs and who can take work to decisions, so that "why is
// this waiting" has one answer and can be replayed.
//
// Order: required lanes first, then by the suite's age, then catalogue order; no branch gets a second lane of its own
// before every other branch that waits has one running (fair between branches). A concurrency group holds as many lanes
// as its size says: where two suites say different ones, a lane begins by its own. A lane waits for the lanes that it
// needs, and is skipped where one of them ended otherwise than passed.
#pragma once
#include <string>
#include <vector>

#include "pika/domain/types.hpp"

namespace pika::domain {

struct NeededLane {
  std::string lane;
  std::optional<jerichoci::Status> status;  // of its newest attempt; nothing: the suite has no such lane
};

struct QueuedAttempt {
  AttemptId attempt;
  BranchId branch;
  SuiteId suite;
  std::string lane;
  int position = 0;
  bool required = false;
  bool needs_sandbox = false;
  std::string group;  // with the repository's name in front
  int group_size = 1;
  std::vector<NeededLane> needs{};
  Micros queued_at = 0;
  Micros not_before = 0;  // back-off after a lost attempt
};
struct RunningAttempt {
  AttemptId attempt;
  BranchId branch;
  std::string lane, group, runner;
};
struct RunnerState {
  std::string name;
  int slots = 1;
  bool sandbox = true;
  std::string why_no_sandbox{}, remedy{};
};
struct ScheduleInput {
  std::vector<QueuedAttempt> queued;
  std::vector<RunningAttempt> running;
  std::vector<RunnerState> runners;  // connected now
  Micros now = 0;
};

struct Assignment {
  AttemptId attempt;
  std::string runner;
  std::string why;  // "given to runner here, 1 of 2 slots free"
};
struct Waiting {
  AttemptId attempt;
  std::string reason;  // a waiting reason of the contracts
  std::string detail;  // sentence
};
struct Skip {
  AttemptId attempt;
  std::string why;  // sentence
};
struct ScheduleResult {
  std::vector<Assignment> assignments;
  std::vector<Waiting> waiting;
  std::vector<Skip> skipped{};
};
ScheduleResult schedule(const ScheduleInput& input);

}  // namespace pika::domain
