// How a symbol's header is shown: without what leads it, without a long value, and two of them by what differs.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "pika/syntax/syntax.hpp"

namespace pika::explain {

// What it is called and takes. A long value is left out: it is in the diff.
std::string_view shown_header(const syntax::Symbol& symbol);

// What it is called, takes and is, without any value or what a constructor does with its arguments.
std::string_view declared(const syntax::Symbol& symbol);

// Both as code; of two long ones the part around what differs.
std::pair<std::string, std::string> differing_code(std::string_view before, std::string_view after);

// The words at the beginning of a header that say who may use it ("pub"; empty: none), and the rest.
std::pair<std::string, std::string> visibility(std::string_view header);

}  // namespace pika::explain
