// Workflows of GitHub Actions as a catalogue. What cannot be carried over is left out and listed, by file and line; a
// step that this would change the meaning of is never carried over in part without a word.
//
// Format read: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pikaci/init.hpp"

namespace pikaci {

struct LeftOut {
  std::string file;
  int line = 0;  // 0: the file as a whole
  std::string text;
  std::string print() const;  // ".github/workflows/ci.yml:12: ..."
};

struct Imported {
  std::string text;  // of ci/pikaci.toml; empty: no lane came of it
  std::vector<FirstLane> lanes;
  std::vector<LeftOut> left_out;  // in the order of the files
  int unfinished = 0;             // lanes that are red until what was left out of them is put in
};

// Files by name and content, in order.
Imported import_workflows(const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace pikaci
