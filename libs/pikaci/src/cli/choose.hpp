// From names, or from what changed, to what will run.
#pragma once
#include <string>
#include <vector>

#include "cli/project.hpp"
#include "pika/json/json.hpp"
#include "pikaci/selection.hpp"

namespace pikaci {

// One engine run: a target, for the lanes that asked for it.
struct Planned {
  std::string target;
  std::vector<std::string> lanes;                 // empty when the target was named itself
  std::vector<std::string> filters;               // of those lanes
  std::vector<std::string> needs{};               // lanes that must have passed; their runs come before
  std::vector<std::string> concurrency_groups{};  // of those lanes, sorted
};

struct Choosing {
  std::vector<Planned> runs;            // in catalogue order, what is needed first; each target once
  std::vector<Choice> choices;          // why; of named ones too
  std::vector<std::string> cannot_run;  // sentences: "lane x: staged target 'y' is not in ci/pikaci.toml"
};

// Lanes first, then targets. An unknown name is a Failure with the nearest known one. What is named is never skipped.
// Their needs come with lanes.
Outcome<Choosing> choose_named(const Catalogue& catalogue, const std::vector<std::string>& names);
Choosing choose_changed(const Catalogue& catalogue, const std::vector<std::string>& paths);

pika::json::Array choices_json(const std::vector<Choice>& choices);

}  // namespace pikaci
