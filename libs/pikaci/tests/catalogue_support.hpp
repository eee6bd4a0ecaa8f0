// Trees of a few files, held in memory.
#pragma once
#include <map>
#include <string>

#include "pikaci/catalogue.hpp"

inline pikaci::FileReader tree_of(std::map<std::string, std::string> files) {
  return [files = std::move(files)](std::string_view path) -> std::optional<std::string> {
    auto file = files.find(std::string(path));
    if (file == files.end()) return std::nullopt;
    return file->second;
  };
}

// The only problem of a native catalogue, printed; all of them, one a line, when there are more.
inline std::string problems_of(const std::string& text) {
  std::string all;
  for (const auto& problem : pikaci::load_catalogue(tree_of({{"ci/pikaci.toml", text}})).problems)
    all += (all.empty() ? "" : "\n") + problem.print();
  return all;
}
