// What a catalogue and a tree say about each other: filters that match nothing, files that nobody checks, a policy
// that asks for what is not there.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "pikaci/catalogue.hpp"

namespace pikaci {

enum class FindingKind {
  filter_matches_no_file,
  filter_emptied,  // it matched a file of the base, and matches none now
  file_selects_no_lane,
  no_lanes,               // so that nothing is ever checked
  required_lane_missing,  // or it can never pass
  lane_cannot_run,
  required_differs,   // what a lane says of being required, and what the policy does, which wins
  lane_not_required,  // a word for the reader, no fault
};
std::string_view to_string(FindingKind kind);

struct Finding {
  FindingKind kind{};
  std::string lane{};  // empty where no lane is meant
  std::string filter{};
  std::string path{};  // bytes
  std::string text{};  // a sentence
  std::string file{};  // where it stands in the catalogue; empty: nowhere
  int line = 0, column = 0;
  std::vector<std::string> left{};  // of filter_emptied: the files of the base that it matched
  bool fault() const { return kind != FindingKind::lane_not_required; }
};

// `files` are all paths of the tree; `base_files` those of the base, where there is one.
std::vector<Finding> lint(const Catalogue& catalogue, const Policy& policy, const std::vector<std::string>& files,
                          const std::optional<std::vector<std::string>>& base_files);

}  // namespace pikaci
