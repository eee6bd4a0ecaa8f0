// Both catalogue files of a tree become one catalogue.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "catalogue/draft.hpp"
#include "catalogue/problems.hpp"

namespace pikaci {
namespace {

std::optional<Value> parse(const std::optional<std::string>& text, std::string_view file, Complaints& problems) {
  if (!text) return std::nullopt;
  auto value = pika::toml::parse(*text, file);
  if (value) return std::move(*value);
  problems.push_back(value.error());
  return std::nullopt;
}

}  // namespace

std::vector<Problem> in_order(Complaints complaints) {
  std::sort(complaints.begin(), complaints.end(), [](const auto& a, const auto& b) {
    return std::tie(a.file, a.line, a.column, a.text) < std::tie(b.file, b.line, b.column, b.text);
  });
  // Cells of one lane say the same.
  auto same = [](const auto& a, const auto& b) {
    return std::tie(a.file, a.line, a.column, a.text) == std::tie(b.file, b.line, b.column, b.text);
  };
  complaints.erase(std::unique(complaints.begin(), complaints.end(), same), complaints.end());
  constexpr std::size_t kMost = 100;
  std::vector<Problem> problems;
  for (const auto& complaint : complaints) {
    if (problems.size() == kMost) {
      problems.push_back({complaint.file, 0, 0, fmt::format("and {} more problems", complaints.size() - kMost)});
      break;
    }
    problems.push_back({complaint.file, complaint.line, complaint.column, complaint.text});
  }
  return problems;
}

CatalogueResult load_catalogue(const FileReader& read) {
  Draft draft;
  auto native_text = read(kCataloguePath);
  auto older_text = read(kOlderCataloguePath);
  draft.catalogue.present = native_text || older_text;
  if (native_text) draft.catalogue.source = kCataloguePath;
  if (auto native = parse(native_text, kCataloguePath, draft.problems)) read_native(*native, draft);
  auto native_lanes = draft.catalogue.lanes.size();
  if (auto older = parse(older_text, kOlderCataloguePath, draft.problems)) {
    read_older(*older, draft);
    if (draft.catalogue.lanes.size() > native_lanes || !native_text) draft.catalogue.source = kOlderCataloguePath;
    if (native_lanes > 0 && draft.catalogue.lanes.size() > native_lanes)
      draft.problems.push_back(
          {std::string(kOlderCataloguePath), 1, 1,
           fmt::format("lanes are in {} too; keep them in one file, and let the older one go", kCataloguePath)});
  }
  return {std::move(draft.catalogue), in_order(std::move(draft.problems))};
}

const Lane* Catalogue::find_lane(std::string_view id) const {
  for (const auto& lane : lanes)
    if (lane.id == id) return &lane;
  return nullptr;
}

std::vector<const Lane*> Catalogue::find_lanes(std::string_view name) const {
  std::vector<const Lane*> found;
  for (const auto& lane : lanes) {
    bool cell = !lane.matrix_lane.empty() && name.size() == lane.matrix_lane.size() + 1 + lane.cell.size() &&
                name.starts_with(lane.matrix_lane) && name[lane.matrix_lane.size()] == '.' && name.ends_with(lane.cell);
    if (lane.id == name || lane.matrix_lane == name || cell) found.push_back(&lane);
  }
  return found;
}

unsigned Catalogue::group_size(const std::string& group) const {
  auto at = group_sizes.find(group);
  return at == group_sizes.end() ? 1 : at->second;
}

std::string Problem::print() const {
  return pika::toml::Problem{file, line, column, text}.print();
}

bool is_catalogue_path(std::string_view path) {
  return path == kCataloguePath || path == kOlderCataloguePath;
}

}  // namespace pikaci
