#include "layout_guard.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "pika/base/text.hpp"

namespace pika::explain {

namespace {

using syntax::Token;
using syntax::TokenKind;
using Tokens = std::span<const Token>;

constexpr std::array<std::string_view, 34> kToolWords = {
    "NOLINT",      "nolint",      "clang-",    "eslint",   "IWYU",       "cppcheck", "coverity",     "LCOV",  "GCOV",
    "fallthrough", "FALLTHROUGH", "SPDX",      "prettier", "istanbul",   "noqa",     "pylint:",      "type:", "mypy:",
    "ruff:",       "flake8",      "isort:",    "pragma:",  "nosec",      "NOSONAR",  "noinspection", "@ts-",  "biome-",
    "tslint:",     "jshint",      "deno-lint", "rustfmt",  "@formatter", "c8",       "FALLTHRU"};

// The tokens on the lines, with one more on either side.
Tokens with_neighbours(const Side& side, Range lines) {
  const auto& all = side.file->tokens;
  auto from = std::lower_bound(all.begin(), all.end(), lines.first, [](const Token& t, int n) { return t.line < n; });
  auto to = lines.last < lines.first
                ? from
                : std::upper_bound(from, all.end(), lines.last, [](int n, const Token& t) { return n < t.line; });
  if (from != all.begin()) --from;
  if (to != all.end()) ++to;
  return {from, to};
}

int distance(const Token& a, const Token& b) {
  return std::min(b.line - a.last_line, 2);
}

// "//go:embed", "//export", "//line": nothing between the slashes and the word.
bool is_compact(std::string_view comment) {
  return comment.size() > 2 && comment[0] == '/' && comment[2] >= 'a' && comment[2] <= 'z';
}

// Of comments on lines that follow one another: how far the token before and the token after are, and whether a
// directive begins its line.
struct Place {
  int before = 0, after = 0;
  bool begins_line = false;
  bool operator==(const Place&) const = default;
};

std::vector<Place> places_of_comments(const Side& side, Range lines) {
  auto tokens = with_neighbours(side, lines);
  std::vector<Place> out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind != TokenKind::comment) continue;
    Place place;
    if (i > 0) place.before = distance(tokens[i - 1], tokens[i]) == 0;
    auto compact = [&] {
      bool first = tokens[i].begin == 0 || side.text[tokens[i].begin - 1] == '\n';
      return first && is_compact(side.text_of(tokens[i]));
    };
    place.begins_line = compact();
    while (i + 1 < tokens.size() && tokens[i + 1].kind == TokenKind::comment &&
           tokens[i].last_line + 1 == tokens[i + 1].line)
      ++i, place.begins_line |= compact();
    place.after = i + 1 < tokens.size() ? distance(tokens[i], tokens[i + 1]) : 0;
    out.push_back(place);
  }
  return out;
}

bool touch(Tokens tokens, std::size_t i) {
  return tokens[i].end == tokens[i + 1].begin;
}

// The end of one token and the beginning of the next would be one.
bool would_melt(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return false;
  for (std::string_view pair : {"<:", "<%", "%>", ":>", "%:", "<-", "<!", "->"})
    if (a.back() == pair[0] && b.front() == pair[1]) return true;
  return false;
}

std::string_view first_lines(const Side& side) {
  return std::string_view(side.text).substr(0, side.starts.size() > 2 ? side.starts[2] : side.text.size());
}

}  // namespace

bool has_tool_word(std::string_view comment) {
  for (std::size_t i = 0; i < comment.size(); ++i) {
    bool begins = i == 0 || std::string_view(" \t/*#").contains(comment[i - 1]);
    if (!begins) continue;
    for (auto word : kToolWords)
      if (comment.substr(i).starts_with(word)) return true;
  }
  return is_compact(comment);
}

bool has_odd_characters(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    auto at = [&](std::size_t n) { return i + n < line.size() ? static_cast<unsigned char>(line[i + n]) : 0; };
    auto c = at(0), d = at(1), e = at(2);
    if ((c < 0x20 && c != '\t') || c == 0x7f) return true;
    if (c == 0xC2 && (d < 0xA1 || d == 0xAD)) return true;                  // C1 controls, no-break space, soft hyphen
    if ((c == 0xD8 && d == 0x9C) || (c == 0xCD && d == 0x8F)) return true;  // Arabic letter mark, grapheme joiner
    if (c == 0xE2 && ((d == 0x80 && (e <= 0x8F || (e >= 0xA8 && e <= 0xAF))) || (d == 0x81 && e >= 0x9F && e <= 0xAF)))
      return true;  // spaces, zero widths, line separators, bidirectional controls
    if ((c == 0xE1 && ((d == 0x9A && e == 0x80) || (d == 0xA0 && e == 0x8E))) || (c == 0xE3 && d == 0x80 && e == 0x80))
      return true;
    if (c == 0xEF && d == 0xBB && e == 0xBF) return true;  // zero width no-break space
    if (c == 0xF3 && d == 0xA0) return true;               // tags
  }
  return false;
}

bool same_places_of_comments(const Side& before, Range old_lines, const Side& after, Range new_lines) {
  return places_of_comments(before, old_lines) == places_of_comments(after, new_lines);
}

bool touches_first_lines(const Side& before, Range old_lines, const Side& after, Range new_lines,
                         syntax::Language language) {
  if (old_lines.first > 2 && new_lines.first > 2) return false;
  auto read = [&](const Side& side) {
    return side.text.starts_with("#!") ||
           (language == syntax::Language::python && first_lines(side).find("coding") != std::string_view::npos);
  };
  return (read(before) || read(after)) && first_lines(before) != first_lines(after);
}

bool melts(const Side& before, Tokens a, Tokens b) {
  if (a.size() != b.size()) return false;  // comments of the same words on other lines: each alone on its line
  for (std::size_t i = 0; i + 1 < a.size(); ++i)
    if (touch(a, i) != touch(b, i) && would_melt(before.text_of(a[i]), before.text_of(a[i + 1]))) return true;
  return false;
}

}  // namespace pika::explain
