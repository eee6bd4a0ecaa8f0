#include "pika/domain/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace pika::domain {

using jerichoci::FailureKind;
using jerichoci::Status;

std::string_view to_string(VerdictState state) {
  switch (state) {
    case VerdictState::ready:
      return "ready";
    case VerdictState::waiting:
      return "waiting";
    case VerdictState::refused:
      return "refused";
    case VerdictState::conflicts:
      return "conflicts";
    case VerdictState::target_moved:
      return "target_moved";
    case VerdictState::no_isolation:
      return "no_isolation";
    case VerdictState::catalogue_error:
      return "catalogue_error";
    case VerdictState::nothing_ran:
      return "nothing_ran";
    case VerdictState::landed:
      return "landed";
    case VerdictState::landed_over_red:
      return "landed_over_red";
    case VerdictState::closed:
      return "closed";
  }
  return "waiting";
}

namespace {

std::string failure_words(const Attempt& a) {
  if (!a.message.empty()) return a.message;
  auto kind = std::string(jerichoci::to_string(a.failure));
  std::replace(kind.begin(), kind.end(), '_', ' ');
  return kind.empty() ? "failed" : kind;
}

// What the required lanes say, each by its newest attempt on this candidate.
struct Tally {
  std::vector<std::string> failed, waiting, no_isolation, missing, red;
  int passed = 0;
};

Tally tally(const Candidate& candidate, const std::vector<LaneWithAttempts>& lanes,
            const std::vector<std::pair<std::string, std::string>>& not_chosen) {
  Tally t;
  auto consider = [&](const LaneWithAttempts& l) {
    const auto& a = l.newest();
    const auto& name = l.lane.title.empty() ? l.lane.lane : l.lane.title;
    bool passed = false;
    switch (a.status) {
      case Status::passed:
        passed = true;
        break;
      case Status::queued:
        if (a.waiting_reason == "no_isolation")
          t.no_isolation.push_back(fmt::format("`{}` waits: {}", name, a.waiting_detail));
        else
          t.waiting.push_back(fmt::format("`{}` is queued", name));
        break;
      case Status::running:
        t.waiting.push_back(fmt::format("`{}` is running", name));
        break;
      case Status::failed:
        t.failed.push_back(fmt::format("`{}` failed: {}", name, failure_words(a)));
        break;
      case Status::cancelled:
        t.failed.push_back(fmt::format("`{}` was cancelled", name));
        break;
      case Status::skipped:
        t.failed.push_back(fmt::format("`{}` was skipped: {}", name, failure_words(a)));
        break;
      case Status::nothing_ran:
        t.failed.push_back(fmt::format("`{}` ran nothing: {}", name, failure_words(a)));
        break;
    }
    if (passed)
      ++t.passed;
    else
      t.red.push_back(l.lane.lane);
  };
  for (const auto& id : candidate.required) {
    auto at = std::find_if(lanes.begin(), lanes.end(),
                           [&](const LaneWithAttempts& l) { return l.lane.gating && l.lane.lane == id; });
    if (at != lanes.end()) {
      consider(*at);
      continue;
    }
    // Not chosen by its paths: the target's own filters say that this change does not concern it.
    bool skipped = std::any_of(not_chosen.begin(), not_chosen.end(), [&](const auto& n) { return n.first == id; });
    if (skipped) continue;
    t.missing.push_back(fmt::format("`{}` is required and the target's catalogue does not define it", id));
    t.red.push_back(id);
  }
  return t;
}

}  // namespace

Status suite_status(const std::vector<LaneWithAttempts>& lanes) {
  bool any_gating = std::any_of(lanes.begin(), lanes.end(), [](const auto& l) { return l.lane.gating; });
  bool failed = false, cancelled = false, running = false, queued = false, passed = false, started = false;
  for (const auto& l : lanes) {
    if (any_gating && !l.lane.gating) continue;
    switch (l.newest().status) {
      case Status::failed:
      case Status::nothing_ran:
        failed = true;
        break;
      case Status::cancelled:
        cancelled = true;
        break;
      case Status::running:
        running = true;
        break;
      case Status::queued:
        queued = true;
        break;
      case Status::passed:
        passed = true;
        break;
      case Status::skipped:
        break;
    }
    if (l.newest().status != Status::queued) started = true;
  }
  if (failed) return Status::failed;
  if (cancelled) return Status::cancelled;
  if (running || (queued && started)) return Status::running;
  if (queued) return Status::queued;
  return passed ? Status::passed : Status::nothing_ran;
}

VerdictResult verdict(const VerdictInput& in) {
  VerdictResult r;
  if (in.branch == BranchState::merged) {
    r.state = in.over_red ? VerdictState::landed_over_red : VerdictState::landed;
    return r;
  }
  if (in.branch == BranchState::closed) {
    r.state = VerdictState::closed;
    return r;
  }
  if (!in.candidate) {
    r.reasons.push_back(fmt::format("the merge with `{}` is being built", in.target));
    return r;
  }
  const auto& c = *in.candidate;
  if (c.target_tip != in.target_tip) {
    r.state = VerdictState::target_moved;
    r.reasons.push_back(fmt::format("`{}` is now at `{}`; the newest merge was built on `{}`", in.target,
                                    in.target_tip.substr(0, 8), c.target_tip.substr(0, 8)));
    return r;
  }
  if (!c.problem.empty()) {
    r.state = VerdictState::conflicts;
    r.reasons.push_back(c.problem);
    return r;
  }
  if (!c.conflicts.empty()) {
    r.state = VerdictState::conflicts;
    for (const auto& path : c.conflicts) r.reasons.push_back(fmt::format("`{}`", quote_name(to_utf8(path))));
    return r;
  }
  r.can_override = true;
  const auto* suite = in.suite;
  if (!suite || !suite->candidate || *suite->candidate != c.id) {
    r.state = suite ? VerdictState::target_moved : VerdictState::waiting;
    r.reasons.push_back(suite ? fmt::format("`{}` moved: the new merge is about to be tested", in.target)
                              : "lanes are being chosen");
    r.red_lanes = c.required;
    return r;
  }
  if (!suite->catalogue_error.empty()) {
    r.state = VerdictState::catalogue_error;
    r.reasons.push_back(suite->catalogue_error);
    r.red_lanes = c.required;
    return r;
  }
  if (!suite->head_catalogue_error.empty()) {
    // Landed, it would leave the target without lanes.
    r.state = VerdictState::catalogue_error;
    r.reasons.push_back(suite->head_catalogue_error);
    r.reasons.push_back(fmt::format("the lanes of `{}` run all the same", in.target));
    r.red_lanes = c.required;
    return r;
  }
  static const std::vector<LaneWithAttempts> none;
  const auto& lanes = in.lanes ? *in.lanes : none;
  auto t = tally(c, lanes, suite->not_chosen);
  r.red_lanes = t.red;
  auto put = [&](const std::vector<std::string>& more) { r.reasons.insert(r.reasons.end(), more.begin(), more.end()); };
  if (!t.failed.empty() || !t.missing.empty()) {
    r.state = VerdictState::refused;
    put(t.failed);
    put(t.missing);
    put(t.waiting);
    return r;
  }
  if (!t.no_isolation.empty()) {
    r.state = VerdictState::no_isolation;
    put(t.no_isolation);
    return r;
  }
  if (!t.waiting.empty()) {
    r.state = VerdictState::waiting;
    put(t.waiting);
    return r;
  }
  if (t.passed == 0 && !c.allow_nothing_to_run) {
    r.state = VerdictState::nothing_ran;
    r.reasons.push_back(lanes.empty() ? "no lane's paths match this change" : "no required lane matches this change");
    r.reasons.push_back(fmt::format("the policy of `{}` asks for at least one", in.target));
    return r;
  }
  r.state = VerdictState::ready;
  r.can_land = true;
  r.reasons.push_back(t.passed == 0 ? "nothing to run, and the policy allows that"
                                    : fmt::format("{} passed on this merge", plural(t.passed, "required lane")));
  return r;
}

}  // namespace pika::domain
