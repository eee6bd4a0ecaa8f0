// Which lines of both sides an atom stands for.
#pragma once
#include <string_view>
#include <vector>

#include "model.hpp"

namespace pika::explain {

struct Range {
  int first = 0, last = -1;  // lines of a side; empty where last < first
};

struct Ranges {
  Range before, after;
};

// Where the atom has no lines on a side, the place is after the last line before it.
Ranges ranges_of(const Model& model, const Atom& atom);

std::vector<std::string_view> lines_of(const Side& side, int first, int last);

}  // namespace pika::explain
