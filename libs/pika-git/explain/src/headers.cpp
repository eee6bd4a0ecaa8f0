#include "headers.hpp"

#include <algorithm>

#include "pika/base/text.hpp"
#include "words.hpp"

namespace pika::explain {

using syntax::Symbol;
using syntax::SymbolKind;

namespace {

// Python's decorators stand before the words that say what it is, and can be longer than all the rest.
std::string_view without_decorators(const Symbol& s) {
  std::string_view header = s.header;
  if (!header.starts_with('@')) return header;
  for (const char* word : {"async def ", "def ", "class "})
    if (auto at = header.find(word + s.name); at != std::string_view::npos) return header.substr(at);
  return header;
}

// Where a value begins, after the names and types: the first "=" that stands in no brackets.
std::size_t value_at(std::string_view header) {
  int depth = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    char c = header[i], next = i + 1 < header.size() ? header[i + 1] : ' ';
    if (c == '=' && (next == '>' || next == '=')) {
      ++i;
    } else if (c == '=' && depth == 0 && i > 0 && !std::string_view("<>!+-*/|&^%").contains(header[i - 1])) {
      return i;
    } else if (std::string_view("([{<").contains(c)) {
      ++depth;
    } else if (std::string_view(")]}>").contains(c) && !(c == '>' && i > 0 && header[i - 1] == '-')) {
      --depth;
    }
  }
  return std::string_view::npos;
}

// Of a macro its name and parameters, without what they are replaced by.
std::string_view macro_head(const Symbol& s) {
  std::string_view header = s.header;
  auto at = header.find(s.name);
  if (at == std::string_view::npos) return header;
  auto end = at + s.name.size();
  if (end < header.size() && header[end] == '(') {
    auto close = header.find(')', end);
    if (close != std::string_view::npos) end = close + 1;
  }
  return header.substr(0, end);
}

// What a type is, without its members (Go's `type A struct {…}` has them in its declaration).
std::string_view without_members(std::string_view header) {
  return trim(header.substr(0, header.find('{')));
}

}  // namespace

std::string_view shown_header(const Symbol& s) {
  constexpr std::size_t kLongValue = 60;
  auto header = without_decorators(s);
  if (s.kind == SymbolKind::function) return header;
  if (s.kind == SymbolKind::type) return without_members(header);
  if (s.kind == SymbolKind::macro) {
    auto head = macro_head(s);
    return header.size() - head.size() <= kLongValue && !head.ends_with(')') ? header : head;
  }
  auto value = value_at(header);
  if (value == std::string_view::npos || header.size() - value <= kLongValue) return header;
  return trim(header.substr(0, header[value - 1] == ':' ? value - 1 : value));
}

std::string_view declared(const Symbol& s) {
  auto header = without_decorators(s);
  if (s.kind == SymbolKind::function) {
    auto list = header.find(") : ");  // what a constructor does with its arguments
    if (list == std::string_view::npos && s.qualified.ends_with(s.name + "::" + s.name)) list = header.find("): ");
    return list == std::string_view::npos ? header : header.substr(0, list + 1);
  }
  if (s.kind == SymbolKind::type) return without_members(header);
  if (s.kind == SymbolKind::macro) return macro_head(s);
  auto value = value_at(header);
  if (value == std::string_view::npos) return header;
  return trim(header.substr(0, value > 0 && header[value - 1] == ':' ? value - 1 : value));
}

std::pair<std::string, std::string> visibility(std::string_view header) {
  for (std::string_view word : {"pub(crate) ", "pub(super) ", "pub ", "export default ", "export ", "public "})
    if (header.starts_with(word)) return {std::string(trim(word)), std::string(header.substr(word.size()))};
  return {"", std::string(header)};
}

std::pair<std::string, std::string> differing_code(std::string_view a, std::string_view b) {
  constexpr std::size_t kWhole = 160, kAround = 24;
  if (a.size() <= kWhole && b.size() <= kWhole) return {code(a, 200), code(b, 200)};
  auto shorter = std::min(a.size(), b.size());
  std::size_t head = 0, tail = 0;
  while (head < shorter && a[head] == b[head]) ++head;
  while (tail < shorter - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  auto begin = head > kAround ? head - kAround : 0;
  while (begin > 0 && a[begin] != ' ') --begin;
  auto part = [&](std::string_view text) {
    auto end = std::min(text.size(), text.size() - tail + kAround);
    while (end < text.size() && text[end] != ' ') ++end;
    auto middle = trim(text.substr(begin, end - begin));
    return code((begin ? "… " : "") + std::string(middle.substr(0, 200)) +
                    (end < text.size() || middle.size() > 200 ? " …" : ""),
                240);
  };
  return {part(a), part(b)};
}

}  // namespace pika::explain
