#include "token_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "atom_ranges.hpp"
#include "layout_guard.hpp"
#include "pika/base/text.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

using syntax::Language;
using syntax::Token;
using syntax::TokenKind;
using Tokens = std::span<const Token>;

std::string_view indentation(std::string_view line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t\f\v"), line.size()));
}

// A preprocessor line, or one that goes on in the next: there the end of a line means something. In C a comment may
// stand before the "#".
bool line_matters(std::string_view line, Language language) {
  auto words = trim(line);
  bool c = language == Language::c || language == Language::cpp;
  return words.starts_with('#') || words.ends_with('\\') || words.ends_with("?\?/") ||
         (c && (words.find('#') != words.npos || words.find("%:") != words.npos || words.find("?\?=") != words.npos));
}

bool is_identifier_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

// The same comment, word by word, but for renamed words.
bool comment_matches(std::string_view a, std::string_view b, const RenameMap& renames, std::set<std::string>& used) {
  auto word = [](std::string_view& s) {
    std::size_t n = 0;
    while (n < s.size() && is_identifier_byte(s[n])) ++n;
    if (n == 0 && !s.empty()) n = 1;
    auto w = s.substr(0, n);
    s.remove_prefix(n);
    return w;
  };
  if (has_tool_word(a)) return false;
  while (!a.empty() && !b.empty()) {
    auto x = word(a), y = word(b);
    if (x == y) continue;
    auto to = renames.find(x);
    if (to == renames.end() || to->second != y) return false;
    used.insert(std::string(x));
  }
  return a.empty() && b.empty();
}

// A word of a comment that may mean something by where it stands.
bool is_directive(std::string_view word) {
  return word.find_first_of("@#:+") == 0 || word.find("\\u") != std::string_view::npos || has_tool_word(word);
}

// The words of plain line comments, each alone on lines that follow one another, from the i-th token on; how many
// comments they are is put into `count`. None where it is no such comment.
std::vector<std::string_view> plain_comment(const Side& side, Tokens tokens, std::size_t i, std::size_t& count) {
  std::vector<std::string_view> words;
  count = 0;
  for (int line = tokens[i].line; i < tokens.size() && tokens[i].kind == TokenKind::comment; ++i, ++line, ++count) {
    auto text = side.text_of(tokens[i]);
    if (tokens[i].line != line || !text.starts_with("//") || text.starts_with("///") || text.starts_with("//!")) break;
    if (trim(side.line(line)) != trim(text)) break;  // behind code
    for (auto word : split(text.substr(2), ' ')) {
      word = trim(word);
      if (word.empty()) continue;
      if (is_directive(word)) return {};
      words.push_back(word);
    }
  }
  return words;
}

struct Compared {
  bool equal = true;
  bool wrapped = false;        // comments stand on other lines
  std::set<std::string> used;  // names that were renamed
};

class Comparison {
 public:
  Comparison(const Side& before, Tokens a, const Side& after, Tokens b, const RenameMap& renames, bool may_wrap)
      : before_(before), after_(after), a_(a), b_(b), renames_(renames), may_wrap_(may_wrap) {}

  Compared run() {
    if (!may_wrap_ && a_.size() != b_.size()) return {.equal = false, .used = {}};
    std::size_t i = 0, j = 0;
    while (i < a_.size() && j < b_.size()) {
      if (same(a_[i], b_[j])) {
        ++i, ++j;
      } else if (!may_wrap_ || !wrapped(i, j)) {
        return {.equal = false, .used = {}};
      }
    }
    out_.equal = i == a_.size() && j == b_.size();
    return std::move(out_);
  }

 private:
  bool same(const Token& a, const Token& b) {
    if (a.kind != b.kind) return false;
    auto x = before_.text_of(a), y = after_.text_of(b);
    if (x == y) return true;
    if (a.kind == TokenKind::comment) return comment_matches(x, y, renames_, out_.used);
    if (a.kind != TokenKind::identifier) return false;
    auto to = renames_.find(x);
    if (to == renames_.end() || to->second != y) return false;
    out_.used.insert(std::string(x));
    return true;
  }

  // The token before it is a comment on the line above.
  static bool joins(Tokens tokens, std::size_t i) {
    return tokens[i - 1].kind == TokenKind::comment && tokens[i - 1].line + 1 == tokens[i].line;
  }

  // The same words on other lines; steps over them. The comments above them that were the same belong to them.
  bool wrapped(std::size_t& i, std::size_t& j) {
    const auto old_at = i, new_at = j;
    while (i > 0 && j > 0 && joins(a_, i) && joins(b_, j)) --i, --j;
    std::size_t old_count = 0, new_count = 0;
    auto x = plain_comment(before_, a_, i, old_count), y = plain_comment(after_, b_, j, new_count);
    if (x.empty() || x.size() != y.size()) return false;
    for (std::size_t n = 0; n < x.size(); ++n)
      if (x[n] != y[n] && !comment_matches(x[n], y[n], renames_, out_.used)) return false;
    i += old_count, j += new_count;
    // The comments above may be a run of their own: then the one that differs is not among these.
    if (i <= old_at || j <= new_at) return false;
    return out_.wrapped = true;
  }

  const Side &before_, &after_;
  Tokens a_, b_;
  const RenameMap& renames_;
  bool may_wrap_;
  Compared out_{};
};

// The tokens stand on lines in the same way, and, where asked, behind the same indentation.
bool same_lines(const Side& before, Tokens a, const Side& after, Tokens b, bool indented) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    bool breaks_a = i == 0 || a[i].line != a[i - 1].last_line, breaks_b = i == 0 || b[i].line != b[i - 1].last_line;
    if (breaks_a != breaks_b) return false;
    if (!indented || !breaks_a) continue;
    if (indentation(before.line(a[i].line)) != indentation(after.line(b[i].line))) return false;
  }
  return true;
}

// A comment among them is for a tool, which goes by lines.
bool read_by_tools(const Side& side, Tokens tokens) {
  return std::any_of(tokens.begin(), tokens.end(),
                     [&](const Token& t) { return t.kind == TokenKind::comment && has_tool_word(side.text_of(t)); });
}

std::string rename_rule(const std::set<std::string>& used, const RenameMap& renames, bool relaid) {
  std::vector<std::string> pairs;
  for (const auto& from : used) pairs.push_back(fmt::format("{} to {}", code(from), code(renames.find(from)->second)));
  return fmt::format("rename {}, checked token by token{}", list_words(pairs, 3), relaid ? ", and laid out anew" : "");
}

}  // namespace

Layout layout_of(Language language) {
  switch (language) {
    case Language::c:
    case Language::cpp:
    case Language::rust:
    case Language::java:
      return Layout::free;
    case Language::go:
    case Language::javascript:
    case Language::typescript:
      return Layout::lines;
    case Language::python:
      return Layout::indented;
    case Language::none:
    case Language::tsx:   // white space in JSX text is content
    case Language::bash:  // and between words of a command
    case Language::json:
    case Language::toml:
      return Layout::none;
  }
  return Layout::none;
}

std::string token_rule(const Side& before, int old_first, int old_last, const Side& after, int new_first, int new_last,
                       Language language, const RenameMap& renames) {
  auto layout = layout_of(language);
  if (layout == Layout::none || !before.file || !after.file || before.markup || after.markup) return {};
  if (before.cuts_token(old_first, old_last) || after.cuts_token(new_first, new_last)) return {};
  auto a = before.tokens(old_first, old_last), b = after.tokens(new_first, new_last);
  auto compared = Comparison(before, a, after, b, renames, layout == Layout::free).run();
  if (!compared.equal) return {};
  auto old_lines = lines_of(before, old_first, old_last), new_lines = lines_of(after, new_first, new_last);
  for (const auto* lines : {&old_lines, &new_lines})
    if (std::any_of(lines->begin(), lines->end(), has_odd_characters)) return {};
  const Range was{old_first, old_last}, is{new_first, new_last};
  if (melts(before, a, b) || touches_first_lines(before, was, after, is, language)) return {};
  if (!same_places_of_comments(before, was, after, is)) return {};
  bool same = !compared.wrapped && same_lines(before, a, after, b, true);
  if (!same) {
    bool lines = same_lines(before, a, after, b, false);
    if (!lines && (layout != Layout::free || read_by_tools(before, a))) return {};
    if (layout == Layout::indented) return {};
  }
  auto goes_on = [](std::string_view line) { return trim(line).ends_with('\\'); };
  for (const auto* lines : {&old_lines, &new_lines})
    if (std::any_of(lines->begin(), lines->end(), goes_on)) return {};
  // Blank lines too can matter after a line that goes on, and a line that is cut there.
  if (!same || old_lines.size() != new_lines.size()) {
    auto above = lines_of(before, old_first - 1, old_first - 1),
         above_new = lines_of(after, new_first - 1, new_first - 1);
    for (const auto* lines : {&old_lines, &new_lines, &above, &above_new})
      if (std::any_of(lines->begin(), lines->end(), [&](auto line) { return line_matters(line, language); })) return {};
  }
  if (!compared.used.empty()) return rename_rule(compared.used, renames, !same);
  return compared.wrapped ? "layout: the same tokens, and comments of the same words" : "layout: the same tokens";
}

}  // namespace pika::explain
