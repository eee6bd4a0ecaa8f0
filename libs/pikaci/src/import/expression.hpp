// "${{ ... }}" in the text of a workflow: what has the same meaning here is put in, the rest is named.
// https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace pikaci {

struct Names {
  std::map<std::string, std::string> matrix, env, inputs{};
  std::set<std::string> events{};  // what starts the lane: some of push, pull_request, merge_group; or schedule
  std::set<std::string> at_run{};  // variables that only the running shell knows
  bool all_at_run = false;         // as an earlier step set some
  std::set<std::string>* secrets = nullptr;  // those that are used are added
};

// The text with its expressions replaced. nullopt: one has no meaning here; `which` names it.
//
// `shell`: for a script, where a variable can stand if it is not in single quotes; else only values that are known now
// may. Lanes are for branches of this repository: a guard against forks ("github.repository == 'a/b'") holds.
std::optional<std::string> replace_expressions(std::string_view text, const Names& names, bool shell,
                                               std::string& which);

// Of a condition ("matrix.os == 'ubuntu-latest'", with or without the braces). nullopt: it depends on what is not known
// here.
std::optional<bool> condition(std::string_view text, const Names& names);

}  // namespace pikaci
