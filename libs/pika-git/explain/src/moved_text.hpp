// Runs of lines that stand elsewhere after the change. They are shown and never folded: inside a function order is
// meaning. What did not move is told before them, so that an edit beside or inside moved text is seen first.
#pragma once
#include "model.hpp"

namespace pika::explain {

// Finds runs of at least 4 lines with words in them, removed in one place and added in another with the same words but
// for the indentation, and cuts atoms of only added or only removed lines into what moved (Atom::moved) and what did
// not. Before any rule is looked for.
void find_moved_text(Model& model);

}  // namespace pika::explain
