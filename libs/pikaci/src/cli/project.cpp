#include "cli/project.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"

namespace pikaci {

namespace fs = std::filesystem;
using pika::git::Oid;

namespace {

pika::Result<std::string> run_git(const fs::path& folder, std::vector<std::string> args) {
  pika::proc::Command command;
  // A file system monitor is a program of the repository's choosing, and quoting would change names.
  command.argv = {"git", "-C", folder.string(), "-c", "core.quotePath=false", "-c", "core.fsmonitor=false"};
  auto name = args.front();
  for (auto& arg : args) command.argv.push_back(std::move(arg));
  command.env = {"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat", "LC_ALL=C"};
  command.deadline = 120 * pika::kSecond;
  auto outcome = pika::proc::run(command);
  if (outcome.ok()) return std::move(outcome.out);
  if (outcome.timed_out)
    return pika::fail(pika::ErrorKind::unavailable, fmt::format("git {} did not end within 2 minutes", name));
  auto words = std::string(pika::trim(pika::to_utf8(outcome.err)));
  if (words.empty())
    words = outcome.start_error.empty() ? fmt::format("exit code {}", outcome.exit_code) : outcome.start_error;
  return pika::fail(pika::ErrorKind::internal, fmt::format("git {} failed: {}", name, words));
}

std::string without_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

void keep_unique(std::vector<std::string>& paths) {
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
}

Outcome<Catalogue> usable(CatalogueResult result, const std::string& where) {
  if (!result.problems.empty()) {
    auto count = static_cast<std::int64_t>(result.problems.size());
    Failure failure(
        7, fmt::format("the catalogue of {} has {}, so nothing of it is used", where, pika::plural(count, "mistake")));
    failure.problems = std::move(result.problems);
    return std::unexpected(std::move(failure));
  }
  if (!result.catalogue.present)
    return std::unexpected(Failure(
        7, fmt::format("there is no catalogue in {}: neither {} nor {}", where, kCataloguePath, kOlderCataloguePath),
        "the smallest one: version = 1, [[lane]], id = \"test\", command = [\"make\", \"test\"]"));
  return std::move(result.catalogue);
}

// git reads nothing of a repository that another user owns: its settings can name programs.
Failure not_ours(const std::string& words, const fs::path& folder) {
  constexpr std::string_view kBefore = "repository at '";
  auto at = words.find(kBefore);
  auto begin = at == std::string::npos ? at : at + kBefore.size();
  auto end = begin == std::string::npos ? begin : words.find("'\n", begin);
  auto top = end == std::string::npos ? folder.string() : words.substr(begin, end - begin);
  return Failure(
      2,
      fmt::format("the repository '{}' belongs to another user, and git would run programs that it names as you",
                  pika::quote_name(top)),
      fmt::format("if you trust it: git config --global --add safe.directory {}", pika::shell_quote(top)));
}

}  // namespace

pika::Result<std::string> Project::git(std::vector<std::string> args) const {
  return run_git(root_, std::move(args));
}

Outcome<Project> Project::find(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return std::unexpected(Failure(2, fmt::format("'{}' is no folder", pika::quote_name(folder.string()))));
  auto top = run_git(folder, {"rev-parse", "--show-toplevel"});
  if (top) return Project(without_newline(std::move(*top)));
  const auto& words = top.error().what;
  if (words.find("not a git repository") != std::string::npos)
    return std::unexpected(Failure(2, fmt::format("'{}' is not in a git repository", pika::quote_name(folder.string())),
                                   "go into one, or name one with -C FOLDER"));
  if (words.find("must be run in a work tree") != std::string::npos)
    return std::unexpected(
        Failure(2, fmt::format("'{}' has no work tree", pika::quote_name(folder.string())), "go into a clone of it"));
  if (auto at = words.find("dubious ownership"); at != std::string::npos)
    return std::unexpected(not_ours(words, folder));
  return std::unexpected(Failure(4, words));
}

FileReader Project::reader() const {
  return [root = root_](std::string_view path) -> std::optional<std::string> {
    auto file = root / path;
    std::error_code error;
    auto status = fs::status(file, error);
    if (!fs::exists(status)) return std::nullopt;
    if (!fs::is_regular_file(status)) return std::string();  // a folder of that name: no version, so a mistake
    auto text = pika::read_file(file);
    return text ? std::optional(std::move(*text)) : std::nullopt;
  };
}

// What git and the forge see at a symbolic link is not the file at its end.
std::optional<Failure> Project::no_plain_file() const {
  std::error_code error;
  auto what = [&](const fs::path& path) { return fs::symlink_status(root_ / path, error).type(); };
  if (what("ci") == fs::file_type::symlink)
    return Failure(7, "ci is a symbolic link, which git does not follow: it sees no catalogue there",
                   "make it a folder of this repository");
  for (auto path : {kCataloguePath, kOlderCataloguePath, kPolicyPath}) {
    auto type = what(path);
    if (type == fs::file_type::regular || type == fs::file_type::not_found || type == fs::file_type::none) continue;
    return Failure(7,
                   fmt::format("{} is {}, and no plain file", path,
                               type == fs::file_type::symlink     ? "a symbolic link"
                               : type == fs::file_type::directory ? "a folder"
                                                                  : "a device or a pipe"),
                   "git and the forge read only plain files there");
  }
  return std::nullopt;
}

Outcome<Catalogue> Project::catalogue() const {
  if (auto failure = no_plain_file()) return std::unexpected(std::move(*failure));
  return usable(load_catalogue(reader()), "the work tree");
}

Outcome<Catalogue> Project::catalogue_at(const Oid& commit, const std::string& name) const {
  return usable(load_catalogue([&](std::string_view path) { return blob(commit, path); }), name);
}

Outcome<Policy> Project::policy() const {
  if (auto failure = no_plain_file()) return std::unexpected(std::move(*failure));
  auto result = load_policy(reader());
  if (result.problems.empty()) return std::move(result.policy);
  Failure failure(7, fmt::format("{} has mistakes", kPolicyPath));
  failure.problems = std::move(result.problems);
  return std::unexpected(std::move(failure));
}

std::optional<std::string> Project::blob(const Oid& commit, std::string_view path) const {
  auto text = git({"cat-file", "blob", fmt::format("{}:{}", commit.hex(), path)});
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

std::optional<Oid> Project::commit_of(const std::string& revision) const {
  if (revision.starts_with('-')) return std::nullopt;
  auto hex = git({"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"});
  return hex ? Oid::parse(pika::trim(*hex)) : std::nullopt;
}

std::optional<Project::Base> Project::default_base() const {
  std::vector<std::string> names;
  if (auto head = git({"symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"}))
    names.push_back(without_newline(*head));
  for (const char* name : {"origin/main", "origin/master", "main", "master"}) names.emplace_back(name);
  for (const auto& name : names) {
    auto full = name.find('/') == std::string::npos ? "refs/heads/" + name : "refs/remotes/" + name;
    if (auto tip = commit_of(full)) return Base{name, *tip};
  }
  return std::nullopt;
}

bool Project::shallow() const {
  auto answer = git({"rev-parse", "--is-shallow-repository"});
  return answer && pika::trim(*answer) == "true";
}

std::vector<std::string> Project::submodules() const {
  std::vector<std::string> out;
  std::error_code error;
  if (!fs::exists(fs::symlink_status(root_ / ".gitmodules", error))) return out;
  auto entries = git({"ls-files", "--stage", "-z"});
  if (!entries) return out;
  for (auto entry : pika::split(*entries, '\0'))
    if (auto tab = entry.find('\t'); entry.starts_with("160000 ") && tab != std::string_view::npos)
      out.emplace_back(entry.substr(tab + 1));
  return out;
}

std::vector<std::string> Project::git_paths(std::vector<std::string> args) const {
  std::vector<std::string> paths;
  auto bytes = git(std::move(args));
  if (!bytes) throw std::runtime_error(bytes.error().text());
  for (auto part : pika::split(*bytes, '\0')) {
    if (part.ends_with('/')) part.remove_suffix(1);  // an untracked repository inside this one
    if (!part.empty()) paths.emplace_back(part);
  }
  return paths;
}

std::vector<std::string> Project::files() const {
  auto paths = git_paths({"ls-files", "-z", "--cached", "--others", "--exclude-standard"});
  keep_unique(paths);
  // Files that a sparse checkout leaves out are not deleted.
  auto gone = git_paths({"ls-files", "-z", "--deleted"});
  keep_unique(gone);
  std::erase_if(paths, [&](const std::string& path) { return std::binary_search(gone.begin(), gone.end(), path); });
  return paths;
}

std::optional<std::vector<std::string>> Project::files_at(const Oid& commit) const {
  if (commit.is_zero()) return std::nullopt;
  return git_paths({"ls-tree", "-r", "-z", "--name-only", "--full-tree", commit.hex()});
}

Outcome<ChangeSet> Project::changes(const Range& range) const {
  ChangeSet set;
  auto unknown = [](const std::string& name) {
    return std::unexpected(
        Failure(2, fmt::format("there is no commit '{}'", pika::quote_name(name)), "git branch -a lists branches"));
  };
  std::optional<Base> base;
  if (!range.base.empty()) {
    auto tip = commit_of(range.base);
    if (!tip) return unknown(range.base);
    base = Base{range.base, *tip};
  } else {
    base = default_base();
  }
  auto head = commit_of(range.head.empty() ? "HEAD" : range.head);
  if (!head && !range.head.empty()) return unknown(range.head);
  if (!head && git({"rev-parse", "--verify", "--quiet", "HEAD"}))
    return std::unexpected(Failure(4, "the commit that is checked out cannot be read", "git fsck says what is broken"));
  set.head_name = range.head.empty() ? "the work tree" : range.head;
  if (base) {
    set.base_name = base->name;
    set.base_tip = base->tip;
    if (head) {
      auto merge_base = git({"merge-base", base->tip.hex(), head->hex()});
      auto oid = merge_base ? Oid::parse(pika::trim(*merge_base)) : std::nullopt;
      if (!oid)
        return std::unexpected(Failure(
            2, fmt::format("{} and {} have no common history", base->name, range.head.empty() ? "HEAD" : range.head),
            shallow() ? "this clone is shallow, so it may only not be here: git fetch --unshallow"
                      : "name another base with --base"));
      set.merge_base = *oid;
    }
  }
  if (set.merge_base.is_zero()) {
    set.note =
        head ? "no target branch was found (origin/HEAD, main, master), so every lane is chosen; name one with --base"
             : "there is no commit yet, so every lane is chosen";
    return set;
  }
  if (range.head.empty()) {
    set.paths = git_paths({"diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=none",
                           set.merge_base.hex()});
    for (auto& path : git_paths({"ls-files", "-z", "--others", "--exclude-standard"}))
      set.paths.push_back(std::move(path));
  } else {
    set.paths = git_paths({"diff-tree", "-r", "--name-only", "-z", "--no-renames", set.merge_base.hex(), head->hex()});
  }
  keep_unique(set.paths);
  return set;
}

std::vector<std::string> Project::differing_catalogue(const Oid& commit) const {
  std::vector<std::string> differing;
  auto read = reader();
  for (auto path : {kCataloguePath, kOlderCataloguePath, kPolicyPath})
    if (read(path) != blob(commit, path)) differing.emplace_back(path);
  return differing;
}

bool Project::would_capture(const fs::path& folder) const {
  std::error_code error;
  auto inside = fs::weakly_canonical(folder, error).lexically_relative(fs::weakly_canonical(root_, error));
  if (inside.empty() || *inside.begin() == ".." || *inside.begin() == ".git") return false;
  return !git({"check-ignore", "--quiet", "--", inside.string() + "/x"});
}

}  // namespace pikaci
