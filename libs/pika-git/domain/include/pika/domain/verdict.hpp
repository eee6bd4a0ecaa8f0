// The verdict: may this candidate land? A pure function that everybody calls: chips, feed, API, page and gate.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "pika/domain/types.hpp"

namespace pika::domain {

enum class VerdictState {
  ready,
  waiting,
  refused,
  conflicts,
  target_moved,
  no_isolation,
  catalogue_error,
  nothing_ran,
  landed,
  landed_over_red,
  closed,
};
std::string_view to_string(VerdictState state);

struct VerdictInput {
  BranchState branch = BranchState::open;
  bool over_red = false;                                 // how it landed
  std::string target;                                    // name
  std::string target_tip;                                // where it is now
  const Candidate* candidate = nullptr;                  // the newest for that version; null: not built yet
  const Suite* suite = nullptr;                          // the newest suite
  const std::vector<LaneWithAttempts>* lanes = nullptr;  // of that suite
};

struct VerdictResult {
  VerdictState state = VerdictState::waiting;
  bool can_land = false;               // the gate
  bool can_override = false;           // an admin with a reason may land it all the same
  std::vector<std::string> reasons;    // sentences; code between backticks
  std::vector<std::string> red_lanes;  // required and not passed
};
VerdictResult verdict(const VerdictInput& input);

// The word for a whole suite, worst first: failed, cancelled, running, queued, nothing_ran, passed.
// Advisory lanes do not count.
jerichoci::Status suite_status(const std::vector<LaneWithAttempts>& lanes);

}  // namespace pika::domain
