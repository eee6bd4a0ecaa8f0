// Repository: reads one git repository (libgit2), and the few writes the forge does itself.
//
// A Repository belongs to one thread at a time; open another for another thread (opening costs some 0.1 ms).
// Names are bytes. Expected trouble (no such ref, not a repository) is a Result; a broken object store throws.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/base/result.hpp"
#include "pika/gitx/oid.hpp"

namespace pika::git {

struct Signature {
  std::string name, email;
  Micros time = 0;
};

struct CommitInfo {
  Oid id, tree;
  std::vector<Oid> parents;
  Signature author, committer;
  std::string message;
  std::string subject() const;  // first line
  std::string body() const;     // after the subject, trimmed
};

struct TreeEntry {
  std::string path;   // from the root of the tree
  unsigned mode = 0;  // 0100644, 0100755, 0120000 (symlink), 040000 (tree), 0160000 (submodule)
  Oid id;
};

struct Ref {
  std::string name;  // "refs/heads/main"
  Oid id;
};

class Repository {
 public:
  static Result<Repository> open(const std::filesystem::path& path);  // a bare repository or a work tree
  // The objects of several folders ("objects" of a repository, with the alternates these name) read as one: no refs,
  // no configuration.
  static Result<Repository> over_objects(const std::vector<std::filesystem::path>& folders);
  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) noexcept;
  ~Repository();

  const std::filesystem::path& path() const;  // the git directory
  std::optional<std::filesystem::path> workdir() const;

  // A revision as people write it: "main", "HEAD~3", a (short) id. Gives the commit it stands for.
  Result<Oid> resolve_commit(std::string_view revision) const;
  std::optional<Oid> ref(std::string_view full_name) const;  // refs/... , symbolic refs followed
  std::optional<std::string> head_branch() const;            // "refs/heads/main", also when unborn
  std::vector<Ref> refs(std::string_view prefix) const;      // sorted by name

  bool exists(const Oid& id) const;
  Result<CommitInfo> commit(const Oid& id) const;
  // Commits reachable from `head` and not from `base` (zero: all), newest first, at most `limit`.
  std::vector<CommitInfo> log(const Oid& head, const Oid& base, std::size_t limit) const;
  std::size_t count_commits(const Oid& head, const Oid& base, std::size_t limit) const;
  // nullopt when the two have no common history.
  std::optional<Oid> merge_base(const Oid& a, const Oid& b) const;
  bool is_ancestor(const Oid& ancestor, const Oid& descendant) const;

  Result<std::string> blob(const Oid& id) const;  // whole content
  std::optional<std::uint64_t> blob_size(const Oid& id) const;
  // The entry at a path of a commit's or a tree's tree.
  std::optional<TreeEntry> entry(const Oid& commit_or_tree, std::string_view path) const;
  Result<std::string> file(const Oid& commit_or_tree, std::string_view path) const;       // blob at a path
  std::vector<TreeEntry> list(const Oid& commit_or_tree, std::string_view folder) const;  // one level
  // Every blob, symlink and submodule below, in git's order; the callback returns false to stop.
  void walk(const Oid& commit_or_tree, const std::function<bool(const TreeEntry&)>& each) const;
  Oid tree_of(const Oid& commit_or_tree) const;

  Oid write_commit(const Oid& tree, const std::vector<Oid>& parents, const Signature& author,
                   const Signature& committer, const std::string& message);
  Oid write_blob(std::string_view content);
  // A tree of these entries, whose paths are plain names and whose objects are there, in any order; the modes of old
  // git versions (0100664) become today's. A tree that is there already is not written again.
  Oid write_tree(const std::vector<TreeEntry>& entries);
  // An object of another repository as it is, whatever its kind; its content is held against its id. On disk, as far as
  // core.fsyncObjectFiles of this repository says, when this returns. not_found when `from` cannot give it.
  Status copy_object(const Repository& from, const Oid& id);

  void* raw() const;  // git_repository*

 private:
  Repository();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The name that git gives to a blob of this content.
Oid blob_id(std::string_view content);

}  // namespace pika::git
