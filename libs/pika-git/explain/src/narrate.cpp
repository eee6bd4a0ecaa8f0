#include "narrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "commit_words.hpp"
#include "locks.hpp"
#include "manifests.hpp"
#include "pika/base/text.hpp"
#include "renames.hpp"
#include "repeated.hpp"
#include "symbol_words.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

using git::ChangeKind;

std::string lines_words(int added, int removed) {
  if (removed == 0) return plural(added, "line") + " added";
  if (added == 0) return plural(removed, "line") + " removed";
  return fmt::format("{} added and {} removed", plural(added, "line"), format_count(removed));
}

// "adds 2 files, changes 3 files and deletes 1 file"
std::string deeds(const std::vector<const git::FileChange*>& files) {
  std::size_t added = 0, changed = 0, deleted = 0, moved = 0, copied = 0;
  for (const auto* f : files) switch (f->kind) {
      case ChangeKind::added:
        ++added;
        break;
      case ChangeKind::deleted:
        ++deleted;
        break;
      case ChangeKind::renamed:
        ++moved;
        break;
      case ChangeKind::copied:
        ++copied;
        break;
      case ChangeKind::modified:
      case ChangeKind::type_changed:
        ++changed;
        break;
    }
  std::vector<std::string> parts;
  auto part = [&](const char* verb, std::size_t n) {
    if (n) parts.push_back(fmt::format("{} {}", verb, plural(static_cast<std::int64_t>(n), "file")));
  };
  part("adds", added);
  part("moves or renames", moved);
  part("copies", copied);
  part("changes", changed);
  part("deletes", deleted);
  return list_words(parts, 5);
}

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

struct Lines {
  int added = 0, removed = 0, folded = 0;
};

std::map<std::size_t, Lines> lines_by_file(const Model& model, const Group& group) {
  std::map<std::size_t, Lines> out;
  for (auto i : group.atoms) {
    const auto& atom = model.atoms[i];
    auto& lines = out[atom.change];
    lines.added += atom.added;
    lines.removed += atom.removed;
    if (!atom.rule.empty()) lines.folded += atom.lines();
  }
  return out;
}

std::string mode_words(unsigned mode) {
  switch (mode) {
    case 0100644:
      return "a plain file";
    case 0100755:
      return "an executable file";
    case 0120000:
      return "a symbolic link";
    case 0160000:
      return "a submodule";
    default:
      return fmt::format("mode {:o}", mode);
  }
}

// What a file's record says beyond its lines.
std::string remark(const git::FileChange& f) {
  if (f.pseudo_id.starts_with("S"))
    return f.old_mode == 0   ? "a submodule is added"
           : f.new_mode == 0 ? "a submodule is removed"
                             : "a submodule moves to another commit";
  if (f.kind == ChangeKind::type_changed || f.mode_changed())
    return fmt::format("{} becomes {}", mode_words(f.old_mode), mode_words(f.new_mode));
  if (f.binary) return "binary content";
  if (f.new_mode == 0120000 && f.kind == ChangeKind::added) return "a symbolic link";
  if (f.pseudo_id.starts_with("E")) return "an empty file";
  return {};
}

std::string kind_word(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::added:
      return "added";
    case ChangeKind::deleted:
      return "deleted";
    case ChangeKind::renamed:
      return "moved";
    case ChangeKind::copied:
      return "copied";
    case ChangeKind::modified:
      return "changed";
    case ChangeKind::type_changed:
      return "type changed";
  }
  return "";
}

constexpr std::size_t kRows = 40;

std::string moves_table(const Model& model, const std::vector<std::size_t>& files) {
  std::string out;
  std::size_t moved = 0, identical = 0;
  for (auto f : files) {
    const auto& change = model.changes[f];
    if (change.file->kind != ChangeKind::renamed && change.file->kind != ChangeKind::copied) continue;
    ++moved;
    identical += change.byte_identical;
    if (moved > kRows) continue;
    out += fmt::format("| {} | {} | {} |\n", cell(code_name(change.file->old_path)),
                       cell(code_name(change.file->new_path)),
                       change.byte_identical ? "byte-identical" : fmt::format("{}% alike", change.file->similarity));
  }
  if (moved == 0) return {};
  std::string head = count_words(moved, "file") + (moved == 1 ? " has a new name" : " have new names");
  if (identical)
    head += fmt::format("; {} byte-identical", identical == moved ? "all are"
                                               : identical == 1   ? "one is"
                                                                  : fmt::format("{} are", identical));
  if (moved == 1 && identical == 1) head = "One file has a new name; its content is byte-identical";
  if (moved > kRows) out += fmt::format("\nThe table shows the first {}.\n", kRows);
  return head + ":\n\n| Source | Destination | Content |\n|---|---|---|\n" + out + "\n";
}

std::string files_table(const Model& model, const Group& group, const std::vector<std::size_t>& files) {
  if (group.category == Category::rename && group.to_read == 0) return {};
  auto lines = lines_by_file(model, group);
  std::vector<std::pair<std::string, std::string>> rows;  // the last cell apart: most tables have no notes
  std::size_t n = 0;
  bool noted = false;
  for (auto f : files) {
    const auto& change = model.changes[f];
    if (change.byte_identical) continue;
    if (++n > kRows) continue;
    auto note = remark(*change.file);
    if (change.role == Role::generated) note += note.empty() ? "generated, not checked" : "; generated, not checked";
    noted |= !note.empty();
    const auto& l = lines[f];
    rows.emplace_back(fmt::format("| {} | {} | +{} −{} |", cell(code_name(change.file->path())),
                                  kind_word(change.file->kind), l.added, l.removed),
                      note);
  }
  if (n == 0 || (n == 1 && !noted)) return {};  // Affected files says it already
  std::string out =
      noted ? "| File | Change | Lines | Note |\n|---|---|---|---|\n" : "| File | Change | Lines |\n|---|---|---|\n";
  for (const auto& [row, note] : rows) out += row + (noted ? " " + note + " |\n" : "\n");
  if (n > kRows) out += fmt::format("\n{} more files are listed under Affected files.\n", n - kRows);
  return out + "\n";
}

std::string dependency_lines(const Model& model, const std::vector<std::size_t>& files) {
  std::string out;
  for (auto f : files) {
    auto delta = dependency_delta(model, model.changes[f]);
    if (delta.any())
      out += fmt::format("- {} {}\n", code_name(model.changes[f].file->path()), dependency_words(delta, true));
  }
  if (!out.empty()) out = "**Dependencies**\n\n" + out + "\n";
  for (auto f : files) out += lock_words(lock_delta(model, model.changes[f]));
  return out;
}

std::string folds_words(const Model& model, const Group& group) {
  std::map<std::string, std::pair<int, int>> rules;  // places, lines
  for (auto i : group.atoms) {
    const auto& atom = model.atoms[i];
    if (atom.rule.empty() || atom.rule == "byte-identical") continue;
    auto& [places, lines] = rules[atom.rule];
    ++places;
    lines += atom.lines();
  }
  std::string out;
  for (const auto& [rule, count] : rules)
    out += fmt::format("- {} ({}) {} rule: {}\n", plural(count.first, "place"), plural(count.second, "line"),
                       count.first == 1 ? "matches" : "match", rule);
  return out.empty() ? out : "Folded, because every token was compared:\n\n" + out + "\n";
}

}  // namespace

std::string intent_of(const Model& model, std::size_t g) {
  const auto& group = model.groups[g];
  std::vector<const git::FileChange*> files;
  for (auto f : files_of(model, group)) files.push_back(model.changes[f].file);
  int added = 0, removed = 0;
  for (auto i : group.atoms) added += model.atoms[i].added, removed += model.atoms[i].removed;
  auto text = capital(deeds(files));
  auto symbols = symbols_of(model, g);
  std::set<std::size_t> theirs;
  for (const auto* c : symbols) {
    if (c->after) theirs.insert(c->after_change);
    if (c->before) theirs.insert(c->before_change);
  }
  std::erase_if(theirs, [&](auto f) {
    return std::none_of(group.atoms.begin(), group.atoms.end(), [&](auto i) { return model.atoms[i].change == f; });
  });
  auto all = static_cast<std::int64_t>(files.size());
  if (auto counts = symbol_counts(model, symbols); !counts.empty())
    text = capital(counts) + " in " +
           (theirs.size() < files.size() ? fmt::format("{} of {}", theirs.size(), plural(all, "file"))
                                         : plural(all, "file"));
  if (added + removed > 0) text += ": " + lines_words(added, removed);
  return text + ".";
}

std::string body_of(const Model& model, std::size_t g) {
  const auto& group = model.groups[g];
  auto files = files_of(model, group);
  return moves_table(model, files) + files_table(model, group, files) + dependency_lines(model, files) +
         edit_words(model, group) + symbol_lists(model, symbols_of(model, g)) + left_words(model, g) +
         folds_words(model, group);
}

// "Go module", "crates": what the manifest makes of the folder, whose files may stay.
static std::string package_noun(const std::set<std::string>& kinds, std::size_t n) {
  auto word = kinds.size() == 1 ? *kinds.begin() : std::string("package");
  return n == 1 ? word : word + "s";
}

std::string summary_of(const Model& model, const Tutorial& tutorial) {
  const auto& input = *model.input;
  std::string out;
  if (!input.title.empty()) out += "The author calls this change “" + escape(one_line(input.title, 200)) + "”.\n\n";
  if (auto body = input.commits.size() == 1 ? authors_words(input.commits[0].body()) : ""; !body.empty())
    out += "In the author's words:\n\n" + quote(body) + "\n";
  if (input.commits.size() > 1) {
    out += count_words(input.commits.size(), "commit") + ", oldest first, in the author's words:\n\n";
    for (std::size_t i = 0; i < input.commits.size() && i < 30; ++i)
      out += fmt::format("- `{}` {}\n", input.commits[i].id.short_hex(),
                         escape(one_line(input.commits[i].subject(), 160)));
    if (input.commits.size() > 30) out += fmt::format("- and {} more\n", input.commits.size() - 30);
    out += "\n";
  }
  std::vector<const git::FileChange*> files;
  for (const auto& change : model.changes) files.push_back(change.file);
  if (files.empty()) return out + "It changes no file: both sides have the same tree.\n";
  out += "It " + deeds(files);
  if (input.diff->added + input.diff->removed) out += ", with " + lines_words(input.diff->added, input.diff->removed);
  out += fmt::format(", told in {}.", plural(static_cast<std::int64_t>(tutorial.steps.size()), "step"));
  if (!tutorial.parts.empty() && model.parts_chosen)
    out += fmt::format(" Its commits were put into {} by hand; a file that several of them touch is told in the first.",
                       lower(count_words(tutorial.parts.size(), "part")));
  else if (!tutorial.parts.empty())
    out += fmt::format(" Its commits fall into {} that can be read one by one.",
                       lower(count_words(tutorial.parts.size(), "part")));
  std::vector<std::string> created, gone;
  std::set<std::string> seen, created_kinds, gone_kinds;
  for (const auto& change : model.changes) {
    if (change.package_is_new && seen.insert("+" + change.package.folder).second)
      created.push_back(code_name(change.package.folder)), created_kinds.insert(change.package.kind);
    if (change.package_is_gone && seen.insert("-" + change.package.folder).second)
      gone.push_back(code_name(change.package.folder)), gone_kinds.insert(change.package.kind);
  }
  if (!created.empty())
    out += fmt::format(" New {}: {}.", package_noun(created_kinds, created.size()), list_words(created, 8));
  if (!gone.empty()) out += fmt::format(" Removed {}: {}.", package_noun(gone_kinds, gone.size()), list_words(gone, 8));
  auto identical = static_cast<std::size_t>(
      std::count_if(model.changes.begin(), model.changes.end(), [](const Change& c) { return c.byte_identical; }));
  if (identical)
    out += " " + count_words(identical, "file") + (identical == 1 ? " is" : " are") + " byte-identical after the move.";
  std::vector<std::string> renames;
  for (const auto& r : model.renames) renames.push_back(fmt::format("{} to {}", code(r.from), code(r.to)));
  if (!renames.empty()) out += " Renamed: " + list_words(renames, 5) + ".";
  if (tutorial.lines_folded)
    out += fmt::format(" {} of {} changed {} a checked rule and {} folded.", format_count(tutorial.lines_folded),
                       plural(tutorial.lines_changed, "line"), tutorial.lines_folded == 1 ? "matches" : "match",
                       tutorial.lines_folded == 1 ? "is" : "are");
  return out + "\n";
}

}  // namespace pika::explain
