// Words about symbols: lists of what was added, changed, renamed, removed, and titles made of their names.
#pragma once
#include <string>
#include <vector>

#include "delta.hpp"
#include "model.hpp"

namespace pika::explain {

// The entries of model.delta that a group tells, in order.
std::vector<const SymbolChange*> symbols_of(const Model& model, std::size_t group);

std::string symbol_lists(const Model& model, const std::vector<const SymbolChange*>& symbols);
// "adds 2 functions and 1 type, changes 1 function"; empty when there are none.
std::string symbol_counts(const Model& model, const std::vector<const SymbolChange*>& symbols);
// What this group shows leave for another file: a list, and "Move A and B out of main.rs"; empty where nothing does.
std::string left_words(const Model& model, std::size_t group);
std::string left_title(const Model& model, std::size_t group);
// "Add Engine and run, change stop"; empty where names would not say it.
std::string symbol_title(const Model& model, const std::vector<const SymbolChange*>& symbols);

// A name in a title, and how many have it: of several owners, or in several files. Overloads are one.
struct TitleName {
  std::string text;
  std::size_t times = 1;
};

// "run in 3 places, loop and 4 others": the others are counted as what they are and not by their names.
std::string list_names(const std::vector<TitleName>& names, std::size_t most);

// The names of the tests and test types among them, short ones only, in order.
std::vector<TitleName> test_names(const std::vector<const SymbolChange*>& symbols);

// The first sentence of the comment right above a symbol, without its marks; empty: none.
std::string lead_words(const Side& side, const syntax::Symbol& symbol);

}  // namespace pika::explain
