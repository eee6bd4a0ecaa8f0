#include <fmt/format.h>

#include "cards.hpp"
#include "pika/base/text.hpp"

namespace pika::web {

namespace {

enum class Tone { good, wait, stop, quiet };

Tone tone_of(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::ready:
    case VerdictKind::landed:
      return Tone::good;
    case VerdictKind::refused:
    case VerdictKind::conflicts:
    case VerdictKind::catalogue_error:
    case VerdictKind::landed_over_red:
      return Tone::stop;
    case VerdictKind::waiting:
    case VerdictKind::target_moved:
    case VerdictKind::no_isolation:
    case VerdictKind::nothing_ran:
      return Tone::wait;
    case VerdictKind::closed:
      return Tone::quiet;
  }
  return Tone::quiet;
}

std::string heading_of(const BranchPage& page) {
  if (!page.verdict.heading.empty()) return page.verdict.heading;
  auto target = quote_name(page.head.target);
  switch (page.verdict.kind) {
    case VerdictKind::ready:
      return "Ready to land";
    case VerdictKind::waiting:
      return "Not yet";
    case VerdictKind::refused:
      return "Refused: a required lane failed";
    case VerdictKind::conflicts:
      return "Conflicts with " + target;
    case VerdictKind::target_moved:
      return target + " moved: testing the new merge";
    case VerdictKind::no_isolation:
      return "Waiting: no isolation on this host";
    case VerdictKind::catalogue_error:
      return "The catalogue does not parse";
    case VerdictKind::nothing_ran:
      return "Nothing ran";
    case VerdictKind::landed:
      return "Landed";
    case VerdictKind::landed_over_red:
      return "Landed over red";
    case VerdictKind::closed:
      return "Closed";
  }
  return {};
}

void merge_fields(Html& h, const BranchPage& page) {
  hidden_field(h, "expected_head", page.verdict.expected_head);
  hidden_field(h, "version", std::to_string(page.head.version));
}

Url action_of(const BranchHead& head, std::string_view verb) {
  return path({head.owner, head.repository, "branches", std::to_string(head.number), verb});
}

void merge_button(Html& h, const BranchPage& page) {
  const auto& v = page.verdict;
  if (!v.show_merge || page.head.state != "open") return;
  if (v.may_merge && open_form(h, page.chrome, action_of(page.head, "merge"))) {
    merge_fields(h, page);
    h.open("button", "btn go").id("merge").words("Merge into ").text(quote_name(page.head.target));
    h.words(" <kbd>m</kbd>").end().end();
    return;
  }
  if (page.chrome.user.empty() && v.kind == VerdictKind::ready) {
    h.open("a", "btn").id("merge").href(path({"login"}).query("next", branch_url(page.head).text()));
    h.words("Sign in to merge").end();
    return;
  }
  h.open("button", "btn").attr("type", "button").flag("disabled").words("Merge").end();
}

void override_form(Html& h, const BranchPage& page) {
  if (!page.verdict.may_override || page.head.state != "open" || page.chrome.csrf.empty()) return;
  h.open("details", "override").open("summary", "link").words("Override&hellip;").end();
  open_form(h, page.chrome, action_of(page.head, "merge"));
  merge_fields(h, page);
  h.open("label").words("Why it may land all the same").end();
  h.open("textarea").attr("name", "override_reason").attr("rows", 2).attr("maxlength", 2000);
  h.attr("aria-label", "Why it may land all the same").flag("required").end();
  h.open("p", "muted").words("The reason and your name stay on this page and in the landing record.").end();
  h.open("button", "btn danger").words("Merge over red").end();
  h.end().end();
}

void rerun_button(Html& h, const BranchPage& page) {
  if (!page.verdict.may_rerun || !page.suite) return;
  auto action = path({page.head.owner, page.head.repository, "ci", std::to_string(page.suite->number), "rerun"});
  if (!open_form(h, page.chrome, action)) return;
  bool failed = page.verdict.kind == VerdictKind::refused;
  hidden_field(h, "what", failed ? "failed" : "all");
  h.open("button", "btn ghost").words(failed ? Literal("Rerun failed") : Literal("Rerun all")).end().end();
}

void lifetime_buttons(Html& h, const BranchPage& page) {
  if (page.may_close && page.head.state == "open" && open_form(h, page.chrome, action_of(page.head, "close")))
    h.open("button", "btn ghost").words("Close").end().end();
  if (page.may_reopen && page.head.state == "closed" && open_form(h, page.chrome, action_of(page.head, "reopen")))
    h.open("button", "btn ghost").words("Reopen").end().end();
}

}  // namespace

void verdict_block(Html& h, const BranchPage& page) {
  const auto& v = page.verdict;
  h.open("section", "verdict").attr("data-live", "verdict").attr("aria-label", "Verdict");
  switch (tone_of(v.kind)) {
    case Tone::good:
      h.cls("good");
      break;
    case Tone::wait:
      h.cls("wait");
      break;
    case Tone::stop:
      h.cls("stop");
      break;
    case Tone::quiet:
      break;
  }
  h.open("p", "vh1").open("i").attr("aria-hidden", "true").end().text(heading_of(page)).end();
  bool landed = v.kind == VerdictKind::landed || v.kind == VerdictKind::landed_over_red;
  if (!v.reasons.empty() || !v.paths.empty() || (landed && !page.landing.by.empty())) {
    h.open("ul");
    for (const auto& path_ : v.paths) h.open("li").elem("code", quote_name(path_)).end();
    for (const auto& reason : v.reasons) h.open("li").code_text(reason).end();
    if (landed && !page.landing.by.empty()) {
      h.open("li").words("by ").elem("b", page.landing.by).words(", ");
      relative_time(h, page.landing.when, page.chrome.now);
      if (page.landing.record > 0) h.text(fmt::format(", record {}", page.landing.record));
      h.end();
    }
    h.end();
  }
  if (!v.command.empty()) command_block(h, v.command);
  h.open("div", "acts");
  merge_button(h, page);
  rerun_button(h, page);
  lifetime_buttons(h, page);
  override_form(h, page);
  h.end().end();
}

void landing_card(Html& h, const BranchPage& page) {
  h.open("div").attr("data-live", "landing");
  const auto& landing = page.landing;
  if (!landing.merge_commit.empty()) {
    h.open("section", "card").id("landing").open("h2").words("Landing").end();
    h.open("p");
    bool same = landing.tree_tested == landing.tree_landed && !landing.tree_tested.empty();
    if (same)
      h.words("The tree tested is the tree that landed");
    else if (landing.tree_tested.empty())
      h.words("Landed without a tested tree");
    else
      h.words("<b class=\"del\">The tree that landed is not the one tested</b>");
    if (!landing.red_lanes.empty()) {
      h.words("; ").open("b", "del").text(plural(static_cast<std::int64_t>(landing.red_lanes.size()), "required lane"));
      h.words(" failed").end();
    }
    h.words(".").end();
    if (!landing.red_lanes.empty()) {
      h.open("p", "muted").words("Red: ");
      for (std::size_t i = 0; i < landing.red_lanes.size(); ++i) {
        if (i) h.words(", ");
        h.elem("code", landing.red_lanes[i]);
      }
      h.end();
    }
    if (!landing.override_reason.empty()) {
      h.open("p", "muted").words("Override by ").elem("b", landing.by).words(": &ldquo;").text(landing.override_reason);
      h.words("&rdquo;").end();
    } else if (!landing.by.empty()) {
      h.open("p", "muted").words("Merged by ").elem("b", landing.by).words(" ");
      relative_time(h, landing.when, page.chrome.now);
      h.end();
    }
    h.open("p", "muted");
    if (!landing.tree_landed.empty()) {
      h.words("tree ");
      object_id(h, landing.tree_landed);
    }
    if (landing.record > 0) h.text(fmt::format(" \u00B7 record {}", landing.record));
    if (landing.chain_verified)
      h.words(*landing.chain_verified ? Literal(", chain verified") : Literal(", chain broken"));
    h.end().end();
  }
  h.end();
}

}  // namespace pika::web
