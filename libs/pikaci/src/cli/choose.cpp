#include "cli/choose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "cli/console.hpp"
#include "pika/base/check.hpp"
#include "pika/base/text.hpp"

namespace pikaci {
namespace {

void add_lane(Choosing& choosing, const Lane& lane) {
  if (!lane.unrunnable.empty()) {
    choosing.cannot_run.push_back(fmt::format("lane {}: {}", lane.id, lane.unrunnable));
    return;
  }
  // Lanes of one target share a run if they need the same: else the one would wait for what only the other needs.
  auto planned = std::find_if(choosing.runs.begin(), choosing.runs.end(),
                              [&](const Planned& p) { return p.target == lane.target && p.needs == lane.needs; });
  if (planned == choosing.runs.end()) planned = choosing.runs.insert(planned, Planned{lane.target, {}, {}, lane.needs});
  if (std::find(planned->lanes.begin(), planned->lanes.end(), lane.id) != planned->lanes.end()) return;
  planned->lanes.push_back(lane.id);
  planned->filters.insert(planned->filters.end(), lane.paths.begin(), lane.paths.end());
  auto& groups = planned->concurrency_groups;
  if (!lane.concurrency_group.empty() &&
      std::find(groups.begin(), groups.end(), lane.concurrency_group) == groups.end())
    groups.insert(std::upper_bound(groups.begin(), groups.end(), lane.concurrency_group), lane.concurrency_group);
}

// What is needed first; else as they are. Needs are without cycles, and so are runs: lanes that share one need the
// same.
void order(std::vector<Planned>& runs) {
  std::map<std::string_view, std::size_t> run_of;  // lane -> index
  for (std::size_t i = 0; i < runs.size(); ++i)
    for (const auto& lane : runs[i].lanes) run_of[lane] = i;
  std::vector<std::size_t> missing(runs.size());
  std::vector<std::vector<std::size_t>> waiting(runs.size());
  std::set<std::size_t> ready;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (const auto& need : runs[i].needs)
      if (auto at = run_of.find(need); at != run_of.end()) {
        waiting[at->second].push_back(i);
        ++missing[i];
      }
    if (missing[i] == 0) ready.insert(i);
  }
  std::vector<std::size_t> order;
  while (!ready.empty()) {
    auto first = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(first);
    for (auto next : waiting[first])
      if (--missing[next] == 0) ready.insert(next);
  }
  PIKA_CHECK(order.size() == runs.size(), "runs wait for each other for ever");
  std::vector<Planned> ordered;
  for (auto i : order) ordered.push_back(std::move(runs[i]));
  runs = std::move(ordered);
}

using LanesById = std::unordered_map<std::string_view, const Lane*>;

LanesById by_id(const Catalogue& catalogue) {
  LanesById out;
  for (const auto& lane : catalogue.lanes) out.emplace(lane.id, &lane);
  return out;
}

void add_named(const LanesById& lanes, const Lane& named, std::set<std::string>& known, Choosing& choosing) {
  std::vector<std::pair<const Lane*, std::string>> next{{&named, "named on the command line"}};
  while (!next.empty()) {
    auto [lane, reason] = std::move(next.back());
    next.pop_back();
    if (!known.insert(lane->id).second) continue;
    Choice choice;
    choice.lane = lane->id;
    choice.selected = true;
    choice.reason = std::move(reason);
    choosing.choices.push_back(std::move(choice));
    add_lane(choosing, *lane);
    for (const auto& need : lane->needs)
      if (!known.contains(need)) next.emplace_back(lanes.at(need), fmt::format("lane {} needs it", lane->id));
  }
}

Failure unknown_name(const Catalogue& catalogue, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& lane : catalogue.lanes) {
    known.push_back(lane.id);
    if (!lane.matrix_lane.empty()) known.push_back(lane.matrix_lane);
  }
  for (const auto& [id, target] : catalogue.targets) known.push_back(id);
  return {
      2,
      fmt::format("there is no lane and no target '{}'{}", clip(pika::quote_name(name), 80), did_you_mean(name, known)),
      "pikaci lanes and pikaci targets list them"};
}

}  // namespace

Outcome<Choosing> choose_named(const Catalogue& catalogue, const std::vector<std::string>& names) {
  Choosing choosing;
  auto all = by_id(catalogue);
  std::set<std::string> known;
  for (const auto& name : names) {
    auto lanes = catalogue.find_lanes(name);
    for (const auto* lane : lanes) add_named(all, *lane, known, choosing);
    if (!lanes.empty()) continue;
    if (catalogue.targets.contains(name)) {
      bool there =
          std::any_of(choosing.runs.begin(), choosing.runs.end(), [&](const Planned& p) { return p.target == name; });
      if (!there) choosing.runs.push_back({name, {}, {}});
    } else {
      return std::unexpected(unknown_name(catalogue, name));
    }
  }
  order(choosing.runs);
  return choosing;
}

Choosing choose_changed(const Catalogue& catalogue, const std::vector<std::string>& paths) {
  Choosing choosing;
  choosing.choices = select_lanes(catalogue, paths);
  auto lanes = by_id(catalogue);
  for (const auto& choice : choosing.choices)
    if (choice.selected) add_lane(choosing, *lanes.at(choice.lane));
  order(choosing.runs);
  return choosing;
}

pika::json::Array choices_json(const std::vector<Choice>& choices) {
  json::Array array;
  for (const auto& choice : choices) {
    json::Object object{{"lane", choice.lane}, {"selected", choice.selected}, {"reason", choice.reason}};
    if (!choice.path.empty()) object["path"] = jerichoci::bytes_to_json(choice.path);
    if (!choice.filter.empty()) object["filter"] = jerichoci::bytes_to_json(choice.filter);
    array.push_back(std::move(object));
  }
  return array;
}

}  // namespace pikaci
