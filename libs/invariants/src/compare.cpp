// What a branch adds to and takes from a tree's violations, and from its rules.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "cycles.hpp"
#include "pika/invariants/evaluate.hpp"
#include "sets.hpp"

namespace pika::invariants {
namespace {

using Key = std::tuple<std::string, std::string, std::string>;
Key key_of(const Violation& violation) {
  return {violation.path, violation.text, violation.target};
}

using ArcNames = std::set<std::pair<std::string, std::string>>;
ArcNames arcs_of(const Graph& graph, const FilterList& scope) {
  FileSets sets(*graph.tree);
  ArcNames names;
  for (const auto& arc : all_arcs(graph, sets.of(scope))) names.emplace(graph.name(arc.from), graph.name(arc.to));
  return names;
}
bool stands_in(const Violation& cycle, const ArcNames& arcs) {
  return std::all_of(cycle.cycle.begin(), cycle.cycle.end(),
                     [&](const auto& step) { return arcs.contains({step.path, step.target}); });
}

FindingChange compare_cycles(const Finding& head, const Graph& head_graph, const Finding& base,
                             const Graph& base_graph) {
  FindingChange change;
  const auto before = arcs_of(base_graph, base.invariant.scope);
  for (const auto& violation : head.violations)
    change.is_new.push_back(violation.cycle.empty() ? base.violations.empty() : !stands_in(violation, before));
  const auto now = arcs_of(head_graph, head.invariant.scope);
  for (const auto& violation : base.violations)
    if (!violation.cycle.empty() && !stands_in(violation, now)) change.removed.push_back(violation);
  return change;
}

FindingChange compare_places(const Finding& head, const Finding& base) {
  FindingChange change;
  std::map<Key, std::size_t> before;  // how often
  for (const auto& violation : base.violations) ++before[key_of(violation)];
  for (const auto& violation : head.violations) {
    auto& left = before[key_of(violation)];
    change.is_new.push_back(left == 0);
    if (left > 0) --left;
  }
  // Of several alike the last ones are gone.
  for (auto violation = base.violations.rbegin(); violation != base.violations.rend(); ++violation)
    if (auto& left = before[key_of(*violation)]; left > 0) {
      --left;
      change.removed.push_back(*violation);
    }
  std::reverse(change.removed.begin(), change.removed.end());
  return change;
}

// All that makes a rule what it is, without its place in the file.
std::string shape(const Invariant& invariant) {
  std::string text = invariant.kind == Kind::allowed ? "allowed" : "must";
  for (const auto& filter : invariant.scope.filters()) text += "\n" + filter.text();
  if (!invariant.rule) return text;
  text += "\n\n" + std::string(name_of(invariant.rule->kind));
  for (const auto& filter : invariant.rule->paths.filters()) text += "\n" + filter.text();
  for (const auto& word : invariant.rule->words) text += "\n" + word;
  return text;
}

}  // namespace

std::size_t FindingChange::added() const {
  return static_cast<std::size_t>(std::count(is_new.begin(), is_new.end(), true));
}

Comparison compare(const Report& head, const Graph& head_graph, const Report& base, const Graph& base_graph) {
  Comparison comparison;
  for (std::size_t i = 0; i < head.findings.size(); ++i) {
    const auto& now = head.findings[i];
    const auto& before = base.findings[i];
    const bool cycles = now.invariant.rule && now.invariant.rule->kind == RuleKind::no_cycle;
    comparison.findings.push_back(cycles ? compare_cycles(now, head_graph, before, base_graph)
                                         : compare_places(now, before));
  }
  return comparison;
}

RuleChanges compare_rules(const InvariantsFile& base, const InvariantsFile& head) {
  RuleChanges changes;
  std::map<std::string, std::string> before;
  for (const auto& invariant : base.invariants) before.emplace(invariant.id, shape(invariant));
  for (const auto& invariant : head.invariants) {
    auto known = before.find(invariant.id);
    if (known == before.end()) {
      changes.added.push_back(invariant.id);
      continue;
    }
    if (known->second != shape(invariant)) changes.changed.push_back(invariant.id);
    before.erase(known);
  }
  for (const auto& invariant : base.invariants)
    if (before.contains(invariant.id)) changes.removed.push_back(invariant.id);
  return changes;
}

}  // namespace pika::invariants
