// What the `git` program does for us: pack transfer, merges, ref transactions, configuration. Every call has a
// deadline; git runs without terminal prompts, without the user's and the system's configuration, and with
// optional locks off.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/gitx/oid.hpp"
#include "pika/gitx/repository.hpp"
#include "pika/proc/child.hpp"

namespace pika::git {

// A git command in `repo` ("git -C repo ..."), with the clean configuration. `args` begin after "git".
proc::Command command(const std::filesystem::path& repo, std::vector<std::string> args);
// Runs it; a failure is an Error with git's own last words. Gives standard output.
Result<std::string> run(const std::filesystem::path& repo, std::vector<std::string> args,
                        Micros deadline = 60 * kSecond, std::string_view input = {});

struct MergeResult {
  Oid tree;                            // meaningful when there are no conflicts
  std::vector<std::string> conflicts;  // paths, sorted
  std::string messages;                // git's words about them
  bool clean() const { return conflicts.empty(); }
};
// The tree of merging `theirs` into `ours` (git merge-tree --write-tree).
Result<MergeResult> merge_tree(const std::filesystem::path& repo, const Oid& ours, const Oid& theirs);

struct RefUpdate {
  std::string ref;
  Oid from;  // expected; zero: must not exist
  Oid to;    // zero: delete
};
// All or none (git update-ref --stdin transaction). conflict when an expectation does not hold.
Status update_refs(const std::filesystem::path& repo, const std::vector<RefUpdate>& updates, const std::string& reason);

// A new bare repository as the forge wants it: core.fsync=all, receive.denyDeletes off, hidden refs/pika, ...
Status init_hosted(const std::filesystem::path& repo, const std::string& target_branch);
// Copies branches and tags of another repository (path) into a hosted one.
Status import_from(const std::filesystem::path& repo, const std::filesystem::path& source);

// Legal by git check-ref-format, and no longer than 200 bytes.
bool valid_branch_name(std::string_view name);

}  // namespace pika::git
