// From atoms to groups, one a step: by category and package, split where one is too large, joined where too many.
#pragma once
#include "model.hpp"

namespace pika::explain {

inline constexpr std::size_t kMostSteps = 12;

// Fills model.groups (in order of category and package) and every atom's group.
void make_groups(Model& model);
// Fills Group::needs: which groups define what a group's new lines name.
void find_needs(Model& model);
// Puts them in the order they are told: definitions before uses, then by category. Group::needs
// are renumbered with them.
void order_groups(Model& model);

}  // namespace pika::explain
