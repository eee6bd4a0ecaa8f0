#include "workspace.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "renames.hpp"

namespace pika::invariants {

namespace fs = std::filesystem;

Failure::Failure(Error error) : what(std::move(error.what)), advice(std::move(error.advice)) {
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::not_found:
    case ErrorKind::conflict:
    case ErrorKind::too_large:
    case ErrorKind::unauthorised:
    case ErrorKind::forbidden:
      exit_code = 2;
      break;
    case ErrorKind::unavailable:
    case ErrorKind::internal:
      exit_code = 4;
      break;
  }
}

namespace {

// The nearest folder from here upwards that has rules; empty when none has.
fs::path folder_with_rules(const fs::path& folder) {
  std::error_code error;
  for (auto up = fs::absolute(folder, error).lexically_normal();; up = up.parent_path()) {
    if (fs::exists(up / kInvariantsPath, error)) return up;
    if (up == up.parent_path()) return {};
  }
}

}  // namespace

Expected<std::unique_ptr<Workspace>> Workspace::open(const Session& session) {
  auto workspace = std::make_unique<Workspace>();
  if (auto repository = git::Repository::open(session.folder)) {
    workspace->root = repository->workdir().value_or(fs::path());
    workspace->repository = std::move(*repository);
  } else if (session.tree.empty()) {
    workspace->root = folder_with_rules(session.folder);
    if (workspace->root.empty() && !session.file.empty()) workspace->root = session.folder;
  }
  if (!workspace->repository && workspace->root.empty())
    return std::unexpected(Failure(2,
                                   fmt::format("{} is not in a git repository, nor below a folder with {}",
                                               quote_name(session.folder.string()), kInvariantsPath),
                                   "go into one, or name it with -C FOLDER"));
  if (!session.tree.empty()) {
    auto commit = workspace->repository->resolve_commit(session.tree);
    if (!commit)
      return std::unexpected(Failure(2, fmt::format("there is no commit '{}' here", quote_name(session.tree)),
                                     "git log and git branch -a show what there is"));
    workspace->commit = *commit;
  } else if (workspace->root.empty()) {
    return std::unexpected(Failure(2, "this repository has no work tree", "name a commit with --tree, as --tree HEAD"));
  }
  if (!session.cache.empty()) {
    const auto place = workspace->repository ? workspace->repository->path() : workspace->root;
    workspace->cache_file = session.cache / (sha256_hex(place.string()).substr(0, 32) + ".facts");
    workspace->store.load(workspace->cache_file);
  }
  return workspace;
}

Workspace::~Workspace() {
  try {
    if (!cache_file.empty()) store.save(cache_file);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): without a cache the next run only takes longer
  }
}

Expected<std::unique_ptr<TreeView>> Workspace::tree() {
  if (commit) return open_revision(*repository, *commit, store);
  auto tree = open_work_tree(root, store, {.listing = repository ? Listing::of_git : Listing::of_folder});
  if (!tree) return std::unexpected(Failure(tree.error()));
  return std::move(*tree);
}

Expected<Renames> Workspace::renames_since(const git::Oid& base) const {
  auto renames = invariants::renames_since(*repository, root, base, commit);
  if (!renames) return std::unexpected(Failure(renames.error()));
  return std::move(*renames);
}

Expected<InvariantsFile> Workspace::rules(const Session& session, const TreeView& tree) const {
  std::string text, name(kInvariantsPath);
  if (!session.file.empty()) {
    name = session.file.string();
    auto read = read_file(session.file);
    if (!read) return std::unexpected(Failure(7, fmt::format("there is no file {}", quote_name(name))));
    text = std::move(*read);
  } else {
    const auto& paths = tree.paths();
    const auto at = std::lower_bound(paths.begin(), paths.end(), kInvariantsPath);
    if (at == paths.end() || *at != kInvariantsPath)
      return std::unexpected(Failure(7, fmt::format("there is no {} in this tree", kInvariantsPath),
                                     "docs/invariants.md has a first one; git must not ignore it"));
    text = tree.text(static_cast<std::size_t>(at - paths.begin()));
  }
  auto result = read_invariants(text, name);
  if (result.problems.empty()) return std::move(result.file);
  Failure failure(7, fmt::format("{} has {}, so nothing of it is used", quote_name(name),
                                 plural(static_cast<std::int64_t>(result.problems.size()), "mistake")));
  failure.problems = std::move(result.problems);
  return std::unexpected(std::move(failure));
}

int report_failure(const Session& session, const Failure& failure) {
  if (session.json) {
    json::Object error{{"kind", failure.exit_code == 7   ? "catalogue"
                                : failure.exit_code == 2 ? "arguments"
                                                         : "infrastructure"},
                       {"message", to_utf8(failure.what)}};
    if (!failure.advice.empty()) error["advice"] = to_utf8(failure.advice);
    json::Array problems;
    for (const auto& p : failure.problems)
      problems.push_back(
          json::Object{{"file", to_utf8(p.file)}, {"line", p.line}, {"column", p.column}, {"text", to_utf8(p.text)}});
    if (!problems.empty()) error["problems"] = std::move(problems);
    session.out(json::print_pretty(
        json::Object{{"schema_version", 1}, {"error", std::move(error)}, {"exit_code", failure.exit_code}}));
    return failure.exit_code;
  }
  std::string text;
  for (const auto& problem : failure.problems) text += printable(problem.print()) + "\n";
  text += "pika-invariants: " + printable(failure.what) + "\n";
  if (!failure.advice.empty()) text += "  " + printable(failure.advice) + "\n";
  session.err(text);
  return failure.exit_code;
}

int guarded(const Session& session, const std::function<Expected<int>()>& body) {
  try {
    auto code = body();
    return code ? *code : report_failure(session, code.error());
  } catch (const std::exception& error) {
    return report_failure(session, Failure(4, error.what()));
  }
}

int bad_arguments(const Session& session, const std::string& what, const std::string& advice) {
  return report_failure(session, Failure(2, what, advice));
}

}  // namespace pika::invariants
