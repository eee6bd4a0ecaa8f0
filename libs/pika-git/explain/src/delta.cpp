#include "delta.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "pika/base/text.hpp"

namespace pika::explain {

namespace {

using syntax::Symbol;
using syntax::SymbolKind;

// Lines without their common indentation; what a moved declaration must keep.
std::string without_indentation(std::string_view text) {
  auto lines = split(text, '\n');
  std::size_t common = std::string_view::npos;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto at = lines[i].find_first_not_of(" \t");
    if (at != std::string_view::npos) common = std::min(common, at);
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i && common != std::string_view::npos) lines[i].remove_prefix(std::min(common, lines[i].size()));
    out += lines[i];
    out += '\n';
  }
  return out;
}

// Of two token lists, the share that is equal when aligned from both ends: cheap, and enough to tell a renamed
// definition from another one.
bool alike(const Side& a, const Symbol& x, const Side& b, const Symbol& y) {
  auto s = a.tokens(x), t = b.tokens(y);
  if (s.empty() || t.empty()) return false;
  std::map<std::string_view, int> count;
  for (const auto& token : s) ++count[a.text_of(token)];
  std::size_t same = 0;
  for (const auto& token : t)
    if (auto at = count.find(b.text_of(token)); at != count.end() && at->second > 0) --at->second, ++same;
  return same * 10 >= std::max(s.size(), t.size()) * 7;
}

using Key = std::tuple<std::string, SymbolKind, bool>;
Key key_of(const Symbol& s) {
  return {s.qualified, s.kind, s.definition};
}

class Delta {
 public:
  explicit Delta(const Model& model) : model_(model) {}

  std::vector<SymbolChange> run() {
    for (std::size_t i = 0; i < model_.changes.size(); ++i) one_file(i);
    pair_renamed();
    pair_moved();
    leave_out_members();
    auto where = [](const SymbolChange& c) {
      return std::tuple(c.after ? c.after_change : c.before_change, c.after == nullptr, c.symbol().begin);
    };
    std::sort(out_.begin(), out_.end(), [&](const auto& a, const auto& b) { return where(a) < where(b); });
    return std::move(out_);
  }

 private:
  const Side& before(std::size_t i) const { return model_.changes[i].before; }
  const Side& after(std::size_t i) const { return model_.changes[i].after; }

  static bool worth(const Symbol& s) { return s.kind != SymbolKind::scope; }

  void one_file(std::size_t i) {
    const auto& a = before(i);
    const auto& b = after(i);
    bool added = model_.changes[i].file->old_mode == 0, deleted = model_.changes[i].file->new_mode == 0;
    // A side that could not be read would make every symbol of the other one new.
    if ((!added && !a.file) || (!deleted && !b.file)) return;
    std::map<Key, std::vector<const Symbol*>> old_ones;
    if (a.file)
      for (const auto& s : a.file->symbols)
        if (worth(s)) old_ones[key_of(s)].push_back(&s);
    std::vector<const Symbol*> left;
    if (b.file)
      for (const auto& s : b.file->symbols) {
        if (!worth(s)) continue;
        auto& same = old_ones[key_of(s)];
        // Overloads: the one with the same header first.
        auto twin = std::find_if(same.begin(), same.end(), [&](const Symbol* o) { return o->header == s.header; });
        if (twin == same.end()) {
          left.push_back(&s);
          continue;
        }
        compare(i, **twin, s);
        same.erase(twin);
      }
    for (const auto* s : left) {
      auto& same = old_ones[key_of(*s)];
      if (same.empty()) {
        out_.push_back({Deed::added, i, i, nullptr, s});
        continue;
      }
      out_.push_back({Deed::signature, i, i, same.front(), s});
      same.erase(same.begin());
    }
    for (const auto& [key, rest] : old_ones)
      for (const auto* s : rest) out_.push_back({Deed::removed, i, i, s, nullptr});
  }

  void compare(std::size_t i, const Symbol& x, const Symbol& y) {
    if (before(i).text_of(x) != after(i).text_of(y)) out_.push_back({Deed::body, i, i, &x, &y});
  }

  // Removed here, added in the same file: same kind and scope, and most tokens the same.
  void pair_renamed() {
    std::map<std::size_t, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> by_file;
    for (std::size_t i = 0; i < out_.size(); ++i) {
      if (out_[i].deed == Deed::removed) by_file[out_[i].before_change].first.push_back(i);
      if (out_[i].deed == Deed::added) by_file[out_[i].after_change].second.push_back(i);
    }
    for (auto& [file, both] : by_file) {
      if (both.first.size() * both.second.size() > 10'000) continue;  // a rewritten file, not a renamed symbol
      for (auto g : both.first) {
        auto twin = std::find_if(both.second.begin(), both.second.end(),
                                 [&](std::size_t f) { return is_renamed(out_[g], out_[f]); });
        if (twin == both.second.end()) continue;
        auto& fresh = out_[*twin];
        fresh.deed = Deed::renamed;
        fresh.before = std::exchange(out_[g].before, nullptr);
        both.second.erase(twin);
      }
    }
    drop_taken();
  }

  bool is_renamed(const SymbolChange& gone, const SymbolChange& fresh) const {
    const auto &x = *gone.before, &y = *fresh.after;
    if (x.kind != y.kind || x.definition != y.definition || x.name == y.name || x.test != y.test) return false;
    if (x.kind == SymbolKind::field || x.kind == SymbolKind::variable) return false;
    return alike(before(gone.before_change), x, after(fresh.after_change), y);
  }

  // Removed in one file and added in another, byte for byte but for the indentation.
  void pair_moved() {
    std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> fresh;
    for (std::size_t i = 0; i < out_.size(); ++i)
      if (out_[i].deed == Deed::added)
        fresh[{out_[i].after->name, without_indentation(after(out_[i].after_change).text_of(*out_[i].after))}]
            .push_back(i);
    for (auto& gone : out_) {
      if (gone.deed != Deed::removed) continue;
      auto at = fresh.find({gone.before->name, without_indentation(before(gone.before_change).text_of(*gone.before))});
      if (at == fresh.end() || at->second.empty()) continue;
      auto& to = out_[at->second.front()];
      at->second.erase(at->second.begin());
      if (to.after->kind != gone.before->kind) continue;
      to.deed = Deed::moved;
      to.before = gone.before;
      to.before_change = gone.before_change;
      gone.before = nullptr;
    }
    drop_taken();
  }

  void drop_taken() {
    std::erase_if(out_, [](const SymbolChange& c) { return !c.before && !c.after; });
  }

  void leave_out_members() {
    std::set<const Symbol*> whole, inner;
    for (const auto& c : out_) {
      if (c.deed == Deed::added || c.deed == Deed::moved) whole.insert(c.after);
      if (c.deed == Deed::removed || c.deed == Deed::moved) whole.insert(c.before);
    }
    auto parent = [](const Side& side, const Symbol* s) -> const Symbol* {
      return s && s->parent >= 0 ? &side.file->symbols[static_cast<std::size_t>(s->parent)] : nullptr;
    };
    auto in_whole = [&](const Side& side, const Symbol* s) {
      for (s = parent(side, s); s; s = parent(side, s))
        if (whole.contains(s)) return true;
      return false;
    };
    std::erase_if(out_, [&](const SymbolChange& c) {
      if (c.deed == Deed::removed) return in_whole(before(c.before_change), c.before);
      if (c.deed == Deed::added || c.deed == Deed::moved) return in_whole(after(c.after_change), c.after);
      return false;
    });
    for (const auto& c : out_) {
      if (c.after)
        for (auto* p = parent(after(c.after_change), c.after); p; p = parent(after(c.after_change), p)) inner.insert(p);
      if (!c.after)
        for (auto* p = parent(before(c.before_change), c.before); p; p = parent(before(c.before_change), p))
          inner.insert(p);
    }
    std::erase_if(out_, [&](const SymbolChange& c) {
      return c.deed == Deed::body && (inner.contains(c.after) || inner.contains(c.before));
    });
  }

  const Model& model_;
  std::vector<SymbolChange> out_;
};

}  // namespace

std::vector<SymbolChange> symbol_delta(const Model& model) {
  return Delta(model).run();
}

}  // namespace pika::explain
