#include <algorithm>
#include <array>

#include "delta_pairs.hpp"
#include "headers.hpp"
#include "pika/base/text.hpp"

namespace pika::explain {

namespace {

using syntax::Symbol;
using syntax::SymbolKind;
using syntax::TokenKind;

bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// A word after which a name is used, and not declared.
bool uses_next(std::string_view word) {
  static constexpr std::array<std::string_view, 16> kWords = {
      "return", "co_return", "co_await", "co_yield", "throw", "else",  "do",  "case",
      "new",    "delete",    "in",       "of",       "await", "yield", "not", "goto"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool declares_type(std::string_view word) {
  return word == "class" || word == "struct" || word == "union" || word == "enum" || word == "interface" ||
         word == "trait" || word == "type" || word == "concept";
}

bool constructs(const Symbol& s) {
  return s.kind == SymbolKind::function && s.qualified.ends_with(s.name + "::" + s.name);
}

// Whether the tokens look as if the symbol were declared at `i`: "class NAME", "int NAME(", "fn NAME".
bool declares(const Side& side, std::size_t i, const Symbol& symbol) {
  const auto& tokens = side.file->tokens;
  if (i == 0) return false;
  auto before = side.text_of(tokens[i - 1]);
  auto after = i + 1 < tokens.size() ? side.text_of(tokens[i + 1]) : std::string_view();
  switch (symbol.kind) {
    case SymbolKind::type:  // with a macro between, as in `class EXPORT Name`
      return declares_type(before) || (i > 1 && declares_type(side.text_of(tokens[i - 2])));
    case SymbolKind::macro:
      return before.ends_with("define") || before == "!";
    case SymbolKind::function:
      if (!after.starts_with('(') && after != "<") return false;
      if (constructs(symbol) && (before == ":" || before == ";" || before == "{" || before == "}")) return true;
      break;
    case SymbolKind::variable:
    case SymbolKind::field:
    case SymbolKind::alias:
    case SymbolKind::scope:
      break;
  }
  bool named = letter(before.back()) && tokens[i - 1].kind != TokenKind::comment && !uses_next(before);
  return named || before == "*" || before == "&" || before == ">" || before == "~" || before == "::";
}

bool declared_somewhere(const Side& side, const Symbol& symbol) {
  for (std::size_t i = 0; i < side.file->tokens.size(); ++i)
    if (side.text_of(side.file->tokens[i]) == symbol.name && declares(side, i, symbol)) return true;
  return false;
}

// `int a, *b = 0`: `b` is one of its names.
bool among_names(std::string_view header, std::string_view name) {
  for (auto at = header.find(name); at != std::string_view::npos; at = header.find(name, at + 1)) {
    auto end = at + name.size();
    bool whole = (at == 0 || !letter(header[at - 1])) && (end == header.size() || !letter(header[end]));
    auto left = at;
    while (left > 0 && std::string_view(" *&").contains(header[left - 1])) --left;
    while (end < header.size() && header[end] == ' ') ++end;
    bool names = left > 0 && header[left - 1] == ',' &&
                 (end == header.size() || std::string_view(",=[;:").contains(header[end]) || letter(header[end]));
    if (whole && names) return true;
  }
  return false;
}

std::string_view owner_of(const Symbol& s) {
  return std::string_view(s.qualified).substr(0, s.qualified.size() - std::min(s.name.size(), s.qualified.size()));
}

bool one_of_several(const Side& side, const Symbol& symbol) {
  auto holds = [](SymbolKind kind) { return kind == SymbolKind::variable || kind == SymbolKind::field; };
  return holds(symbol.kind) && std::any_of(side.file->symbols.begin(), side.file->symbols.end(), [&](const Symbol& s) {
           return holds(s.kind) && owner_of(s) == owner_of(symbol) && among_names(s.header, symbol.name);
         });
}

// The macro is defined there where no symbol is looked for: inside of a function.
bool defined_inside(const Side& side, const Symbol& symbol) {
  return symbol.kind == SymbolKind::macro &&
         std::none_of(side.file->symbols.begin(), side.file->symbols.end(),
                      [&](const Symbol& s) { return s.kind == SymbolKind::macro && s.name == symbol.name; }) &&
         declared_somewhere(side, symbol);
}

// The line that names it stands there as it is.
bool line_stands(const Side& side, std::string_view line) {
  line = trim(line);
  for (auto at = side.text.find(line); at != std::string::npos; at = side.text.find(line, at + 1)) {
    auto begin = at, end = at + line.size();
    while (begin > 0 && (side.text[begin - 1] == ' ' || side.text[begin - 1] == '\t')) --begin;
    while (end < side.text.size() && std::string_view(" \t\r").contains(side.text[end])) ++end;
    if ((begin == 0 || side.text[begin - 1] == '\n') && (end == side.text.size() || side.text[end] == '\n'))
      return true;
  }
  return false;
}

bool still_named(const Side& side, const Side& own, const Symbol& symbol) {
  auto line = own.line(symbol.line);
  return line.contains(symbol.name) && line_stands(side, line);
}

// Whether `side` has what only `own` shows as a symbol.
bool has(const Side& side, const Side& own, const Symbol& symbol) {
  if (!side.file) return false;
  return one_of_several(side, symbol) || defined_inside(side, symbol) ||
         (side.file->has_errors && (declared_somewhere(side, symbol) || still_named(side, own, symbol)));
}

}  // namespace

void drop_doubtful(const Model& model, std::vector<SymbolChange>& out) {
  std::erase_if(out, [&](const SymbolChange& c) {
    if (c.deed == Deed::added) {
      const auto& change = model.changes[c.after_change];
      return has(change.before, change.after, *c.after);
    }
    if (c.deed != Deed::removed) return false;
    const auto& change = model.changes[c.before_change];
    return has(change.after, change.before, *c.before);
  });
}

}  // namespace pika::explain
