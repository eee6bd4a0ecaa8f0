// The rules that compare tokens: layout and rename.
#pragma once
#include <string>

#include "renames.hpp"
#include "sides.hpp"

namespace pika::explain {

// How white space may change without meaning anything, for a language.
enum class Layout {
  none,      // not known: no layout rule
  free,      // anywhere between tokens, but for preprocessor lines and line continuations; comments may be wrapped anew
  lines,     // not across lines: an end of line can end a statement
  indented,  // not across lines, and the indentation stays
};
Layout layout_of(syntax::Language language);

// The rule that lines [old_first, old_last] -> [new_first, new_last] match (an empty range where last < first); empty:
// none. Ranges are whole lines of the two sides.
std::string token_rule(const Side& before, int old_first, int old_last, const Side& after, int new_first, int new_last,
                       syntax::Language language, const RenameMap& renames);

}  // namespace pika::explain
