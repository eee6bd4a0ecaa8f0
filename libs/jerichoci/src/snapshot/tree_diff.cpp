#include "snapshot/tree_diff.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <map>

#include "pika/base/text.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::git::Oid;
using pika::git::Repository;
using pika::git::TreeEntry;

namespace {

constexpr std::string_view kAttributes = ".gitattributes";

using Folder = std::map<std::string, TreeEntry>;  // by name; an entry's path is its whole path

bool is_folder(const TreeEntry& e) {
  return (e.mode & kGitFormat) == kGitFolder;
}

// As git: a tree that is deeper is somebody's attack on the stacks of those who read it.
constexpr std::ptrdiff_t kDeepest = 2048;

class Differ {
 public:
  Differ(const Repository& from, const Repository& to, std::size_t most) : from_(from), to_(to), most_(most) {}

  pika::Status compare(const Oid& from, const Oid& to, const std::string& prefix) {
    if (from == to) return {};
    auto before = PIKA_TRY(read(from_, from, prefix)), after = PIKA_TRY(read(to_, to, prefix));
    if (auto it = after.find(std::string(kAttributes)); it != after.end() && !is_folder(it->second))
      diff_.attributes.push_back(it->second);
    bool listing = from.is_zero();
    for (const auto& [name, old] : before) {
      if (full()) return {};
      if (after.contains(name)) continue;
      listing = true;
      diff_.vanished.push_back(old.path);
      PIKA_TRY(gone(old));
    }
    for (const auto& [name, entry] : after) {
      if (full()) return {};
      auto it = before.find(name);
      if (it == before.end()) {
        listing = true;
        PIKA_TRY(come(entry));
      } else if (it->second.id != entry.id || it->second.mode != entry.mode) {
        listing |= is_folder(it->second) != is_folder(entry);
        PIKA_TRY(change(it->second, entry));
      }
    }
    if (listing) diff_.folders.push_back(prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1));
    return {};
  }

  bool full() const { return diff_.count() > most_; }
  TreeDiff& result() { return diff_; }

 private:
  static pika::Result<Folder> read(const Repository& store, const Oid& tree, const std::string& prefix) {
    Folder out;
    if (tree.is_zero()) return out;
    if (std::count(prefix.begin(), prefix.end(), '/') > kDeepest)
      return fail(ErrorKind::invalid, fmt::format("the tree has folders more than {} deep", kDeepest));
    auto entries = store.list(tree, "");
    if (entries.empty() && store.tree_of(tree) != tree)
      return fail(ErrorKind::not_found, fmt::format("the tree {} is not in the store", tree.hex()));
    for (auto& e : entries) {
      auto name = e.path;
      bool bad = name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
                 pika::lower(name) == ".git";
      e.path = prefix + name;
      if (bad || !out.emplace(name, e).second)
        return fail(ErrorKind::invalid, fmt::format("the tree holds the name {}, which no folder can have, or has it "
                                                    "twice",
                                                    pika::quote_name(e.path)));
    }
    return out;
  }

  pika::Status come(const TreeEntry& entry) {
    if (is_folder(entry)) return compare({}, entry.id, entry.path + "/");
    note(entry.path);
    diff_.written.push_back(entry);
    return {};
  }

  pika::Status gone(const TreeEntry& old) {
    if (is_folder(old)) {
      for (const auto& [name, entry] : PIKA_TRY(read(from_, old.id, old.path + "/"))) {
        if (full()) return {};
        PIKA_TRY(gone(entry));
      }
      return {};
    }
    note(old.path);
    diff_.gone.push_back(old.path);
    return {};
  }

  pika::Status change(const TreeEntry& old, const TreeEntry& entry) {
    if (is_folder(old) && is_folder(entry)) return compare(old.id, entry.id, entry.path + "/");
    if (is_folder(old) || is_folder(entry)) PIKA_TRY(gone(old));
    return come(entry);
  }

  void note(const std::string& path) {
    auto slash = path.rfind('/');
    if (std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1) == kAttributes)
      diff_.attributes_changed = true;
  }

  const Repository& from_;
  const Repository& to_;
  std::size_t most_;
  TreeDiff diff_;
};

}  // namespace

pika::Result<std::optional<TreeDiff>> diff_trees(const Repository& store, const Oid& from, const Oid& to,
                                                 std::size_t most) {
  return diff_trees(store, from, store, to, most);
}

pika::Result<std::optional<TreeDiff>> diff_trees(const Repository& from_store, const Oid& from,
                                                 const Repository& to_store, const Oid& to, std::size_t most) {
  Differ differ(from_store, to_store, most);
  PIKA_TRY(differ.compare(from, to, ""));
  if (differ.full()) return std::nullopt;
  return std::move(differ.result());
}

}  // namespace jerichoci
