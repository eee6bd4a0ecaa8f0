// What a change may have left behind, each with file and line. Only what is certain is said.
#pragma once
#include "model.hpp"

namespace pika::explain {

inline constexpr std::size_t kMostChecks = 8;

// Fills Tutorial::checks and Step::checks (at most 3 a step, 8 a page).
void add_checks(const Model& model, Tutorial& tutorial);

// The kinds, a file each; each adds to what the others found.
void check_filters(const Model& model, std::vector<Check>& out);
void check_includes(const Model& model, std::vector<Check>& out);
void check_paths(const Model& model, std::vector<Check>& out);
void check_lines(const Model& model, std::vector<Check>& out);
void check_symbols(const Model& model, std::vector<Check>& out);

}  // namespace pika::explain
