// A report for people.
#include "pika/invariants/print.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace pika::invariants {
namespace {

enum class Ink { good, bad, faint, strong };

std::string paint(Colour colour, Ink ink, std::string_view text) {
  if (colour == Colour::off) return std::string(text);
  const char* code = ink == Ink::good ? "32" : ink == Ink::bad ? "31" : ink == Ink::faint ? "2" : "1";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string count(std::size_t n, std::string_view one, std::string_view many = {}) {
  return plural(static_cast<std::int64_t>(n), one, many);
}

std::string place(const std::string& path, std::uint32_t line, std::uint32_t column) {
  auto text = quote_name(path);
  if (line > 0) text += fmt::format(":{}:{}", line, column);
  return text;
}

class Printer {
 public:
  Printer(const Checked& checked, const PrintOptions& options) : checked_(checked), options_(options) {}

  std::string run() {
    const auto& report = checked_.report;
    head();
    for (std::size_t i = 0; i < report.findings.size(); ++i) finding(i);
    foot();
    return std::move(text_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  void head() {
    const auto& report = checked_.report;
    line("{}: {} over {} and {}{}", printable(report.name), count(report.findings.size(), "invariant"),
         count(report.files, "file"), count(report.edges, "dependency", "dependencies"),
         checked_.tree == "work tree" ? "" : " of " + checked_.tree);
    if (checked_.base)
      line("against {}, which is commit {}", printable(checked_.base->revision), checked_.base->commit.substr(0, 12));
    text_ += '\n';
  }

  std::string chip(const Finding& finding) const {
    switch (finding.outcome) {
      case Outcome::passed:
        return paint(options_.colour, Ink::good, "passed ");
      case Outcome::failed:
        return paint(options_.colour, Ink::bad, "FAILED ");
      case Outcome::allowed:
        return paint(options_.colour, Ink::faint, "allowed");
      case Outcome::not_checked:
        return paint(options_.colour, Ink::faint, "not machine-checked");
    }
    return {};
  }

  void finding(std::size_t index) {
    const auto& finding = checked_.report.findings[index];
    const auto& invariant = finding.invariant;
    line("{}  {} ({}): {}", chip(finding), paint(options_.colour, Ink::strong, invariant.id), printable(invariant.area),
         printable(invariant.statement));
    for (const auto& note : finding.notes) line("         note: {}", note);
    if (checked_.model && checked_.model->grades[index]) grade(*checked_.model->grades[index]);
    const auto* change = checked_.base ? &checked_.base->comparison.findings[index] : nullptr;
    const bool documents = finding.outcome == Outcome::allowed;
    if (finding.outcome == Outcome::failed || (documents && !finding.violations.empty())) {
      if (documents) line("         it is so at {}:", count(finding.violations.size(), "place"));
      places(finding, change, documents && options_.most_places == kUsualPlaces ? 3 : options_.most_places);
      if (!invariant.hint.empty() && !documents) line("         hint: {}", printable(invariant.hint));
    }
    if (change && !change->removed.empty()) {
      line("         this branch removes {}:", count(change->removed.size(), "violation"));
      const auto shown = std::min(change->removed.size(), options_.most_places);
      for (std::size_t i = 0; i < shown; ++i) violation(change->removed[i], "- ");
      if (shown < change->removed.size()) line("         and {} more", count(change->removed.size() - shown, "place"));
    }
  }

  void grade(const Grade& grade) {
    line("         {} at {} says, which is advice and no check: {}", printable(checked_.model->name),
         printable(checked_.model->host), name_of(grade.verdict));
    if (!grade.why.empty()) line("         \"{}\"", grade.why);
    for (const auto& each : grade.evidence) line("       ? {}:{}  {}", quote_name(each.path), each.line, each.quote);
    for (const auto& each : grade.not_believed) line("         not believed: {}", each);
    if (grade.left_out > 0)
      line("         it was shown {} of {}", grade.shown, count(grade.shown + grade.left_out, "file"));
  }

  void places(const Finding& finding, const FindingChange* change, std::size_t most) {
    // What the branch adds is what its author wants to see.
    std::vector<std::size_t> order;
    for (const bool wanted : {true, false})
      for (std::size_t i = 0; i < finding.violations.size(); ++i)
        if ((change && change->is_new[i]) == wanted) order.push_back(i);
    const auto shown = std::min(order.size(), most);
    for (std::size_t n = 0; n < shown; ++n) {
      const auto i = order[n];
      violation(finding.violations[i], !change ? "  " : change->is_new[i] ? "+ " : "  ");
    }
    if (shown < order.size())
      line("         and {} more; --all or --output json shows them", count(order.size() - shown, "place"));
    if (finding.truncated) line("         there are more than are counted here");
  }

  void violation(const Violation& v, std::string_view mark) {
    if (!v.cycle.empty()) {
      line("       {}{}:", mark, v.text);
      for (const auto& step : v.cycle) {
        if (step.line == 0) continue;  // from a package to its file
        line("           {}  {} -> {}", place(step.path, step.line, step.column), printable(step.text),
             quote_name(step.target));
      }
      return;
    }
    const bool leads = v.text.find(v.target) == std::string::npos && !v.target.empty();
    line("       {}{}  {}{}", mark, place(v.path, v.line, v.column), printable(v.text),
         leads ? " -> " + quote_name(v.target) : "");
  }

  void foot() {
    const auto& report = checked_.report;
    std::vector<std::string> parts;
    const auto add = [&](std::size_t n, std::string_view word) {
      if (n > 0) parts.push_back(fmt::format("{} {}", format_count(static_cast<std::int64_t>(n)), word));
    };
    text_ += '\n';
    add(report.count(Outcome::failed), "failed");
    add(report.count(Outcome::passed), "passed");
    add(report.count(Outcome::allowed), "allowed");
    add(report.count(Outcome::not_checked), "not machine-checked");
    line("{}", parts.empty() ? "no invariants" : join(parts, ", "));
    if (checked_.base) {
      std::size_t added = 0, removed = 0, before = 0;
      for (std::size_t i = 0; i < report.findings.size(); ++i) {
        const auto& change = checked_.base->comparison.findings[i];
        if (report.findings[i].outcome != Outcome::failed && report.findings[i].outcome != Outcome::passed) continue;
        added += change.added();
        before += change.is_new.size() - change.added();
        removed += change.removed.size();
      }
      line("this branch adds {}, removes {}; {} stood before", count(added, "violation"), removed, before);
      rules();
    }
    if (checked_.exit_code() == 3) line("nothing was checked: no invariant that must hold has a rule");
  }

  void rules() {
    const auto& rules = checked_.base->rules;
    if (!rules) return line("the base has no readable invariants.toml: every rule is this branch's own");
    const auto say = [&](const std::vector<std::string>& ids, std::string_view what) {
      if (!ids.empty())
        line("this branch {} {}: {}", what, ids.size() == 1 ? "the invariant" : "the invariants", join(ids, ", "));
    };
    say(rules->removed, "removes");
    say(rules->changed, "changes");
    say(rules->added, "adds");
  }

  const Checked& checked_;
  const PrintOptions& options_;
  std::string text_;
};

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (char c : to_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  // C1 control characters, which some terminals obey.
  for (auto at = out.find('\xc2'); at != std::string::npos; at = out.find('\xc2', at + 1))
    if (at + 1 < out.size() && static_cast<unsigned char>(out[at + 1]) < 0xa0) out.replace(at, 2, "?");
  return out;
}

bool Checked::fails(std::size_t finding) const {
  if (report.findings[finding].outcome != Outcome::failed) return false;
  return only_new == OnlyNew::no || !base || base->comparison.findings[finding].added() > 0;
}

int Checked::exit_code() const {
  for (std::size_t i = 0; i < report.findings.size(); ++i)
    if (fails(i)) return 1;
  return report.count(Outcome::passed) + report.count(Outcome::failed) == 0 ? 3 : 0;
}

std::string print_human(const Checked& checked, const PrintOptions& options) {
  return Printer(checked, options).run();
}

std::string print_filters(const FilterList& filters) {
  std::vector<std::string> texts;
  for (const auto& filter : filters.filters()) texts.push_back(quote_name(filter.text()));
  return join(texts, ", ");
}

std::string print_rule(const Rule& rule) {
  std::string what = print_filters(rule.paths);
  std::vector<std::string> words;
  for (const auto& word : rule.words) words.push_back(printable(word));
  if (!words.empty()) what = join(words, ", ");
  return std::string(name_of(rule.kind)) + (what.empty() ? "" : " " + what);
}

std::string explain_rule(const Rule& rule) {
  const auto filters = print_filters(rule.paths);
  std::vector<std::string> quoted;
  for (const auto& word : rule.words) quoted.push_back("'" + printable(word) + "'");
  const auto words = join(quoted, ", ");
  switch (rule.kind) {
    case RuleKind::depends_only_on:
      return fmt::format("Whatever a file of the scope depends on in this tree is in the scope or matches: {}.",
                         filters);
    case RuleKind::must_not_depend_on:
      return fmt::format("No file of the scope depends directly on a file that matches: {}.", filters);
    case RuleKind::must_not_mention:
      return fmt::format("In no file of the scope stands, as a word or as a part of an identifier: {}.", words);
    case RuleKind::must_exist:
      return fmt::format("In the scope there is a file for each of: {}.", filters);
    case RuleKind::no_cycle:
      return "The files of the scope do not depend on each other in a circle.";
    case RuleKind::public_api_only:
      return fmt::format("Files outside of the scope depend on files of the scope only where these match: {}.",
                         filters);
    case RuleKind::owned_by:
      return fmt::format("CODEOWNERS gives each file of the scope to one of: {}.", words);
  }
  return {};
}

}  // namespace pika::invariants
