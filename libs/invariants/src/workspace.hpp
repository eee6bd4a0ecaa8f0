// What the commands share: the repository, the rules, the trees.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pika/invariants/commands.hpp"
#include "pika/invariants/source.hpp"

namespace pika::invariants {

// What ends a command.
struct Failure {
  int exit_code = 4;
  std::string what, advice;
  std::vector<toml::Problem> problems;
  Failure(int code, std::string w, std::string a = {}) : exit_code(code), what(std::move(w)), advice(std::move(a)) {}
  Failure(Error error);  // by its kind
};
template <class T>
using Expected = std::expected<T, Failure>;

struct Workspace {
  std::optional<git::Repository> repository;  // nothing: a folder that is none, as the workspace of a CI job
  std::filesystem::path root;                 // of the work tree; empty: a bare repository
  std::optional<git::Oid> commit;             // of --tree
  FactStore store;
  std::filesystem::path cache_file;  // empty: none

  static Expected<std::unique_ptr<Workspace>> open(const Session& session);
  // The tree that is asked for. What was learnt is kept for the next run when the workspace ends.
  Expected<std::unique_ptr<TreeView>> tree();
  Expected<InvariantsFile> rules(const Session& session, const TreeView& tree) const;
  // What the tree that is asked for has moved since then.
  Expected<Renames> renames_since(const git::Oid& base) const;
  ~Workspace();
  Workspace() = default;
  Workspace(const Workspace&) = delete;
};

int report_failure(const Session& session, const Failure& failure);
// Runs a command; whatever it throws is exit code 4 with a sentence.
int guarded(const Session& session, const std::function<Expected<int>()>& body);

}  // namespace pika::invariants
