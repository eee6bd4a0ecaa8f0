#include "pikaci/lint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
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
    case FindingKind::no_lanes:
      return "no_lanes";
    case FindingKind::required_lane_missing:
      return "required_lane_missing";
    case FindingKind::lane_cannot_run:
      return "lane_cannot_run";
    case FindingKind::required_differs:
      return "required_differs";
    case FindingKind::lane_not_required:
      return "lane_not_required";
  }
  return "";
}

namespace {

bool matches_any(const Filter& filter, const std::vector<std::string>& files) {
  return std::any_of(files.begin(), files.end(), [&](const auto& file) { return filter.matches(file); });
}

std::vector<std::string> matching(const Filter& filter, const std::vector<std::string>& files) {
  std::vector<std::string> found;
  std::copy_if(files.begin(), files.end(), std::back_inserter(found),
               [&](const auto& file) { return filter.matches(file); });
  return found;
}

// "src/a.c, src/b.c and 12 more"
std::string some_of(const std::vector<std::string>& files) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < files.size() && i < kShown; ++i) shown.push_back(pika::quote_name(files[i]));
  auto words = pika::join(shown, ", ");
  return files.size() > kShown ? fmt::format("{} and {} more", words, files.size() - kShown) : words;
}

// Of one lane. A filter that several lanes share through a group is told once.
void check_filters(const Catalogue& catalogue, const Lane& lane, const FilterList& list,
                   const std::vector<std::string>& files, const std::optional<std::vector<std::string>>& base_files,
                   std::set<std::string>& told, std::vector<Finding>& findings) {
  for (std::size_t i = 0; i < list.filters().size(); ++i) {
    const auto& filter = list.filters()[i];
    if (matches_any(filter, files) || !told.insert(filter.text()).second) continue;
    Finding finding;
    finding.lane = lane.id;
    finding.filter = filter.text();
    finding.file = catalogue.source;
    if (i < lane.path_places.size()) {
      finding.line = lane.path_places[i].line;
      finding.column = lane.path_places[i].column;
    }
    if (base_files) finding.left = matching(filter, *base_files);
    finding.kind = finding.left.empty() ? FindingKind::filter_matches_no_file : FindingKind::filter_emptied;
    auto what = fmt::format("lane {}: the filter {} ", lane.id, pika::quote_name(filter.text()));
    if (finding.left.empty())
      what += "matches no file";
    else
      what += fmt::format("matches no file any more; these left it, was a folder renamed? {}", some_of(finding.left));
    finding.text = Problem{finding.file, finding.line, finding.column, what}.print();
    findings.push_back(std::move(finding));
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
    if (policy.targets.empty() || lane.nightly) continue;
    bool asked = required.contains(lane.id);
    auto differs = [&](std::string text) {
      findings.push_back({FindingKind::required_differs, lane.id, {}, {}, std::move(text)});
    };
    if (lane.required == false && asked)
      differs(fmt::format("lane {} says required = false, and {} requires it; the policy wins", lane.id, kPolicyPath));
    else if (lane.required == true && !asked)
      differs(fmt::format("lane {} says required = true, and {} requires it for no branch; the policy wins", lane.id,
                          kPolicyPath));
    else if (!lane.required && !asked)
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
  if (catalogue.lanes.empty())
    findings.push_back({FindingKind::no_lanes,
                        {},
                        {},
                        {},
                        fmt::format("{} has no lanes, so nothing is ever checked", catalogue.source)});
  check_lanes(catalogue, policy, findings);
  std::set<std::string> told;
  std::vector<FilterList> lists;
  bool always = false;
  for (const auto& lane : catalogue.lanes) {
    auto list = FilterList::parse(lane.paths);
    if (!list) continue;  // a catalogue with a malformed filter has problems of its own
    check_filters(catalogue, lane, *list, files, base_files, told, findings);
    if (lane.nightly) continue;
    always = always || lane.paths.empty();
    lists.push_back(std::move(*list));
  }
  if (!always && !catalogue.lanes.empty()) check_files(lists, files, findings);
  return findings;
}

}  // namespace pikaci
