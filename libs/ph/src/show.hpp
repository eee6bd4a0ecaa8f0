// Branches and lanes in words, for a terminal.
#pragma once
#include <string>

#include "pika/forge_model/api.hpp"

namespace pika::ph {

namespace model = forge_model;

// "check-unit   success   17m 02s"; what is wrong or waited for at the end. `width`: of the title's column.
std::string lane_line(const model::LaneState& lane, std::size_t width);
// Name, state, version, tutorial, lanes, verdict. `url` is absolute.
std::string branch_text(const std::string& repository, const model::Branch& branch, const std::string& url);
// "  - lane check-unit is not green" a reason
std::string reasons_text(const std::vector<model::Reason>& reasons);
std::size_t title_width(const model::Suite& suite);

}  // namespace pika::ph
