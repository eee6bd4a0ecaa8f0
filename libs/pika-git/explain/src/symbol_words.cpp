#include "symbol_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "pika/base/text.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

using syntax::Symbol;
using syntax::SymbolKind;

constexpr std::size_t kMostListed = 12;

std::string place(const Model& model, const SymbolChange& c) {
  auto file = c.after ? c.after_change : c.before_change;
  const auto& change = *model.changes[file].file;
  return fmt::format("{}, line {}", code_name(c.after ? change.new_path : change.old_path), c.symbol().line);
}

bool is_declaration(const SymbolChange& c) {
  auto kind = c.symbol().kind;
  return (kind == SymbolKind::function || kind == SymbolKind::type) && !c.symbol().definition;
}

// What is declared in one place and defined in another, by its definition; it is told once.
class Declarations {
 public:
  explicit Declarations(const std::vector<const SymbolChange*>& symbols) {
    for (const auto* c : symbols) {
      if (!is_declaration(*c)) continue;
      auto defines = [&](const SymbolChange* d) {
        return d->deed == c->deed && d->symbol().definition && d->symbol().kind == c->symbol().kind &&
               d->symbol().qualified == c->symbol().qualified && !of_.contains(d);
      };
      if (auto found = std::find_if(symbols.begin(), symbols.end(), defines); found != symbols.end()) {
        of_[*found] = c;
        told_.insert(c);
      }
    }
  }

  // Told where its definition is.
  bool told(const SymbolChange* c) const { return told_.contains(c); }
  const SymbolChange* of(const SymbolChange& c) const {
    auto found = of_.find(&c);
    return found == of_.end() ? nullptr : found->second;
  }

 private:
  std::map<const SymbolChange*, const SymbolChange*> of_;
  std::set<const SymbolChange*> told_;
};

std::string listed(const std::vector<const SymbolChange*>& symbols, const Declarations& declarations, Deed deed,
                   const char* title, auto item) {
  std::string out;
  std::size_t n = 0;
  for (const auto* c : symbols) {
    if (c->deed != deed || declarations.told(c)) continue;
    if (++n <= kMostListed) out += "- " + item(*c) + "\n";
  }
  if (n == 0) return {};
  if (n > kMostListed) out += fmt::format("- and {} more\n", n - kMostListed);
  return fmt::format("**{}**\n\n{}\n", title, out);
}

std::string noun(SymbolKind kind, bool declaration, std::size_t n) {
  if (declaration) return n == 1 ? "declaration" : "declarations";
  static constexpr std::array<std::string_view, 7> kMany = {"scopes", "types",  "functions", "variables",
                                                            "fields", "macros", "aliases"};
  return std::string(n == 1 ? syntax::kind_name(kind) : kMany[static_cast<std::size_t>(kind)]);
}

// What a title may name: short, and known to people outside its file.
bool nameable(const SymbolChange& c) {
  const auto& s = c.symbol();
  if (s.kind == SymbolKind::type && !s.definition) return false;  // `struct A;` makes no type
  if (s.kind == SymbolKind::field || s.name.size() > 40 || s.name.find_first_of(" \n\"") != std::string::npos)
    return false;
  return !s.test;
}

std::vector<std::string> names(const std::vector<const SymbolChange*>& symbols, auto wanted) {
  std::vector<std::pair<int, std::string>> sized;
  for (const auto* c : symbols) {
    if (!wanted(*c) || !nameable(*c)) continue;
    const auto& s = c->symbol();
    auto name = one_line(s.name, 40);
    auto known = std::find_if(sized.begin(), sized.end(), [&](const auto& x) { return x.second == name; });
    int lines = s.last_line - s.first_line + 1 + (s.kind == SymbolKind::type ? 1000 : 0);
    if (known == sized.end())
      sized.emplace_back(lines, name);
    else
      known->first = std::max(known->first, lines);
  }
  // Types first, then the largest; a title has room for few.
  std::sort(sized.begin(), sized.end(),
            [](const auto& a, const auto& b) { return std::pair(-a.first, a.second) < std::pair(-b.first, b.second); });
  std::vector<std::string> out;
  for (auto& [lines, name] : sized) out.push_back(name);
  return out;
}

}  // namespace

std::vector<const SymbolChange*> symbols_of(const Model& model, std::size_t group) {
  std::vector<const SymbolChange*> out;
  for (std::size_t i = 0; i < model.delta.size(); ++i)
    if (i < model.delta_group.size() && model.delta_group[i] == group) out.push_back(&model.delta[i]);
  return out;
}

std::vector<std::string> test_names(const std::vector<const SymbolChange*>& symbols) {
  std::vector<std::string> out;
  for (const auto* c : symbols) {
    const auto& s = c->symbol();
    if (s.kind == SymbolKind::field || s.kind == SymbolKind::variable || s.name.size() > 48) continue;
    auto name = one_line(s.name, 48);
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  }
  return out;
}

std::string lead_words(const Side& side, const Symbol& symbol) {
  auto text = std::string_view(side.text).substr(symbol.begin, symbol.core - symbol.begin);
  std::string words;
  for (auto line : split(text, '\n')) {
    line = trim(line);
    while (!line.empty() && std::string_view("/*#!").find(line.front()) != std::string_view::npos)
      line.remove_prefix(1);
    while (line.ends_with("*/") || line.ends_with('*')) line.remove_suffix(line.ends_with("*/") ? 2 : 1);
    line = trim(line);
    if (line.empty() && !words.empty()) break;
    if (line.empty()) continue;
    if (!words.empty()) words += ' ';
    words += line;
  }
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if ((words[i] == '.' || words[i] == '!' || words[i] == '?') && words[i + 1] == ' ' && i > 20) {
      words.resize(i + 1);
      break;
    }
  return one_line(words, 160);
}

// Python's decorators stand before the words that say what it is, and can be longer than all the rest.
static std::string_view without_decorators(const Symbol& s) {
  std::string_view header = s.header;
  if (!header.starts_with('@')) return header;
  for (const char* word : {"async def ", "def ", "class "})
    if (auto at = header.find(word + s.name); at != std::string_view::npos) return header.substr(at);
  return header;
}

std::string symbol_lists(const Model& model, const std::vector<const SymbolChange*>& symbols) {
  auto header = [](const Symbol& s) { return code(without_decorators(s), 200); };
  Declarations declarations(symbols);
  auto where = [&](const SymbolChange& c) {
    const auto* declared = declarations.of(c);
    return place(model, c) + (declared ? "; declared in " + place(model, *declared) : "");
  };
  auto comment = [&](const SymbolChange& c) {
    auto words = lead_words(model.changes[c.after_change].after, *c.after);
    if (const auto* declared = declarations.of(c); words.empty() && declared)
      words = lead_words(model.changes[declared->after_change].after, *declared->after);
    return words.empty() ? "" : " — “" + escape(words) + "”";
  };
  std::string out;
  out += listed(symbols, declarations, Deed::added, "Added", [&](const SymbolChange& c) {
    return fmt::format("{} ({}){}", header(*c.after), where(c), comment(c));
  });
  out += listed(symbols, declarations, Deed::renamed, "Renamed", [&](const SymbolChange& c) {
    return fmt::format("{} to {} ({})", code(c.before->qualified), code(c.after->qualified), where(c));
  });
  out += listed(symbols, declarations, Deed::signature, "Signature changed", [&](const SymbolChange& c) {
    return fmt::format("{} is now {} ({})", header(*c.before), header(*c.after), where(c));
  });
  out += listed(symbols, declarations, Deed::body, "Changed",
                [&](const SymbolChange& c) { return fmt::format("{} ({})", code(c.after->qualified), where(c)); });
  auto from_to = [&](const SymbolChange& c) {
    return fmt::format("{} from {} to {}", code(c.after->qualified),
                       code_name(model.changes[c.before_change].file->old_path),
                       code_name(model.changes[c.after_change].file->new_path));
  };
  out += listed(symbols, declarations, Deed::moved, "Moved without a change but indentation", from_to);
  out += listed(symbols, declarations, Deed::reworked, "Moved and changed", from_to);
  out += listed(symbols, declarations, Deed::removed, "Removed",
                [&](const SymbolChange& c) { return fmt::format("{} ({})", header(*c.before), where(c)); });
  return out;
}

std::string symbol_counts(const std::vector<const SymbolChange*>& symbols) {
  struct Words {
    const char* verb;
    std::vector<Deed> deeds;
  };
  const std::array<Words, 5> all = {Words{"adds", {Deed::added}}, Words{"renames", {Deed::renamed}},
                                    Words{"changes", {Deed::signature, Deed::body}},
                                    Words{"moves", {Deed::moved, Deed::reworked}}, Words{"removes", {Deed::removed}}};
  Declarations declarations(symbols);
  std::vector<std::string> parts;
  for (const auto& [verb, deeds] : all) {
    std::map<std::pair<SymbolKind, bool>, std::size_t> count;
    for (const auto* c : symbols)
      if (std::find(deeds.begin(), deeds.end(), c->deed) != deeds.end() && !declarations.told(c))
        ++count[{c->symbol().kind, is_declaration(*c)}];
    std::vector<std::string> things;
    for (const auto& [what, n] : count) things.push_back(fmt::format("{} {}", n, noun(what.first, what.second, n)));
    if (!things.empty()) parts.push_back(fmt::format("{} {}", verb, list_words(things, 7)));
  }
  return join(parts, ", ");
}

std::string symbol_title(const std::vector<const SymbolChange*>& symbols) {
  auto is = [](Deed deed) { return [deed](const SymbolChange& c) { return c.deed == deed; }; };
  auto added = names(symbols, is(Deed::added)), removed = names(symbols, is(Deed::removed)),
       moved = names(symbols, [](const SymbolChange& c) { return c.deed == Deed::moved || c.deed == Deed::reworked; });
  auto changed =
      names(symbols, [](const SymbolChange& c) { return c.deed == Deed::body || c.deed == Deed::signature; });
  // One macro under two conditions can be both.
  for (const auto& name : changed) std::erase(added, name), std::erase(removed, name);
  std::vector<std::string> renamed;
  for (const auto* c : symbols)
    if (c->deed == Deed::renamed && nameable(*c))
      renamed.push_back(one_line(c->before->name, 40) + " to " + one_line(c->after->name, 40));
  std::vector<std::string> parts;
  auto part = [&](const char* verb, const std::vector<std::string>& what, std::size_t most) {
    if (!what.empty() && parts.size() < 3) parts.push_back(std::string(verb) + " " + list_words(what, most));
  };
  std::size_t kinds = !added.empty() + !renamed.empty() + !changed.empty() + !moved.empty() + !removed.empty();
  std::size_t most = kinds > 1 ? 2 : 3;
  part("add", added, most);
  part("rename", renamed, 1 + (kinds == 1));
  part("change", changed, most);
  part("move", moved, most);
  part("remove", removed, most);
  if (parts.empty()) return {};
  auto title = join(parts, ", ");
  if (title[0] >= 'a' && title[0] <= 'z') title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title.size() > 110 ? "" : title;
}

}  // namespace pika::explain
