// [[lane]] of ci/pikaci.toml: one, or one for each cell of its matrix.
#include <fmt/format.h>

#include <algorithm>

#include "catalogue/cycle.hpp"
#include "catalogue/draft.hpp"
#include "catalogue/matrix.hpp"
#include "catalogue/units.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

using pika::toml::show;
using pika::toml::Word;

namespace {

const std::string kFile(kCataloguePath);

std::vector<std::string> read_schedules(TableReader& table, bool nightly) {
  std::vector<std::string> times;
  const auto* value = table.any("nightly_schedule_utc");
  if (!value) return times;
  std::vector<Word> words;
  if (value->kind == pika::toml::Kind::array)
    words = table.strings("nightly_schedule_utc").value_or(std::vector<Word>());
  else if (auto word = table.string("nightly_schedule_utc"))
    words = {*word};
  if (value->kind == pika::toml::Kind::array && value->items.empty())
    table.complain(value->at, "'nightly_schedule_utc' is empty");
  if (!nightly)
    table.complain(table.at_key("nightly_schedule_utc"),
                   "this lane has times of the night and is not 'nightly = true'");
  for (const auto& word : words)
    if (check_time_of_day(table, word)) times.push_back(word.text);
  return times;
}

std::optional<pika::Micros> read_timeout(TableReader& table) {
  auto word = table.string("timeout");
  if (!word) return std::nullopt;
  auto span = parse_span(word->text);
  if (span) return *span;
  table.complain(word->at, pika::join({span.error().what, span.error().advice}, "; "));
  return std::nullopt;
}

// What a lane says of all its jobs.
struct OfAllJobs {
  std::optional<pika::Micros> timeout;
  std::map<jerichoci::FailureKind, unsigned> retries;
  bool any() const { return timeout || !retries.empty(); }
  void apply(jerichoci::JobSpec& job) const {
    if (timeout) job.limits.time = std::min(job.limits.time, *timeout);
    if (job.retries.empty()) job.retries = retries;
  }
};

// A target of this lane alone: under the lane's id, or, where a target has that, beside it.
void add_variant(Draft& draft, TableReader& table, Lane& lane, Target target) {
  auto& targets = draft.catalogue.targets;
  auto id = lane.id;
  if (targets.contains(id) || draft.templates.contains(id)) id += "-lane";
  if (id.size() > 64 || targets.contains(id) || draft.templates.contains(id))
    return table.complain(table.at_key("target"),
                          fmt::format("what lane '{}' runs would be the target '{}', and there is one", lane.id, id));
  target.id = lane.target = id;
  targets[id] = std::move(target);
}

void read_target_of_cell(TableReader& table, Draft& draft, Lane& lane, const Cell& cell, const std::string& id,
                         std::set<std::string>& used, const OfAllJobs& all) {
  auto& found = draft.templates.at(id);
  found.used = true;
  if (!count_made(table, draft, table.at("target"), weight_of(*found.value))) return;
  auto filled = fill(*found.value, &cell, "target", kFile, draft.problems, &used);
  auto target = read_target(lane.id, filled, kFile, draft);
  for (auto& job : target.jobs) all.apply(job);
  add_variant(draft, table, lane, std::move(target));
}

void read_target_name(TableReader& table, Draft& draft, Lane& lane, const Cell* cell, std::set<std::string>& used,
                      const OfAllJobs& all) {
  for (const auto& key : keys::execution())
    if (key.name != "retries" && table.has(key.name))
      table.complain(table.at_key(key.name),
                     fmt::format("'{}' belongs on the jobs of the target, not on a lane that names one", key.name));
  auto word = table.string("target");
  if (!word) return;
  auto& targets = draft.catalogue.targets;
  if (draft.templates.contains(word->text)) {
    if (cell) return read_target_of_cell(table, draft, lane, *cell, word->text, used, all);
    return table.complain(
        word->at, fmt::format("the target '{}' has ${{matrix…}} in it, and this lane has no 'matrix'", word->text));
  }
  if (auto at = targets.find(word->text); at != targets.end()) {
    lane.target = word->text;
    if (!all.any()) return;
    auto variant = at->second;
    for (auto& job : variant.jobs) all.apply(job);
    return add_variant(draft, table, lane, std::move(variant));
  }
  std::vector<std::string> ids;
  for (const auto& [id, target] : targets) ids.push_back(id);
  for (const auto& [id, target] : draft.templates) ids.push_back(id);
  table.complain(word->at,
                 fmt::format("there is no target '{}'{}", show(word->text), pika::toml::did_you_mean(word->text, ids)));
}

void read_own_command(TableReader& table, Draft& draft, Lane& lane, const OfAllJobs& all, bool named) {
  auto job = own_job(table, lane);
  read_execution(table, job, draft);
  bool limited = table.has("limits") && table.any("limits")->find("time");
  if (all.timeout && limited)
    table.complain(table.at_key("timeout"), "'timeout' and 'limits.time' say the same; leave one away");
  all.apply(job);
  if (named) add_own_target(draft, table, lane, std::move(job));
}

void name_cell(TableReader& table, Lane& lane, const Cell& cell, bool own_title) {
  std::vector<std::string> words;
  for (const auto& [name, value] : cell.values) words.push_back(fmt::format("{} {}", name, value));
  if (!own_title) lane.title += fmt::format(" ({})", pika::join(words, ", "));
  lane.matrix_lane = lane.id;
  lane.cell = cell.id;
  lane.values = {cell.values.begin(), cell.values.end()};
  lane.id += "-" + cell.id;
  if (lane.id.size() > 64)
    table.complain(table.at_key("matrix"),
                   fmt::format("a cell would have the id '{}', of more than 64 letters", show(lane.id)));
}

// One lane, or one cell of it; `value` has the cell's values in it. `own_title`: its title tells of them.
void read_one(const Value& value, const Cell* cell, bool own_title, std::set<std::string>& used, Draft& draft) {
  TableReader table(keys::lane(), value, kFile, draft.problems);
  Lane lane;
  auto id = read_id(table, "id", "lane");
  lane.id = id.value_or("");
  lane.title = read_words(table, "title");
  if (lane.title.empty()) lane.title = lane.id;
  if (cell && id) name_cell(table, lane, *cell, own_title);
  lane.entrypoint = read_words(table, "entrypoint");
  read_paths(table, draft, lane);
  lane.concurrency_group = read_words(table, "concurrency_group");
  lane.nightly = table.boolean("nightly").value_or(false);
  lane.schedules_utc = read_schedules(table, lane.nightly);
  lane.required = table.boolean("required");
  if (lane.required == true && lane.nightly)
    table.complain(table.at_key("required"), "a nightly lane is not chosen by changes, and so none could ever land");
  OfAllJobs all{read_timeout(table), {}};
  bool has_target = table.has("target"), has_command = table.has("command");
  if (has_target) {
    all.retries = read_retries(table);
    read_target_name(table, draft, lane, cell, used, all);
  }
  if (has_target && has_command)
    table.complain(table.at_key("command"), "a lane has a 'target' or a 'command', not both");
  else if (has_command)
    read_own_command(table, draft, lane, all, id.has_value());
  if (!has_target && !has_command)
    table.complain(table.at(), "this lane has neither a 'target' nor a 'command', so that it could never run");
  auto needs = table.strings("needs").value_or(std::vector<Word>());
  table.finish();
  if (!id) return;
  if (!needs.empty()) draft.lane_needs[lane.id] = std::move(needs);
  add_lane(draft, table, kFile, std::move(lane));
}

// A matrix of which some value is used nowhere makes cells that are all the same.
void check_used(TableReader& lane, const Cell& cell, const std::set<std::string>& used) {
  const auto* matrix = lane.any("matrix");
  for (const auto& [name, value] : cell.values)
    if (!used.contains(name))
      lane.complain(matrix->find(name)->at,
                    fmt::format("'{0}' is used nowhere: write ${{matrix.{0}}} where its value is meant", name));
}

}  // namespace

void read_lane(const Value& value, Draft& draft) {
  TableReader table(keys::lane(), value, kFile, draft.problems);
  std::set<std::string> used;
  if (!table.has("matrix"))
    return read_one(fill(value, nullptr, "lane", kFile, draft.problems, nullptr), nullptr, false, used, draft);
  auto cells = read_matrix(table, draft);
  if (cells.empty()) return;
  const auto* title = value.find("title");
  bool own_title = title && has_placeholder(title->value);
  auto before = draft.problems.size();
  if (!count_made(table, draft, table.at("matrix"), cells.size() * weight_of(value))) return;
  for (const auto& cell : cells) {
    auto filled = fill(value, &cell, "lane", kFile, draft.problems, &used);
    read_one(filled, &cell, own_title, used, draft);
  }
  if (draft.problems.size() == before) check_used(table, cells.front(), used);
}

void settle_needs(Draft& draft) {
  auto& catalogue = draft.catalogue;
  std::vector<std::string> names;
  std::map<std::string, std::vector<const Lane*>> lanes;  // as Catalogue::find_lanes has them
  for (const auto& lane : catalogue.lanes) {
    names.push_back(lane.id);
    lanes[lane.id].push_back(&lane);
    if (lane.matrix_lane.empty()) continue;
    names.push_back(lane.matrix_lane);
    lanes[lane.matrix_lane].push_back(&lane);
    lanes[lane.matrix_lane + "." + lane.cell].push_back(&lane);
  }
  auto complain = [&](const Word& at, std::string text) {
    draft.problems.push_back({kFile, at.at.line, at.at.column, std::move(text)});
  };
  Needs all;
  for (auto& lane : catalogue.lanes) {
    std::set<std::string_view> seen;
    for (const auto& word : draft.lane_needs[lane.id]) {
      if (draft.enough()) return;
      auto found = lanes.find(word.text);
      if (found == lanes.end()) {
        complain(word, fmt::format("lane '{}' needs '{}', and there is no such lane{}", lane.id, show(word.text),
                                   pika::toml::did_you_mean(word.text, names)));
        continue;
      }
      for (const auto* need : found->second) {
        if (need->nightly && !lane.nightly)
          complain(word, fmt::format("lane '{}' needs '{}', which runs at night only", lane.id, need->id));
        if (seen.insert(need->id).second) lane.needs.push_back(need->id);
      }
    }
    all.emplace_back(lane.id, lane.needs);
  }
  auto cycle = find_cycle(all);
  if (cycle.empty()) return;
  complain(draft.lane_needs[cycle.front()].front(), "lanes wait for each other for ever: " + cycle_words(cycle));
}

}  // namespace pikaci
