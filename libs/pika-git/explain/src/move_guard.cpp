#include "move_guard.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "pika/base/text.hpp"

namespace pika::explain {

namespace {

using syntax::Language;
using syntax::Symbol;
using syntax::SymbolKind;
using syntax::Token;
using syntax::TokenKind;
using Words = std::multiset<std::string>;

// Names of systems and processors that end a Go file's name and so say where it is built.
constexpr std::array<std::string_view, 44> kGoPlaces = {
    "aix",      "android", "darwin",  "dragonfly", "freebsd",   "hurd",        "illumos", "ios",     "js",
    "linux",    "nacl",    "netbsd",  "openbsd",   "plan9",     "solaris",     "wasip1",  "windows", "zos",
    "unix",     "386",     "amd64",   "arm",       "arm64",     "loong64",     "mips",    "mips64",  "mips64le",
    "mipsle",   "ppc64",   "ppc64le", "riscv",     "riscv64",   "s390x",       "sparc",   "sparc64", "wasm",
    "amd64p32", "armbe",   "arm64be", "ppc",       "mips64p32", "mips64p32le", "s390",    "test"};

// Of one side: everything that says what a bare name means, and under which conditions the file is read at all.
class Surroundings {
 public:
  Surroundings(const Side& side, Language language, std::string_view path)
      : side_(side), language_(language), path_(path) {}

  // The statements that bind one of the names, and those that could bind any.
  Words imports(const std::set<std::string_view>& names) const {
    Words out;
    const auto& all = side_.file->tokens;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].kind == TokenKind::comment || word(i) != (language_ == Language::rust ? "use" : "import")) continue;
      bool many = language_ == Language::go && i + 1 < all.size() && word(i + 1) == "(";
      std::string statement;
      bool concerns = false;
      int line = all[i].line;
      auto close = [&] {
        if (concerns) out.insert(statement);
        statement.clear();
        concerns = false;
      };
      for (i += many ? 2 : 1; i < all.size() && word(i) != ";" && word(i) != ")"; ++i) {
        if (language_ == Language::go && all[i].line != line) {
          if (!many) break;
          close();
          line = all[i].line;
        }
        if (all[i].kind == TokenKind::comment) continue;
        concerns |= binds(i, names);
        statement += std::string(word(i)) + " ";
      }
      close();
    }
    return out;
  }

  // The definitions of the names that a declaration of this file sees.
  Words definitions(const std::set<std::string_view>& names) const {
    Words out;
    for (const auto& symbol : side_.file->symbols)
      if (names.contains(symbol.name) && is_seen(symbol)) out.insert(std::string(side_.text_of(symbol)));
    return out;
  }

  // What conditions the whole file.
  std::string conditions() const {
    std::string out;
    if (language_ == Language::go) {
      auto name = base_name(path_);
      auto parts = split(name.substr(0, name.rfind('.')), '_');
      for (std::size_t i = 1; i < parts.size(); ++i)
        if (std::find(kGoPlaces.begin(), kGoPlaces.end(), parts[i]) != kGoPlaces.end())
          out += std::string(parts[i]) + "\n";
    }
    for (int n = 1; static_cast<std::size_t>(n) <= side_.starts.size(); ++n) {
      auto line = trim(side_.line(n));
      bool counts = language_ == Language::rust ? line.starts_with("#!")
                                                : line.starts_with("package ") || line.find("go:build") != line.npos ||
                                                      line.find("+build") != line.npos;
      if (counts) out += std::string(line) + "\n";
    }
    return out;
  }

  // The headers of what encloses it, with their attributes. Nothing where an attribute may stand loose above one.
  std::optional<std::string> enclosing(const Symbol& symbol) const {
    std::string out;
    if (!begins_afresh(symbol)) return std::nullopt;
    for (int at = symbol.parent; at >= 0;) {
      const auto& parent = side_.file->symbols[static_cast<std::size_t>(at)];
      if (!begins_afresh(parent)) return std::nullopt;
      auto text = side_.text_of(parent);
      out += std::string(text.substr(0, text.find('{'))) + "\n";
      at = parent.parent;
    }
    return out;
  }

 private:
  std::string_view word(std::size_t i) const { return side_.text_of(side_.file->tokens[i]); }

  bool binds(std::size_t i, const std::set<std::string_view>& names) const {
    auto text = word(i);
    if (text == "*" || (language_ == Language::go && text == ".")) return true;
    if (language_ != Language::go || side_.file->tokens[i].kind != TokenKind::string) return names.contains(text);
    return std::any_of(names.begin(), names.end(), [&](auto name) { return text.find(name) != text.npos; });
  }

  // In Go the package's other files define names as well, and moving between them changes nothing.
  bool is_seen(const Symbol& symbol) const {
    if (language_ != Language::rust) return false;
    if (symbol.parent < 0) return true;
    const auto& parent = side_.file->symbols[static_cast<std::size_t>(symbol.parent)];
    return parent.kind == SymbolKind::scope && parent.header.find("impl") == std::string::npos;
  }

  // An attribute above belongs to whatever comes first, across blank lines and comments.
  bool begins_afresh(const Symbol& symbol) const {
    if (language_ == Language::go) return true;
    const auto& all = side_.file->tokens;
    auto at = std::lower_bound(all.begin(), all.end(), symbol.core,
                               [](const Token& t, std::uint32_t begin) { return t.begin < begin; });
    while (at != all.begin() && std::prev(at)->kind == TokenKind::comment) --at;
    if (at == all.begin()) return true;
    auto before = side_.text_of(*std::prev(at));
    return before == "}" || before == ";" || before == "{";
  }

  const Side& side_;
  Language language_;
  std::string_view path_;
};

// The names it uses; none at all where one of them means something else elsewhere by its nature.
std::optional<std::set<std::string_view>> names_of(const Side& side, const Symbol& symbol, Language language) {
  std::set<std::string_view> names;
  auto tokens = side.tokens(symbol);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    auto text = side.text_of(tokens[i]);
    bool path = i + 1 < tokens.size() && side.text_of(tokens[i + 1]) == "::";
    if (language == Language::rust && (text == "super" || (text == "self" && path))) return std::nullopt;
    if (language == Language::go && text == "C") return std::nullopt;
    if (tokens[i].kind == TokenKind::identifier && text != symbol.name) names.insert(text);
  }
  return names;
}

bool same_tokens(const Side& a, const Symbol& x, const Side& b, const Symbol& y) {
  auto s = a.tokens(x), t = b.tokens(y);
  return std::equal(s.begin(), s.end(), t.begin(), t.end(),
                    [&](const Token& m, const Token& n) { return a.text_of(m) == b.text_of(n); });
}

}  // namespace

bool means_the_same(const Change& from, const Symbol& was, const Change& to, const Symbol& is) {
  const auto language = to.language;
  const auto &old_path = from.file->old_path, &new_path = to.file->new_path;
  if (from.role != to.role || was.test != is.test) return false;
  // Indentation inside a string is content.
  if (!same_tokens(from.before, was, to.after, is)) return false;
  if (language != Language::rust && folder_of(old_path) != folder_of(new_path)) return false;
  if (language == Language::java && (was.parent >= 0 || is.parent >= 0)) return false;
  auto names = names_of(from.before, was, language);
  if (!names) return false;
  Surroundings before(from.before, language, old_path), after(to.after, language, new_path);
  auto around = before.enclosing(was);
  return around && around == after.enclosing(is) && before.conditions() == after.conditions() &&
         before.imports(*names) == after.imports(*names) && before.definitions(*names) == after.definitions(*names);
}

}  // namespace pika::explain
