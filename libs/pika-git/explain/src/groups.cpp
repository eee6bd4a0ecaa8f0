#include "groups.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "manifests.hpp"
#include "pika/base/text.hpp"
#include "repeated.hpp"

namespace pika::explain {

namespace {

using Key = std::tuple<int, Category, std::string, int>;  // part, category, package folder, edit

// The new package whose folder lies below this manifest and whose name its lines add: a registration.
const Package* registers(const Model& model, const Atom& atom, const std::vector<const Package*>& created) {
  const auto* hunk = model.hunk(atom);
  if (!hunk) return nullptr;
  std::string above(folder_of(model.file(atom).path()));
  if (!above.empty()) above += "/";
  for (const auto* package : created) {
    if (!package->folder.starts_with(above)) continue;
    for (int i = atom.first; i <= atom.last; ++i) {
      const auto& line = hunk->lines[static_cast<std::size_t>(i)];
      if (line.kind != '+') continue;
      if (line.text.find(package->folder) != std::string_view::npos) return package;
      if (line.text.find("/" + std::string(base_name(package->folder))) != std::string_view::npos) return package;
    }
  }
  return nullptr;
}

class Grouper {
 public:
  explicit Grouper(Model& model) : model_(model) {
    std::set<std::string> seen;
    for (const auto& change : model.changes) depends_.push_back(dependency_delta(model, change).any());
    for (const auto& change : model.changes)
      if (change.package_is_new && seen.insert(change.package.folder).second) created_.push_back(&change.package);
  }

  void run() {
    std::map<Key, Group> groups;
    for (std::size_t i = 0; i < model_.atoms.size(); ++i) {
      auto [category, package] = place(model_.atoms[i]);
      auto part = model_.change(model_.atoms[i]).part;
      auto edit = category == Category::repeated ? model_.atoms[i].edit : kNoEdit;
      auto& group = groups[{part, category, package.folder, edit}];
      group.part = part;
      group.category = category;
      group.package = package;
      group.atoms.push_back(i);
    }
    for (auto& [key, group] : groups) model_.groups.push_back(std::move(group));
    count();
    split_large();
    join();
    count();
  }

 private:
  std::pair<Category, Package> place(const Atom& atom) const {
    const auto& change = model_.change(atom);
    auto as = [&](Category category) { return std::pair(category, change.package); };
    auto whole = [&](Category category) { return std::pair(category, Package{}); };
    if (change.byte_identical) return change.package_is_new ? as(Category::move_in) : whole(Category::moves);
    if (atom.rule.starts_with("rename")) return whole(Category::rename);  // nobody reads them: one step
    if (repeated(atom)) return whole(Category::repeated);
    if (change.role == Role::lock && created_.size() == 1) return {Category::create, *created_[0]};
    if (change.role == Role::lock || change.role == Role::generated) return whole(Category::generated);
    if (change.role == Role::asset) return whole(Category::assets);
    if (change.role == Role::docs) return whole(Category::docs);
    if (change.role == Role::ci) return whole(Category::ci);
    if (change.role == Role::config) return whole(Category::config);
    if (change.package_is_gone) return as(Category::remove);
    if (change.role == Role::manifest) {
      if (change.package_is_new) return as(Category::create);
      if (const auto* package = registers(model_, atom, created_)) return {Category::create, *package};
      return as(Category::manifest);
    }
    if (change.role == Role::schema) return as(Category::schema);
    if (atom.test) return as(Category::test);
    if (change.file->kind == git::ChangeKind::deleted) return as(Category::remove);
    return as(Category::source);
  }

  // Manifests and schemas are told by what they say.
  bool repeated(const Atom& atom) const {
    auto role = model_.change(atom).role;
    return atom.edit != kNoEdit && atom.rule.empty() && role != Role::manifest && role != Role::schema &&
           stands_apart(model_.edits[static_cast<std::size_t>(atom.edit)]);
  }

  void count() {
    total_ = 0;
    for (auto& group : model_.groups) {
      group.to_read = 0;
      for (auto i : group.atoms)
        if (model_.atoms[i].rule.empty()) group.to_read += std::max(1, model_.atoms[i].lines());
      total_ += group.to_read;
    }
  }

  // Of a total in round numbers, so that a few lines more elsewhere divide nothing otherwise; never above 40%.
  int most_lines() const {
    constexpr int kRound = 50;
    return (total_ - total_ % kRound) * 2 / 5;
  }

  // No step holds over 40% of the lines to read, where there are more than 200 and more than one piece.
  void split_large() {
    if (total_ <= 200) return;
    const int most = most_lines();
    std::vector<Group> out;
    for (auto& group : model_.groups) {
      if (group.to_read <= most || group.category == Category::generated)
        out.push_back(std::move(group));
      else
        split(group, most, out);
    }
    model_.groups = std::move(out);
  }

  // Pieces that belong together: a file and its namesakes (a.hpp, a.cpp); in a file that is itself too large, its
  // top-level symbols; of a symbol that is too large, its hunks; a file of no language stays whole. Then neighbours by
  // path are put together up to the limit.
  void split(const Group& group, int most, std::vector<Group>& out) const {
    auto lines = [&](std::size_t i) { return std::max(1, model_.atoms[i].lines()); };
    auto file = [&](std::size_t i) {
      std::string_view path = model_.file(model_.atoms[i]).path();
      auto name = base_name(path);
      return std::string(folder_of(path)) + "/" + std::string(name.substr(0, name.find('.')));
    };
    auto symbol = [&](std::size_t i) {
      return file(i) + "\n" + model_.file(model_.atoms[i]).path() + "\n" + model_.atoms[i].symbol;
    };
    auto hunk = [&](std::size_t i) { return symbol(i) + "\n" + std::to_string(model_.atoms[i].hunk); };
    auto parsed = [&](std::size_t i) {
      const auto& change = model_.change(model_.atoms[i]);
      return change.before.file || change.after.file;
    };
    std::map<std::string, int> by_file, by_symbol, by_hunk;
    for (auto i : group.atoms) {
      by_file[file(i)] += lines(i);
      by_symbol[symbol(i)] += lines(i);
      by_hunk[hunk(i)] += lines(i);
    }
    auto key = [&](std::size_t i) {
      if (by_file[file(i)] <= most) return file(i);
      if (by_symbol[symbol(i)] <= most || !parsed(i)) return symbol(i);
      return by_hunk[hunk(i)] <= most ? hunk(i) : hunk(i) + "\n" + std::to_string(model_.atoms[i].first);
    };
    std::map<std::string, std::size_t> known;
    std::vector<std::vector<std::size_t>> pieces;  // in the order of their first atoms
    for (auto i : group.atoms) {
      auto [at, fresh] = known.try_emplace(key(i), pieces.size());
      if (fresh) pieces.emplace_back();
      pieces[at->second].push_back(i);
    }
    if (pieces.size() < 2) {
      out.push_back(group);
      return;
    }
    const int target = std::max(most * 2 / 3, group.to_read / 5);
    Group now{.category = group.category, .package = group.package, .atoms = {}, .needs = {}, .part = group.part};
    for (const auto& atoms : pieces) {
      int length = 0;
      for (auto i : atoms) length += lines(i);
      if (!now.atoms.empty() && now.to_read + length > target) {
        out.push_back(now);
        now.atoms.clear();
        now.to_read = 0;
      }
      now.atoms.insert(now.atoms.end(), atoms.begin(), atoms.end());
      now.to_read += length;
    }
    out.push_back(now);
    for (auto& g : out) std::sort(g.atoms.begin(), g.atoms.end());
  }

  static int folders_apart(const std::string& a, const std::string& b) {
    auto x = pika::split(a, '/'), y = pika::split(b, '/');
    std::size_t same = 0;
    while (same < x.size() && same < y.size() && x[same] == y[same]) ++same;
    return static_cast<int>(std::max(x.size(), y.size()) - same);
  }

  bool dependencies(const Group& group) const {
    return std::any_of(group.atoms.begin(), group.atoms.end(),
                       [&](auto i) { return depends_[model_.atoms[i].change]; });
  }

  // How ill two groups go together; smaller is better.
  int apart(const Group& a, const Group& b) const {
    constexpr int kOtherPart = 60;
    return near(a, b) + (a.part == b.part ? 0 : kOtherPart);
  }

  int near(const Group& a, const Group& b) const {
    bool same_package = a.package.folder == b.package.folder;
    int between = std::min(9, folders_apart(a.package.folder, b.package.folder));
    // One package's manifest and source tell more together than two packages' manifests.
    if (a.category == Category::manifest && b.category == a.category && !dependencies(a) && !dependencies(b)) return 1;
    if (a.category == b.category) return same_package ? 0 : between + 8;
    auto pair = std::minmax(a.category, b.category);
    auto is = [&](Category x, Category y) { return pair == std::minmax(x, y); };
    int d = 40;
    if (is(Category::create, Category::source) || is(Category::create, Category::manifest)) d = 10;
    if (is(Category::source, Category::test)) d = 12;
    if (is(Category::create, Category::test)) d = 14;
    if (is(Category::manifest, Category::source)) d = 7;
    if (is(Category::schema, Category::source) || is(Category::remove, Category::source)) d = 16;
    if (is(Category::ci, Category::config) || is(Category::config, Category::docs)) d = 18;
    if (is(Category::ci, Category::docs) || is(Category::assets, Category::docs)) d = 20;
    if (is(Category::moves, Category::rename)) d = 20;
    if (is(Category::assets, Category::generated)) d = 18;
    return d + (same_package ? 0 : 10 + between);
  }

  static constexpr int kTiny = 12, kNear = 18, kClose = 8;
  static constexpr std::size_t kFew = 6;  // so few steps need no mixing of packages or roles

  void join() {
    join_by_folder();
    auto& groups = model_.groups;
    const std::size_t wanted = std::clamp<std::size_t>(static_cast<std::size_t>(total_ + 39) / 40, 3, kMostSteps);
    for (;;) {
      std::size_t best_a = 0, best_b = 1;
      std::tuple<int, int> best{1 << 30, 0};
      for (std::size_t a = 0; a < groups.size(); ++a)
        for (std::size_t b = a + 1; b < groups.size(); ++b) {
          int lines = groups[a].to_read + groups[b].to_read;
          bool tiny = std::min(groups[a].to_read, groups[b].to_read) < kTiny || apart(groups[a], groups[b]) <= 1;
          if (groups.size() <= wanted && !tiny) continue;
          // The size rule is kept as long as there is any other pair.
          bool large = total_ > 200 && lines > most_lines();
          std::tuple<int, int> cost{apart(groups[a], groups[b]) + (large ? 100 : 0), lines};
          if (cost < best) best = cost, best_a = a, best_b = b;
        }
      // Beyond a certain distance a joined step would have no one subject; only the hard limit forces it.
      if (groups.size() <= kMostSteps && std::get<0>(best) > (groups.size() <= kFew ? kClose : kNear)) break;
      // Few enough already: only scraps go to their like, and manifests to manifests.
      if (groups.size() <= wanted && std::get<0>(best) > 1) break;
      absorb(groups[best_a], groups[best_b]);
      groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(best_b));
    }
  }

  void absorb(Group& into, Group& other) const {
    auto reads = [](const Group& g) { return std::pair(g.to_read, g.atoms.size()); };
    bool other_leads = into.category == other.category ? reads(other) > reads(into) : other.category < into.category;
    if (other_leads) std::swap(into.category, other.category), std::swap(into.package, other.package);
    if (other.to_read > into.to_read) into.part = other.part;
    into.atoms.insert(into.atoms.end(), other.atoms.begin(), other.atoms.end());
    std::sort(into.atoms.begin(), into.atoms.end());
    into.to_read += other.to_read;
  }

  // A change over hundreds of packages: one group a category and first folder, so that join() stays quick.
  void join_by_folder() {
    constexpr std::size_t kMany = 48;
    for (std::size_t depth : {std::size_t{1}, std::size_t{0}}) {
      if (model_.groups.size() <= kMany) return;
      std::map<Key, Group> joined;
      for (auto& group : model_.groups) {
        auto folder = depth == 0 ? std::string() : group.package.folder.substr(0, group.package.folder.find('/'));
        auto [at, fresh] = joined.try_emplace({group.part, group.category, folder, kNoEdit}, std::move(group));
        if (!fresh) absorb(at->second, group);
      }
      model_.groups.clear();
      for (auto& [key, group] : joined) model_.groups.push_back(std::move(group));
    }
  }

  Model& model_;
  std::vector<const Package*> created_;
  std::vector<bool> depends_;  // by change: a manifest whose dependencies it changes
  int total_ = 0;
};

}  // namespace

void make_groups(Model& model) {
  Grouper(model).run();
  for (std::size_t g = 0; g < model.groups.size(); ++g)
    for (auto i : model.groups[g].atoms) model.atoms[i].group = g;
}

// reach[a][b]: a needs b, directly or through others.
static std::vector<std::vector<bool>> reach_of(const std::vector<Group>& groups) {
  auto n = groups.size();
  std::vector<std::vector<bool>> reach(n, std::vector<bool>(n));
  for (std::size_t a = 0; a < n; ++a)
    for (auto b : groups[a].needs) reach[a][b] = true;
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t a = 0; a < n; ++a)
      for (std::size_t b = 0; reach[a][k] && b < n; ++b) reach[a][b] = reach[a][b] || reach[k][b];
  return reach;
}

void order_groups(Model& model) {
  auto& groups = model.groups;
  auto reach = reach_of(groups);
  std::vector<std::size_t> order;
  std::vector<bool> told(groups.size());
  // Waits for whatever it needs, but for what needs it back: of those the one with the fewest open needs goes first.
  auto waits = [&](std::size_t g) {
    for (std::size_t n = 0; n < groups.size(); ++n)
      if (n != g && !told[n] && reach[g][n] && !reach[n][g]) return true;
    return false;
  };
  std::map<int, int> part_lines;  // parts by lines to read, the most first
  for (const auto& group : groups) part_lines[group.part] -= group.to_read;
  // What was taken out, because it went elsewhere mostly, is told after what came.
  std::vector<int> balance(groups.size());
  for (const auto& atom : model.atoms) balance[atom.group] += 10 * atom.added - atom.removed;
  // Mechanical: nothing to read. Moves into a new package are told right after its creation all the same.
  auto cost = [&](std::size_t g) {
    const auto& group = groups[g];
    bool mechanical = group.to_read == 0 && group.category != Category::move_in;
    auto open = std::count_if(group.needs.begin(), group.needs.end(), [&](std::size_t n) { return !told[n]; });
    return std::tuple(part_lines[group.part], group.part, mechanical, group.category, balance[g] < 0, open,
                      -group.to_read, g);
  };
  while (order.size() < groups.size()) {
    std::size_t best = groups.size();
    for (std::size_t g = 0; g < groups.size(); ++g)
      if (!told[g] && !waits(g) && (best == groups.size() || cost(g) < cost(best))) best = g;
    told[best] = true;
    order.push_back(best);
  }
  std::vector<std::size_t> place(groups.size());
  for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  std::vector<Group> out;
  for (auto g : order) out.push_back(std::move(groups[g]));
  for (auto& group : out) {
    for (auto& n : group.needs) n = place[n];
    std::sort(group.needs.begin(), group.needs.end());
  }
  groups = std::move(out);
  for (auto& atom : model.atoms) atom.group = place[atom.group];
}

}  // namespace pika::explain
