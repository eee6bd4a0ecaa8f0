#include "folds.hpp"

#include <algorithm>

#include "atom_ranges.hpp"
#include "locks.hpp"
#include "token_rule.hpp"

namespace pika::explain {

namespace {

// Atoms of one hunk; where the formatter moved a brace across a line that stayed, only several together have the same
// tokens on both sides.
class TokenFolds {
 public:
  TokenFolds(Model& model, const RenameMap& renames) : model_(model), renames_(renames) {}

  void run() {
    auto& atoms = model_.atoms;
    for (std::size_t i = 0; i < atoms.size();) {
      auto end = i + 1;
      while (end < atoms.size() && atoms[end].change == atoms[i].change && atoms[end].hunk == atoms[i].hunk) ++end;
      const auto& change = model_.change(atoms[i]);
      bool code = change.role == Role::source || change.role == Role::test;
      if (atoms[i].hunk >= 0 && code && change.before.file && change.after.file) one_hunk(i, end);
      i = end;
    }
  }

 private:
  static constexpr std::size_t kMostTogether = 40;

  std::string rule(std::size_t first, std::size_t last) const {
    const auto& change = model_.change(model_.atoms[first]);
    auto from = ranges_of(model_, model_.atoms[first]), to = ranges_of(model_, model_.atoms[last]);
    return token_rule(change.before, from.before.first, to.before.last, change.after, from.after.first, to.after.last,
                      change.language, renames_);
  }

  void one_hunk(std::size_t begin, std::size_t end) {
    auto& atoms = model_.atoms;
    for (auto i = begin; i < end; ++i) atoms[i].rule = rule(i, i);
    for (auto i = begin; i < end; ++i) {
      if (!atoms[i].rule.empty()) continue;
      for (auto j = i + 1; j < end && j < i + kMostTogether; ++j) {
        auto together = rule(i, j);
        if (together.empty()) continue;
        for (auto k = i; k <= j; ++k)
          if (atoms[k].rule.empty()) atoms[k].rule = together;
        break;
      }
    }
  }

  Model& model_;
  const RenameMap& renames_;
};

}  // namespace

void fold(Model& model, const std::vector<SymbolChange>& delta, const RenameMap& renames) {
  TokenFolds(model, renames).run();
  fold_imports(model);
  fold_moves(model, delta);
  fold_locks(model);
}

void drop_folded(Model& model) {
  std::vector<std::vector<Range>> read(model.changes.size());  // lines of the new side
  for (const auto& atom : model.atoms) {
    if (atom.hunk < 0 || !atom.rule.empty()) continue;
    auto range = ranges_of(model, atom).after;
    // Where lines only went the place is between two.
    read[atom.change].push_back({range.first - (atom.added == 0), std::max(range.first, range.last)});
  }
  std::erase_if(model.delta, [&](const SymbolChange& c) {
    if (c.deed != Deed::body && c.deed != Deed::signature) return false;
    const auto& ranges = read[c.after_change];
    return std::none_of(ranges.begin(), ranges.end(),
                        [&](const Range& r) { return r.first <= c.after->last_line && c.after->first_line <= r.last; });
  });
}

}  // namespace pika::explain
