#include "pika/invariants/commands.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"
#include "pika/toml/reader.hpp"
#include "workspace.hpp"

namespace pika::invariants {
namespace {

// Like PIKA_TRY, for what ends a command.
#define TRY(...)                                                    \
  __extension__({                                                   \
    auto result = (__VA_ARGS__);                                    \
    if (!result) return std::unexpected(std::move(result).error()); \
    std::move(*result);                                             \
  })

Expected<git::Oid> base_commit(const Workspace& workspace, const std::string& revision) {
  if (!workspace.repository)
    return std::unexpected(
        Failure(2, "there is no git repository here, so no commit to compare with", "leave --base out"));
  const auto& repository = *workspace.repository;
  auto wanted = repository.resolve_commit(revision);
  if (!wanted)
    return std::unexpected(Failure(2, fmt::format("there is no commit '{}' here", quote_name(revision)),
                                   "git log and git branch -a show what there is"));
  auto head = workspace.commit ? Result<git::Oid>(*workspace.commit) : repository.resolve_commit("HEAD");
  if (!head) return std::unexpected(Failure(2, "there is no commit yet, so nothing to compare with", "commit first"));
  // Two lines of history without a common commit are compared as they are.
  return repository.merge_base(*head, *wanted).value_or(*wanted);
}

std::optional<RuleChanges> rule_changes(const Workspace& workspace, const Session& session, const git::Oid& base,
                                        const InvariantsFile& head) {
  if (!session.file.empty()) return RuleChanges();
  auto text = workspace.repository->file(base, kInvariantsPath);
  if (!text) return std::nullopt;
  auto before = read_invariants(*text);
  if (!before.problems.empty()) return std::nullopt;
  return compare_rules(before.file, head);
}

json::Object invariant_json(const Invariant& invariant) {
  json::Array scope;
  for (const auto& filter : invariant.scope.filters()) scope.push_back(json::Value(to_utf8(filter.text())));
  json::Object out{{"id", invariant.id},
                   {"area", to_utf8(invariant.area)},
                   {"kind", invariant.kind == Kind::must ? "must" : "allowed"},
                   {"statement", to_utf8(invariant.statement)},
                   {"hint", to_utf8(invariant.hint)},
                   {"scope", std::move(scope)},
                   {"rule", nullptr},
                   {"line", invariant.at.line}};
  if (!invariant.rule) return out;
  json::Object rule{{"name", name_of(invariant.rule->kind)}};
  json::Array values;
  for (const auto& filter : invariant.rule->paths.filters()) values.push_back(json::Value(to_utf8(filter.text())));
  for (const auto& word : invariant.rule->words) values.push_back(json::Value(to_utf8(word)));
  rule["values"] = std::move(values);
  out["rule"] = std::move(rule);
  return out;
}

Expected<int> run_check(const Session& session, const CheckOptions& options) {
  if (options.only_new == OnlyNew::yes && options.base.empty())
    return std::unexpected(Failure(2, "--only-new wants to know what was there before", "name it with --base REV"));
  auto workspace = TRY(Workspace::open(session));
  std::optional<git::Oid> base;
  if (!options.base.empty()) base = TRY(base_commit(*workspace, options.base));
  const auto tree = TRY(workspace->tree());
  const auto rules = TRY(workspace->rules(session, *tree));
  const auto at = session.file.empty() ? std::string(kInvariantsPath) : session.file.string();
  const auto graph_now = build_graph(*tree);
  Checked checked;
  checked.report = evaluate(rules, graph_now, at);
  checked.tree = workspace->commit ? workspace->commit->hex() : "work tree";
  checked.only_new = options.only_new;
  if (base) {
    const auto before = open_revision(*workspace->repository, *base, workspace->store);
    const auto graph_before = build_graph(*before);
    const auto report_before = evaluate(rules, graph_before, at);
    const auto renames = TRY(workspace->renames_since(*base));
    checked.base = Checked::Base{.revision = options.base,
                                 .commit = base->hex(),
                                 .comparison = compare(checked.report, graph_now, report_before, graph_before, renames),
                                 .rules = rule_changes(*workspace, session, *base, rules)};
  }
  if (options.grader.ask)
    checked.model = Checked::Model{
        .name = options.grader.model, .host = options.grader.host, .grades = grade(rules, *tree, options.grader)};
  if (session.json)
    session.out(json::print_pretty(print_json(checked)));
  else
    session.out(print_human(checked, {.colour = session.colour, .most_places = options.all ? SIZE_MAX : kUsualPlaces}));
  return checked.exit_code();
}

Expected<int> run_list(const Session& session) {
  auto workspace = TRY(Workspace::open(session));
  const auto tree = TRY(workspace->tree());
  const auto rules = TRY(workspace->rules(session, *tree));
  if (session.json) {
    json::Array all;
    for (const auto& invariant : rules.invariants) all.push_back(invariant_json(invariant));
    session.out(json::print_pretty(
        json::Object{{"schema_version", 1}, {"name", to_utf8(rules.name)}, {"invariants", std::move(all)}}));
    return 0;
  }
  std::size_t width = 0;
  for (const auto& invariant : rules.invariants) width = std::max(width, invariant.id.size());
  for (const auto& invariant : rules.invariants)
    session.out(fmt::format("{:{}}  {:7}  {:18}  {}\n", invariant.id, width,
                            invariant.kind == Kind::must ? "must" : "allowed",
                            invariant.rule ? name_of(invariant.rule->kind) : "-", printable(invariant.statement)));
  return 0;
}

Expected<int> run_names(const Session& session) {
  auto workspace = TRY(Workspace::open(session));
  const auto tree = TRY(workspace->tree());
  const auto rules = TRY(workspace->rules(session, *tree));
  for (const auto& invariant : rules.invariants) session.out(invariant.id + "\n");
  return 0;
}

Expected<int> run_explain(const Session& session, const std::string& id) {
  auto workspace = TRY(Workspace::open(session));
  const auto tree = TRY(workspace->tree());
  auto rules = TRY(workspace->rules(session, *tree));
  const auto found =
      std::find_if(rules.invariants.begin(), rules.invariants.end(), [&](const auto& i) { return i.id == id; });
  if (found == rules.invariants.end()) {
    std::vector<std::string> ids;
    for (const auto& invariant : rules.invariants) ids.push_back(invariant.id);
    return std::unexpected(
        Failure(2, fmt::format("there is no invariant '{}'{}", quote_name(id), toml::did_you_mean(id, ids)),
                "pika-invariants list shows them"));
  }
  Checked checked;
  const auto at = session.file.empty() ? std::string(kInvariantsPath) : session.file.string();
  checked.report = evaluate({.name = rules.name, .invariants = {*found}}, build_graph(*tree), at);
  checked.tree = workspace->commit ? workspace->commit->hex() : "work tree";
  const auto& finding = checked.report.findings[0];
  if (session.json) {
    auto out = invariant_json(*found);
    out["schema_version"] = 1;
    out["outcome"] = name_of(finding.outcome);
    out["files"] = finding.files;
    out["violations"] = finding.violations.size();
    if (found->rule) out["explanation"] = to_utf8(explain_rule(*found->rule));
    session.out(json::print_pretty(out));
    return 0;
  }
  std::string text =
      fmt::format("{}  ({}:{})\n\n{}\n\n", id, quote_name(at), found->at.line, printable(found->statement));
  text += fmt::format("area   {}\n", printable(found->area));
  text += fmt::format("kind   {}\n", found->kind == Kind::must ? "must: a violation fails the check"
                                                               : "allowed: documents, and never fails");
  text += fmt::format("scope  {}: {}\n", print_filters(found->scope),
                      plural(static_cast<std::int64_t>(finding.files), "file"));
  text += fmt::format("rule   {}\n", found->rule ? print_rule(*found->rule) : "none: not machine-checked");
  if (found->rule) text += fmt::format("       {}\n", explain_rule(*found->rule));
  if (!found->hint.empty()) text += fmt::format("hint   {}\n", printable(found->hint));
  text += fmt::format("now    {}", name_of(finding.outcome));
  if (finding.dependencies > 0)
    text += fmt::format("; {} held against it",
                        plural(static_cast<std::int64_t>(finding.dependencies), "dependency was", "dependencies were"));
  if (!finding.violations.empty())
    text += fmt::format("; {}, which pika-invariants check shows",
                        plural(static_cast<std::int64_t>(finding.violations.size()), "violation"));
  session.out(text + "\n");
  return 0;
}

Expected<int> run_graph(const Session& session, const std::vector<std::string>& filters, Show show) {
  std::optional<FilterList> wanted;
  if (!filters.empty()) {
    auto parsed = FilterList::parse(filters);
    if (!parsed) return std::unexpected(Failure(parsed.error()));
    wanted = std::move(*parsed);
  }
  auto workspace = TRY(Workspace::open(session));
  const auto tree = TRY(workspace->tree());
  const auto all = build_graph(*tree);
  json::Array items;
  std::string text;
  const auto add = [&](Node from, std::uint32_t index, const std::string* to) {
    if (wanted && !wanted->choosing(all.name(from))) return;
    const auto& reference = all.reference(from, index);
    if (session.json) {
      json::Object item{{"path", to_utf8(all.name(from))},
                        {"line", reference.line},
                        {"column", reference.column},
                        {"text", to_utf8(print_reference(reference))}};
      if (to) item["target"] = to_utf8(*to);
      items.push_back(std::move(item));
    } else {
      text += fmt::format("{}:{}:{}  {}{}\n", quote_name(all.name(from)), reference.line, reference.column,
                          printable(print_reference(reference)), to ? " -> " + quote_name(*to) : std::string());
    }
  };
  if (show == Show::edges)
    for (const auto& edge : all.edges) add(edge.from, edge.reference, &all.name(edge.to));
  else
    for (const auto& edge : all.dangling) add(edge.from, edge.reference, nullptr);
  if (session.json)
    text = json::print_pretty(
        json::Object{{"schema_version", 1}, {show == Show::edges ? "dependencies" : "unresolved", std::move(items)}});
  session.out(text);
  return 0;
}

#undef TRY

}  // namespace

int check(const Session& session, const CheckOptions& options) {
  return guarded(session, [&] { return run_check(session, options); });
}
int list(const Session& session) {
  return guarded(session, [&] { return run_list(session); });
}
int names(const Session& session) {
  return guarded(session, [&] { return run_names(session); });
}
int explain(const Session& session, const std::string& id) {
  return guarded(session, [&] { return run_explain(session, id); });
}
int graph(const Session& session, const std::vector<std::string>& filters, Show show) {
  return guarded(session, [&] { return run_graph(session, filters, show); });
}

}  // namespace pika::invariants
