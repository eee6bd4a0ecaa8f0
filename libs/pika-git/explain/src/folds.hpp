// Which atoms match a rule, so that nobody has to read them. A fold says which rule the lines match, never that they
// are safe. Where a rule is not sure it does not hold.
#pragma once
#include "delta.hpp"
#include "model.hpp"
#include "renames.hpp"

namespace pika::explain {

// Sets Atom::rule: rename, layout, imports, moved declaration, lock file. Byte-identical moves are set by collect().
void fold(Model& model, const std::vector<SymbolChange>& delta, const RenameMap& renames);
// Takes symbols out of model.delta whose body or signature changed in nothing but folded lines.
void drop_folded(Model& model);

// Removed equals added over one block of imports, in a language where their order has no effect.
void fold_imports(Model& model);
// Whole declarations that moved, deleted in one atom and added in another; both atoms hold nothing else.
void fold_moves(Model& model, const std::vector<SymbolChange>& delta);

}  // namespace pika::explain
