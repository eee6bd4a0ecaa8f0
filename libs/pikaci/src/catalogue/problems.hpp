#pragma once
#include <vector>

#include "catalogue/draft.hpp"

namespace pikaci {

// By file, line and column; at most 100 and a last word about the rest.
std::vector<Problem> in_order(Complaints complaints);

}  // namespace pikaci
