#include <algorithm>

#include "libgit2.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/diff.hpp"
#include "pika/gitx/git.hpp"

namespace pika::git {

namespace {

// In this process: trees alone are read, and a subtree that is the same on both sides is not.
std::optional<std::vector<std::string>> read_here(const std::filesystem::path& path, const Oid& base, const Oid& head) {
  auto repository = Repository::open(path);
  if (!repository) return std::nullopt;
  auto* raw = static_cast<git_repository*>(repository->raw());
  auto from = tree_at(raw, base), to = tree_at(raw, head);
  if ((!from && !base.is_zero()) || (!to && !head.is_zero())) return std::nullopt;
  git_diff_options options;
  git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
  options.flags = GIT_DIFF_INCLUDE_TYPECHANGE;
  git_diff* made = nullptr;
  if (git_diff_tree_to_tree(&made, raw, from.get(), to.get(), &options) != 0) return std::nullopt;
  std::unique_ptr<git_diff, void (*)(git_diff*)> diff(made, git_diff_free);
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < git_diff_num_deltas(made); ++i) {
    const auto* delta = git_diff_get_delta(made, i);
    paths.emplace_back(delta->new_file.path);  // without rename detection both sides have the same name
  }
  return paths;
}

// By git itself: for repositories that libgit2 does not read, and for git's words about what is wrong.
Result<std::vector<std::string>> ask_git(const std::filesystem::path& repo, const Oid& base, const Oid& head) {
  auto arg = [](const Oid& id) { return id.is_zero() ? std::string(kEmptyTree) : id.hex(); };
  auto out = PIKA_TRY(
      run(repo, {"diff-tree", "-r", "-z", "--name-only", "--no-renames", arg(base), arg(head)}, 120 * kSecond));
  std::vector<std::string> paths;
  for (auto name : split(out, '\0'))
    if (!name.empty()) paths.emplace_back(name);
  return paths;
}

}  // namespace

Result<std::vector<std::string>> changed_paths(const std::filesystem::path& repo, const Oid& base, const Oid& head) {
  auto here = read_here(repo, base, head);
  auto paths = here ? std::move(*here) : PIKA_TRY(ask_git(repo, base, head));
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

}  // namespace pika::git
