#include "delta_pairs.hpp"

#include <algorithm>
#include <map>
#include <set>
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
constexpr int kSameName = 60;  // where the name says it already
constexpr int kHalf = 50;
constexpr std::size_t kMostTwins = 4;

// Buffer<T>::read and Buffer<T, N>::read are the same method.
std::string without_arguments_of_owner(const Symbol& s) {
  auto full = without_layout(s.qualified);
  auto owner = full.size() - std::min(full.size(), without_layout(s.name).size());
  std::string out;
  int depth = 0;
  for (std::size_t i = 0; i < owner; ++i) {
    depth += full[i] == '<';
    if (depth == 0) out += full[i];
    depth -= full[i] == '>' && depth > 0;
  }
  return out + full.substr(owner);
}

class Pairs {
 public:
  Pairs(const Model& model, std::vector<SymbolChange>& out) : model_(model), out_(out) {}

  void run() {
    pair_renamed();
    pair_moved();
    pair_reworked();
    pair_redeclared();
    pair_rescoped();
  }

 private:
  const Side& before(std::size_t i) const { return model_.changes[i].before; }
  const Side& after(std::size_t i) const { return model_.changes[i].after; }

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

  // As it was declared, or most of what it does: more than a name that two files happen to have.
  bool is_reworked(const SymbolChange& gone, const SymbolChange& fresh) const {
    return same_header(*gone.before, *fresh.after) ||
           alike(before(gone.before_change), *gone.before, after(fresh.after_change), *fresh.after) >= kHalf;
  }

  // Gone from one file and new in another under the same full name: moved with changes, neither added nor removed.
  void pair_reworked() {
    std::map<SymbolKey, std::vector<std::size_t>> gone, fresh;
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
        if (a.before_change == b.after_change || a.before->test != b.after->test || !is_reworked(a, b)) continue;
        b.deed = Deed::reworked;
        b.before_change = a.before_change;
        b.before = std::exchange(a.before, nullptr);
      }
    }
    drop_taken();
  }

  using Numbers = std::vector<std::size_t>;
  struct Both {
    Numbers gone, fresh;
  };

  // What is left of each file, by a key of its symbols.
  template <typename KeyOf>
  auto left_by(KeyOf key) const {
    std::map<std::pair<std::size_t, decltype(key(std::declval<const Symbol&>()))>, Both> out;
    for (std::size_t i = 0; i < out_.size(); ++i) {
      if (out_[i].deed == Deed::removed) out[{out_[i].before_change, key(*out_[i].before)}].gone.push_back(i);
      if (out_[i].deed == Deed::added) out[{out_[i].after_change, key(*out_[i].after)}].fresh.push_back(i);
    }
    return out;
  }

  void join(std::size_t gone, std::size_t fresh, Deed deed) {
    out_[fresh].deed = deed;
    out_[fresh].before_change = out_[gone].before_change;
    out_[fresh].before = std::exchange(out_[gone].before, nullptr);
  }

  // The same full name in the same file: an alias that was a type, a function that was a macro, a definition that was
  // only declared; a method whose owner has other parameters of its own.
  void pair_redeclared() {
    auto settle = [&](const auto& left) {
      for (const auto& [key, both] : left) {
        if (both.gone.size() != 1 || both.fresh.size() != 1) continue;
        auto g = both.gone[0], f = both.fresh[0];
        join(g, f, same_header(*out_[g].before, *out_[f].after) ? Deed::body : Deed::signature);
      }
      drop_taken();
    };
    settle(left_by([](const Symbol& s) { return without_layout(s.qualified); }));
    settle(left_by([](const Symbol& s) { return std::pair(without_arguments_of_owner(s), s.kind); }));
    // Its definition went to another file or came from one, and that is told.
    std::set<std::pair<std::size_t, std::string>> left, came;
    for (const auto& c : out_) {
      if ((c.deed != Deed::moved && c.deed != Deed::reworked) || !c.after->definition) continue;
      left.emplace(c.before_change, without_layout(c.before->qualified));
      came.emplace(c.after_change, without_layout(c.after->qualified));
    }
    std::erase_if(out_, [&](const SymbolChange& c) {
      if (c.symbol().definition || c.symbol().kind != SymbolKind::function) return false;
      auto name = without_layout(c.symbol().qualified);
      return (c.deed == Deed::added && left.contains({c.after_change, name})) ||
             (c.deed == Deed::removed && came.contains({c.before_change, name}));
    });
  }

  // Into another class or namespace of the same file, and nearly the same there.
  void pair_rescoped() {
    for (const auto& [key, both] : left_by([](const Symbol& s) { return std::pair(s.name, s.kind); })) {
      if (both.gone.size() != 1 || both.fresh.size() != 1) continue;
      auto g = both.gone[0], f = both.fresh[0];
      if (alike(before(out_[g].before_change), *out_[g].before, after(out_[f].after_change), *out_[f].after) >=
          kSameName)
        join(g, f, Deed::reworked);
    }
    drop_taken();
  }

  void drop_taken() {
    std::erase_if(out_, [](const SymbolChange& c) { return !c.before && !c.after; });
  }

  const Model& model_;
  std::vector<SymbolChange>& out_;
  std::map<std::string, std::string> renamed_;  // simple names
};

}  // namespace

void pair_symbols(const Model& model, std::vector<SymbolChange>& out) {
  Pairs(model, out).run();
}

}  // namespace pika::explain
