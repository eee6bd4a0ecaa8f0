#include "parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace pika::web {

std::string shown_status(std::string_view status) {
  if (status == "passed") return "success";
  std::string out(status);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

Literal status_class(std::string_view status) {
  if (status == "passed") return "ok";
  if (status == "failed") return "bad";
  if (status == "running") return "run";
  if (status == "queued") return "wait";
  if (status == "nothing_ran") return "warn";
  return "none";
}

bool is_final_status(std::string_view status) {
  return status != "running" && status != "queued" && !status.empty();
}

std::string shown_failure(std::string_view failure_kind) {
  std::string out(failure_kind);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

void chip(Html& h, Literal state_class, std::string_view words) {
  h.open("span", "chip").cls(state_class).open("i").end().text(words).end();
}

Literal branch_state_class(std::string_view state) {
  if (state == "merged") return "merged";
  return state == "closed" ? Literal("none") : Literal("open");
}

Literal tutorial_class(std::string_view state) {
  if (state == "ready") return "ok";
  if (state == "failed") return "bad";
  return state == "generating" ? Literal("run") : Literal("wait");
}

void state_chips(Html& h, const BranchHead& head) {
  chip(h, branch_state_class(head.state), "branch: " + head.state);
  chip(h, tutorial_class(head.tutorial), "tutorial: " + head.tutorial);
  if (!head.ci.empty()) chip(h, status_class(head.ci), "ci: " + shown_status(head.ci));
}

std::string relative_words(Micros time, Micros now) {
  auto span = (now - time) / kSecond;
  bool future = span < 0;
  if (future) span = -span;
  std::string amount;
  if (span < 45) return future ? "in a moment" : "just now";
  if (span < 90 * 60)
    amount = fmt::format("{} min", std::max<Micros>(1, (span + 30) / 60));
  else if (span < 36 * 3600)
    amount = fmt::format("{} h", (span + 1800) / 3600);
  else if (span < 60 * 86400)
    amount = fmt::format("{} days", (span + 43200) / 86400);
  else if (span < 700 * 86400LL)
    amount = fmt::format("{} months", (span + 15 * 86400) / (30 * 86400));
  else
    amount = fmt::format("{} years", (span + 182 * 86400LL) / (365 * 86400LL));
  return future ? "in " + amount : amount + " ago";
}

void relative_time(Html& h, Micros time, Micros now) {
  if (time == 0) return;
  h.open("time", "rel").attr("datetime", format_iso(time)).attr("title", format_utc(time) + " UTC");
  h.text(relative_words(time, now)).end();
}

void exact_time(Html& h, Micros time) {
  if (time == 0) return;
  h.open("time").attr("datetime", format_iso(time)).attr("title", format_utc(time) + " UTC");
  h.text(format_utc(time)).end();
}

std::string short_id(std::string_view hex) {
  return std::string(hex.substr(0, 8));
}

void object_id(Html& h, std::string_view hex) {
  if (hex.empty()) return;
  h.open("code", "oid").attr("title", hex).text(hex).end();
}

void churn(Html& h, int added, int removed) {
  h.open("span", "add").words("+").number(added).end().words(" ");
  h.open("span", "del").words("&minus;").number(removed).end();
}

void copy_button(Html& h, std::string_view text) {
  h.open("button", "copy js").attr("type", "button").attr("data-copy", text).words("Copy").end();
}

void command_block(Html& h, std::string_view command) {
  h.open("div", "command").open("pre").attr("tabindex", 0).text(command).end();
  copy_button(h, command);
  h.end();
}

Url repository_url(std::string_view owner, std::string_view name) {
  return path({owner, name});
}

namespace {
bool older_version(const BranchHead& head) {
  return head.version != 0 && head.version != head.versions;
}
}  // namespace

Url branch_url(const BranchHead& head) {
  auto url = path({head.owner, head.repository, "branches", std::to_string(head.number)});
  return older_version(head) ? url.query("version", std::to_string(head.version)) : url;
}

Url branch_part_url(const BranchHead& head, std::string_view part) {
  auto url = path({head.owner, head.repository, "branches", std::to_string(head.number), part});
  return older_version(head) ? url.query("version", std::to_string(head.version)) : url;
}

Url lane_url(const BranchHead& head, std::int64_t suite, std::string_view lane, int attempt) {
  return path({head.owner, head.repository, "ci", std::to_string(suite), lane, std::to_string(attempt)});
}

bool open_form(Html& h, const Chrome& chrome, const Url& action, Literal classes) {
  if (chrome.csrf.empty()) return false;
  h.open("form", classes).attr("method", "post").action(action);
  hidden_field(h, "csrf", chrome.csrf);
  return true;
}

void hidden_field(Html& h, Literal name, std::string_view value) {
  h.empty("input").attr("type", "hidden").attr("name", name.view()).attr("value", value);
}

void branch_sub(Html& h, const BranchHead& head) {
  h.open("code", "ref").attr("dir", "auto").name(head.name).end();
  h.words(" <span class=\"dot\" aria-hidden=\"true\">&middot;</span> Target branch: ");
  h.elem("code", "ref", quote_name(head.target));
  auto dot = [&] { h.words(" <span class=\"dot\" aria-hidden=\"true\">&middot;</span> "); };
  if (!head.author.empty()) {
    dot();
    h.words("by ").elem("b", head.author);
  }
  if (head.commits > 0) {
    dot();
    h.text(plural(head.commits, "commit"));
  }
  dot();
  h.open("span", "nb").text(plural(head.files, "file")).words(" ");
  churn(h, head.added, head.removed);
  h.end();
}

void branch_tabs(Html& h, const BranchHead& head, std::string_view here) {
  h.open("nav", "tabs").attr("aria-label", "Branch").attr("data-live", "tabs");
  auto tab = [&](std::string_view id, const Url& url, Literal words) -> Html& {
    h.open("a").href(url);
    if (id == here) h.attr("aria-current", "page");
    return h.words(words);
  };
  tab("tutorial", branch_url(head), "Tutorial").end();
  tab("diff", branch_part_url(head, "diff"), "Diff").words(" ").elem("small", std::to_string(head.files)).end();
  tab("commits", branch_part_url(head, "commits"), "Commits")
      .words(" ")
      .elem("small", std::to_string(head.commits))
      .end();
  tab("ci", branch_part_url(head, "ci"), "CI");
  if (head.lanes_failed > 0)
    h.words(" ").elem("small", "bad", fmt::format("{} failed", head.lanes_failed));
  else if (head.lanes > 0 && !is_final_status(head.ci))
    h.words(" ").elem("small", fmt::format("{} of {}", head.lanes_done, head.lanes));
  else if (head.lanes > 0)
    h.words(" ").elem("small", std::to_string(head.lanes));
  h.end().end();
}

void branch_slim_header(Html& h, const BranchHead& head, std::string_view here) {
  h.open("header", "hero slim");
  h.open("p", "kicker")
      .link("", branch_url(head), fmt::format("{}/{} branch #{}", head.owner, head.repository, head.number));
  h.end();
  h.open("h1").attr("dir", "auto").text(head.title.empty() ? quote_name(head.name) : head.title).end();
  h.open("p", "sub");
  branch_sub(h, head);
  h.end();
  h.open("div", "chips").attr("data-live", "chips");
  state_chips(h, head);
  h.end();
  branch_tabs(h, head, here);
  h.end();
}

}  // namespace pika::web
