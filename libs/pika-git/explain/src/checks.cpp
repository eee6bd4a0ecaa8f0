#include "checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "delta.hpp"
#include "locks.hpp"
#include "manifests.hpp"
#include "pika/base/text.hpp"
#include "renames.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

using syntax::TokenKind;

// One name: "*" and "?", without backtracking over more than one star.
bool match_name(std::string_view filter, std::string_view name) {
  std::size_t f = 0, n = 0, star = std::string_view::npos, from = 0;
  while (n < name.size()) {
    if (f < filter.size() && (filter[f] == '?' || filter[f] == name[n]) && filter[f] != '*') {
      ++f, ++n;
    } else if (f < filter.size() && filter[f] == '*') {
      star = f++;
      from = n;
    } else if (star != std::string_view::npos) {
      f = star + 1;
      n = ++from;
    } else {
      return false;
    }
  }
  while (f < filter.size() && filter[f] == '*') ++f;
  return f == filter.size();
}

bool match_parts(const std::vector<std::string_view>& filter, std::size_t f, const std::vector<std::string_view>& path,
                 std::size_t p) {
  for (; f < filter.size(); ++f, ++p) {
    if (filter[f] == "**") {
      if (f + 1 == filter.size()) return p < path.size();
      for (auto q = p; q < path.size(); ++q)
        if (match_parts(filter, f + 1, path, q)) return true;
      return false;
    }
    if (p == path.size() || !match_name(filter[f], path[p])) return false;
  }
  return p == path.size();
}

struct Filter {
  std::string text;
  int line = 0;
};

// Forms of the filter language (pikaci/selection.hpp) that matches_filter() does not read.
bool odd_filter(std::string_view value) {
  if (value.find_first_of("[{\\") != std::string_view::npos) return true;
  for (auto part : split(value, '/'))
    if (part != "**" && part.find("**") != std::string_view::npos) return true;
  return false;
}

// The lists of strings of a TOML file that hold at least one path.
std::vector<std::vector<Filter>> path_lists(const Side& side) {
  std::vector<std::vector<Filter>> out;
  std::vector<Filter> now;
  bool inside = false, paths = false, opaque = false;
  for (const auto& token : side.file->tokens) {
    auto text = side.text_of(token);
    if (text == "[" || text == "[[") {
      inside = true, paths = false, opaque = false;
      now.clear();
    } else if (inside && (text == "]" || text == "]]")) {
      inside = false;
      if (paths && !opaque) out.push_back(now);
    } else if (inside && token.kind == TokenKind::string && text.size() > 2) {
      auto value = text.substr(1, text.size() - 2);
      if (value.starts_with('@') || value.starts_with('!') || odd_filter(value))
        opaque = true;  // means more than its own words
      bool path =
          value.find('/') != std::string_view::npos && value.find_first_of(" \\:\"'[{") == std::string_view::npos;
      paths |= path;
      if (path) now.push_back({std::string(value), token.line});
    }
  }
  return out;
}

class Checker {
 public:
  Checker(const Model& model, std::vector<Check>& out) : model_(model), out_(out) {}

  void run() {
    stale_filters();
    old_names();
    removed_dependencies();
    locks();
  }

 private:
  // What is built changes, and nobody who reads the manifests can see it.
  void locks() {
    for (const auto& change : model_.changes)
      if (change.role == Role::manifest) return;
    for (const auto& change : model_.changes) {
      auto delta = lock_delta(model_, change);
      if (!delta.any()) continue;
      auto n = static_cast<std::int64_t>(delta.added.size() + delta.removed.size() + delta.other.size());
      const auto& first = !delta.other.empty()   ? delta.other[0]
                          : !delta.added.empty() ? delta.added[0]
                                                 : delta.removed[0];
      add("third_party_in_lock", change.file->new_path, 0,
          fmt::format("{} {} pinned otherwise, {} among them, and no manifest changes.",
                      plural(n, "third-party package"), n == 1 ? "is" : "are", code(first.name)));
    }
  }

  void add(std::string kind, const std::string& file, int line, std::string text) {
    out_.push_back({std::move(kind), file, line, std::move(text)});
  }

  // Filters that covered moved files at their old names and cover none at their new ones.
  void stale_filters() {
    std::vector<const git::FileChange*> moved;
    for (const auto& change : model_.changes)
      if (change.file->kind == git::ChangeKind::renamed) moved.push_back(change.file);
    if (moved.empty()) return;
    const auto& repository = *model_.input->repository;
    const auto& head = model_.input->diff->head;
    for (const char* folder : {"ci", "invariants"})
      for (const auto& entry : repository.list(head, folder)) {
        if (!entry.path.ends_with(".toml") || repository.blob_size(entry.id).value_or(1u << 30) > (256u << 10))
          continue;
        auto side = make_side(syntax::Language::toml, repository.blob(entry.id).value_or(""));
        if (!side.file) continue;
        for (const auto& list : path_lists(side)) stale_list(entry.path, list, moved);
      }
  }

  void stale_list(const std::string& file, const std::vector<Filter>& list,
                  const std::vector<const git::FileChange*>& moved) {
    auto covered = [&](const std::string& path) {
      return std::any_of(list.begin(), list.end(), [&](const Filter& f) { return matches_filter(f.text, path); });
    };
    for (const auto& filter : list) {
      std::size_t lost = 0;
      const git::FileChange* first = nullptr;
      for (const auto* f : moved) {
        if (!matches_filter(filter.text, f->old_path) || covered(f->new_path)) continue;
        if (++lost == 1) first = f;
      }
      if (!lost) continue;
      auto text =
          lost == 1
              ? fmt::format("The filter {} matched {} before it moved to {}; nothing in its list matches it there.",
                            code(filter.text), code_name(first->old_path), code_name(first->new_path))
              : fmt::format(
                    "The filter {} matched {} moved files at their old names, {} among them; nothing in its list "
                    "matches them at "
                    "their new names, such as {}.",
                    code(filter.text), lost, code_name(first->old_path), code_name(first->new_path));
      add("stale_path_filter", file, filter.line, std::move(text));
    }
  }

  // A renamed definition's old name, still used in the changed files, where nothing defines it any more.
  void old_names() {
    std::map<std::string, const Rename*, std::less<>> left;
    for (const auto& r : model_.renames)
      if (r.witness != "module" && r.from.size() >= 6) left[r.from] = &r;
    if (left.empty()) return;
    for (const auto& change : model_.changes)
      if (change.after.file)
        for (const auto& symbol : change.after.file->symbols) left.erase(symbol.name);
    for (const auto& change : model_.changes) {
      if (!change.after.file || left.empty()) continue;
      for (const auto& token : change.after.file->tokens) {
        if (token.kind != TokenKind::identifier) continue;
        auto found = left.find(change.after.text_of(token));
        if (found == left.end()) continue;
        const auto& r = *found->second;
        add("old_name_left", change.file->path(), token.line,
            fmt::format("{} is still named here; this change renames the {} {} to {} in {}.", code(r.from), r.witness,
                        code(r.from), code(r.to), code_name(model_.changes[r.change].file->path())));
        left.erase(found);  // once a name
      }
    }
  }

  // A crate that the manifest no longer names, and that a path in the package's code still begins with.
  void removed_dependencies() {
    for (const auto& change : model_.changes) {
      if (base_name(change.file->path()) != "Cargo.toml" || change.package.manifest != change.file->new_path) continue;
      auto removed = dependency_delta(model_, change).removed;
      if (!removed.empty()) still_named(change, removed);
    }
  }

  void still_named(const Change& manifest, const std::vector<std::string>& removed) {
    std::map<std::string, std::string, std::less<>> names;  // as code writes them -> as the manifest does
    for (const auto& name : removed) {
      auto word = name;
      std::replace(word.begin(), word.end(), '-', '_');
      names[word] = name;
    }
    const auto& repository = *model_.input->repository;
    auto folder = repository.entry(model_.input->diff->head, manifest.package.folder);
    if (!folder) return;
    int files = 0;
    repository.walk(folder->id, [&](const git::TreeEntry& entry) {
      if (!entry.path.ends_with(".rs") || (entry.mode & 0170000) != 0100000) return true;
      if (repository.blob_size(entry.id).value_or(1u << 30) > (512u << 10)) return true;
      auto text = repository.blob(entry.id).value_or("");
      bool hit = std::any_of(names.begin(), names.end(),
                             [&](const auto& n) { return text.find(n.first + "::") != std::string::npos; });
      if (hit) first_use(manifest, manifest.package.folder + "/" + entry.path, std::move(text), names);
      return ++files < 400 && !names.empty();
    });
  }

  void first_use(const Change& manifest, const std::string& file, std::string text,
                 std::map<std::string, std::string, std::less<>>& names) {
    auto side = make_side(syntax::Language::rust, std::move(text));
    if (!side.file) return;
    const auto& tokens = side.file->tokens;
    std::set<std::string_view> modules;  // of the crate's own, or brought in under that name
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
      if (side.text_of(tokens[i]) == "mod" || side.text_of(tokens[i]) == "as")
        modules.insert(side.text_of(tokens[i + 1]));
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      auto found = names.find(side.text_of(tokens[i]));
      if (found == names.end() || modules.contains(found->first) || side.text_of(tokens[i + 1]) != "::") continue;
      // A path's beginning: after "use", or where an expression begins; never after another "::".
      if (i == 0 || side.text_of(tokens[i - 1]) != "use") continue;
      add("removed_dependency_named", file, tokens[i].line,
          fmt::format("{} is still used here; {} no longer names {}.", code(found->first),
                      code_name(manifest.file->new_path), code(found->second)));
      names.erase(found);
    }
  }

  const Model& model_;
  std::vector<Check>& out_;
};

}  // namespace

bool matches_filter(std::string_view filter, std::string_view path) {
  auto parts = split(filter, '/'), names = split(path, '/');
  // A filter with many "**" could be matched in exponentially many ways.
  if (std::count(parts.begin(), parts.end(), "**") > 4 || parts.size() > 32 || names.size() > 64) return false;
  return match_parts(parts, 0, names, 0);
}

void add_checks(const Model& model, Tutorial& tutorial) {
  Checker(model, tutorial.checks).run();
  check_symbols(model, tutorial.checks);
  check_lines(model, tutorial.checks);
  if (tutorial.checks.size() > kMostChecks) tutorial.checks.resize(kMostChecks);
  for (auto& step : tutorial.steps)
    for (const auto& check : tutorial.checks)
      if (step.checks.size() < 3 && std::find(step.files.begin(), step.files.end(), check.file) != step.files.end())
        step.checks.push_back(check);
}

}  // namespace pika::explain
