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

// Violations of before and after by one name, that of after.
class Names {
 public:
  explicit Names(const Renames& renames) : renames_(renames) {
    for (const auto& [before, after] : renames) moved_.insert(after);
  }
  const std::string& now(const std::string& path) const {
    auto moved = renames_.find(path);
    return moved == renames_.end() ? path : moved->second;
  }
  Key before(const Violation& v, RuleKind rule) const { return key(now(v.path), v, now(v.target), rule); }
  Key after(const Violation& v, RuleKind rule) const { return key(v.path, v, v.target, rule); }

 private:
  Key key(const std::string& path, const Violation& v, const std::string& target, RuleKind rule) const {
    // What is said of an owner names a line of CODEOWNERS, which moves when another is added.
    const bool any_text = rule == RuleKind::owned_by || moved_.contains(path) || moved_.contains(target);
    return {path, any_text ? std::string() : v.text, target};
  }
  const Renames& renames_;
  std::set<std::string> moved_;
};

using ArcNames = std::set<std::pair<std::string, std::string>>;
ArcNames arcs_of(const Graph& graph, const FilterList& scope, const Names& names) {
  FileSets sets(*graph.tree);
  ArcNames arcs;
  for (const auto& arc : all_arcs(graph, sets.of(scope)))
    arcs.emplace(names.now(graph.name(arc.from)), names.now(graph.name(arc.to)));
  return arcs;
}
bool stands_in(const Violation& cycle, const ArcNames& arcs, const Names& names) {
  return std::all_of(cycle.cycle.begin(), cycle.cycle.end(),
                     [&](const auto& step) { return arcs.contains({names.now(step.path), names.now(step.target)}); });
}

FindingChange compare_cycles(const Finding& head, const Graph& head_graph, const Finding& base, const Graph& base_graph,
                             const Names& names) {
  FindingChange change;
  const Renames nothing;
  const Names as_it_is(nothing);
  const auto before = arcs_of(base_graph, base.invariant.scope, names);
  for (const auto& violation : head.violations)
    change.is_new.push_back(violation.cycle.empty() ? base.violations.empty()
                                                    : !stands_in(violation, before, as_it_is));
  const auto now = arcs_of(head_graph, head.invariant.scope, as_it_is);
  for (const auto& violation : base.violations)
    if (!violation.cycle.empty() && !stands_in(violation, now, names)) change.removed.push_back(violation);
  return change;
}

FindingChange compare_places(const Finding& head, const Finding& base, const Names& names) {
  FindingChange change;
  const auto rule = head.invariant.rule ? head.invariant.rule->kind : RuleKind::must_exist;
  std::map<Key, std::size_t> before;  // how often
  for (const auto& violation : base.violations) ++before[names.before(violation, rule)];
  for (const auto& violation : head.violations) {
    auto& left = before[names.after(violation, rule)];
    change.is_new.push_back(left == 0);
    if (left > 0) --left;
  }
  // Of several alike the last ones are gone.
  for (auto violation = base.violations.rbegin(); violation != base.violations.rend(); ++violation)
    if (auto& left = before[names.before(*violation, rule)]; left > 0) {
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

Comparison compare(const Report& head, const Graph& head_graph, const Report& base, const Graph& base_graph,
                   const Renames& renames) {
  const Names names(renames);
  Comparison comparison;
  for (std::size_t i = 0; i < head.findings.size(); ++i) {
    const auto& now = head.findings[i];
    const auto& before = base.findings[i];
    const bool cycles = now.invariant.rule && now.invariant.rule->kind == RuleKind::no_cycle;
    comparison.findings.push_back(cycles ? compare_cycles(now, head_graph, before, base_graph, names)
                                         : compare_places(now, before, names));
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
