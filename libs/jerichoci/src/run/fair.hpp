// Who of the runs that wait for slots of a host has the next ones. Pure.
#pragma once
#include <string>
#include <vector>

#include "pika/base/clock.hpp"

namespace jerichoci {

struct WaitingRun {
  std::string run_id;
  unsigned held = 0;       // slots it has
  unsigned want = 1;       // slots that its next job takes
  pika::Micros since = 0;  // when it began to wait for the job that is next, monotonic clock of the host
};

// The one that holds least; of those the one that waits longest; then by id, so that everybody decides the same.
//
// It is next also when more slots are free than others want and fewer than it wants itself: they are kept for it. So a
// heavy job gets its turn, and because slots are only ever taken all at once, no two runs hold what the other needs.
bool goes_before(const WaitingRun& a, const WaitingRun& b);

// The one of `others` whose turn it is before `run`; null: it is this run's.
const WaitingRun* turn_before(const WaitingRun& run, const std::vector<WaitingRun>& others);

}  // namespace jerichoci
