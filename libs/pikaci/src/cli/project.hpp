// The repository the user stands in: its root, its catalogue, what was changed and since when.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pika/gitx/oid.hpp"
#include "pikaci/cli.hpp"

namespace pikaci {

struct ChangeSet {
  std::string base_name;                // "origin/main"; empty: none was found
  pika::git::Oid base_tip, merge_base;  // zero without a base
  std::string head_name;                // "the work tree", or as given
  std::vector<std::string> paths;       // sorted, unique, bytes
  std::string note;                     // what the user should know
};

class Project {
 public:
  // From any folder of a work tree, linked ones too.
  static Outcome<Project> find(const std::filesystem::path& folder);
  const std::filesystem::path& root() const { return root_; }

  // Problems become a Failure with exit code 7, and so does the absence of a catalogue.
  Outcome<Catalogue> catalogue() const;  // of the work tree
  Outcome<Catalogue> catalogue_at(const pika::git::Oid& commit, const std::string& name) const;
  Outcome<Policy> policy() const;
  FileReader reader() const;  // of the work tree

  // Without range.head: merge base .. work tree, whether committed or not. Without range.base: the branch that the
  // user's branches are merged into, as far as git knows it.
  Outcome<ChangeSet> changes(const Range& range) const;
  // The catalogue files in which the work tree differs from `commit`.
  std::vector<std::string> differing_catalogue(const pika::git::Oid& commit) const;

  // Inside the work tree and not ignored: it would be part of what is run.
  bool would_capture(const std::filesystem::path& folder) const;
  std::vector<std::string> files() const;  // tracked, and untracked but not ignored
  std::optional<std::vector<std::string>> files_at(const pika::git::Oid& commit) const;
  std::optional<pika::git::Oid> commit_of(const std::string& revision) const;
  std::vector<std::string> submodules() const;  // their folders

 private:
  explicit Project(std::filesystem::path root) : root_(std::move(root)) {}
  struct Base {
    std::string name;
    pika::git::Oid tip;
  };
  std::optional<Base> default_base() const;
  // git with the user's own configuration, since what is ignored is theirs to say.
  pika::Result<std::string> git(std::vector<std::string> args) const;
  std::vector<std::string> git_paths(std::vector<std::string> args) const;
  bool shallow() const;
  // Why a file of the catalogue is none for git; nullopt: each is plain, or not there.
  std::optional<Failure> no_plain_file() const;
  std::optional<std::string> blob(const pika::git::Oid& commit, std::string_view path) const;
  std::filesystem::path root_;
};

}  // namespace pikaci
