#include "selection/path_index.hpp"

#include <algorithm>
#include <numeric>

namespace pikaci {

namespace {

std::string_view whole(std::string_view path) {
  return path;
}

std::string_view name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// From the last byte to the first.
bool reversed_less(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

}  // namespace

PathIndex::PathIndex(const std::vector<std::string>& paths) : paths_(paths), by_path_(paths.size()) {
  std::iota(by_path_.begin(), by_path_.end(), 0u);
  by_name_ = by_end_ = by_path_;
  auto sort = [&](Order& order, auto less) {
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return less(paths_[a], paths_[b]); });
  };
  sort(by_path_, [](std::string_view a, std::string_view b) { return a < b; });
  sort(by_name_, [](std::string_view a, std::string_view b) { return name(a) < name(b); });
  sort(by_end_, reversed_less);
}

PathIndex::Range PathIndex::range(const Order& order, std::string_view key,
                                  std::string_view (*word)(std::string_view)) const {
  auto begin = std::partition_point(order.begin(), order.end(), [&](auto i) { return word(paths_[i]) < key; });
  auto end = std::partition_point(begin, order.end(), [&](auto i) { return word(paths_[i]).starts_with(key); });
  return {&order, static_cast<std::size_t>(begin - order.begin()), static_cast<std::size_t>(end - order.begin())};
}

PathIndex::Range PathIndex::ending_with(std::string_view suffix) const {
  auto begin =
      std::partition_point(by_end_.begin(), by_end_.end(), [&](auto i) { return reversed_less(paths_[i], suffix); });
  auto end =
      std::partition_point(begin, by_end_.end(), [&](auto i) { return std::string_view(paths_[i]).ends_with(suffix); });
  return {&by_end_, static_cast<std::size_t>(begin - by_end_.begin()), static_cast<std::size_t>(end - by_end_.begin())};
}

void PathIndex::mark(const Filter& filter, std::vector<bool>& marks) const {
  for (const auto& hint : filter.hints()) {
    auto best = range(by_path_, hint.prefix, whole);
    auto take = [&](Range other) {
      if (other.end - other.begin < best.end - best.begin) best = other;
    };
    if (!hint.name_prefix.empty()) take(range(by_name_, hint.name_prefix, name));
    if (!hint.suffix.empty()) take(ending_with(hint.suffix));
    for (auto i = best.begin; i < best.end; ++i) marks[(*best.order)[i]] = true;
  }
}

}  // namespace pikaci
