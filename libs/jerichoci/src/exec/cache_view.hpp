// A declared cache as one job sees it: a folder of its own that begins as what was saved last.
#pragma once
#include <filesystem>
#include <string>

namespace jerichoci {

struct CacheView {
  std::string name;
  std::string path{};                  // in the workspace, relative; empty: /caches/<name>
  std::filesystem::path generation{};  // what it begins as, written by nobody; empty: nothing
  std::string trouble{};               // why it begins empty although there was something
};

}  // namespace jerichoci
