// Things that wait for each other.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace pikaci {

// Who needs whom, by id; every need is the id of one of them.
using Needs = std::vector<std::pair<std::string, std::vector<std::string>>>;

// The ids of a cycle, in order, the first again at the end; empty: there is none. Each is visited once.
std::vector<std::string> find_cycle(const Needs& all);
// "a needs b needs a"
std::string cycle_words(const std::vector<std::string>& cycle);

}  // namespace pikaci
