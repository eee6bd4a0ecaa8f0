// What a change may have left behind, each with file and line. Only what is certain is said.
#pragma once
#include "model.hpp"

namespace pika::explain {

inline constexpr std::size_t kMostChecks = 8;

// Fills Tutorial::checks and Step::checks (at most 3 a step, 8 a page).
void add_checks(const Model& model, Tutorial& tutorial);

// A path against a filter: "**" any folders, "*" and "?" within one name, "[" literally.
bool matches_filter(std::string_view filter, std::string_view path);

}  // namespace pika::explain
