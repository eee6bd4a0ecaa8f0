// A first catalogue for a repository, by what its files say about how it is built and tested. Pure but for what it is
// given: the same files and tools give the same text.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pikaci/catalogue.hpp"

namespace pikaci {

struct InitInput {
  std::vector<std::string> files;  // of the tree, sorted
  FileReader read;
  // Where programs of that name are on this host, in the order in which they are looked for, links followed.
  std::function<std::vector<std::filesystem::path>(std::string_view name)> programs;
  std::string command;  // the user's own words, for a shell; empty: look at the files
};

struct FirstLane {
  std::string id, because;  // "test", "CMakeLists.txt"
};

struct FirstCatalogue {
  std::string text;  // of ci/pikaci.toml, every line explained; empty: nothing was recognised
  std::vector<FirstLane> lanes;
  std::vector<std::string> notes;  // what the user should look at, a sentence each
};

FirstCatalogue first_catalogue(const InitInput& input);

}  // namespace pikaci
