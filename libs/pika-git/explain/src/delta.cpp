#include "delta.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "pika/base/text.hpp"
#include "token_rule.hpp"

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

// Of two definitions' tokens, the share in percent that both have; 0 where one is too short to tell a rename from a
// coincidence.
int alike(const Side& a, const Symbol& x, const Side& b, const Symbol& y) {
  auto s = a.tokens(x), t = b.tokens(y);
  if (std::min(s.size(), t.size()) < 12) return 0;
  std::map<std::string_view, int> count;
  for (const auto& token : s) ++count[a.text_of(token)];
  std::size_t same = 0;
  for (const auto& token : t)
    if (auto at = count.find(b.text_of(token)); at != count.end() && at->second > 0) --at->second, ++same;
  // The name itself differs, and so may what is called by it.
  return static_cast<int>((same + 1) * 100 / std::max(s.size(), t.size()));
}

constexpr int kAlike = 88;
constexpr std::size_t kMostTwins = 4;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

// A header without the white space that only parts what is parted anyway: `f(X& a)` and `f (X &a)` are the same.
std::string without_layout(std::string_view header) {
  std::string out;
  for (std::size_t i = 0; i < header.size(); ++i) {
    bool space = header[i] == ' ' || header[i] == '\t' || header[i] == '\n';
    if (!space) {
      out += header[i];
      continue;
    }
    auto next = header.find_first_not_of(" \t\n", i);
    if (next == std::string_view::npos) break;
    if (!out.empty() && is_word(out.back()) && is_word(header[next])) out += ' ';
    i = next - 1;
  }
  return out;
}

bool same_header(const Symbol& a, const Symbol& b) {
  return a.header == b.header || without_layout(a.header) == without_layout(b.header);
}

// A type that gets a lifetime is the same type: Buffer<W> and Buffer<'a, W>. A letter in quotes is none.
std::string without_lifetimes(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    auto end = i + 1;
    while (name[i] == '\'' && end < name.size() && is_word(name[end])) ++end;
    if (name[i] != '\'' || end == i + 1 || (end < name.size() && name[end] == '\'')) {
      out += name[i];
      continue;
    }
    while (end < name.size() && (name[end] == ',' || name[end] == ' ')) ++end;
    i = end - 1;
  }
  if (auto empty = out.find("<>"); empty != std::string::npos) out.erase(empty, 2);
  return out;
}

using Key = std::tuple<std::string, SymbolKind, bool>;
Key key_of(const Symbol& s) {
  return {without_lifetimes(without_layout(s.qualified)), s.kind, s.definition};
}

class Delta {
 public:
  explicit Delta(const Model& model) : model_(model) {}

  std::vector<SymbolChange> run() {
    for (std::size_t i = 0; i < model_.changes.size(); ++i) one_file(i);
    pair_renamed();
    pair_moved();
    pair_reworked();
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
        if (twin == same.end())
          twin = std::find_if(same.begin(), same.end(), [&](const Symbol* o) { return same_header(*o, s); });
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
    if (before(i).text_of(x) == after(i).text_of(y)) return;
    auto a = before(i).tokens(x), b = after(i).tokens(y);
    bool laid_out = layout_of(model_.changes[i].language) == Layout::free &&
                    std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](const auto& s, const auto& t) {
                      return before(i).text_of(s) == after(i).text_of(t);
                    });
    if (!laid_out) out_.push_back({Deed::body, i, i, &x, &y});
  }

  // Removed here, added in the same file: same kind, nearly the same tokens, and no other candidate on either side.
  void pair_renamed() {
    std::map<std::size_t, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> by_file;
    for (std::size_t i = 0; i < out_.size(); ++i) {
      if (out_[i].deed == Deed::removed) by_file[out_[i].before_change].first.push_back(i);
      if (out_[i].deed == Deed::added) by_file[out_[i].after_change].second.push_back(i);
    }
    for (auto& [file, both] : by_file) {
      if (both.first.size() * both.second.size() > 10'000) continue;  // a rewritten file, not a renamed symbol
      std::vector<std::pair<std::size_t, std::size_t>> pairs;
      std::map<std::size_t, int> times;
      for (auto g : both.first)
        for (auto f : both.second)
          if (is_renamed(out_[g], out_[f])) pairs.emplace_back(g, f), ++times[g], ++times[f];
      for (auto [g, f] : pairs) {
        if (times[g] > 1 || times[f] > 1) continue;
        out_[f].deed = Deed::renamed;
        out_[f].before = std::exchange(out_[g].before, nullptr);
      }
    }
    drop_taken();
    for (const auto& c : out_)
      if (c.deed == Deed::renamed) renamed_[c.before->name] = c.after->name;
    pair_members();
  }

  bool is_renamed(const SymbolChange& gone, const SymbolChange& fresh) const {
    const auto &x = *gone.before, &y = *fresh.after;
    if (x.kind != y.kind || !x.definition || !y.definition || x.name == y.name || x.test != y.test) return false;
    if (x.kind != SymbolKind::type && x.kind != SymbolKind::function) return false;
    return alike(before(gone.before_change), x, after(fresh.after_change), y) >= kAlike;
  }

  // A member of a renamed type goes by another qualified name, and is neither removed nor added by that; nor is the
  // declaration of a renamed definition.
  void pair_members() {
    if (renamed_.empty()) return;
    std::map<std::tuple<std::size_t, std::string, SymbolKind, bool>, std::vector<std::size_t>> fresh;
    for (std::size_t i = 0; i < out_.size(); ++i)
      if (out_[i].deed == Deed::added)
        fresh[{out_[i].after_change, without_layout(out_[i].after->qualified), out_[i].after->kind,
               out_[i].after->definition}]
            .push_back(i);
    for (auto& gone : out_) {
      if (gone.deed != Deed::removed) continue;
      const auto& x = *gone.before;
      auto found = fresh.find({gone.before_change, without_layout(with_new_names(x.qualified)), x.kind, x.definition});
      if (found == fresh.end() || found->second.empty()) continue;
      auto& to = out_[found->second.front()];
      found->second.erase(found->second.begin());
      to.before = std::exchange(gone.before, nullptr);
      bool same = before(to.before_change).text_of(*to.before) == after(to.after_change).text_of(*to.after);
      if (to.before->name != to.after->name)
        to.deed = Deed::renamed;
      else if (same)
        to.before = to.after = nullptr;
      else
        to.deed = same_header(*to.before, *to.after) ? Deed::body : Deed::signature;
    }
    drop_taken();
  }

  std::string with_new_names(const std::string& qualified) const {
    std::string out, part;
    auto close = [&] {
      auto to = renamed_.find(part);
      out += to == renamed_.end() ? part : to->second;
      part.clear();
    };
    for (char c : qualified) {
      if (c != ':' && c != '.') {
        part += c;
        continue;
      }
      close();
      out += c;
    }
    close();
    return out;
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

  // Gone from one file and new in another under the same full name: moved with changes, neither added nor removed.
  void pair_reworked() {
    std::map<Key, std::vector<std::size_t>> gone, fresh;
    for (std::size_t i = 0; i < out_.size(); ++i) {
      if (out_[i].deed == Deed::removed) gone[key_of(*out_[i].before)].push_back(i);
      if (out_[i].deed == Deed::added) fresh[key_of(*out_[i].after)].push_back(i);
    }
    for (const auto& [key, from] : gone) {
      auto to = fresh.find(key);
      // Twins under two conditions (#[cfg], #if) go together, in their order.
      if (to == fresh.end() || to->second.size() != from.size() || from.size() > kMostTwins) continue;
      bool one_file =
          std::all_of(from.begin(), from.end(),
                      [&, f = from[0]](auto i) { return out_[i].before_change == out_[f].before_change; }) &&
          std::all_of(to->second.begin(), to->second.end(),
                      [&, f = to->second[0]](auto i) { return out_[i].after_change == out_[f].after_change; });
      for (std::size_t n = 0; one_file && n < from.size(); ++n) {
        auto &a = out_[from[n]], &b = out_[to->second[n]];
        if (a.before_change == b.after_change || a.before->test != b.after->test) continue;
        b.deed = Deed::reworked;
        b.before_change = a.before_change;
        b.before = std::exchange(a.before, nullptr);
      }
    }
    drop_taken();
  }

  void drop_taken() {
    std::erase_if(out_, [](const SymbolChange& c) { return !c.before && !c.after; });
  }

  void leave_out_members() {
    std::set<const Symbol*> whole, inner;
    for (const auto& c : out_) {
      if (c.deed == Deed::added || c.deed == Deed::moved || c.deed == Deed::reworked) whole.insert(c.after);
      if (c.deed == Deed::removed || c.deed == Deed::moved || c.deed == Deed::reworked) whole.insert(c.before);
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
      if (c.deed == Deed::added || c.deed == Deed::moved || c.deed == Deed::reworked)
        return in_whole(after(c.after_change), c.after);
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
  std::map<std::string, std::string> renamed_;  // simple names
};

}  // namespace

std::vector<SymbolChange> symbol_delta(const Model& model) {
  return Delta(model).run();
}

}  // namespace pika::explain
