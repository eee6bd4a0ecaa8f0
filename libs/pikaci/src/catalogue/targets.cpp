// [targets.<id>] and their jobs.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "catalogue/cycle.hpp"
#include "catalogue/draft.hpp"
#include "catalogue/matrix.hpp"

namespace pikaci {

using pika::toml::show;

namespace {

struct ReadJob {
  jerichoci::JobSpec spec;
  std::vector<pika::toml::Word> needs;
};

std::optional<ReadJob> read_job(const Value& value, const std::string& file, Draft& draft) {
  TableReader table(keys::job(), value, file, draft.problems);
  ReadJob job;
  auto id = read_id(table, "id", "job");
  job.spec.description = read_words(table, "description");
  if (!table.has("command")) table.complain(table.at(), "this job has no 'command'");
  job.spec.command = read_command(table);
  read_execution(table, job.spec, draft);
  job.needs = table.strings("needs").value_or(std::vector<pika::toml::Word>{});
  table.finish();
  if (!id) return std::nullopt;
  job.spec.id = *id;
  return job;
}

void check_needs(TableReader& table, Draft& draft, std::vector<ReadJob>& jobs) {
  std::vector<std::string> ids;
  for (const auto& job : jobs) ids.push_back(job.spec.id);
  std::set<std::string_view> known_ids(ids.begin(), ids.end());
  for (auto& job : jobs) {
    std::set<std::string> seen;
    for (const auto& need : job.needs) {
      if (draft.enough()) return;
      if (!known_ids.contains(need.text))
        table.complain(need.at, fmt::format("job '{}' needs '{}', which is no job of this target{}", job.spec.id,
                                            show(need.text), pika::toml::did_you_mean(need.text, ids)));
      else if (seen.insert(need.text).second)
        job.spec.needs.push_back(need.text);
    }
  }
  Needs all;
  for (const auto& job : jobs) all.emplace_back(job.spec.id, job.spec.needs);
  auto cycle = find_cycle(all);
  if (!cycle.empty()) table.complain(table.at(), "jobs wait for each other for ever: " + cycle_words(cycle));
}

}  // namespace

Target read_target(const std::string& id, const Value& value, const std::string& file, Draft& draft) {
  TableReader table(keys::target(), value, file, draft.problems);
  Target target{.id = id, .description = read_words(table, "description"), .jobs = {}};
  bool has_jobs = table.has("jobs");
  std::vector<ReadJob> jobs;
  std::set<std::string> ids;
  for (auto* each : table.tables("jobs")) {
    if (draft.enough()) break;
    auto job = read_job(*each, file, draft);
    if (!job) continue;
    if (!ids.insert(job->spec.id).second) {
      TableReader at(keys::job(), *each, file, draft.problems);
      at.complain(at.at("id"), fmt::format("target '{}' has a job '{}' already", id, job->spec.id));
      continue;
    }
    jobs.push_back(std::move(*job));
  }
  table.finish();
  check_needs(table, draft, jobs);
  auto* list = value.find("jobs");
  bool empty = !has_jobs || (list->value.kind == pika::toml::Kind::array && list->value.items.empty());
  if (empty) table.complain(table.at(), fmt::format("target '{}' has no jobs; add a [[targets.{}.jobs]]", id, id));
  for (auto& job : jobs) target.jobs.push_back(std::move(job.spec));
  return target;
}

void read_targets(TableReader& root, Draft& draft, const std::string& file) {
  auto* targets = root.table("targets");
  if (!targets) return;
  for (const auto& entry : targets->entries) {
    if (draft.enough()) return;
    if (!is_id(entry.key)) {
      root.complain(entry.at, fmt::format("'{}' is no target id: up to 64 of a-z, 0-9, '-' and '_'", show(entry.key)));
    } else if (entry.value.kind != pika::toml::Kind::table) {
      root.complain(entry.value.at, fmt::format("the target '{0}' must be a table; write [targets.{0}]", entry.key));
    } else if (has_placeholder(entry.value)) {
      draft.templates[entry.key] = {&entry.value};
    } else {
      draft.catalogue.targets[entry.key] = read_target(entry.key, entry.value, file, draft);
    }
  }
}

}  // namespace pikaci
