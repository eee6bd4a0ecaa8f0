#include "parts.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "pika/base/text.hpp"

namespace pika::explain {

namespace {

constexpr std::size_t kMostCommits = 30;  // each costs a diff of two trees
constexpr std::size_t kMostParts = 4;     // more is a sweep through many files and not so many concerns
constexpr std::size_t kMostChosen = 6;    // each has a step of its own at least

// Files that commits touch whatever they are about.
bool is_shared(std::string_view path) {
  auto name = lower(base_name(path));
  return role_of(path, "") == Role::lock || name.starts_with("change") || name.starts_with("news") ||
         name.starts_with("history");
}

class Sets {
 public:
  explicit Sets(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), std::size_t{0}); }
  std::size_t find(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) { parent_[std::max(find(a), find(b))] = std::min(find(a), find(b)); }

 private:
  std::vector<std::size_t> parent_;
};

using Touched = std::map<std::string, std::vector<std::size_t>>;  // path to commits, oldest first

// nullopt: the commits do not tell of parts.
std::optional<Touched> touched_paths(const std::vector<git::CommitInfo>& commits, const git::Repository& repository) {
  Touched out;
  for (std::size_t i = 0; i < commits.size(); ++i) {
    if (commits[i].parents.size() > 1) continue;  // what a merge brings is not the branch's
    if (commits[i].parents.empty()) return std::nullopt;
    auto paths = git::changed_paths(repository.path(), commits[i].parents[0], commits[i].id);
    if (!paths) return std::nullopt;
    for (auto& path : *paths) out[path].push_back(i);
  }
  return out;
}

// In the order of their first commits. A choice that no longer fits the commits is none.
void take_chosen(Model& model, const Touched& touched) {
  const auto& chosen = model.input->parts;
  const auto& commits = model.input->commits;
  if (chosen.size() != commits.size()) return;
  std::map<int, std::size_t> order;
  std::vector<Concern> parts;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    auto [at, fresh] = order.try_emplace(chosen[i], parts.size());
    if (fresh) parts.emplace_back();
    parts[at->second].commits.push_back(i);
  }
  if (parts.size() < 2 || parts.size() > kMostChosen) return;
  std::vector<int> part_of(model.changes.size(), kNoPart);
  std::vector<bool> has_files(parts.size());
  for (std::size_t c = 0; c < model.changes.size(); ++c) {
    for (const auto* path : {&model.changes[c].file->new_path, &model.changes[c].file->old_path})
      if (auto by = touched.find(*path); part_of[c] == kNoPart && by != touched.end())
        part_of[c] = static_cast<int>(order[chosen[by->second[0]]]);
    if (part_of[c] == kNoPart) return;  // the diff is of something else than these commits
    has_files[static_cast<std::size_t>(part_of[c])] = true;
  }
  if (std::find(has_files.begin(), has_files.end(), false) != has_files.end()) return;
  for (std::size_t c = 0; c < model.changes.size(); ++c) model.changes[c].part = part_of[c];
  model.parts = std::move(parts);
  model.parts_chosen = true;
}

}  // namespace

void find_parts(Model& model) {
  const auto& commits = model.input->commits;
  if (commits.size() < 2 || commits.size() > kMostCommits) return;
  auto touched = touched_paths(commits, *model.input->repository);
  if (!touched) return;
  if (!model.input->parts.empty()) return take_chosen(model, *touched);
  Sets sets(commits.size());
  for (const auto& [path, by] : *touched)
    for (auto i : by)
      if (!is_shared(path)) sets.join(by[0], i);
  std::map<std::size_t, std::size_t> known;  // set -> part, by the commits' order
  std::vector<int> part_of(model.changes.size(), kNoPart);
  auto set_of = [&](const git::FileChange& file) -> std::optional<std::size_t> {
    for (const auto* path : {&file.new_path, &file.old_path})
      if (auto at = touched->find(*path); at != touched->end()) return sets.find(at->second[0]);
    return std::nullopt;
  };
  for (const auto& change : model.changes) {
    auto set = set_of(*change.file);
    if (!set) return;  // the diff is of something else than these commits
    known.emplace(*set, 0);
  }
  if (known.size() < 2 || known.size() > kMostParts) return;
  for (auto& [set, part] : known) {
    part = model.parts.size();
    auto& commits_of = model.parts.emplace_back().commits;
    for (std::size_t i = 0; i < commits.size(); ++i)
      if (commits[i].parents.size() == 1 && sets.find(i) == set) commits_of.push_back(i);
  }
  for (auto& change : model.changes) change.part = static_cast<int>(known[*set_of(*change.file)]);
}

bool join_needed_parts(Model& model) {
  if (model.parts.empty() || model.parts_chosen) return false;
  Sets sets(model.parts.size());
  bool joined = false;
  for (const auto& group : model.groups)
    for (auto n : group.needs)
      if (model.groups[n].part != group.part) {
        sets.join(static_cast<std::size_t>(group.part), static_cast<std::size_t>(model.groups[n].part));
        joined = true;
      }
  if (!joined) return false;
  std::map<std::size_t, int> fresh;
  std::vector<Concern> parts;
  for (std::size_t i = 0; i < model.parts.size(); ++i) {
    auto [at, is_new] = fresh.try_emplace(sets.find(i), static_cast<int>(parts.size()));
    if (is_new) parts.emplace_back();
    auto& commits = parts[static_cast<std::size_t>(at->second)].commits;
    commits.insert(commits.end(), model.parts[i].commits.begin(), model.parts[i].commits.end());
    std::sort(commits.begin(), commits.end());
  }
  for (auto& change : model.changes) change.part = fresh[sets.find(static_cast<std::size_t>(change.part))];
  if (parts.size() < 2) {
    parts.clear();
    for (auto& change : model.changes) change.part = kNoPart;
  }
  model.parts = std::move(parts);
  return true;
}

}  // namespace pika::explain
