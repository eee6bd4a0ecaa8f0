// What the scanners of one language each share.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "pika/invariants/scan.hpp"

namespace pika::invariants {

struct Found {
  RefKind kind;
  std::size_t offset;  // in the text, before which line and column are counted
  std::string text, context;
};
using FoundList = std::vector<Found>;

void scan_c(std::string_view text, FoundList& found);
void scan_python(std::string_view text, FoundList& found);
void scan_rust(std::string_view text, FoundList& found);
void scan_javascript(std::string_view text, FoundList& found);
void scan_go(std::string_view text, FoundList& found);
void scan_cargo(std::string_view text, FoundList& found);
void scan_npm(std::string_view text, FoundList& found);
void scan_tsconfig(std::string_view text, FoundList& found);
void scan_go_mod(std::string_view text, FoundList& found);
void scan_cmake(std::string_view text, FoundList& found);
void scan_pyproject(std::string_view text, FoundList& found);

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// Bytes from 0x80 on are letters of some alphabet.
inline bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
inline bool is_word(char c) {
  return is_word_start(c) || is_digit(c);
}
inline bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

// Where the line that holds `at` ends: its newline, or the end.
inline std::size_t end_of_line(std::string_view text, std::size_t at) {
  auto end = text.find('\n', at);
  return end == text.npos ? text.size() : end;
}
// After the string that begins with the quote at `at`, where a newline ends it and a backslash takes the next byte.
// Gives npos when the line ends first.
inline std::size_t after_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (auto i = at + 1; i < text.size(); ++i) {
    if (text[i] == quote) return i + 1;
    if (text[i] == '\n') return text.npos;
    if (text[i] == '\\') ++i;
  }
  return text.npos;
}

}  // namespace pika::invariants
