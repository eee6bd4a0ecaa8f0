// What a change may have left behind, each with file and line. Only what is certain is said.
#pragma once
#include "model.hpp"

namespace pika::explain {

inline constexpr std::size_t kMostChecks = 8;

// Fills Tutorial::checks and Step::checks (at most 3 a step, 8 a page).
void add_checks(const Model& model, Tutorial& tutorial);

// The kinds, a file each; each adds to what the others found.
void check_lines(const Model& model, std::vector<Check>& out);
void check_symbols(const Model& model, std::vector<Check>& out);

// A path against a filter: "**" any folders, "*" and "?" within one name, "[" literally.
bool matches_filter(std::string_view filter, std::string_view path);

}  // namespace pika::explain
