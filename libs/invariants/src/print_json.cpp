// A report for programs.
#include "pika/base/text.hpp"
#include "pika/invariants/print.hpp"

namespace pika::invariants {
namespace {

json::Object place(const Violation& v) {
  json::Object out{{"path", to_utf8(v.path)}};
  if (v.line > 0) {
    out["line"] = v.line;
    out["column"] = v.column;
  }
  out["text"] = to_utf8(v.text);
  out["target"] = to_utf8(v.target);
  if (v.cycle.empty()) return out;
  json::Array steps;
  for (const auto& step : v.cycle) {
    json::Object each{{"path", to_utf8(step.path)}, {"target", to_utf8(step.target)}};
    if (step.line > 0) {
      each["line"] = step.line;
      each["column"] = step.column;
      each["text"] = to_utf8(step.text);
    }
    steps.push_back(std::move(each));
  }
  out["cycle"] = std::move(steps);
  return out;
}

json::Array texts(const std::vector<std::string>& list) {
  json::Array out;
  for (const auto& each : list) out.push_back(json::Value(to_utf8(each)));
  return out;
}

json::Object grade_json(const Grade& grade) {
  json::Array evidence;
  for (const auto& each : grade.evidence)
    evidence.push_back(json::Object{{"path", to_utf8(each.path)}, {"line", each.line}, {"quote", each.quote}});
  return json::Object{{"verdict", name_of(grade.verdict)}, {"why", grade.why},
                      {"evidence", std::move(evidence)},   {"not_believed", texts(grade.not_believed)},
                      {"files_shown", grade.shown},        {"files_left_out", grade.left_out}};
}

json::Object finding_json(const Checked& checked, std::size_t index) {
  const auto& finding = checked.report.findings[index];
  const auto& invariant = finding.invariant;
  const auto* change = checked.base ? &checked.base->comparison.findings[index] : nullptr;
  json::Object out{{"id", invariant.id},
                   {"area", to_utf8(invariant.area)},
                   {"kind", invariant.kind == Kind::must ? "must" : "allowed"},
                   {"statement", to_utf8(invariant.statement)}};
  if (!invariant.hint.empty()) out["hint"] = to_utf8(invariant.hint);
  json::Array scope;
  for (const auto& filter : invariant.scope.filters()) scope.push_back(json::Value(to_utf8(filter.text())));
  out["scope"] = std::move(scope);
  out["rule"] = invariant.rule ? json::Value(name_of(invariant.rule->kind)) : json::Value(nullptr);
  out["outcome"] = name_of(finding.outcome);
  out["fails"] = checked.fails(index);
  out["files"] = finding.files;
  out["dependencies"] = finding.dependencies;
  json::Array violations;
  for (std::size_t i = 0; i < finding.violations.size(); ++i) {
    auto each = place(finding.violations[i]);
    if (change) each["new"] = static_cast<bool>(change->is_new[i]);
    violations.push_back(std::move(each));
  }
  out["violations"] = std::move(violations);
  out["truncated"] = finding.truncated;
  if (change) {
    json::Array removed;
    for (const auto& violation : change->removed) removed.push_back(place(violation));
    out["removed"] = std::move(removed);
  }
  if (checked.model && checked.model->grades[index]) out["grade"] = grade_json(*checked.model->grades[index]);
  if (!finding.notes.empty()) out["notes"] = texts(finding.notes);
  return out;
}

}  // namespace

json::Value print_json(const Checked& checked) {
  const auto& report = checked.report;
  json::Object out{{"schema_version", 1},
                   {"name", to_utf8(report.name)},
                   {"tree", checked.tree},
                   {"files", report.files},
                   {"dependencies", report.edges},
                   {"unresolved", report.dangling},
                   {"exit_code", checked.exit_code()}};
  if (checked.base) {
    json::Object base{{"revision", to_utf8(checked.base->revision)}, {"commit", checked.base->commit}};
    if (const auto& rules = checked.base->rules)
      base["rules"] = json::Object{
          {"added", texts(rules->added)}, {"removed", texts(rules->removed)}, {"changed", texts(rules->changed)}};
    out["base"] = std::move(base);
  }
  if (checked.model)
    out["model"] = json::Object{{"name", to_utf8(checked.model->name)}, {"host", to_utf8(checked.model->host)}};
  json::Object counts;
  for (auto outcome : {Outcome::passed, Outcome::failed, Outcome::allowed, Outcome::not_checked})
    counts[name_of(outcome)] = report.count(outcome);
  out["counts"] = std::move(counts);
  json::Array findings;
  for (std::size_t i = 0; i < report.findings.size(); ++i) findings.push_back(finding_json(checked, i));
  out["invariants"] = std::move(findings);
  return out;
}

}  // namespace pika::invariants
