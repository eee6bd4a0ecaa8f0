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

class Checker {
 public:
  Checker(const Model& model, std::vector<Check>& out) : model_(model), out_(out) {}

  void run() {
    old_names();
    removed_dependencies();
    locks();
  }

 private:
  // What is built changes in passing, and neither the manifests nor the author's words say so.
  void locks() {
    bool other = false;
    for (const auto& change : model_.changes) {
      if (change.role == Role::manifest) return;
      other |= change.role == Role::source || change.role == Role::test;
    }
    if (!other || announced()) return;
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

  bool announced() const {
    const auto& commits = model_.input->commits;
    return std::any_of(commits.begin(), commits.end(), [](const git::CommitInfo& commit) {
      auto words = lower(commit.message);
      for (std::string_view word : {"dependenc", "deps", "bump", ".lock", "lock file", "lockfile", "upgrade", "vendor"})
        if (words.find(word) != std::string::npos) return true;
      return false;
    });
  }

  void add(std::string kind, const std::string& file, int line, std::string text) {
    out_.push_back({std::move(kind), file, line, std::move(text)});
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
      const auto& tokens = change.after.file->tokens;
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto& token = tokens[i];
        if (token.kind != TokenKind::identifier) continue;
        auto found = left.find(change.after.text_of(token));
        if (found == left.end()) continue;
        const auto& r = *found->second;
        // A variable of the name of a function is no call of it.
        bool called = i + 1 < tokens.size() && change.after.text_of(tokens[i + 1]).starts_with('(');
        if (r.witness == "function" && !called) continue;
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

void add_checks(const Model& model, Tutorial& tutorial) {
  check_filters(model, tutorial.checks);
  Checker(model, tutorial.checks).run();
  check_paths(model, tutorial.checks);
  check_includes(model, tutorial.checks);
  check_symbols(model, tutorial.checks);
  check_lines(model, tutorial.checks);
  if (tutorial.checks.size() > kMostChecks) tutorial.checks.resize(kMostChecks);
  for (auto& step : tutorial.steps)
    for (const auto& check : tutorial.checks)
      if (step.checks.size() < 3 && std::find(step.files.begin(), step.files.end(), check.file) != step.files.end())
        step.checks.push_back(check);
}

}  // namespace pika::explain
