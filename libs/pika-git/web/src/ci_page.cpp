#include <fmt/format.h>

#include <algorithm>

#include "ansi.hpp"
#include "ci_parts.hpp"
#include "pika/base/text.hpp"

namespace pika::web {

namespace {

std::string lane_title(const LaneRow& lane) {
  return quote_name(lane.title.empty() ? lane.id : lane.title);
}

// The shown lane: the one asked for, else the first failed, running, or first of all.
const LaneRow* shown_lane(const CiPage& page) {
  if (!page.suite || page.suite->lanes.empty()) return nullptr;
  const auto& lanes = page.suite->lanes;
  auto by = [&](auto want) -> const LaneRow* {
    auto it = std::find_if(lanes.begin(), lanes.end(), want);
    return it == lanes.end() ? nullptr : &*it;
  };
  if (!page.lane.empty()) return by([&](const LaneRow& l) { return l.id == page.lane; });
  if (auto* l = by([](const LaneRow& l) { return l.status == "failed"; })) return l;
  if (auto* l = by([](const LaneRow& l) { return l.status == "running"; })) return l;
  return &lanes.front();
}

int shown_attempt(const CiPage& page, const LaneRow& lane) {
  return page.attempt > 0 ? page.attempt : lane.attempts;
}

Url suite_action(const CiPage& page, std::string_view verb) {
  return path({page.head.owner, page.head.repository, "ci", std::to_string(page.suite->number), verb});
}

void rerun(Html& h, const CiPage& page, std::string_view what, std::string_view lane, Literal words) {
  if (!open_form(h, page.chrome, suite_action(page, "rerun"))) return;
  hidden_field(h, "what", what);
  if (!lane.empty()) hidden_field(h, "lane", lane);
  h.open("button", "btn ghost").words(words).end().end();
}

void actions(Html& h, const CiPage& page) {
  auto n = count_lanes(*page.suite);
  if (page.may_rerun && n.failed > 0) rerun(h, page, "failed", {}, "Rerun failed");
  if (page.may_rerun) rerun(h, page, "all", {}, "Rerun all");
  if (page.may_cancel && (n.running > 0 || n.queued > 0) && open_form(h, page.chrome, suite_action(page, "cancel")))
    h.open("button", "btn ghost").words("Cancel").end().end();
}

void suite_header(Html& h, const CiPage& page) {
  const auto& suite = *page.suite;
  h.open("div", "runbar").attr("data-live", "suite").open("h2").text(fmt::format("Run #{}", suite.number)).end();
  chip(h, status_class(suite.status), shown_status(suite.status));
  count_pills(h, suite);
  h.open("span", "grow").end();
  actions(h, page);
  h.open("p", "muted full");
  if (!suite.candidate.empty()) {
    h.words("candidate ");
    object_id(h, suite.candidate);
    h.words(" = version ").number(page.head.version).words(" on ");
    h.elem("code", quote_name(page.head.target));
    if (!suite.target_tip.empty()) h.words(" at ").elem("code", short_id(suite.target_tip));
  } else {
    h.words("head ");
    object_id(h, suite.head);
  }
  h.words(" &middot; queued ");
  exact_time(h, suite.queued_at);
  h.text(fmt::format(" \u00B7 {} lane(s)", suite.lanes.size()));
  if (auto words = spans_words(suite, page.chrome.now); !words.empty()) h.text(" \u00B7 " + words);
  h.end().end();
}

void suite_picker(Html& h, const CiPage& page) {
  if (page.suites.size() < 2) return;
  h.open("details", "picker")
      .open("summary", "link")
      .text(plural(static_cast<std::int64_t>(page.suites.size()), "run"));
  h.end().open("ol");
  for (const auto& [number, status] : page.suites) {
    h.open("li");
    if (page.suite && number == page.suite->number) h.attr("aria-current", "true");
    h.link("", branch_part_url(page.head, "ci").query("run", std::to_string(number)), fmt::format("Run #{}", number));
    h.words(" ");
    chip(h, status_class(status), shown_status(status));
    h.end();
  }
  h.end().end();
}

void lane_list(Html& h, const CiPage& page, const LaneRow* shown) {
  h.open("ul", "lanes2").attr("data-live", "lanes");
  for (const auto& lane : page.suite->lanes) {
    h.open("li").cls(status_class(lane.status));
    if (&lane == shown) h.cls("here");
    h.open("a").href(lane_url(page.head, page.suite->number, lane.id, lane.attempts));
    if (&lane == shown) h.attr("aria-current", "true");
    h.open("span").text(lane_title(lane)).end().words(" ").open("small");
    if (auto span = lane_span(lane, page.chrome.now); span >= 0) h.text(format_duration(span));
    h.end().end();
    h.open("p").text(shown_status(lane.status));
    if (!lane.failure_kind.empty()) h.text(", " + shown_failure(lane.failure_kind));
    if (!lane.reused_from.empty()) h.words(", reused from ").text(lane.reused_from);
    if (lane.attempts > 1) h.text(fmt::format(" \u00B7 attempt {}", lane.attempts));
    if (!lane.runner.empty()) h.words(" &middot; on ").text(lane.runner);
    if (auto weight = lane_weight(*page.suite, lane); !weight.view().empty()) h.words(" &middot; ").words(weight);
    h.end();
    if (!lane.waiting.empty() && !is_final_status(lane.status)) h.open("p").code_text(lane.waiting).end();
    h.end();
  }
  h.end();
  if (!page.not_chosen.empty()) {
    h.open("details", "notchosen").open("summary");
    h.text(plural(static_cast<std::int64_t>(page.not_chosen.size()), "lane") + " not chosen").end().open("ul", "plain");
    for (const auto& other : page.not_chosen)
      h.open("li").open("b").name(other.id).end().words(" ").code_text(other.why).end();
    h.end().end();
  }
}

void attempts_row(Html& h, const CiPage& page, const LaneRow& lane) {
  if (page.attempts.size() < 2) return;
  h.open("p", "attempts").words("Attempts: ");
  for (const auto& attempt : page.attempts) {
    h.open("a").href(lane_url(page.head, page.suite->number, lane.id, attempt.number));
    if (attempt.number == shown_attempt(page, lane)) h.attr("aria-current", "true");
    h.text(fmt::format("{} {}", attempt.number, shown_status(attempt.status)));
    if (!attempt.failure_kind.empty()) h.text(", " + shown_failure(attempt.failure_kind));
    h.end().words(" ");
  }
  h.end();
}

void cause_card(Html& h, const CiPage& page, const LaneRow& lane) {
  h.open("section", "card cause").attr("data-live", "cause").cls(status_class(lane.status));
  auto span = lane_span(lane, page.chrome.now);
  std::string verb = shown_status(lane.status);
  if (lane.status == "passed") verb = "passed";
  if (lane.status == "running" || lane.status == "queued") verb = "is " + verb;
  h.open("h2").text(lane_title(lane) + " " + verb);
  if (span >= 0) h.text((lane.status == "running" ? " for " : " in ") + format_duration(span));
  h.end();
  if (!lane.cause.empty()) {
    auto newline = lane.cause.find('\n');
    h.open("p").code_text(lane.cause.substr(0, newline)).end();
    if (newline != std::string::npos) h.open("pre").text(lane.cause.substr(newline + 1)).end();
  }
  if (!lane.waiting.empty() && !is_final_status(lane.status)) h.open("p").code_text(lane.waiting).end();
  for (const auto& sentence : page.evidence) h.open("p", "muted").code_text(sentence).end();
  attempts_row(h, page, lane);
  if (!page.replay_command.empty()) command_block(h, page.replay_command);
  if (!page.run_id.empty()) h.open("p", "muted").words("engine run ").elem("code", page.run_id).end();
  if (page.may_rerun && is_final_status(lane.status)) {
    h.open("div", "acts");
    rerun(h, page, "lane", lane.id, "Rerun lane");
    h.end();
  }
  h.end();
}

void log_card(Html& h, const CiPage& page, const LaneRow& lane) {
  auto attempt = shown_attempt(page, lane);
  auto raw = path({"api", "v1", "repos", page.head.owner, page.head.repository, "ci",
                   std::to_string(page.suite->number), lane.id, std::to_string(attempt), "log"});
  h.open("section", "card log").attr("aria-label", "Log").open("div", "logbar").open("h2").words("Log").end();
  h.open("span", "muted").id("log-size").text("raw, " + format_bytes(page.log.size)).end().open("span", "grow").end();
  h.empty("input").cls("filter js").attr("type", "search").attr("placeholder", "Find in what is shown");
  h.attr("aria-label", "Find in the log").attr("data-find", "log");
  h.open("label", "js follow")
      .empty("input")
      .attr("type", "checkbox")
      .attr("data-follow", "log")
      .words(" Follow")
      .end();
  h.open("label", "js").empty("input").attr("type", "checkbox").attr("data-wrap", "log").words(" Wrap").end();
  h.open("a", "link").href(raw.query("offset", "0")).words("Raw").end().end();
  if (!page.steps.empty()) {
    h.open("ol", "steps2").attr("data-live", "steps");
    for (const auto& step : page.steps) {
      h.open("li").cls(status_class(step.status)).open("span", "vh").text(shown_status(step.status)).end().words(" ");
      h.code_text(step.title).words(" ").open("small").text(step.detail);
      if (step.span >= 0) h.text((step.detail.empty() ? "" : ", ") + format_duration(step.span));
      h.end().end();
    }
    h.end();
  }
  if (page.log.offset > 0) {
    h.open("p", "earlier").text(format_bytes(page.log.offset)).words(" earlier are in the ");
    h.open("a").href(raw.query("offset", "0")).words("raw log").end().words(".").end();
  }
  h.open("pre", "lines").id("log").attr("tabindex", 0).attr("aria-label", "Lines of the log");
  h.data_url("data-raw", raw).attr("data-next", static_cast<std::int64_t>(page.log.offset + page.log.bytes.size()));
  h.attr("data-lane", lane.id).attr("data-attempt", attempt).attr("data-closed", page.log.closed ? "1" : "0");
  h.attr("data-partial", page.log.bytes.empty() || page.log.bytes.ends_with('\n') ? "0" : "1");
  log_lines(h, page.log.bytes, page.log.first_line);
  h.end();
  if (page.log.bytes.empty()) {
    h.open("p", "earlier").id("log-empty");
    h.words(page.log.closed ? Literal("The lane printed nothing.") : Literal("Nothing was printed yet.")).end();
  }
  h.end();
}

void decisions_card(Html& h, const CiPage& page) {
  h.open("section", "card").attr("data-live", "decisions");
  if (page.decisions.empty()) h.flag("hidden");
  h.open("h2").words("Decisions <small>why it ran when it did</small>").end();
  h.open("table", "facts2").open("tbody");
  for (const auto& decision : page.decisions) {
    h.open("tr").open("td");
    exact_time(h, decision.time);
    h.end().open("td").code_text(decision.text).end().end();
  }
  h.end().end().end();
}

void warnings(Html& h, const CiPage& page) {
  h.open("div").attr("data-live", "warnings");
  for (const auto& warning : page.warnings) h.open("p", "card warnline").code_text(warning).end();
  h.end();
}

void no_suite(Html& h, const CiPage& page) {
  h.open("main", "only").id("main").open("section", "card").open("h2").words("CI: nothing ran").end();
  h.open("p").code_text(page.no_suite.empty() ? "No lanes were chosen for this version." : page.no_suite).end();
  h.open("p", "muted");
  h.words(
      "Lanes are named in <code>ci/pikaci.toml</code> of the target branch; one runs when a changed path matches it.");
  h.end().end();
  warnings(h, page);
  h.end();
}

}  // namespace

std::string render(const CiPage& page) {
  Html h;
  open_page(h, page.chrome, fmt::format("CI \u00B7 {}/{} #{}", page.head.owner, page.head.repository, page.head.number),
            "ci");
  branch_slim_header(h, page.head, "ci");
  if (!page.suite) {
    no_suite(h, page);
    close_page(h, page.chrome);
    return h.take();
  }
  const auto* lane = shown_lane(page);
  h.open("section", "band").attr("aria-label", "Run").open("div", "bandin");
  suite_header(h, page);
  suite_picker(h, page);
  waterfall(h, page);
  h.end().end();
  h.open("div", "page ci2").open("aside", "outline").attr("aria-label", "Lanes");
  lane_list(h, page, lane);
  h.end().open("main").id("main");
  warnings(h, page);
  if (lane) {
    cause_card(h, page, *lane);
    log_card(h, page, *lane);
  } else if (!page.lane.empty()) {
    h.open("p", "card").words("This run has no lane ").elem("code", quote_name(page.lane)).words(".").end();
  }
  decisions_card(h, page);
  h.end().end();
  close_page(h, page.chrome);
  return h.take();
}

std::string render_live(const CiPage& page) {
  Html h;
  h.open("div");
  h.open("div", "chips").attr("data-live", "chips");
  state_chips(h, page.head);
  h.end();
  branch_tabs(h, page.head, "ci");
  if (!page.suite) return h.take();
  const auto* lane = shown_lane(page);
  suite_header(h, page);
  waterfall(h, page);
  lane_list(h, page, lane);
  warnings(h, page);
  if (lane) cause_card(h, page, *lane);
  decisions_card(h, page);
  return h.take();
}

}  // namespace pika::web
