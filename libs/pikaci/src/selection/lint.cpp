#include "pikaci/lint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "pika/base/text.hpp"
#include "pikaci/filter.hpp"

namespace pikaci {

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::filter_matches_no_file:
      return "filter_matches_no_file";
    case FindingKind::filter_emptied:
      return "filter_emptied";
    case FindingKind::file_selects_no_lane:
      return "file_selects_no_lane";
    case FindingKind::required_lane_missing:
      return "required_lane_missing";
    case FindingKind::lane_cannot_run:
      return "lane_cannot_run";
    case FindingKind::lane_not_required:
      return "lane_not_required";
  }
  return "";
}

namespace {

bool matches_any(const Filter& filter, const std::vector<std::string>& files) {
  return std::any_of(files.begin(), files.end(), [&](const auto& file) { return filter.matches(file); });
}

// Of one lane. A filter that several lanes share through a group is told once.
void check_filters(const Lane& lane, const FilterList& list, const std::vector<std::string>& files,
                   const std::optional<std::vector<std::string>>& base_files, std::set<std::string>& told,
                   std::vector<Finding>& findings) {
  for (const auto& filter : list.filters()) {
    if (matches_any(filter, files) || !told.insert(filter.text()).second) continue;
    auto shown = pika::quote_name(filter.text());
    bool emptied = base_files && matches_any(filter, *base_files);
    auto text =
        emptied ? fmt::format(
                      "lane {}: the filter {} matched files of the base and matches none now; was a folder renamed?",
                      lane.id, shown)
                : fmt::format("lane {}: the filter {} matches no file", lane.id, shown);
    findings.push_back({emptied ? FindingKind::filter_emptied : FindingKind::filter_matches_no_file,
                        lane.id,
                        filter.text(),
                        {},
                        std::move(text)});
  }
}

void check_files(const std::vector<FilterList>& lists, const std::vector<std::string>& files,
                 std::vector<Finding>& findings) {
  for (const auto& file : files) {
    if (is_catalogue_path(file)) continue;
    bool chosen =
        std::any_of(lists.begin(), lists.end(), [&](const auto& list) { return list.choosing(file) != nullptr; });
    if (chosen) continue;
    findings.push_back(
        {FindingKind::file_selects_no_lane,
         {},
         {},
         file,
         fmt::format("{} selects no lane: a change to it alone has nothing to run", pika::quote_name(file))});
  }
}

void check_lanes(const Catalogue& catalogue, const Policy& policy, std::vector<Finding>& findings) {
  std::set<std::string> required;
  for (const auto& [branch, target] : policy.targets)
    for (const auto& id : required_lanes(policy, catalogue, branch)) required.insert(id);
  for (const auto& lane : catalogue.lanes) {
    if (!lane.unrunnable.empty())
      findings.push_back(
          {FindingKind::lane_cannot_run, lane.id, {}, {}, fmt::format("lane {}: {}", lane.id, lane.unrunnable)});
    if (policy.targets.empty() || lane.nightly || required.contains(lane.id)) continue;
    // Its own word and the policy's differ: a fault. Where neither asks for it, a word for the reader.
    if (lane.required == true)
      findings.push_back({FindingKind::required_lane_missing,
                          lane.id,
                          {},
                          {},
                          fmt::format("lane {} says required = true, and {} requires it for no branch; the policy wins",
                                      lane.id, kPolicyPath)});
    else if (!lane.required)
      findings.push_back(
          {FindingKind::lane_not_required, lane.id, {}, {}, fmt::format("lane {} is required by no target", lane.id)});
  }
}

}  // namespace

std::vector<Finding> lint(const Catalogue& catalogue, const Policy& policy, const std::vector<std::string>& files,
                          const std::optional<std::vector<std::string>>& base_files) {
  std::vector<Finding> findings;
  for (const auto& problem : check_policy(policy, catalogue))
    findings.push_back({FindingKind::required_lane_missing, {}, {}, {}, problem.print()});
  check_lanes(catalogue, policy, findings);
  std::set<std::string> told;
  std::vector<FilterList> lists;
  bool always = false;
  for (const auto& lane : catalogue.lanes) {
    auto list = FilterList::parse(lane.paths);
    if (!list) continue;  // a catalogue with a malformed filter has problems of its own
    check_filters(lane, *list, files, base_files, told, findings);
    if (lane.nightly) continue;
    always = always || lane.paths.empty();
    lists.push_back(std::move(*list));
  }
  if (!always && !catalogue.lanes.empty()) check_files(lists, files, findings);
  return findings;
}

}  // namespace pikaci
