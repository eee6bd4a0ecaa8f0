#include <algorithm>
#include <map>
#include <string>

#include "atom_ranges.hpp"
#include "folds.hpp"
#include "move_guard.hpp"
#include "pika/base/text.hpp"

namespace pika::explain {

namespace {

using syntax::Language;
using syntax::Symbol;
using syntax::SymbolKind;

// The order of such declarations means nothing in its language.
bool order_free(Language language, const Symbol& symbol) {
  bool kind = symbol.kind == SymbolKind::function || symbol.kind == SymbolKind::type;
  if (language == Language::rust || language == Language::java) return kind;
  return language == Language::go && kind && symbol.name != "init";
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
      if (!means_the_same(model.changes[c.before_change], *c.before, model.changes[c.after_change], *c.after)) continue;
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

void fold_moves(Model& model, const std::vector<SymbolChange>& delta) {
  Moves(model, delta).run();
}

}  // namespace pika::explain
