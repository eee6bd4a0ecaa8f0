#include "symbol_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "headers.hpp"
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
  return fmt::format("{}, {}line {}", code_name(c.after ? change.new_path : change.old_path), c.after ? "" : "old ",
                     c.symbol().line);
}

bool is_declaration(const SymbolChange& c) {
  auto kind = c.symbol().kind;
  return (kind == SymbolKind::function || kind == SymbolKind::type) && !c.symbol().definition;
}

std::string_view stem(const Model& model, const SymbolChange& c) {
  auto name = base_name(model.changes[c.after ? c.after_change : c.before_change].file->path());
  return name.substr(0, name.find('.'));
}

// What is declared in one place and defined in another, by its definition; it is told once.
class Declarations {
 public:
  Declarations(const Model& model, const std::vector<const SymbolChange*>& symbols) {
    std::map<std::tuple<Deed, SymbolKind, std::string_view>, Both> named;
    for (const auto* c : symbols) {
      const auto& s = c->symbol();
      auto& both = named[{c->deed, s.kind, s.qualified}];
      (s.definition ? both.defined : both.declared).push_back(c);
    }
    for (auto& [name, both] : named)
      for (const auto* c : both.declared)
        if (is_declaration(*c)) join(model, both, c);
  }

  // Told where its definition is.
  bool told(const SymbolChange* c) const { return told_.contains(c); }
  const SymbolChange* of(const SymbolChange& c) const {
    auto found = of_.find(&c);
    return found == of_.end() ? nullptr : found->second;
  }

 private:
  struct Both {
    std::vector<const SymbolChange*> declared, defined;
  };

  // Of several definitions (one a platform) the header of the same name declares.
  void join(const Model& model, const Both& both, const SymbolChange* declared) {
    bool one = both.declared.size() == 1 && both.defined.size() == 1;
    for (const auto* d : both.defined) {
      if ((!one && stem(model, *d) != stem(model, *declared)) || of_.contains(d)) continue;
      of_[d] = declared;
      told_.insert(declared);
      return;
    }
  }

  std::map<const SymbolChange*, const SymbolChange*> of_;
  std::set<const SymbolChange*> told_;
};

std::string listed(const std::vector<const SymbolChange*>& symbols, const Declarations& declarations, Deed wanted,
                   auto deed_of, const char* title, auto item) {
  std::string out;
  std::size_t n = 0;
  for (const auto* c : symbols) {
    if (deed_of(*c) != wanted || declarations.told(c)) continue;
    if (++n <= kMostListed) out += "- " + item(*c) + "\n";
  }
  if (n == 0) return {};
  if (n > kMostListed) out += fmt::format("- and {} more\n", n - kMostListed);
  return fmt::format("**{}**\n\n{}\n", title, out);
}

// By SymbolKind; then for constants, and for what is only declared.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kNouns = {
    std::pair{"scope", "scopes"}, {"type", "types"},         {"function", "functions"},
    {"variable", "variables"},    {"field", "fields"},       {"macro", "macros"},
    {"alias", "aliases"},         {"constant", "constants"}, {"declaration", "declarations"}};

std::size_t noun_of(const SymbolChange& c) {
  if (is_declaration(c)) return kNouns.size() - 1;
  return c.symbol().constant ? kNouns.size() - 2 : static_cast<std::size_t>(c.symbol().kind);
}

// What a title may name: short, and known to people outside its file.
bool nameable(const SymbolChange& c) {
  const auto& s = c.symbol();
  if (s.kind == SymbolKind::type && !s.definition) return false;  // `struct A;` makes no type
  if (s.kind == SymbolKind::field || s.name.size() > 40 || s.name.find_first_of(" \n\"") != std::string::npos)
    return false;
  return !s.test;
}

// A name that many things have says little without the type whose it is: ReceiverBuffer::new.
std::string title_name(const Symbol& s) {
  static constexpr std::array<std::string_view, 14> kCommon = {"init",   "open",  "close", "read",  "write",
                                                               "create", "clear", "reset", "start", "build",
                                                               "update", "apply", "value", "error"};
  bool common = s.name.size() < 4 || s.name.starts_with("__") || s.name == "constructor" ||
                std::find(kCommon.begin(), kCommon.end(), s.name) != kCommon.end();
  std::string_view scope =
      std::string_view(s.qualified).substr(0, s.qualified.size() - std::min(s.name.size(), s.qualified.size()));
  for (std::string_view joint : {"::", "."}) {
    if (!common || !scope.ends_with(joint)) continue;
    auto owner = scope.substr(0, scope.size() - joint.size());
    if (auto at = owner.rfind(joint); at != std::string_view::npos) owner = owner.substr(at + joint.size());
    owner = owner.substr(0, owner.find('<'));
    if (!owner.empty() && owner.size() + s.name.size() <= 40)
      return one_line(std::string(owner) + std::string(joint) + s.name, 42);
  }
  return one_line(s.name, 40);
}

// Each once a place: overloads are one.
class Counted {
 public:
  void add(const SymbolChange& c, std::string text) {
    const auto& s = c.symbol();
    int lines = s.last_line - s.first_line + 1 + (s.kind == SymbolKind::type ? 1000 : 0);
    auto [at, fresh] = at_.try_emplace(text, names_.size());
    if (fresh) names_.push_back({0, {std::move(text), 0}});
    auto& [most, name] = names_[at->second];
    most = std::max(most, lines);
    if (places_.emplace(c.after ? c.after_change : c.before_change, s.qualified).second) ++name.times;
  }

  // Types first, then the largest; a title has room for few.
  std::vector<TitleName> by_size() {
    std::sort(names_.begin(), names_.end(), [](const auto& a, const auto& b) {
      return std::pair(-a.first, a.second.text) < std::pair(-b.first, b.second.text);
    });
    return in_order();
  }

  std::vector<TitleName> in_order() const {
    std::vector<TitleName> out;
    for (const auto& [lines, name] : names_) out.push_back(name);
    return out;
  }

 private:
  std::vector<std::pair<int, TitleName>> names_;
  std::map<std::string, std::size_t> at_;
  std::set<std::pair<std::size_t, std::string>> places_;
};

std::vector<TitleName> names(const Model& model, const std::vector<const SymbolChange*>& symbols, auto wanted) {
  Declarations declarations(model, symbols);
  std::set<std::string_view> types;  // whose constructors and destructors go without saying
  for (const auto* c : symbols)
    if (wanted(*c) && nameable(*c) && c->symbol().kind == SymbolKind::type) types.insert(c->symbol().name);
  Counted counted;
  for (const auto* c : symbols) {
    const auto& s = c->symbol();
    bool implied = s.kind == SymbolKind::function && types.contains(std::string_view(s.name).substr(s.name[0] == '~'));
    if (wanted(*c) && nameable(*c) && !declarations.told(c) && !implied) counted.add(*c, title_name(s));
  }
  return counted.by_size();
}

// Takes the name out, if it is there.
bool take(std::vector<TitleName>& names, const std::string& text) {
  return std::erase_if(names, [&](const TitleName& n) { return n.text == text; }) > 0;
}

void put(std::vector<TitleName>& names, const TitleName& name) {
  auto known = std::find_if(names.begin(), names.end(), [&](const TitleName& n) { return n.text == name.text; });
  if (known == names.end())
    names.push_back(name);
  else
    known->times += name.times;
}

}  // namespace

// What keeps a header from being read twice is no macro that anybody uses.
static bool guard(const Symbol& s) {
  if (s.kind != SymbolKind::macro || !s.header.ends_with(s.name)) return false;
  auto name = lower(s.name);
  while (name.ends_with('_')) name.pop_back();
  for (std::string_view end : {"_h", "_hh", "_hpp", "_hxx", "_inl", "_included"})
    if (name.ends_with(end)) return true;
  return false;
}

std::vector<const SymbolChange*> symbols_of(const Model& model, std::size_t group) {
  std::vector<const SymbolChange*> out;
  for (std::size_t i = 0; i < model.delta.size(); ++i)
    if (i < model.delta_group.size() && model.delta_group[i] == group && !guard(model.delta[i].symbol()))
      out.push_back(&model.delta[i]);
  return out;
}

// What another file has now, and whose old lines this group shows.
static std::vector<const SymbolChange*> left_by(const Model& model, std::size_t group) {
  std::vector<const SymbolChange*> out;
  for (std::size_t i = 0; i < model.delta_left.size(); ++i)
    if (model.delta_left[i] == group) out.push_back(&model.delta[i]);
  return out;
}

std::string list_names(const std::vector<TitleName>& names, std::size_t most) {
  std::vector<std::string> words;
  std::size_t shown = names.size() <= most ? names.size() : std::max<std::size_t>(1, most - 1), rest = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& [text, times] = names[i];
    if (i >= shown)
      rest += times;
    else
      words.push_back(times == 1 ? text : fmt::format("{} in {} places", text, times));
  }
  if (rest == 0) return list_words(words, words.size());
  return join(words, ", ") + fmt::format(" and {} {}", rest, rest == 1 ? "other" : "others");
}

std::vector<TitleName> test_names(const std::vector<const SymbolChange*>& symbols) {
  Counted counted;
  for (const auto* c : symbols) {
    const auto& s = c->symbol();
    if (s.kind == SymbolKind::field || s.kind == SymbolKind::variable || s.name.size() > 48) continue;
    counted.add(*c, one_line(s.name, 48));
  }
  return counted.in_order();
}

std::string lead_words(const Side& side, const Symbol& symbol) {
  auto text = std::string_view(side.text).substr(symbol.begin, symbol.core - symbol.begin);
  std::string words;
  for (auto line : split(text, '\n')) {
    line = trim(line);
    while (!line.empty() && std::string_view("/*#!=-").find(line.front()) != std::string_view::npos)
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
  while (!words.empty() && std::string_view("/*=-# ").find(words.back()) != std::string_view::npos) words.pop_back();
  if (words.starts_with("TODO") || words.starts_with("FIXME")) return {};
  return one_line(words, 160);
}

// " of `Owner`" for a member, whose header does not say whose it is.
static std::string of_owner(const Side& side, const Symbol& s) {
  if (s.parent < 0 || !side.file) return {};
  const auto& owner = side.file->symbols[static_cast<std::size_t>(s.parent)];
  bool has_members = owner.kind == SymbolKind::type || owner.header.starts_with("impl");
  return has_members && s.header.find(owner.name) == std::string::npos ? " of " + code(one_line(owner.name, 60)) : "";
}

std::string symbol_lists(const Model& model, const std::vector<const SymbolChange*>& symbols) {
  auto header = [](const Symbol& s) {
    auto text = std::string(shown_header(s));
    bool only_declared = (s.kind == SymbolKind::type || s.kind == SymbolKind::function) && !s.definition;
    return code(only_declared ? text + ";" : text, 200);
  };
  Declarations declarations(model, symbols);
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
  // Where only a value is another one, or what a constructor does, nothing of the signature changed.
  auto same = [](const SymbolChange& c) { return declared(*c.before) == declared(*c.after); };
  auto deed = [&](const SymbolChange& c) { return c.deed == Deed::signature && same(c) ? Deed::body : c.deed; };
  auto valued = [&](const SymbolChange& c) {
    return c.deed == Deed::signature && same(c) && c.symbol().kind != SymbolKind::function &&
           shown_header(*c.before) != declared(*c.before) && shown_header(*c.after) != declared(*c.after);
  };
  std::string out;
  out += listed(symbols, declarations, Deed::added, deed, "Added", [&](const SymbolChange& c) {
    const auto& side = model.changes[c.after_change].after;
    return fmt::format("{}{} ({}){}", header(*c.after), of_owner(side, *c.after), where(c), comment(c));
  });
  out += listed(symbols, declarations, Deed::renamed, deed, "Renamed", [&](const SymbolChange& c) {
    return fmt::format("{} to {} ({})", code(c.before->qualified), code(c.after->qualified), where(c));
  });
  out += listed(symbols, declarations, Deed::signature, deed, "Signature changed", [&](const SymbolChange& c) {
    auto [before, after] = differing_code(shown_header(*c.before), shown_header(*c.after));
    // Where both are cut at their beginning the name would not be there.
    auto name = before.starts_with("`…") || after.starts_with("`…") ? code(c.after->qualified) + ": " : std::string();
    auto owner = name.empty() ? of_owner(model.changes[c.after_change].after, *c.after) : std::string();
    return fmt::format("{}{}{} is now {} ({}){}", name, before, owner, after, where(c),
                       c.body_too ? "; its body changed too" : "");
  });
  std::vector<const SymbolChange*> code_changed, reworded;
  for (const auto* c : symbols) (c->comments_only ? reworded : code_changed).push_back(c);
  out += listed(code_changed, declarations, Deed::body, deed, "Changed", [&](const SymbolChange& c) {
    if (valued(c)) return fmt::format("{} is now {} ({})", header(*c.before), header(*c.after), where(c));
    return fmt::format("{} ({})", code(c.after->qualified), where(c));
  });
  out += listed(reworded, declarations, Deed::body, deed, "Only comments or documentation changed",
                [&](const SymbolChange& c) { return fmt::format("{} ({})", code(c.after->qualified), where(c)); });
  auto from_to = [&](const SymbolChange& c) {
    if (c.before_change == c.after_change && c.before->qualified != c.after->qualified)
      return fmt::format("{}, now {}, within {}", code(c.before->qualified), code(c.after->qualified),
                         code_name(model.changes[c.after_change].file->new_path));
    auto was = visibility(declared(*c.before)).first, is = visibility(declared(*c.after)).first;
    auto seen = was == is ? "" : is.empty() ? ", no longer " + code(was) : ", now " + code(is);
    return fmt::format("{} from {} to {}{}", code(c.after->qualified),
                       code_name(model.changes[c.before_change].file->old_path),
                       code_name(model.changes[c.after_change].file->new_path), seen);
  };
  out += listed(symbols, declarations, Deed::moved, deed, "Moved without a change but indentation", from_to);
  out += listed(symbols, declarations, Deed::reworked, deed, "Moved and changed", from_to);
  out += listed(symbols, declarations, Deed::removed, deed, "Removed", [&](const SymbolChange& c) {
    const auto& side = model.changes[c.before_change].before;
    return fmt::format("{}{} ({})", header(*c.before), of_owner(side, *c.before), where(c));
  });
  return out;
}

std::string left_words(const Model& model, std::size_t group) {
  std::string out;
  std::size_t n = 0;
  for (const auto* c : left_by(model, group))
    if (++n <= kMostListed)
      out += fmt::format("- {} to {}\n", code(c->before->qualified),
                         code_name(model.changes[c->after_change].file->new_path));
  if (n > kMostListed) out += fmt::format("- and {} more\n", n - kMostListed);
  return out.empty() ? out : "**Gone to another file**\n\n" + out + "\n";
}

std::string left_title(const Model& model, std::size_t group) {
  auto left = left_by(model, group);
  auto what = names(model, left, [](const SymbolChange&) { return true; });
  if (what.empty()) return {};
  auto file = left.front()->before_change;
  bool one = std::all_of(left.begin(), left.end(), [&](const auto* c) { return c->before_change == file; });
  auto title = "Move " + list_names(what, 3) + " out";
  if (one) title += " of " + plain_name(base_name(model.changes[file].file->old_path));
  return title.size() > 110 ? "" : title;
}

std::string symbol_counts(const Model& model, const std::vector<const SymbolChange*>& symbols) {
  struct Words {
    const char* verb;
    std::vector<Deed> deeds;
  };
  const std::array<Words, 5> all = {Words{"adds", {Deed::added}}, Words{"renames", {Deed::renamed}},
                                    Words{"changes", {Deed::signature, Deed::body}},
                                    Words{"moves", {Deed::moved, Deed::reworked}}, Words{"removes", {Deed::removed}}};
  Declarations declarations(model, symbols);
  std::vector<std::string> parts;
  for (const auto& [verb, deeds] : all) {
    std::array<std::size_t, kNouns.size()> count{};
    for (const auto* c : symbols)
      if (std::find(deeds.begin(), deeds.end(), c->deed) != deeds.end() && !declarations.told(c)) ++count[noun_of(*c)];
    std::vector<std::string> things;
    for (std::size_t i = 0; i < count.size(); ++i)
      if (count[i]) things.push_back(plural(static_cast<std::int64_t>(count[i]), kNouns[i].first, kNouns[i].second));
    if (!things.empty()) parts.push_back(fmt::format("{} {}", verb, list_words(things, 8)));
  }
  return join(parts, ", ");
}

std::string symbol_title(const Model& model, const std::vector<const SymbolChange*>& symbols) {
  auto is = [](Deed deed) { return [deed](const SymbolChange& c) { return c.deed == deed; }; };
  // One more of a name that was there, an overload, is a change of what the name means.
  auto overload = [&](const SymbolChange& c) {
    const auto& before = model.changes[c.after_change].before;
    return c.deed == Deed::added && before.file &&
           std::any_of(before.file->symbols.begin(), before.file->symbols.end(),
                       [&](const Symbol& s) { return s.qualified == c.after->qualified && s.kind == c.after->kind; });
  };
  auto added = names(model, symbols, [&](const SymbolChange& c) { return c.deed == Deed::added && !overload(c); }),
       removed = names(model, symbols, is(Deed::removed)), moved = names(model, symbols, [](const SymbolChange& c) {
                                                             return c.deed == Deed::moved || c.deed == Deed::reworked;
                                                           });
  auto changed = names(model, symbols, [&](const SymbolChange& c) {
    return c.deed == Deed::body || c.deed == Deed::signature || overload(c);
  });
  // Taken out and put in again, with other arguments: who reads it sees a change.
  for (const auto& name : std::vector(added))
    if (take(removed, name.text)) take(added, name.text), put(changed, name);
  // One macro under two conditions can be both.
  for (const auto& name : changed) take(added, name.text), take(removed, name.text);
  Counted counted;
  for (const auto* c : symbols)
    if (c->deed == Deed::renamed && nameable(*c))
      counted.add(*c, one_line(c->before->name, 40) + " to " + one_line(c->after->name, 40));
  auto renamed = counted.in_order();
  std::vector<std::string> parts;
  bool words =
      !symbols.empty() && std::all_of(symbols.begin(), symbols.end(), [](const auto* c) { return c->comments_only; });
  if (words && !changed.empty()) {
    auto title = "Reword the comments of " + list_names(changed, 3);
    return title.size() > 110 ? "" : title;
  }
  // The fullest that a title has room for.
  std::size_t kinds = !added.empty() + !renamed.empty() + !changed.empty() + !moved.empty() + !removed.empty();
  for (std::size_t most = kinds > 1 ? 2 : 3; most > 0; --most)
    for (std::size_t verbs = 3; verbs > 1; --verbs) {
      parts.clear();
      auto part = [&](const char* verb, const std::vector<TitleName>& what, std::size_t names) {
        if (!what.empty() && parts.size() < verbs) parts.push_back(std::string(verb) + " " + list_names(what, names));
      };
      part("add", added, most);
      part("rename", renamed, most - (kinds > 1 && most > 1));
      part("change", changed, most);
      part("move", moved, most);
      part("remove", removed, most);
      if (parts.empty()) return {};
      auto title = join(parts, ", ");
      if (title[0] >= 'a' && title[0] <= 'z') title[0] = static_cast<char>(title[0] - 'a' + 'A');
      if (title.size() <= 110) return title;
    }
  return {};
}

}  // namespace pika::explain
