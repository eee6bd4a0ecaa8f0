#include "snapshot/subset_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "jerichoci/model.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/repository.hpp"

namespace jerichoci {

using pika::git::Oid;
using pika::git::Repository;
using pika::git::TreeEntry;

namespace {

constexpr unsigned kFormat = 0170000, kFolder = 0040000;

// An input, by its names; `given` is how the caller wrote it.
struct Wanted {
  std::vector<std::string> names;
  std::string given;
};

std::vector<std::string> names_of(const std::string& path) {
  std::vector<std::string> out;
  for (auto name : pika::split(path, '/'))
    if (!name.empty() && name != ".") out.emplace_back(name);
  return out;
}

class Picker {
 public:
  Picker(Repository& store, std::vector<std::string>& missing) : store_(store), missing_(missing) {}

  // The tree of what `wanted` (sorted, all with the same first `depth` names) takes from the folder `from`; zero when
  // that is nothing.
  Oid pick(const Oid& from, std::span<const Wanted> wanted, std::size_t depth) {
    if (wanted.front().names.size() == depth) return from;  // sorted: the shortest first, and it takes all
    std::map<std::string, TreeEntry> there;
    for (auto& entry : store_.list(from, "")) there.emplace(entry.path, entry);
    std::vector<TreeEntry> out;
    for (std::size_t i = 0; i < wanted.size();) {
      const auto& name = wanted[i].names[depth];
      auto end = i + 1;
      while (end < wanted.size() && wanted[end].names[depth] == name) ++end;
      take(there, name, wanted.subspan(i, end - i), depth + 1, out);
      i = end;
    }
    if (out.empty()) return {};
    auto attributes = there.find(".gitattributes");
    bool have = std::any_of(out.begin(), out.end(), [](const auto& e) { return e.path == ".gitattributes"; });
    if (attributes != there.end() && !have) out.push_back(attributes->second);
    return store_.write_tree(out);
  }

 private:
  void take(const std::map<std::string, TreeEntry>& there, const std::string& name, std::span<const Wanted> wanted,
            std::size_t depth, std::vector<TreeEntry>& out) {
    auto it = there.find(name);
    bool folder = it != there.end() && (it->second.mode & kFormat) == kFolder;
    if (folder) {
      auto part = pick(it->second.id, wanted, depth);
      if (!part.is_zero()) out.push_back({name, kFolder, part});
      return;
    }
    bool taken = false;
    for (const auto& w : wanted) {
      if (it == there.end() || w.names.size() > depth) {
        missing_.push_back(w.given);
      } else {
        taken = true;
      }
    }
    if (taken) out.push_back(it->second);
  }

  Repository& store_;
  std::vector<std::string>& missing_;
};

}  // namespace

pika::Result<Subset> subset_tree(const ObjectStore& store, const Oid& tree, const std::vector<std::string>& inputs) {
  auto repository = PIKA_TRY(Repository::open(store.path()));
  if (repository.tree_of(tree) != tree)
    return pika::fail(pika::ErrorKind::not_found, fmt::format("the tree {} is not in the store", tree.hex()),
                      "take a snapshot first: snapshot_commit or snapshot_worktree");
  Subset out{tree, {}};
  if (inputs.empty()) return out;
  std::vector<Wanted> wanted;
  for (const auto& input : inputs) {
    PIKA_TRY(check_inner_path(input, "inputs"));
    wanted.push_back({names_of(input), input});
  }
  std::sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return a.names < b.names; });
  out.tree = Picker(repository, out.missing).pick(tree, wanted, 0);
  if (out.tree.is_zero()) out.tree = repository.write_tree({});
  return out;
}

}  // namespace jerichoci
