#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "delta.hpp"
#include "groups.hpp"
#include "renames.hpp"

namespace pika::explain {

namespace {

using syntax::TokenKind;

// The changed lines of one side of one file, in order, with their groups.
struct Lines {
  std::vector<std::pair<int, std::size_t>> lines;  // line, group
};

std::vector<Lines> changed_lines(const Model& model, char kind) {
  std::vector<Lines> out(model.changes.size());
  for (const auto& atom : model.atoms) {
    const auto* hunk = model.hunk(atom);
    if (!hunk) continue;
    for (int i = atom.first; i <= atom.last; ++i) {
      const auto& line = hunk->lines[static_cast<std::size_t>(i)];
      if (line.kind == kind)
        out[atom.change].lines.emplace_back(kind == '+' ? line.new_line : line.old_line, atom.group);
    }
  }
  return out;
}

std::size_t majority(const Lines& lines, int first, int last, std::size_t none) {
  std::map<std::size_t, int> count;
  auto at = std::lower_bound(lines.lines.begin(), lines.lines.end(), std::pair<int, std::size_t>{first, 0});
  for (; at != lines.lines.end() && at->first <= last; ++at) ++count[at->second];
  auto most =
      std::max_element(count.begin(), count.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == count.end() ? none : most->first;
}

}  // namespace

void find_groups_of_symbols(Model& model) {
  auto added = changed_lines(model, '+'), removed = changed_lines(model, '-');
  for (const auto& c : model.delta) {
    auto none = model.groups.size(), group = none, left = none;
    if (c.after) group = majority(added[c.after_change], c.after->first_line, c.after->last_line, group);
    if (c.before) left = majority(removed[c.before_change], c.before->first_line, c.before->last_line, left);
    bool moved = c.deed == Deed::moved || c.deed == Deed::reworked;
    // What only lost lines is where these were.
    model.delta_group.push_back(group == none ? left : group);
    model.delta_left.push_back(moved && left != group ? left : none);
  }
}

namespace {

using syntax::Language;

struct Provider {
  std::size_t group = 0, file = 0;
  bool local = false;  // nothing outside its file can name it
  bool test = false;
  int line = 0;  // of the symbol: its own name there is no use of it
};

// Languages that see each other's names.
int family(Language language) {
  switch (language) {
    case Language::c:
    case Language::cpp:
      return 1;
    case Language::javascript:
    case Language::typescript:
    case Language::tsx:
      return 2;
    case Language::none:
      return 0;
    case Language::python:
    case Language::rust:
    case Language::go:
    case Language::java:
    case Language::bash:
    case Language::json:
    case Language::toml:
      break;
  }
  return 10 + static_cast<int>(language);
}

bool is_header(std::string_view path) {
  auto extension = extension_of(path);
  for (std::string_view known : {"h", "hpp", "hh", "hxx", "ipp", "inl"})
    if (extension == known) return true;
  return false;
}

// A word that is hardly anything else's name too: `find` is, `find_needs` and `TreeCursor` are not.
bool distinctive(std::string_view name) {
  if (name.size() < 4) return false;
  bool low = false, high = false, line = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    low |= name[i] >= 'a' && name[i] <= 'z';
    high |= name[i] >= 'A' && name[i] <= 'Z';
    line |= name[i] == '_' && i > 0 && i + 1 < name.size();
  }
  return line || (low && high) || name.size() >= 9;
}

using Providers = std::map<std::string, std::vector<Provider>, std::less<>>;

// Names that are new with this change, and the groups that define them.
Providers providers_of(const Model& model, const std::vector<Lines>& lines) {
  Providers out;
  for (const auto& c : model.delta) {
    if ((c.deed != Deed::added && c.deed != Deed::renamed) || !distinctive(c.after->name)) continue;
    if (c.after->kind == syntax::SymbolKind::field) continue;
    auto none = model.groups.size();
    auto group = majority(lines[c.after_change], c.after->first_line, c.after->last_line, none);
    if (group == none || model.groups[group].to_read == 0) continue;  // what is folded need not be read first
    const auto& change = model.changes[c.after_change];
    bool local = family(change.language) == 1 && !is_header(change.file->new_path);
    out[c.after->name].push_back(
        {group, c.after_change, local, change.role == Role::test || c.after->test, c.after->line});
  }
  return out;
}

// The one group that a name used in `file` comes from; none where it is not certain.
std::size_t source_of(const Model& model, const std::vector<Provider>& candidates, std::size_t file) {
  auto none = model.groups.size();
  auto found = none;
  const auto& user = model.changes[file];
  for (const auto& p : candidates) {
    if (p.local && p.file != file) continue;
    if (p.test && user.role != Role::test && p.file != file) continue;
    if (family(model.changes[p.file].language) != family(user.language)) continue;
    if (found != none && found != p.group) return none;
    found = p.group;
  }
  return found;
}

}  // namespace

void find_needs(Model& model) {
  auto lines = changed_lines(model, '+');
  auto providers = providers_of(model, lines);
  auto none = model.groups.size();
  std::vector<std::set<std::size_t>> needs(none);
  for (std::size_t f = 0; f < model.changes.size() && !providers.empty(); ++f) {
    const auto& side = model.changes[f].after;
    if (!side.file) continue;
    std::size_t at = 0;
    const auto& tokens = side.file->tokens;
    for (const auto& [line, group] : lines[f].lines) {
      while (at < tokens.size() && tokens[at].line < line) ++at;
      for (; at < tokens.size() && tokens[at].line == line; ++at) {
        if (tokens[at].kind != TokenKind::identifier) continue;
        auto found = providers.find(side.text_of(tokens[at]));
        if (found == providers.end()) continue;
        auto own = [&, l = line](const Provider& p) { return p.file == f && p.line == l; };
        if (std::any_of(found->second.begin(), found->second.end(), own)) continue;
        auto from = source_of(model, found->second, f);
        if (from != none && from != group) needs[group].insert(from);
      }
    }
  }
  for (std::size_t g = 0; g < needs.size(); ++g) model.groups[g].needs.assign(needs[g].begin(), needs[g].end());
}

}  // namespace pika::explain
