#include "pika/gitx/git.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace pika::git {

proc::Command command(const std::filesystem::path& repo, std::vector<std::string> args) {
  proc::Command c;
  c.argv = {"git", "-C", repo.string(), "-c", "safe.directory=*", "-c", "core.quotePath=false"};
  for (auto& a : args) c.argv.push_back(std::move(a));
  // Run from a hook, GIT_DIR and its like would name another repository.
  c.drop_env = "GIT_";
  c.env = {"GIT_CONFIG_NOSYSTEM=1",
           "GIT_CONFIG_GLOBAL=/dev/null",
           "GIT_TERMINAL_PROMPT=0",
           "GIT_OPTIONAL_LOCKS=0",
           "LC_ALL=C",
           "GIT_ADVICE=0",
           "GIT_PAGER=cat"};
  return c;
}

Result<std::string> run(const std::filesystem::path& repo, std::vector<std::string> args, Micros deadline,
                        std::string_view input) {
  auto name = args.empty() ? std::string() : args.front();
  auto c = command(repo, std::move(args));
  c.deadline = deadline;
  auto out = proc::run(c, {.input = input});
  if (out.timed_out)
    return fail(ErrorKind::unavailable, fmt::format("git {} did not end within {}", name, format_duration(deadline)));
  if (!out.ok()) {
    auto words = std::string(trim(to_utf8(out.err)));
    if (words.empty()) words = out.start_error.empty() ? fmt::format("exit code {}", out.exit_code) : out.start_error;
    return fail(ErrorKind::internal, fmt::format("git {} failed: {}", name, words));
  }
  return std::move(out.out);
}

Result<MergeResult> merge_tree(const std::filesystem::path& repo, const Oid& ours, const Oid& theirs) {
  auto c = command(repo, {"merge-tree", "--write-tree", "-z", "--name-only", ours.hex(), theirs.hex()});
  c.deadline = 120 * kSecond;
  auto out = proc::run(c);
  if (out.timed_out) return fail(ErrorKind::unavailable, "git merge-tree did not end within two minutes");
  if (out.exit_code > 1 || out.exit_code < 0) {
    auto words = to_utf8(trim(out.err));
    if (words.find("unrelated histories") != std::string::npos)
      return fail(ErrorKind::conflict, "the branch and its target have no common history",
                  "rebase the branch onto the target: git rebase --onto origin/TARGET --root");
    return fail(ErrorKind::internal, fmt::format("git merge-tree failed: {}", words));
  }
  // <tree>\0 [<path>\0 ...] \0 <messages>   (git-merge-tree(1), OUTPUT with -z --name-only)
  auto parts = split(out.out, '\0');
  MergeResult result;
  auto tree = parts.empty() ? std::nullopt : Oid::parse(parts[0]);
  if (!tree) return fail(ErrorKind::internal, "git merge-tree gave no tree");
  result.tree = *tree;
  std::size_t i = 1;
  for (; out.exit_code == 1 && i < parts.size() && !parts[i].empty(); ++i) result.conflicts.emplace_back(parts[i]);
  if (out.exit_code == 1) {
    std::sort(result.conflicts.begin(), result.conflicts.end());
    result.conflicts.erase(std::unique(result.conflicts.begin(), result.conflicts.end()), result.conflicts.end());
    if (result.conflicts.empty()) result.conflicts.emplace_back("(git named no path)");
  }
  for (++i; i < parts.size(); ++i) {
    if (!result.messages.empty()) result.messages += '\n';
    result.messages += parts[i];
  }
  return result;
}

Status update_refs(const std::filesystem::path& repo, const std::vector<RefUpdate>& updates,
                   const std::string& reason) {
  std::string input;  // the -z form: names may hold anything git allows
  auto zero = Oid().hex();
  auto word = [&](std::string_view text) {
    input += text;
    input += '\0';
  };
  for (const auto& u : updates) {
    if (u.to.is_zero()) {
      word("delete " + u.ref);
      word(u.from.hex());
    } else {
      word("update " + u.ref);
      word(u.to.hex());
      word(u.from.is_zero() ? zero : u.from.hex());
    }
  }
  auto c = command(repo, {"update-ref", "-m", reason, "--stdin", "-z"});
  c.deadline = 60 * kSecond;
  auto out = proc::run(c, {.input = input});
  if (out.ok()) return {};
  auto words = to_utf8(trim(out.err));
  if (words.find("but expected") != std::string::npos || words.find("already exists") != std::string::npos ||
      words.find("unable to resolve reference") != std::string::npos)
    return fail(ErrorKind::conflict, fmt::format("a ref moved meanwhile: {}", words), "look again and repeat");
  return fail(ErrorKind::unavailable,
              fmt::format("git could not move the ref: {}", words.empty() ? out.start_error : words));
}

Status init_hosted(const std::filesystem::path& repo, const std::string& target_branch) {
  auto c = command(repo.parent_path(),
                   {"init", "--quiet", "--bare", "--initial-branch=" + target_branch, "--template=", repo.string()});
  c.deadline = 30 * kSecond;
  auto out = proc::run(c);
  if (!out.ok()) return fail(ErrorKind::internal, fmt::format("git init failed: {}", to_utf8(trim(out.err))));
  const std::pair<const char*, const char*> settings[] = {
      {"core.fsync", "all"},
      {"core.logAllRefUpdates", "false"},
      {"receive.denyDeletes", "false"},
      {"receive.denyNonFastForwards", "false"},
      {"receive.advertisePushOptions", "true"},
      {"receive.fsckObjects", "false"},
      {"receive.autogc", "false"},
      {"gc.auto", "0"},
      {"http.receivepack", "true"},
      {"transfer.hideRefs", "refs/pika"},
      {"uploadpack.allowAnySHA1InWant", "false"},
      {"repack.writeBitmaps", "true"},
  };
  for (const auto& [key, value] : settings) PIKA_TRY(run(repo, {"config", key, value}));
  return {};
}

Status import_from(const std::filesystem::path& repo, const std::filesystem::path& source) {
  PIKA_TRY(run(repo,
               {"-c", "protocol.file.allow=always", "fetch", "--quiet", "--no-auto-gc", "--no-write-fetch-head",
                std::filesystem::absolute(source).string(), "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"},
               3600 * kSecond));
  return {};
}

bool valid_branch_name(std::string_view name) {
  if (name.empty() || name.size() > 200 || name.front() == '-' || name.front() == '/' || name.back() == '/' ||
      name.back() == '.' || name == "@" || name == "HEAD")
    return false;
  if (name.find("..") != std::string_view::npos || name.find("//") != std::string_view::npos ||
      name.find("@{") != std::string_view::npos)
    return false;
  for (unsigned char c : name)
    if (c < 0x21 || c == 0x7f || c == '~' || c == '^' || c == ':' || c == '?' || c == '*' || c == '[' || c == '\\')
      return false;
  for (auto part : split(name, '/'))
    if (part.empty() || part.front() == '.' || part.ends_with(".lock")) return false;
  return true;
}

}  // namespace pika::git
