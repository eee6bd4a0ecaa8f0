// A lane with a matrix: its cells, and its text with a cell's values in it. "${matrix.cc}" stands for the value of cc.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/draft.hpp"

namespace pikaci {

struct Cell {
  std::string id;                                           // "gcc-debug": the values, as an id may have them
  std::vector<std::pair<std::string, std::string>> values;  // in the order of the matrix: cc, gcc
};

constexpr std::size_t kMaxCells = 64;        // of a lane
constexpr std::size_t kMaxAllCells = 1'000;  // of a catalogue

// The cells of a lane's "matrix", at least one; empty when something was complained of.
std::vector<Cell> read_matrix(TableReader& lane, Draft& draft);

// Bytes that a copy of it takes, about.
std::size_t weight_of(const Value& value);

// A copy in which each placeholder has become its value, but for "id", "needs", "target" and "matrix", where none may
// stand. Without a cell, none may stand anywhere; `what` is "lane" or "target". Names that were used go to `used`.
Value fill(const Value& table, const Cell* cell, std::string_view what, const std::string& file, Complaints& problems,
           std::set<std::string>* used);
// Somewhere in it stands "${matrix.".
bool has_placeholder(const Value& value);

}  // namespace pikaci
