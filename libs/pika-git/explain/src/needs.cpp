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

std::vector<std::size_t> groups_of_symbols(const Model& model) {
  auto added = changed_lines(model, '+'), removed = changed_lines(model, '-');
  std::vector<std::size_t> out;
  for (const auto& c : model.delta) {
    auto group = model.groups.size();
    if (c.after) group = majority(added[c.after_change], c.after->first_line, c.after->last_line, group);
    // What only lost lines is where these were.
    if (group == model.groups.size() && c.before)
      group = majority(removed[c.before_change], c.before->first_line, c.before->last_line, group);
    out.push_back(group);
  }
  return out;
}

void find_needs(Model& model) {
  auto lines = changed_lines(model, '+');
  // Names that are new with this change, by the one group that defines them.
  std::map<std::string, std::set<std::size_t>, std::less<>> providers;
  for (const auto& c : model.delta) {
    if (c.deed != Deed::added && c.deed != Deed::renamed) continue;
    if (c.after->name.size() < 4 || c.after->test || c.after->kind == syntax::SymbolKind::field) continue;
    auto group = majority(lines[c.after_change], c.after->first_line, c.after->last_line, model.groups.size());
    if (group < model.groups.size()) providers[c.after->name].insert(group);
  }
  std::vector<std::set<std::size_t>> needs(model.groups.size());
  for (std::size_t f = 0; f < model.changes.size(); ++f) {
    const auto& side = model.changes[f].after;
    if (!side.file) continue;
    std::size_t at = 0;
    const auto& tokens = side.file->tokens;
    for (const auto& [line, group] : lines[f].lines) {
      while (at < tokens.size() && tokens[at].line < line) ++at;
      for (; at < tokens.size() && tokens[at].line == line; ++at) {
        if (tokens[at].kind != TokenKind::identifier) continue;
        auto found = providers.find(side.text_of(tokens[at]));
        if (found == providers.end() || found->second.size() != 1) continue;
        if (*found->second.begin() != group) needs[group].insert(*found->second.begin());
      }
    }
  }
  for (std::size_t g = 0; g < needs.size(); ++g) model.groups[g].needs.assign(needs[g].begin(), needs[g].end());
}

}  // namespace pika::explain
