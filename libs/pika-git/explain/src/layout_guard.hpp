// White space and comments that mean something although the tokens are the same: where a layout is no mere layout.
#pragma once
#include <string_view>

#include "atom_ranges.hpp"
#include "sides.hpp"

namespace pika::explain {

// A comment that some tool reads: a linter's, a formatter's, a compiler's own.
bool has_tool_word(std::string_view comment);

// Control and invisible characters, white space that is not ASCII's, a carriage return that does not end the line: some
// compilers end a line there, or a comment, and no reader sees it.
bool has_odd_characters(std::string_view line);

// Comments stand to their neighbours as they did: on the same line, on the line above, or apart. To Go a comment that
// stands apart belongs to nothing; linters read the line above. A directive begins its line as it did.
bool same_places_of_comments(const Side& before, Range old_lines, const Side& after, Range new_lines);

// The file's first two lines, where "#!" and Python's encoding are read, are touched.
bool touches_first_lines(const Side& before, Range old_lines, const Side& after, Range new_lines,
                         syntax::Language language);

// Two tokens that touched are apart, or the other way round, and together they are read as another one ("<:", "<!--").
// `a` are of `before`, `b` the same ones of the other side.
bool melts(const Side& before, std::span<const syntax::Token> a, std::span<const syntax::Token> b);

}  // namespace pika::explain
