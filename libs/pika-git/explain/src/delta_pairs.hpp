// Which removed and added symbols are one that got another name, another scope or another file, and which of them only
// seem to have come or gone.
#pragma once
#include <string>
#include <tuple>
#include <vector>

#include "delta.hpp"

namespace pika::explain {

// Under which a symbol is found again: its full name without lifetimes and layout, its kind, whether it is a
// definition.
using SymbolKey = std::tuple<std::string, syntax::SymbolKind, bool>;
SymbolKey key_of(const syntax::Symbol& s);
// Without the white space that only parts what is parted anyway: `f(X& a)` and `f (X &a)` are the same.
std::string without_layout(std::string_view header);
bool same_header(const syntax::Symbol& a, const syntax::Symbol& b);

// Makes one of what was removed in one place and added in another.
void pair_symbols(const Model& model, std::vector<SymbolChange>& out);
// Leaves out what would be told as added or removed while the other side's text has it: one of several names of one
// declaration, or a definition in a place that the grammar could not read.
void drop_doubtful(const Model& model, std::vector<SymbolChange>& out);

}  // namespace pika::explain
