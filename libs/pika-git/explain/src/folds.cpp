#include "folds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "pika/base/text.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

using syntax::Language;
using syntax::Symbol;
using syntax::SymbolKind;
using syntax::Token;
using syntax::TokenKind;

std::vector<std::string_view> lines_of(const Side& side, int first, int last) {
  std::vector<std::string_view> out;
  for (int n = first; n <= last; ++n) out.push_back(side.line(n));
  return out;
}

std::string_view indentation(std::string_view line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t\f\v"), line.size()));
}

// A preprocessor line, or one that goes on in the next: there the end of a line means something.
bool line_matters(std::string_view line) {
  auto words = trim(line);
  return words.starts_with('#') || words.starts_with("%:") || words.starts_with("?\?=") || words.ends_with('\\') ||
         words.ends_with("?\?/");
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
  while (!a.empty() && !b.empty()) {
    auto x = word(a), y = word(b);
    if (x == y) continue;
    auto to = renames.find(x);
    if (to == renames.end() || to->second != y) return false;
    used.insert(std::string(x));
  }
  return a.empty() && b.empty();
}

struct Compared {
  bool equal = true;
  std::set<std::string> used;  // names that were renamed
};

Compared compare(const Side& before, std::span<const Token> a, const Side& after, std::span<const Token> b,
                 const RenameMap& renames) {
  Compared out;
  if (a.size() != b.size()) return {.equal = false, .used = {}};
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].kind != b[i].kind) return {.equal = false, .used = {}};
    auto x = before.text_of(a[i]), y = after.text_of(b[i]);
    if (x == y) continue;
    bool maps = false;
    if (a[i].kind == TokenKind::identifier) {
      auto to = renames.find(x);
      maps = to != renames.end() && to->second == y;
      if (maps) out.used.insert(std::string(x));
    } else if (a[i].kind == TokenKind::comment) {
      maps = comment_matches(x, y, renames, out.used);
    }
    if (!maps) return {.equal = false, .used = {}};
  }
  return out;
}

// The tokens stand on lines in the same way, and, where asked, behind the same indentation.
bool same_lines(const Side& before, std::span<const Token> a, const Side& after, std::span<const Token> b,
                bool indented) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    bool breaks_a = i == 0 || a[i].line != a[i - 1].last_line, breaks_b = i == 0 || b[i].line != b[i - 1].last_line;
    if (breaks_a != breaks_b) return false;
    if (!indented || !breaks_a) continue;
    if (indentation(before.line(a[i].line)) != indentation(after.line(b[i].line))) return false;
  }
  return true;
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
  if (layout == Layout::none || !before.file || !after.file) return {};
  if (before.cuts_token(old_first, old_last) || after.cuts_token(new_first, new_last)) return {};
  auto a = before.tokens(old_first, old_last), b = after.tokens(new_first, new_last);
  auto compared = compare(before, a, after, b, renames);
  if (!compared.equal) return {};
  auto old_lines = lines_of(before, old_first, old_last), new_lines = lines_of(after, new_first, new_last);
  bool same = same_lines(before, a, after, b, true);
  if (!same) {
    bool kept = layout == Layout::free;
    if (layout == Layout::lines) kept = same_lines(before, a, after, b, false);
    if (!kept) return {};
  }
  auto goes_on = [](std::string_view line) { return trim(line).ends_with('\\'); };
  for (const auto* lines : {&old_lines, &new_lines})
    if (std::any_of(lines->begin(), lines->end(), goes_on)) return {};
  // Blank lines too can matter after a line that goes on, and a line that is cut there.
  if (!same || old_lines.size() != new_lines.size()) {
    auto above = lines_of(before, old_first - 1, old_first - 1),
         above_new = lines_of(after, new_first - 1, new_first - 1);
    for (const auto* lines : {&old_lines, &new_lines, &above, &above_new})
      if (std::any_of(lines->begin(), lines->end(), line_matters)) return {};
  }
  if (!compared.used.empty()) return rename_rule(compared.used, renames, !same);
  return "layout: the same tokens";
}

namespace {

bool is_import(Language language, std::string_view line) {
  line = trim(line);
  if (!line.ends_with(';') || line.find(';') + 1 != line.size()) return false;
  if (line.find('"') != std::string_view::npos || line.find("//") != std::string_view::npos ||
      line.find("/*") != std::string_view::npos)
    return false;
  if (language == Language::java) return line.starts_with("import ");
  if (language == Language::rust) return line.starts_with("use ") || line.starts_with("pub use ");
  return false;
}

// Only imports and blank lines.
bool only_imports(const Side& side, Language language, int first, int last) {
  for (int n = first; n <= last; ++n)
    if (auto line = side.line(n); !trim(line).empty() && !is_import(language, line)) return false;
  return true;
}

struct Range {
  int first = 0, last = -1;  // lines of a side
};

struct Ranges {
  Range before, after;
};

Ranges ranges_of(const Model& model, const Atom& atom);

// Removed equals added over one block of imports, in a language where their order has no effect. Git shows a line
// that moved within a block as two atoms, so the block's atoms are taken together.
class Imports {
 public:
  explicit Imports(Model& model) : model_(model) {}

  void run() {
    std::vector<Atom*> block;
    Ranges last;
    for (auto& atom : model_.atoms) {
      bool fits = atom.hunk >= 0 && atom.rule.empty() && candidate(atom);
      Ranges ranges = fits ? ranges_of(model_, atom) : Ranges();
      bool joins = fits && !block.empty() && block.back()->change == atom.change &&
                   only_imports(model_.change(atom).after, model_.change(atom).language, last.after.last + 1,
                                ranges.after.first - 1);
      if (!joins) settle(block);
      if (fits) block.push_back(&atom), last = ranges;
    }
    settle(block);
  }

 private:
  bool candidate(const Atom& atom) const {
    const auto& change = model_.change(atom);
    if (change.language != Language::java && change.language != Language::rust) return false;
    if (!change.before.file || !change.after.file) return false;
    auto [before, after] = ranges_of(model_, atom);
    return only_imports(change.before, change.language, before.first, before.last) &&
           only_imports(change.after, change.language, after.first, after.last) &&
           !change.before.cuts_token(before.first, before.last) && !change.after.cuts_token(after.first, after.last);
  }

  void settle(std::vector<Atom*>& block) const {
    if (!block.empty() && same(block))
      for (auto* atom : block) atom->rule = "imports: the same ones in another order";
    block.clear();
  }

  // An attribute above belongs to whatever comes first, across blank lines and comments.
  static bool begins_afresh(const Side& side, Language language, int line) {
    while (line > 0 && trim(side.line(line)).empty()) --line;
    auto words = trim(side.line(line));
    return words.empty() || is_import(language, words) || words.ends_with(';') || words.ends_with('}');
  }

  bool same(const std::vector<Atom*>& block) const {
    std::vector<std::string_view> removed, added;
    const auto& change = model_.change(*block.front());
    for (const auto* atom : block) {
      auto [before, after] = ranges_of(model_, *atom);
      if (!begins_afresh(change.before, change.language, before.first - 1)) return false;
      if (!begins_afresh(change.after, change.language, after.first - 1)) return false;
      for (auto line : lines_of(change.before, before.first, before.last)) removed.push_back(trim(line));
      for (auto line : lines_of(change.after, after.first, after.last)) added.push_back(trim(line));
    }
    for (auto* lines : {&removed, &added}) {
      std::erase(*lines, "");
      std::sort(lines->begin(), lines->end());
    }
    return !removed.empty() && removed == added;
  }

  Model& model_;
};

// The order of such declarations means nothing in its language.
bool order_free(Language language, const Symbol& symbol) {
  bool kind = symbol.kind == SymbolKind::function || symbol.kind == SymbolKind::type;
  if (language == Language::rust || language == Language::java) return kind;
  return language == Language::go && kind && symbol.name != "init";
}

Ranges ranges_of(const Model& model, const Atom& atom) {
  Ranges out;
  const auto* hunk = model.hunk(atom);
  // Where there are no lines on a side, the place is after the last line before it.
  out.before.first = hunk->old_start + (hunk->old_lines == 0);
  out.after.first = hunk->new_start + (hunk->new_lines == 0);
  if (atom.first > 0) {  // the line above is context
    const auto& above = hunk->lines[static_cast<std::size_t>(atom.first) - 1];
    if (above.old_line) out.before.first = above.old_line + 1;
    if (above.new_line) out.after.first = above.new_line + 1;
  }
  for (int i = atom.last; i >= atom.first; --i) {
    const auto& line = hunk->lines[static_cast<std::size_t>(i)];
    if (line.kind == '-') out.before.first = line.old_line;
    if (line.kind == '+') out.after.first = line.new_line;
  }
  out.before.last = out.before.first + atom.removed - 1;
  out.after.last = out.after.first + atom.added - 1;
  return out;
}

// Whole declarations that moved, deleted in one atom and added in another; both atoms hold nothing else.
class Moves {
 public:
  Moves(Model& model, const std::vector<SymbolChange>& delta) : model_(model) {
    for (const auto& c : delta) {
      if (c.deed != Deed::moved) continue;
      auto language = model.changes[c.after_change].language;
      if (language != model.changes[c.before_change].language) continue;
      if (!order_free(language, *c.before) || scope(c.before->qualified) != scope(c.after->qualified)) continue;
      // Its comments move along, or the fold would hide their loss.
      auto lead = [](const Side& side, const Symbol& s) {
        return std::string(trim(std::string_view(side.text).substr(s.begin, s.core - s.begin)));
      };
      if (lead(model.changes[c.before_change].before, *c.before) != lead(model.changes[c.after_change].after, *c.after))
        continue;
      moves_.push_back(&c);
    }
    for (std::size_t i = 0; i < model.atoms.size() && !moves_.empty(); ++i)
      atoms_of_[model.atoms[i].change].push_back(i);
  }

  void run() {
    if (moves_.empty()) return;
    for (bool again = true; again;) {
      again = false;
      std::erase_if(moves_, [&](const SymbolChange* c) {
        bool whole = holder(c->before_change, *c->before, false) && holder(c->after_change, *c->after, true);
        again |= !whole;
        return !whole;
      });
    }
    for (const auto* c : moves_)
      for (bool new_side : {false, true}) {
        auto* atom = holder(new_side ? c->after_change : c->before_change, new_side ? *c->after : *c->before, new_side);
        atom->rule = "moved declaration: whole, and equal but for its indentation";
      }
  }

 private:
  static std::string scope(const std::string& qualified) {
    auto at = qualified.find_last_of(":.");
    return at == std::string::npos ? "" : qualified.substr(0, at);
  }

  // The atom that holds the symbol whole, where all its lines belong to moves; else nothing.
  Atom* holder(std::size_t change, const Symbol& symbol, bool new_side) {
    for (auto i : atoms_of_[change]) {
      auto& atom = model_.atoms[i];
      if (atom.hunk < 0 || (new_side ? atom.removed : atom.added) > 0) continue;
      auto ranges = ranges_of(model_, atom);
      auto range = new_side ? ranges.after : ranges.before;
      if (symbol.first_line < range.first || symbol.last_line > range.last) continue;
      return covered(change, range, new_side) ? &atom : nullptr;
    }
    return nullptr;
  }

  bool covered(std::size_t change, Range range, bool new_side) const {
    const auto& side = new_side ? model_.changes[change].after : model_.changes[change].before;
    auto lines = lines_of(side, range.first, range.last);
    for (int n = range.first; n <= range.last; ++n) {
      if (trim(lines[static_cast<std::size_t>(n - range.first)]).empty()) continue;
      bool inside = std::any_of(moves_.begin(), moves_.end(), [&](const SymbolChange* c) {
        if ((new_side ? c->after_change : c->before_change) != change) return false;
        const auto& s = new_side ? *c->after : *c->before;
        return s.first_line >= range.first && s.last_line <= range.last && s.first_line <= n && n <= s.last_line;
      });
      if (!inside) return false;
    }
    return true;
  }

  Model& model_;
  std::vector<const SymbolChange*> moves_;
  std::map<std::size_t, std::vector<std::size_t>> atoms_of_;
};

}  // namespace

void fold(Model& model, const std::vector<SymbolChange>& delta, const RenameMap& renames) {
  for (auto& atom : model.atoms) {
    const auto& change = model.change(atom);
    if (atom.hunk < 0 || (change.role != Role::source && change.role != Role::test)) continue;
    if (!change.before.file || !change.after.file) continue;
    auto [before, after] = ranges_of(model, atom);
    atom.rule = token_rule(change.before, before.first, before.last, change.after, after.first, after.last,
                           change.language, renames);
  }
  Imports(model).run();
  Moves(model, delta).run();
}

}  // namespace pika::explain
