// The parts of the branch page that change while it is open: verdict, CI card, landing card.
#pragma once
#include "parts.hpp"
#include "pika/web/pages.hpp"

namespace pika::web {

// The decision: heading, reasons, the one action.
void verdict_block(Html& h, const BranchPage& page);
// "Continuous Integration", with the wording of the seed page; a failed lane has its cause and log tail in place.
void ci_card(Html& h, const BranchPage& page);
// What landed and on whose word; nothing before that.
void landing_card(Html& h, const BranchPage& page);

struct LaneCounts {
  int passed = 0, failed = 0, running = 0, queued = 0, cancelled = 0, skipped = 0, nothing_ran = 0;
  int done() const { return passed + failed + cancelled + skipped + nothing_ran; }
};
LaneCounts count_lanes(const Suite& suite);
// "9 passed" "1 failed", zero counts left out.
void count_pills(Html& h, const Suite& suite);
// "queued 1m 02s · ran 17m 02s"; what is not known yet is left out.
std::string spans_words(const Suite& suite, Micros now);
// "optional", "advisory", or nothing for a lane that is required or where no lane is.
Literal lane_weight(const Suite& suite, const LaneRow& lane);
// Seconds a lane ran, or has been running; negative: it has not begun.
Micros lane_span(const LaneRow& lane, Micros now);

}  // namespace pika::web
