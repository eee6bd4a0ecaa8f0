// pikaci lint, doctor: is the catalogue right, is this host.
#include <fmt/format.h>

#include <algorithm>

#include "cli/console.hpp"
#include "cli/engine.hpp"
#include "cli/outcome.hpp"
#include "cli/progress.hpp"
#include "cli/project.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"
#include "pikaci/lint.hpp"

namespace pikaci {

namespace {

json::Value finding_json(const Finding& finding) {
  json::Object object{{"kind", to_string(finding.kind)}, {"fault", finding.fault()}, {"text", finding.text}};
  if (!finding.lane.empty()) object["lane"] = finding.lane;
  if (!finding.filter.empty()) object["filter"] = jerichoci::bytes_to_json(finding.filter);
  if (!finding.path.empty()) object["path"] = jerichoci::bytes_to_json(finding.path);
  if (finding.line > 0) {
    object["file"] = finding.file;
    object["line"] = finding.line;
    object["column"] = finding.column;
  }
  if (!finding.left.empty()) {
    json::Array left;
    for (const auto& file : finding.left) left.push_back(jerichoci::bytes_to_json(file));
    object["left"] = std::move(left);
  }
  return object;
}

// Files that select no lane may be thousands; the first tell the story.
void say_findings(Console& console, const std::vector<Finding>& findings) {
  constexpr std::int64_t kShownFiles = 20;
  std::int64_t files = 0;
  for (const auto& finding : findings) {
    if (finding.kind == FindingKind::file_selects_no_lane && ++files > kShownFiles) continue;
    console.say((finding.fault() ? console.paint(Ink::bad, "✗ ") : console.paint(Ink::faint, "· ")) + finding.text);
  }
  if (files > kShownFiles)
    console.say(fmt::format("  and {} that select no lane; --output json names them all",
                            pika::plural(files - kShownFiles, "more file", "more files")));
}

}  // namespace

int cli_lint(const CliContext& context, const Range& range) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto project = CLI_TRY(Project::find(context.folder));
    auto catalogue = CLI_TRY(project.catalogue());
    auto policy = CLI_TRY(project.policy());
    std::optional<std::vector<std::string>> base_files;
    if (auto changes = project.changes(range))
      base_files = project.files_at(changes->merge_base);
    else if (!range.base.empty())
      return std::unexpected(std::move(changes.error()));
    auto findings = lint(catalogue, policy, project.files(), base_files);
    auto faults = std::count_if(findings.begin(), findings.end(), [](const Finding& f) { return f.fault(); });
    bool policy_fault = std::any_of(findings.begin(), findings.end(),
                                    [](const Finding& f) { return f.kind == FindingKind::required_lane_missing; });
    say_findings(console, findings);
    console.say(faults == 0 ? fmt::format("{}, {}: in order",
                                          pika::plural(static_cast<std::int64_t>(catalogue.lanes.size()), "lane"),
                                          pika::plural(static_cast<std::int64_t>(catalogue.targets.size()), "target"))
                            : pika::plural(faults, "fault"));
    json::Array array;
    for (const auto& finding : findings) array.push_back(finding_json(finding));
    int exit_code = policy_fault ? 7 : faults > 0 ? 1 : 0;
    console.document(json::Object{
        {"schema_version", 1}, {"findings", std::move(array)}, {"faults", faults}, {"exit_code", exit_code}});
    return exit_code;
  });
}

int cli_doctor(const CliContext& context) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto project = Project::find(context.folder);
    std::string catalogue_words = "not in a repository";
    int exit_code = 0;
    if (project) {
      auto catalogue = project->catalogue();
      catalogue_words = catalogue
                            ? fmt::format("{} with {}", catalogue->source,
                                          pika::plural(static_cast<std::int64_t>(catalogue->lanes.size()), "lane"))
                            : printable(catalogue.error().what);
    }
    auto engine = CLI_TRY(open_engine(context));
    auto report = engine->isolation();
    if (!report.sandbox) exit_code = 4;
    auto git = pika::proc::run({.argv = {"git", "--version"}});
    auto git_words = git.ok() ? std::string(pika::trim(git.out)) : std::string("git is missing");
    if (!git.ok()) exit_code = 4;
    std::vector<std::vector<std::string>> rows;
    auto row = [&](bool good, std::string what, std::string words) {
      rows.push_back({mark(console, good ? "passed" : "failed"), std::move(what), std::move(words)});
    };
    row(project.has_value(), "repository",
        project ? printable(pika::quote_name(project->root().string())) : "none here");
    row(project.has_value() && catalogue_words.find(" with ") != std::string::npos, "catalogue", catalogue_words);
    row(true, "state", printable(context.state_root.string()));
    row(git.ok(), "git", git_words);
    row(report.sandbox, "sandbox",
        report.sandbox ? fmt::format("bubblewrap, {} workspaces", report.workspace_kind) : printable(report.why_not));
    if (!report.sandbox && !report.remedy.empty()) rows.push_back({"", "", "mend it: " + printable(report.remedy)});
    // Nothing needs it but prepared outputs by nix: its absence is no fault.
    auto nix = engine->nix();
    rows.push_back({mark(console, nix.usable ? "passed" : "skipped"), "nix", printable(nix.words)});
    if (!nix.usable) rows.push_back({"", "", "for prepared outputs by nix: " + printable(nix.remedy)});
    json::Object roots;
    for (const auto& [name, path] : context.roots) {
      auto digest = engine->root_digest(name);
      row(digest.has_value(), "root " + name, digest ? *digest : printable(digest.error().text()));
      if (!digest) exit_code = 4;
      roots[name] = digest ? json::Value(*digest) : json::Value(nullptr);
    }
    for (const auto& limit : report.limits) rows.push_back({"", "limit", printable(limit)});
    console.say(table(rows));
    console.document(json::Object{
        {"schema_version", 1},
        {"repository", project ? jerichoci::bytes_to_json(project->root().string()) : json::Value(nullptr)},
        {"catalogue", catalogue_words},
        {"state", jerichoci::bytes_to_json(context.state_root.string())},
        {"git", git_words},
        {"sandbox", report.sandbox},
        {"why_not", report.why_not},
        {"remedy", report.remedy},
        {"workspace_kind", report.workspace_kind},
        {"limits", names_json(report.limits)},
        {"nix", nix.usable},
        {"nix_words", pika::to_utf8(nix.words)},
        {"roots", std::move(roots)},
        {"exit_code", exit_code}});
    return exit_code;
  });
}

}  // namespace pikaci
