// Cutting a model's text into sentences, and a sentence into what can be looked up.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pika::model {

inline bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Sentences, list items, rows and fenced blocks, in order; joined they are the text, byte for byte. A line's end
// inside a paragraph parts nothing, so that no phrase hides across it.
std::vector<std::string> sentences(std::string_view text);
// How long the mark of a list item, quote or heading at its beginning is.
std::size_t list_mark(std::string_view sentence);

// The text with code spans replaced by a space.
std::string without_code(std::string_view text);
// Lower case, emphasis and escapes dropped, white space as one space.
std::string plain_words(std::string_view text);
// As whole words; npos if not.
std::size_t find_phrase(std::string_view plain, std::string_view phrase, std::size_t from);
inline bool has_phrase(std::string_view plain, std::string_view phrase) {
  return find_phrase(plain, phrase, 0) != std::string_view::npos;
}

// Code spans of `text`, and words of `prose` (the same without its code spans) that look like code: Foo::bar, a_b,
// camelCase, file.cpp, f(), --flag, hunk ids.
std::vector<std::string> code_names(std::string_view text, std::string_view prose);
bool is_hunk_id(std::string_view word);

// "3 files", "two new tests", "files: 3" of plain words: ("file", 3), ("test", 2).
std::vector<std::pair<std::string, long>> counted(std::string_view plain);

}  // namespace pika::model
