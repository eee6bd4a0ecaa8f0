#include <fmt/format.h>

#include <algorithm>

#include "ansi.hpp"
#include "cards.hpp"
#include "pika/base/text.hpp"

namespace pika::web {

LaneCounts count_lanes(const Suite& suite) {
  LaneCounts n;
  for (const auto& lane : suite.lanes) {
    if (lane.status == "passed")
      ++n.passed;
    else if (lane.status == "failed")
      ++n.failed;
    else if (lane.status == "running")
      ++n.running;
    else if (lane.status == "cancelled")
      ++n.cancelled;
    else if (lane.status == "skipped")
      ++n.skipped;
    else if (lane.status == "nothing_ran")
      ++n.nothing_ran;
    else
      ++n.queued;
  }
  return n;
}

void count_pills(Html& h, const Suite& suite) {
  auto n = count_lanes(suite);
  bool any = false;
  auto pill = [&](int count, Literal classes, Literal word) {
    if (count == 0) return;
    if (any) h.words(" ");
    any = true;
    h.open("span", "pill").cls(classes).number(count).words(" ").words(word).end();
  };
  pill(n.passed, "ok", "passed");
  pill(n.failed, "bad", "failed");
  pill(n.running, "run", "running");
  pill(n.queued, "", "queued");
  pill(n.nothing_ran, "warn", "nothing ran");
  pill(n.cancelled, "", "cancelled");
  pill(n.skipped, "", "skipped");
}

std::string spans_words(const Suite& suite, Micros now) {
  std::string out;
  if (suite.queued_at != 0) {
    auto end = suite.started_at != 0 ? suite.started_at : suite.finished_at != 0 ? suite.finished_at : now;
    out = "queued " + format_duration(std::max<Micros>(0, end - suite.queued_at));
  }
  if (suite.started_at != 0) {
    bool done = suite.finished_at != 0;
    auto span = std::max<Micros>(0, (done ? suite.finished_at : now) - suite.started_at);
    out += (out.empty() ? "" : " \u00B7 ") + std::string(done ? "ran " : "running ") + format_duration(span);
  }
  return out;
}

Literal lane_weight(const Suite& suite, const LaneRow& lane) {
  if (lane.advisory) return "advisory";
  bool any = std::any_of(suite.lanes.begin(), suite.lanes.end(), [](const LaneRow& other) { return other.required; });
  return any && !lane.required ? Literal("optional") : Literal("");
}

Micros lane_span(const LaneRow& lane, Micros now) {
  if (lane.started_at == 0) return -1;
  auto end = lane.finished_at != 0 ? lane.finished_at : lane.status == "running" ? now : lane.started_at;
  return std::max<Micros>(0, end - lane.started_at);
}

namespace {

constexpr int kTailLines = 12;

void lane_row(Html& h, const BranchPage& page, const LaneRow& lane) {
  h.open("li").cls(status_class(lane.status));
  if (!lane.reused_from.empty()) h.cls("reused");
  h.open("a", "lane").href(lane_url(page.head, page.suite->number, lane.id, lane.attempts));
  h.text(quote_name(lane.title.empty() ? lane.id : lane.title)).text(" \u00B7 " + shown_status(lane.status));
  if (!lane.reused_from.empty()) h.words(", reused from ").text(lane.reused_from);
  h.end();
  if (auto weight = lane_weight(*page.suite, lane); !weight.view().empty()) h.open("small", "req").words(weight).end();
  if (auto span = lane_span(lane, page.chrome.now); span >= 0) h.open("span", "span").text(format_duration(span)).end();
  if (lane.status == "failed") {
    if (!lane.failure_kind.empty() && lane.failure_kind != "test_failed")
      h.open("p", "muted").text(shown_failure(lane.failure_kind)).end();
    if (!lane.cause.empty()) h.open("p", "cause").code_text(lane.cause).end();
    if (!lane.log_tail.empty()) {
      h.open("pre", "tail").attr("tabindex", 0).attr("aria-label", "End of the log of " + quote_name(lane.id));
      log_tail(h, lane.log_tail, kTailLines);
      h.end();
    }
  }
  if (!lane.waiting.empty() && (lane.status == "queued" || lane.status.empty()))
    h.open("p", "muted").code_text(lane.waiting).end();
  h.end();
}

}  // namespace

void ci_card(Html& h, const BranchPage& page) {
  h.open("section", "card ci").id("ci").attr("data-live", "ci").attr("aria-label", "Continuous Integration");
  h.open("p", "kicker").words("Continuous Integration").end();
  if (!page.suite) {
    h.open("h2").words("CI: nothing ran").end();
    h.open("p", "muted")
        .code_text(page.no_suite.empty() ? "No lanes were chosen for this version." : page.no_suite)
        .end();
    h.open("a", "btn wide").href(branch_part_url(page.head, "ci")).words("Open CI Details").end().end();
    return;
  }
  const auto& suite = *page.suite;
  h.open("h2").text("CI: " + shown_status(suite.status)).end();
  h.open("p", "muted").words("Compact status on the review page, with full logs on the CI page.").end();
  h.open("p").open("b").text(fmt::format("Latest run #{}", suite.number)).end().words(" ");
  chip(h, status_class(suite.status), shown_status(suite.status));
  h.end().open("p");
  count_pills(h, suite);
  h.end().open("p", "muted").words("head ");
  object_id(h, suite.head);
  h.words(" &middot; queued ");
  exact_time(h, suite.queued_at);
  h.text(fmt::format(" \u00B7 {} lane(s)", suite.lanes.size()));
  if (!suite.candidate.empty()) {
    h.words(" &middot; on the merge ");
    object_id(h, suite.candidate);
  }
  h.end();
  if (auto words = spans_words(suite, page.chrome.now); !words.empty()) h.open("p", "muted").text(words).end();
  h.open("ul", "lanelist");
  for (const auto& lane : suite.lanes) lane_row(h, page, lane);
  h.end().open("a", "btn wide").href(branch_part_url(page.head, "ci")).words("Open CI Details").end().end();
}

}  // namespace pika::web
