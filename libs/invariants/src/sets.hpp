// Which files a list of filters chooses, each list looked at once.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "pika/filter/filter.hpp"
#include "pika/invariants/tree.hpp"

namespace pika::invariants {

class FileSets {
 public:
  explicit FileSets(const TreeView& tree) : tree_(tree) {}
  // 1 for each file that is chosen. Valid as long as this object.
  const std::vector<char>& of(const FilterList& filters) {
    std::string key;
    for (const auto& filter : filters.filters()) key += filter.text() + '\0';
    auto [known, is_new] = known_.try_emplace(std::move(key));
    if (is_new)
      for (const auto& path : tree_.paths()) known->second.push_back(filters.choosing(path) ? 1 : 0);
    return known->second;
  }

 private:
  const TreeView& tree_;
  std::map<std::string, std::vector<char>> known_;
};

}  // namespace pika::invariants
