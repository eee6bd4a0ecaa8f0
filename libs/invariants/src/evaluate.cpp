// One rule after the other over a graph.
#include "pika/invariants/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "cycles.hpp"
#include "pika/base/text.hpp"
#include "pika/invariants/owners.hpp"
#include "sets.hpp"

namespace pika::invariants {
namespace {

bool speaks_of_dependencies(RuleKind kind) {
  return kind == RuleKind::depends_only_on || kind == RuleKind::must_not_depend_on || kind == RuleKind::no_cycle ||
         kind == RuleKind::public_api_only;
}

class Evaluation {
 public:
  Evaluation(const Graph& graph, FileSets& sets, const std::string& at) : graph_(graph), sets_(sets), at_(at) {}

  Finding run(const Invariant& invariant) {
    Finding finding;
    finding.invariant = invariant;
    finding_ = &finding;
    scope_ = &sets_.of(invariant.scope);
    finding.files = static_cast<std::size_t>(std::count(scope_->begin(), scope_->end(), 1));
    if (!invariant.rule) {
      finding.outcome = invariant.kind == Kind::allowed ? Outcome::allowed : Outcome::not_checked;
      return finding;
    }
    if (looks_at_something(invariant)) check(*invariant.rule);
    in_order(finding);
    finding.outcome = invariant.kind == Kind::allowed ? Outcome::allowed
                      : finding.violations.empty()    ? Outcome::passed
                                                      : Outcome::failed;
    return finding;
  }

 private:
  bool looks_at_something(const Invariant& invariant) {
    const auto kind = invariant.rule->kind;
    std::vector<std::string> filters;
    for (const auto& filter : invariant.scope.filters()) filters.push_back("'" + quote_name(filter.text()) + "'");
    if (finding_->files == 0) {
      if (kind == RuleKind::must_exist) return true;  // says it better
      at_rule(fmt::format("checks nothing: no file is in the scope {}", join(filters, ", ")), join(filters, ", "));
      return false;
    }
    if (!speaks_of_dependencies(kind)) return true;
    for (std::size_t file = 0; file < scope_->size(); ++file)
      if ((*scope_)[file] && language_of(graph_.tree->paths()[file]) != Language::none) return true;
    at_rule(fmt::format("checks nothing: dependencies are read from none of the {} in the scope {}",
                        plural(static_cast<std::int64_t>(finding_->files), "file"), join(filters, ", ")),
            join(filters, ", "));
    return false;
  }

  void check(const Rule& rule) {
    switch (rule.kind) {
      case RuleKind::depends_only_on:
      case RuleKind::must_not_depend_on:
      case RuleKind::public_api_only:
        note_empty_filters(rule);
        return check_edges(rule);
      case RuleKind::must_not_mention:
        return check_mentions(rule);
      case RuleKind::must_exist:
        return check_existence(rule);
      case RuleKind::no_cycle:
        return check_cycles();
      case RuleKind::owned_by:
        return check_owners(rule);
    }
  }

  // A filter may forbid what is not there yet, so this fails nothing; mostly it is a folder that was renamed.
  void note_empty_filters(const Rule& rule) {
    for (const auto& filter : rule.paths.filters()) {
      const auto& paths = graph_.tree->paths();
      if (!filter.takes_out() &&
          std::none_of(paths.begin(), paths.end(), [&](const auto& path) { return filter.matches(path); }))
        finding_->notes.push_back(fmt::format("no file matches '{}' of the rule", quote_name(filter.text())));
    }
  }

  // The files that a node stands for.
  template <class Each>
  void for_files(Node node, const Each& each) const {
    if (!graph_.is_package(node)) return each(node);
    for (auto file : graph_.packages[node - graph_.files()].files) each(file);
  }

  bool breaks(const Edge& edge, RuleKind kind, const std::vector<char>& listed) {
    const bool from_scope = (*scope_)[edge.from];
    if (from_scope == (kind == RuleKind::public_api_only)) return false;
    bool counts = false, broken = false;
    for_files(edge.to, [&](Node file) {
      if (kind == RuleKind::public_api_only) {
        counts = counts || (*scope_)[file];
        broken = broken || ((*scope_)[file] && !listed[file]);
      } else {
        counts = true;
        broken = broken || (kind == RuleKind::must_not_depend_on ? listed[file] : !listed[file] && !(*scope_)[file]);
      }
    });
    finding_->dependencies += counts ? 1 : 0;
    return broken;
  }

  void check_edges(const Rule& rule) {
    const auto& listed = sets_.of(rule.paths);
    for (const auto& edge : graph_.edges) {
      if (!breaks(edge, rule.kind, listed)) continue;
      const auto& reference = graph_.reference(edge.from, edge.reference);
      add({.path = graph_.name(edge.from),
           .line = reference.line,
           .column = reference.column,
           .text = print_reference(reference),
           .target = graph_.name(edge.to),
           .cycle = {}});
    }
  }

  void check_mentions(const Rule& rule) {
    for (std::size_t file = 0; file < scope_->size(); ++file) {
      if (!(*scope_)[file]) continue;
      for (const auto& mention : graph_.tree->mentions(file, rule.words))
        add({.path = graph_.tree->paths()[file],
             .line = mention.line,
             .column = mention.column,
             .text = fmt::format("mentions '{}'", quote_name(rule.words[mention.word])),
             .target = rule.words[mention.word],
             .cycle = {}});
    }
  }

  void check_existence(const Rule& rule) {
    const auto& paths = graph_.tree->paths();
    for (const auto& filter : rule.paths.filters()) {
      if (filter.takes_out()) continue;
      bool there = false;
      for (std::size_t file = 0; file < paths.size() && !there; ++file)
        there = (*scope_)[file] && rule.paths.choosing(paths[file]) == &filter;
      // A later filter may have chosen what this one matches too.
      for (std::size_t file = 0; file < paths.size() && !there; ++file)
        there = (*scope_)[file] && filter.matches(paths[file]) && rule.paths.choosing(paths[file]);
      if (!there) at_rule(fmt::format("no file matches '{}'", quote_name(filter.text())), filter.text());
    }
  }

  void check_cycles() {
    auto cycles = find_cycles(graph_, *scope_, kMostCycles);
    finding_->dependencies = cycles.arcs;
    finding_->truncated = cycles.truncated;
    for (const auto& cycle : cycles.found) {
      Violation violation;
      for (const auto& arc : cycle) {
        Step step{.path = graph_.name(arc.from), .text = {}, .target = graph_.name(arc.to)};
        if (arc.edge >= 0) {
          const auto& edge = graph_.edges[static_cast<std::size_t>(arc.edge)];
          const auto& reference = graph_.reference(edge.from, edge.reference);
          step.line = reference.line;
          step.column = reference.column;
          step.text = print_reference(reference);
        }
        violation.cycle.push_back(std::move(step));
      }
      const auto& first = violation.cycle.front();
      violation.path = first.path;
      violation.line = first.line;
      violation.column = first.column;
      violation.target = first.target;
      violation.text =
          fmt::format("a cycle of {}", plural(static_cast<std::int64_t>(cycle.size()), "dependency", "dependencies"));
      add(std::move(violation));
    }
  }

  void check_owners(const Rule& rule) {
    const auto file = find_owners(*graph_.tree);
    if (!file)
      return at_rule("there is no CODEOWNERS: neither .github/CODEOWNERS nor CODEOWNERS nor docs/CODEOWNERS",
                     "CODEOWNERS");
    for (std::size_t i = 0; i < scope_->size(); ++i) {
      if (!(*scope_)[i]) continue;
      const auto& path = graph_.tree->paths()[i];
      const auto* line = file->owners.of(path);
      const bool owned = line && std::any_of(line->owners.begin(), line->owners.end(), [&](const auto& owner) {
                           return std::any_of(rule.words.begin(), rule.words.end(),
                                              [&](const auto& word) { return lower(word) == lower(owner); });
                         });
      if (owned) continue;
      auto owners = line ? join(line->owners, ", ") : std::string();
      auto text = !line            ? fmt::format("no line of {} is about it", file->path)
                  : owners.empty() ? fmt::format("owned by nobody ({}:{})", file->path, line->line)
                                   : fmt::format("owned by {} ({}:{})", quote_name(owners), file->path, line->line);
      add({.path = path, .line = 0, .column = 0, .text = std::move(text), .target = owners, .cycle = {}});
    }
  }

  void at_rule(std::string text, std::string target) {
    const auto& at = finding_->invariant.rule->at;
    add({.path = at_,
         .line = static_cast<std::uint32_t>(at.line),
         .column = static_cast<std::uint32_t>(at.column),
         .text = std::move(text),
         .target = std::move(target),
         .cycle = {}});
  }

  void add(Violation violation) {
    if (finding_->violations.size() < kMostViolations)
      finding_->violations.push_back(std::move(violation));
    else
      finding_->truncated = true;
  }

  static void in_order(Finding& finding) {
    if (finding.invariant.rule->kind == RuleKind::no_cycle) return;
    auto key = [](const Violation& v) { return std::tie(v.path, v.line, v.column, v.target); };
    std::sort(finding.violations.begin(), finding.violations.end(),
              [&](const auto& a, const auto& b) { return key(a) < key(b); });
  }

  const Graph& graph_;
  FileSets& sets_;
  const std::string& at_;
  Finding* finding_ = nullptr;
  const std::vector<char>* scope_ = nullptr;
};

}  // namespace

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::allowed:
      return "allowed";
    case Outcome::not_checked:
      return "not-checked";
  }
  return {};
}

std::size_t Report::count(Outcome outcome) const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const auto& f) { return f.outcome == outcome; }));
}

Report evaluate(const InvariantsFile& file, const Graph& graph, const std::string& at) {
  Report report;
  report.name = file.name;
  report.files = graph.files();
  report.edges = graph.edges.size();
  report.dangling = graph.dangling.size();
  FileSets sets(*graph.tree);
  Evaluation evaluation(graph, sets, at);
  for (const auto& invariant : file.invariants) report.findings.push_back(evaluation.run(invariant));
  return report;
}

}  // namespace pika::invariants
