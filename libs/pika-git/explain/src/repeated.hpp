// Edits made alike in many places: the same words replaced, added or taken out, or the same line. They are read like
// all others and never folded; but together, so that what is edited otherwise does not hide among them.
#pragma once
#include <string>

#include "model.hpp"

namespace pika::explain {

// Fills model.edits and Atom::edit. An atom has an edit only if all of it is that edit, line by line.
void find_repeated(Model& model);

// In so many places that they are a step of their own.
bool stands_apart(const Edit& edit);

// "Replace “a” by “b” in 78 lines of 40 files", where at least four fifths of what a group has to read is one edit;
// empty where it is not.
std::string edit_title(const Model& model, const Group& group);
// A list of the edits of a group with their counts, as Markdown, and how many lines are none of them; empty without.
std::string edit_words(const Model& model, const Group& group);

}  // namespace pika::explain
