#include "cli/choose.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/console.hpp"
#include "pika/base/text.hpp"

namespace pikaci {
namespace {

void add_lane(Choosing& choosing, const Lane& lane) {
  if (!lane.unrunnable.empty()) {
    choosing.cannot_run.push_back(fmt::format("lane {}: {}", lane.id, lane.unrunnable));
    return;
  }
  auto planned = std::find_if(choosing.runs.begin(), choosing.runs.end(),
                              [&](const Planned& p) { return p.target == lane.target; });
  if (planned == choosing.runs.end()) planned = choosing.runs.insert(planned, Planned{lane.target, {}, {}});
  if (std::find(planned->lanes.begin(), planned->lanes.end(), lane.id) != planned->lanes.end()) return;
  planned->lanes.push_back(lane.id);
  planned->filters.insert(planned->filters.end(), lane.paths.begin(), lane.paths.end());
}

Failure unknown_name(const Catalogue& catalogue, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& lane : catalogue.lanes) known.push_back(lane.id);
  for (const auto& [id, target] : catalogue.targets) known.push_back(id);
  return {
      2,
      fmt::format("there is no lane and no target '{}'{}", clip(pika::quote_name(name), 80), did_you_mean(name, known)),
      "pikaci lanes and pikaci targets list them"};
}

Choice named(const std::string& id) {
  Choice choice;
  choice.lane = id;
  choice.selected = true;
  choice.reason = "named on the command line";
  return choice;
}

}  // namespace

Outcome<Choosing> choose_named(const Catalogue& catalogue, const std::vector<std::string>& names) {
  Choosing choosing;
  for (const auto& name : names) {
    if (auto* lane = catalogue.find_lane(name)) {
      choosing.choices.push_back(named(name));
      add_lane(choosing, *lane);
    } else if (catalogue.targets.contains(name)) {
      bool there =
          std::any_of(choosing.runs.begin(), choosing.runs.end(), [&](const Planned& p) { return p.target == name; });
      if (!there) choosing.runs.push_back({name, {}, {}});
    } else {
      return std::unexpected(unknown_name(catalogue, name));
    }
  }
  return choosing;
}

Choosing choose_changed(const Catalogue& catalogue, const std::vector<std::string>& paths) {
  Choosing choosing;
  choosing.choices = select_lanes(catalogue, paths);
  for (const auto& choice : choosing.choices)
    if (choice.selected) add_lane(choosing, *catalogue.find_lane(choice.lane));
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
