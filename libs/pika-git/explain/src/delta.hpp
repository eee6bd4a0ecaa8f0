// What happened to the symbols of the changed files.
#pragma once
#include <cstddef>
#include <vector>

#include "model.hpp"

namespace pika::explain {

// moved: to another file, equal but for indentation; reworked: to another file, and changed.
enum class Deed { added, removed, renamed, moved, reworked, signature, body };

struct SymbolChange {
  Deed deed = Deed::body;
  std::size_t before_change = 0, after_change = 0;  // the files; equal but for a move to another file
  const syntax::Symbol* before = nullptr;           // null when added
  const syntax::Symbol* after = nullptr;            // null when removed
  bool comments_only = false;                       // of a body: comments and docstrings are all that changed
  bool body_too = false;                            // of a signature: and what stands behind it
  const syntax::Symbol& symbol() const { return after ? *after : *before; }
};

// In the order of the files and of the places in them. Members of an added or removed type are not listed; a type is
// `body` only where no member says it better.
std::vector<SymbolChange> symbol_delta(const Model& model);

// Fills delta_group: for each entry of model.delta the group that holds most of its changed lines; groups.size() where
// it has none. And delta_left: the group that shows the lines where it was, if that is another one.
void find_groups_of_symbols(Model& model);

}  // namespace pika::explain
