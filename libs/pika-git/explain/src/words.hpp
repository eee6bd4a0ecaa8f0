// Putting facts into Markdown without letting a name or a line become markup, and counting in English.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pika::explain {

// Bytes as an inline code span on one line: broken UTF-8 and control bytes are replaced, back-ticks are fenced by a
// longer run. Cut at `limit` bytes, with "…" (0: never).
std::string code(std::string_view bytes, std::size_t limit = 160);
// A file name as inline code; names that are not plain are quoted as in a C string.
std::string code_name(std::string_view path);
// A file name for a title, plain text.
std::string plain_name(std::string_view path);
// Other people's words as a block quote. Markdown in them has no effect: every special character is escaped.
std::string quote(std::string_view text, std::size_t limit = 2000);
// Other people's words inside a sentence.
std::string escape(std::string_view text);
// One line, trimmed, valid UTF-8, no control bytes; cut at `limit` bytes with "…".
std::string one_line(std::string_view text, std::size_t limit = 120);
// "a", "a and b", "a, b and c"; beyond `most` "a, b and 3 others".
std::string list_words(const std::vector<std::string>& words, std::size_t most = 4);
// A table's cell: code spans may hold no bare "|".
std::string cell(std::string text);
// "Two files", for the beginning of a sentence; digits from ten on.
std::string count_words(std::size_t n, std::string_view one, std::string_view many = {});

}  // namespace pika::explain
