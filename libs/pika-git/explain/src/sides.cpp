#include "sides.hpp"

#include <algorithm>

namespace pika::explain {

using syntax::Symbol;
using syntax::SymbolKind;
using syntax::Token;

std::string_view Side::line(int number) const {
  if (number < 1 || static_cast<std::size_t>(number) > starts.size()) return {};
  auto begin = starts[static_cast<std::size_t>(number) - 1];
  auto rest = std::string_view(text).substr(begin);
  return rest.substr(0, rest.find('\n'));
}

std::span<const Token> Side::tokens(int first, int last) const {
  if (!file || first > last) return {};
  const auto& all = file->tokens;
  auto from = std::lower_bound(all.begin(), all.end(), first, [](const Token& t, int line) { return t.line < line; });
  auto to = std::upper_bound(from, all.end(), last, [](int line, const Token& t) { return line < t.line; });
  return {from, to};
}

std::span<const Token> Side::tokens(const Symbol& symbol) const {
  if (!file) return {};
  const auto& all = file->tokens;
  auto before = [](const Token& t, std::uint32_t at) { return t.begin < at; };
  auto from = std::lower_bound(all.begin(), all.end(), symbol.core, before);
  auto to = std::lower_bound(from, all.end(), symbol.end, before);
  return {from, to};
}

bool Side::cuts_token(int first, int last) const {
  if (!file || first > last) return false;
  const auto& all = file->tokens;
  auto inside = tokens(first, last);
  if (!inside.empty() && inside.back().last_line > last) return true;
  auto from = std::lower_bound(all.begin(), all.end(), first, [](const Token& t, int line) { return t.line < line; });
  return from != all.begin() && std::prev(from)->last_line >= first;
}

const Symbol* Side::top_symbol(int line) const {
  if (!file) return nullptr;
  for (const auto& symbol : file->symbols) {
    if (symbol.first_line > line) break;  // symbols come by begin
    if (symbol.last_line >= line && symbol.kind != SymbolKind::scope) return &symbol;
  }
  return nullptr;
}

bool Side::in_test(int line) const {
  if (!file) return false;
  for (const auto& symbol : file->symbols) {
    if (symbol.first_line > line) break;
    if (symbol.test && symbol.last_line >= line) return true;
  }
  return false;
}

Side make_side(syntax::Language language, std::string text) {
  Side side{std::move(text), std::nullopt, {0}, false};
  for (std::uint32_t i = 0; i < side.text.size(); ++i)
    if (side.text[i] == '\n') side.starts.push_back(i + 1);
  side.file = syntax::parse(language, side.text);
  if (side.file && language == syntax::Language::javascript)
    side.markup = std::any_of(side.file->tokens.begin(), side.file->tokens.end(),
                              [&](const Token& t) { return side.text_of(t) == "</" || side.text_of(t) == "/>"; });
  return side;
}

}  // namespace pika::explain
