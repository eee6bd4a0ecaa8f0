#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "delta_pairs.hpp"
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

// `int a, *b = 0`: the names behind commas, `b`.
std::vector<std::string_view> further_names(std::string_view header) {
  std::vector<std::string_view> out;
  for (auto comma = header.find(','); comma != std::string_view::npos; comma = header.find(',', comma + 1)) {
    auto begin = header.find_first_not_of(" *&", comma + 1);
    if (begin == std::string_view::npos) break;
    auto end = begin;
    while (end < header.size() && (letter(header[end]) || (header[end] >= '0' && header[end] <= '9'))) ++end;
    auto next = header.find_first_not_of(' ', end);
    bool named =
        next == std::string_view::npos || std::string_view(",=[;:").contains(header[next]) || letter(header[next]);
    if (end > begin && named) out.push_back(header.substr(begin, end - begin));
  }
  return out;
}

std::string_view owner_of(const Symbol& s) {
  return std::string_view(s.qualified).substr(0, s.qualified.size() - std::min(s.name.size(), s.qualified.size()));
}

// What is asked of one side again and again, looked up once.
class Named {
 public:
  explicit Named(const Side& side) : side_(side) {
    if (!side.file) return;
    if (side.file->has_errors)
      for (auto line : split(side.text, '\n')) lines_.insert(trim(line));
    for (const auto& s : side.file->symbols) {
      if (s.kind == SymbolKind::macro) macros_.insert(s.name);
      if (holds_value(s.kind))
        for (auto name : further_names(s.header)) further_[owner_of(s)].insert(name);
    }
  }

  // Whether this side has what only `own` shows as a symbol. Where the grammar did not fit, as often as there.
  bool has(const Named& own, const Symbol& symbol) const {
    if (!side_.file) return false;
    if (one_of_several(symbol) || defined_inside(symbol)) return true;
    if (!side_.file->has_errors) return false;
    auto times = declared_times(symbol);
    return (times > 0 && times >= own.declared_times(symbol)) || line_stands(own.side_.line(symbol.line), symbol.name);
  }

 private:
  static bool holds_value(SymbolKind kind) { return kind == SymbolKind::variable || kind == SymbolKind::field; }

  using Tokens = std::unordered_map<std::string_view, std::vector<std::size_t>>;

  // Made when first asked for: few sides are in doubt.
  const Tokens& tokens_by_name() const {
    const auto& tokens = side_.file->tokens;
    if (tokens_.empty())
      for (std::size_t i = 0; i < tokens.size(); ++i)
        if (tokens[i].kind == TokenKind::identifier || tokens[i].kind == TokenKind::word)
          tokens_[side_.text_of(tokens[i])].push_back(i);
    return tokens_;
  }

  std::ptrdiff_t declared_times(const Symbol& symbol) const {
    const auto& names = tokens_by_name();
    auto found = names.find(symbol.name);
    if (found == names.end()) return 0;
    return std::count_if(found->second.begin(), found->second.end(),
                         [&](std::size_t i) { return declares(side_, i, symbol); });
  }

  // The line that names it stands here as it is.
  bool line_stands(std::string_view line, std::string_view name) const {
    return line.contains(name.substr(0, name.find('('))) && lines_.contains(trim(line));
  }

  bool one_of_several(const Symbol& symbol) const {
    auto found = holds_value(symbol.kind) ? further_.find(owner_of(symbol)) : further_.end();
    return found != further_.end() && found->second.contains(symbol.name);
  }

  // The macro is defined there where no symbol is looked for: inside of a function.
  bool defined_inside(const Symbol& symbol) const {
    return symbol.kind == SymbolKind::macro && !macros_.contains(symbol.name) && declared_times(symbol) > 0;
  }

  const Side& side_;
  mutable Tokens tokens_;
  std::unordered_map<std::string_view, std::unordered_set<std::string_view>> further_;  // by owner
  std::unordered_set<std::string_view> macros_;
  std::unordered_set<std::string_view> lines_;  // where the grammar did not fit
};

}  // namespace

void drop_doubtful(const Model& model, std::vector<SymbolChange>& out) {
  std::map<const Side*, Named> sides;
  auto named = [&](const Side& side) -> const Named& { return sides.try_emplace(&side, side).first->second; };
  auto has = [&](const Side& side, const Side& own, const Symbol& symbol) {
    return side.file && named(side).has(named(own), symbol);
  };
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
