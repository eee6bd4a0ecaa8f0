#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "pika/base/text.hpp"
#include "pikaci/filter.hpp"
#include "pikaci/selection.hpp"
#include "selection/path_index.hpp"

namespace pikaci {
namespace {

// The first path in order that the lane's filters choose.
void choose_by_paths(const Lane& lane, const std::vector<std::string>& changed_paths, const PathIndex& index,
                     Choice& choice) {
  auto filters = FilterList::parse(lane.paths);
  if (!filters) {
    // A loaded catalogue holds no such filter; whoever built one by hand gets a lane that runs, not one that hides.
    choice.selected = true;
    choice.reason = filters.error().what;
    return;
  }
  std::vector<bool> candidates(changed_paths.size());
  for (const auto& filter : filters->filters())
    if (!filter.takes_out()) index.mark(filter, candidates);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto& path = changed_paths[i];
    auto* filter = candidates[i] ? filters->choosing(path) : nullptr;
    if (!filter) continue;
    choice.selected = true;
    choice.filter = filter->text();
    choice.path = path;
    choice.reason = fmt::format("{} matches {}", pika::quote_name(path), pika::quote_name(filter->text()));
    return;
  }
  choice.reason = "no path matches";
}

// What a chosen lane needs is chosen too, and what that needs.
void bring_needed(const Catalogue& catalogue, std::vector<Choice>& choices) {
  std::unordered_map<std::string, Choice*> by_id;
  std::vector<std::string> next;
  for (auto& choice : choices) {
    by_id[choice.lane] = &choice;
    if (choice.selected) next.push_back(choice.lane);
  }
  std::unordered_map<std::string_view, const Lane*> lanes;
  for (const auto& lane : catalogue.lanes) lanes[lane.id] = &lane;
  while (!next.empty()) {
    const auto* lane = lanes.at(next.back());
    next.pop_back();
    for (const auto& need : lane->needs) {
      auto at = by_id.find(need);
      if (at == by_id.end() || at->second->selected) continue;
      at->second->selected = true;
      at->second->reason = fmt::format("lane {} needs it", lane->id);
      next.push_back(need);
    }
  }
}

}  // namespace

std::vector<Choice> select_lanes(const Catalogue& catalogue, const std::vector<std::string>& changed_paths) {
  auto catalogue_change = std::find_if(changed_paths.begin(), changed_paths.end(), is_catalogue_path);
  PathIndex index(changed_paths);
  std::vector<Choice> choices;
  for (const auto& lane : catalogue.lanes) {
    if (lane.nightly) continue;
    Choice choice;
    choice.lane = lane.id;
    if (lane.paths.empty()) {
      choice.selected = true;
      choice.reason = "has no paths: always";
    } else if (changed_paths.empty()) {
      choice.selected = true;
      choice.reason = "nothing changed: every lane is selected";
    } else {
      choose_by_paths(lane, changed_paths, index, choice);
      if (!choice.selected && catalogue_change != changed_paths.end()) {
        choice.selected = true;
        choice.path = *catalogue_change;
        choice.reason = fmt::format("{} changed: a change to the catalogue selects every lane", *catalogue_change);
      }
    }
    choices.push_back(std::move(choice));
  }
  bring_needed(catalogue, choices);
  return choices;
}

}  // namespace pikaci
