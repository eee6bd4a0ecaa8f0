// Names of environment variables.
#pragma once
#include <string_view>

namespace pikaci {

// NAME of NAME=value, as a shell takes it.
bool is_variable(std::string_view name);
inline constexpr std::string_view kVariableRule =
    "is no name of a variable: letters, digits and '_', not a digit first";

}  // namespace pikaci
