#include "cli/choose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/console.hpp"
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
  std::vector<Planned> ordered;
  std::set<std::string> done;
  auto ready = [&](const Planned& planned) {
    return std::all_of(planned.needs.begin(), planned.needs.end(), [&](const std::string& need) {
      return done.contains(need) || std::none_of(runs.begin(), runs.end(), [&](const Planned& other) {
               return std::find(other.lanes.begin(), other.lanes.end(), need) != other.lanes.end();
             });
    });
  };
  while (!runs.empty()) {
    auto next = std::find_if(runs.begin(), runs.end(), ready);
    if (next == runs.end()) next = runs.begin();
    done.insert(next->lanes.begin(), next->lanes.end());
    ordered.push_back(std::move(*next));
    runs.erase(next);
  }
  runs = std::move(ordered);
}

void add_named(const Catalogue& catalogue, const Lane& named, Choosing& choosing) {
  std::vector<std::pair<const Lane*, std::string>> next{{&named, "named on the command line"}};
  while (!next.empty()) {
    auto [lane, reason] = std::move(next.back());
    next.pop_back();
    auto known = std::any_of(choosing.choices.begin(), choosing.choices.end(),
                             [&](const Choice& choice) { return choice.lane == lane->id; });
    if (known) continue;
    Choice choice;
    choice.lane = lane->id;
    choice.selected = true;
    choice.reason = std::move(reason);
    choosing.choices.push_back(std::move(choice));
    add_lane(choosing, *lane);
    for (const auto& need : lane->needs)
      next.emplace_back(catalogue.find_lane(need), fmt::format("lane {} needs it", lane->id));
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
  for (const auto& name : names) {
    auto lanes = catalogue.find_lanes(name);
    for (const auto* lane : lanes) add_named(catalogue, *lane, choosing);
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
  for (const auto& choice : choosing.choices)
    if (choice.selected) add_lane(choosing, *catalogue.find_lane(choice.lane));
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
