// Which of many paths a filter could match at all: by the literal bytes that it begins with, ends with, or that a
// file's name begins with. It never leaves out a path that matches; the filter itself decides.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pikaci/filter.hpp"

namespace pikaci {

class PathIndex {
 public:
  // Keeps a reference.
  explicit PathIndex(const std::vector<std::string>& paths);
  // Marks the places of the paths that this filter could match; `marks` has one entry a path.
  void mark(const Filter& filter, std::vector<bool>& marks) const;

 private:
  using Order = std::vector<std::uint32_t>;
  struct Range {
    const Order* order;
    std::size_t begin, end;
  };
  Range range(const Order& order, std::string_view key, std::string_view (*word)(std::string_view)) const;
  Range ending_with(std::string_view suffix) const;
  const std::vector<std::string>& paths_;
  Order by_path_, by_name_, by_end_;
};

}  // namespace pikaci
