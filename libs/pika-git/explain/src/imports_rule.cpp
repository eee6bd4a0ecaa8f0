#include <algorithm>

#include "atom_ranges.hpp"
#include "folds.hpp"
#include "pika/base/text.hpp"

namespace pika::explain {

namespace {

using syntax::Language;

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
    // What stands behind a comment's beginning or end says nothing.
    for (auto mark : {"//", "/*", "*/"})
      if (words.find(mark) != std::string_view::npos) return false;
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

}  // namespace

void fold_imports(Model& model) {
  Imports(model).run();
}

}  // namespace pika::explain
