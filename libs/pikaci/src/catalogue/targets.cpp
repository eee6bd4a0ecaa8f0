// [targets.<id>] and their jobs.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "catalogue/draft.hpp"

namespace pikaci {

using pika::toml::show;

namespace {

struct ReadJob {
  jerichoci::JobSpec spec;
  std::vector<pika::toml::Word> needs;
};

std::optional<ReadJob> read_job(const Value& value, const std::string& file, Complaints& problems) {
  TableReader table(keys::job(), value, file, problems);
  ReadJob job;
  auto id = read_id(table, "id", "job");
  job.spec.description = read_words(table, "description");
  if (!table.has("command")) table.complain(table.at(), "this job has no 'command'");
  job.spec.command = read_command(table);
  read_execution(table, job.spec);
  job.needs = table.strings("needs").value_or(std::vector<pika::toml::Word>{});
  table.finish();
  if (!id) return std::nullopt;
  job.spec.id = *id;
  return job;
}

// A job on the way to itself, or nothing. Jobs are few; each is visited once.
class CycleSearch {
 public:
  explicit CycleSearch(const std::vector<ReadJob>& jobs) : jobs_(jobs), state_(jobs.size(), State::unseen) {}

  // The jobs of a cycle, in order, the first again at the end.
  std::vector<std::string> find() {
    for (std::size_t i = 0; i < jobs_.size(); ++i)
      if (state_[i] == State::unseen && visit(i)) return cycle_;
    return {};
  }

 private:
  enum class State { unseen, on_the_way, done };
  struct Step {
    std::size_t job, next_need;
  };

  bool visit(std::size_t start) {
    std::vector<Step> way{{start, 0}};
    state_[start] = State::on_the_way;
    while (!way.empty()) {
      auto& step = way.back();
      const auto& needs = jobs_[step.job].spec.needs;
      if (step.next_need == needs.size()) {
        state_[step.job] = State::done;
        way.pop_back();
        continue;
      }
      auto next = index_of(needs[step.next_need++]);
      if (state_[next] == State::on_the_way) {
        auto from = std::find_if(way.begin(), way.end(), [&](const Step& s) { return s.job == next; });
        for (; from != way.end(); ++from) cycle_.push_back(jobs_[from->job].spec.id);
        cycle_.push_back(jobs_[next].spec.id);
        return true;
      }
      if (state_[next] == State::unseen) {
        state_[next] = State::on_the_way;
        way.push_back({next, 0});
      }
    }
    return false;
  }

  std::size_t index_of(const std::string& id) const {
    return static_cast<std::size_t>(
        std::find_if(jobs_.begin(), jobs_.end(), [&](const ReadJob& job) { return job.spec.id == id; }) -
        jobs_.begin());
  }

  const std::vector<ReadJob>& jobs_;
  std::vector<State> state_;
  std::vector<std::string> cycle_;
};

void check_needs(TableReader& table, std::vector<ReadJob>& jobs) {
  std::vector<std::string> ids;
  for (const auto& job : jobs) ids.push_back(job.spec.id);
  for (auto& job : jobs) {
    std::set<std::string> seen;
    for (const auto& need : job.needs) {
      bool known = std::find(ids.begin(), ids.end(), need.text) != ids.end();
      if (!known)
        table.complain(need.at, fmt::format("job '{}' needs '{}', which is no job of this target{}", job.spec.id,
                                            show(need.text), pika::toml::did_you_mean(need.text, ids)));
      else if (seen.insert(need.text).second)
        job.spec.needs.push_back(need.text);
    }
  }
  auto cycle = CycleSearch(jobs).find();
  if (cycle.empty()) return;
  std::string way;
  for (const auto& id : cycle) way += (way.empty() ? "" : " needs ") + id;
  table.complain(table.at(), fmt::format("jobs wait for each other for ever: {}", way));
}

Target read_target(const std::string& id, const Value& value, const std::string& file, Complaints& problems) {
  TableReader table(keys::target(), value, file, problems);
  Target target{.id = id, .description = read_words(table, "description"), .jobs = {}};
  bool has_jobs = table.has("jobs");
  std::vector<ReadJob> jobs;
  std::set<std::string> ids;
  for (auto* each : table.tables("jobs")) {
    auto job = read_job(*each, file, problems);
    if (!job) continue;
    if (!ids.insert(job->spec.id).second) {
      TableReader at(keys::job(), *each, file, problems);
      at.complain(at.at("id"), fmt::format("target '{}' has a job '{}' already", id, job->spec.id));
      continue;
    }
    jobs.push_back(std::move(*job));
  }
  table.finish();
  check_needs(table, jobs);
  auto* list = value.find("jobs");
  bool empty = !has_jobs || (list->value.kind == pika::toml::Kind::array && list->value.items.empty());
  if (empty) table.complain(table.at(), fmt::format("target '{}' has no jobs; add a [[targets.{}.jobs]]", id, id));
  for (auto& job : jobs) target.jobs.push_back(std::move(job.spec));
  return target;
}

}  // namespace

void read_targets(TableReader& root, Draft& draft, const std::string& file) {
  auto* targets = root.table("targets");
  if (!targets) return;
  for (const auto& entry : targets->entries) {
    if (!is_id(entry.key)) {
      root.complain(entry.at, fmt::format("'{}' is no target id: up to 64 of a-z, 0-9, '-' and '_'", show(entry.key)));
    } else if (entry.value.kind != pika::toml::Kind::table) {
      root.complain(entry.value.at, fmt::format("the target '{0}' must be a table; write [targets.{0}]", entry.key));
    } else {
      draft.catalogue.targets[entry.key] = read_target(entry.key, entry.value, file, draft.problems);
    }
  }
}

}  // namespace pikaci
