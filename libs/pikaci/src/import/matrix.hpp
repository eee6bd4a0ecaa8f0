// strategy.matrix: the combinations that a job runs for.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "pika/yaml/yaml.hpp"

namespace pikaci {

using Combination = std::map<std::string, std::string>;

inline constexpr std::size_t kMostCombinations = 64;

// One empty combination without a matrix. Empty: it is computed by an expression, or is larger than kMostCombinations.
std::vector<Combination> combinations(const pika::yaml::Value* matrix);

}  // namespace pikaci
