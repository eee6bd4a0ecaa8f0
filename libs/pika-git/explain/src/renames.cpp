#include "renames.hpp"

#include <algorithm>
#include <set>

#include "names_elsewhere.hpp"

namespace pika::explain {

namespace {

using syntax::TokenKind;

bool is_word(std::string_view text) {
  return text.size() >= 2 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// Every identifier on one side of the changed files; where a name occurs a rename must not lead to it.
std::set<std::string_view> identifiers(const Model& model, bool new_side) {
  std::set<std::string_view> out;
  for (const auto& change : model.changes) {
    const auto& side = new_side ? change.after : change.before;
    if (!side.file) continue;
    for (const auto& token : side.file->tokens)
      if (token.kind == TokenKind::identifier) out.insert(side.text_of(token));
  }
  return out;
}

std::string stem(std::string_view path) {
  auto name = base_name(path);
  return std::string(name.substr(0, name.rfind('.')));
}

void add_modules(const Model& model, std::vector<Rename>& out) {
  for (std::size_t i = 0; i < model.changes.size(); ++i) {
    const auto& file = *model.changes[i].file;
    if (file.kind != git::ChangeKind::renamed) continue;
    auto extension = extension_of(file.new_path);
    if (extension != extension_of(file.old_path) || (extension != "py" && extension != "rs")) continue;
    auto from = stem(file.old_path), to = stem(file.new_path);
    if (from != to && is_word(from) && is_word(to)) out.push_back({from, to, "module", i, 0, false});
  }
}

// A use of the old name may be of something else that other files define, and so may one of the new name.
void doubt_names_elsewhere(const Model& model, std::vector<Rename>& renames) {
  Names names, modules;
  for (const auto& r : renames) {
    if (!r.strict) continue;
    for (const auto& name : {r.from, r.to}) {
      names.insert(name);
      if (r.witness == "module") modules.insert(name);
    }
  }
  if (names.empty()) return;
  auto elsewhere = names_elsewhere(model, names, modules);
  for (auto& r : renames) r.strict = r.strict && !elsewhere.contains(r.from) && !elsewhere.contains(r.to);
}

}  // namespace

std::vector<Rename> find_renames(const Model& model, const std::vector<SymbolChange>& delta) {
  std::vector<Rename> found;
  for (const auto& c : delta)
    if (c.deed == Deed::renamed && is_word(c.before->name) && is_word(c.after->name))
      found.push_back({c.before->name, c.after->name, std::string(syntax::kind_name(c.after->kind)), c.after_change,
                       c.after->line, false});
  add_modules(model, found);
  if (found.empty()) return found;

  std::map<std::string, std::set<std::string>> forth, back;
  for (const auto& r : found) {
    forth[r.from].insert(r.to);
    back[r.to].insert(r.from);
  }
  auto before = identifiers(model, false), after = identifiers(model, true);
  std::vector<Rename> out;
  std::set<std::string> seen;
  for (auto& r : found) {
    if (forth[r.from].size() > 1 || back[r.to].size() > 1 || !seen.insert(r.from).second) continue;
    r.strict = !after.contains(r.from) && !before.contains(r.to);
    out.push_back(std::move(r));
  }
  doubt_names_elsewhere(model, out);
  return out;
}

RenameMap strict_renames(const std::vector<Rename>& renames) {
  RenameMap map;
  for (const auto& r : renames)
    if (r.strict) map[r.from] = r.to;
  return map;
}

}  // namespace pika::explain
