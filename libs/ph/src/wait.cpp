// wait: follows the newest suite of a branch to its end.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "context.hpp"
#include "pika/base/text.hpp"
#include "pika/ph/commands.hpp"
#include "show.hpp"

namespace pika::ph {

namespace {

constexpr Micros kLook = kSecond;
constexpr Micros kPatience = 60 * kSecond;  // a forge that is being started again

class Waiter {
 public:
  Waiter(const Session& session, Context context, model::BranchNumber number)
      : session_(session), context_(std::move(context)), number_(number) {}

  Result<int> run(const WaitOptions& options) {
    Micros waited = 0;
    while (true) {
      const auto branch = PIKA_TRY(look());
      tell(branch.value);
      if (const auto code = over(branch.value)) {
        if (session_.json) session_.out(json::print_pretty(branch.raw));
        return *code;
      }
      if (options.timeout && waited >= *options.timeout) {
        session_.err(fmt::format("ph: not over after {}\n", format_duration(*options.timeout)));
        return 5;
      }
      session_.pause(kLook);
      waited += kLook;
    }
  }

 private:
  Result<Answer<model::Branch>> look() {
    for (Micros away = 0;; away += kLook) {
      auto branch = context_.client.branch(context_.repository, number_);
      if (branch || branch.error().kind != ErrorKind::unavailable || away >= kPatience) return branch;
      session_.pause(kLook);
    }
  }

  // Lines for what is new: another run, lanes that ended, attempts added to them.
  void tell(const model::Branch& branch) {
    if (session_.json) return;
    const auto& ci = branch.ci;
    if (ci.number && ci.number != suite_) {
      if (suite_) session_.out("another run has begun\n");
      suite_ = ci.number;
      told_.clear();
      stuck_.clear();
      session_.out(fmt::format("run #{} of version {}, {}\n", ci.number->value(), branch.version.number,
                               plural(static_cast<std::int64_t>(ci.lanes.size()), "lane")));
    }
    for (const auto& lane : ci.lanes) {
      const int attempt = lane.newest() ? lane.newest()->number : 0;
      if (needs_somebody(lane) && stuck_.insert({lane.id, attempt}).second)
        session_.out(lane_line(lane, title_width(ci)));
      if (model::is_final_status(lane.status) && told_.insert({lane.id, attempt}).second)
        session_.out(lane_line(lane, title_width(ci)));
    }
  }

  // Waits for what does not come by itself: the person who waits here should know.
  static bool needs_somebody(const model::LaneState& lane) {
    static constexpr std::array<std::string_view, 3> kReasons{"no_isolation", "approval", "paused"};
    return !model::is_final_status(lane.status) &&
           std::find(kReasons.begin(), kReasons.end(), lane.waiting_reason) != kReasons.end();
  }

  // The lanes ran on what is no longer the candidate: another run is about to be made.
  static bool another_run_is_due(const model::Branch& branch) {
    return branch.state == "open" && branch.verdict.state == "waiting" &&
           std::any_of(branch.verdict.reasons.begin(), branch.verdict.reasons.end(),
                       [](const auto& r) { return r.code == "target_moved" || r.code == "no_candidate"; });
  }

  // The exit code once nothing more will happen by itself.
  std::optional<int> over(const model::Branch& branch) {
    if (branch.candidate && !branch.candidate->conflicts.empty() && branch.state == "open") {
      session_.err(fmt::format("ph: the branch conflicts with {}\n", plain(quote_name(branch.target))));
      for (const auto& path : branch.candidate->conflicts) session_.err("  - " + plain(quote_name(path)) + "\n");
      return 8;
    }
    const auto& ci = branch.ci;
    if (branch.state != "open" && !ci.number) return 3;
    const bool lanes_over =
        std::all_of(ci.lanes.begin(), ci.lanes.end(), [](const auto& l) { return model::is_final_status(l.status); });
    if (!ci.number || !model::is_final_status(ci.status) || !lanes_over) return std::nullopt;
    if (another_run_is_due(branch)) return std::nullopt;
    return code_of(ci);
  }

  int code_of(const model::Suite& ci) {
    if (ci.lanes.empty()) {
      if (!ci.message.empty()) session_.err("ph: " + plain(ci.message) + "\n");
      return ci.status == "failed" ? 7 : exit_code(ci.status, "");
    }
    int code = 0;
    bool counted = false;
    for (const auto& lane : ci.lanes) {
      if (lane.kind == "advisory") continue;
      // A lane that was skipped on purpose beside lanes that ran is no fault.
      if (lane.status != "skipped") code = worse_exit_code(code, exit_code(lane.status, lane.failure));
      counted = counted || lane.status != "skipped";
    }
    return counted ? code : 3;
  }

  const Session& session_;
  Context context_;
  model::BranchNumber number_;
  std::optional<model::SuiteNumber> suite_;
  std::set<std::pair<std::string, int>> told_, stuck_;  // lane and attempt: ended, waiting for somebody
};

Result<int> do_wait(const Session& session, const BranchWord& word, const WaitOptions& options) {
  auto context = PIKA_TRY(find_context(session));
  const auto number = PIKA_TRY(find_number(context, session, word));
  return Waiter(session, std::move(context), number).run(options);
}

}  // namespace

int wait(const Session& session, const BranchWord& branch, const WaitOptions& options) {
  return finish(session, do_wait(session, branch, options));
}

}  // namespace pika::ph
