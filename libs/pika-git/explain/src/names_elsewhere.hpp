// Which names the code outside of a change knows.
#pragma once
#include <set>
#include <string>

#include "model.hpp"

namespace pika::explain {

using Names = std::set<std::string, std::less<>>;

// Of `names` those that unchanged code files of the head use, outside of comments and strings; of `modules` those that
// are the name of an unchanged file or folder too. All of them where the tree is too large to be sure.
Names names_elsewhere(const Model& model, const Names& names, const Names& modules);

}  // namespace pika::explain
