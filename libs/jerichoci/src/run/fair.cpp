#include "run/fair.hpp"

#include <tuple>

namespace jerichoci {

bool goes_before(const WaitingRun& a, const WaitingRun& b) {
  return std::tie(a.held, a.since, a.run_id) < std::tie(b.held, b.since, b.run_id);
}

const WaitingRun* turn_before(const WaitingRun& run, const std::vector<WaitingRun>& others) {
  const WaitingRun* first = &run;
  for (const auto& other : others)
    if (goes_before(other, *first)) first = &other;
  return first == &run ? nullptr : first;
}

}  // namespace jerichoci
