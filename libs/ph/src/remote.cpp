#include "pika/ph/remote.hpp"

#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "pika/gitx/repository.hpp"
#include "pika/proc/child.hpp"

namespace pika::ph {

namespace {

// The person's own git with their own configuration: url.<x>.insteadOf and includes must count.
std::optional<std::string> ask_git(const std::filesystem::path& folder, std::vector<std::string> args) {
  std::vector<std::string> argv{"git", "-C", folder.string()};
  argv.insert(argv.end(), args.begin(), args.end());
  auto outcome = proc::run({.argv = std::move(argv), .env = {"LC_ALL=C"}, .deadline = 30 * kSecond});
  if (!outcome.ok()) return std::nullopt;
  auto out = std::move(outcome.out);
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

struct Named {
  std::string name;
  Remote remote;
};

std::vector<Named> forge_remotes(const std::filesystem::path& folder) {
  std::vector<Named> found;
  const auto names = ask_git(folder, {"remote"});
  if (!names) return found;
  for (const auto name : split(*names, '\n')) {
    if (name.empty()) continue;
    const auto url = ask_git(folder, {"remote", "get-url", "--", std::string(name)});
    if (const auto remote = url ? parse_remote(*url) : std::nullopt) found.push_back({std::string(name), *remote});
  }
  return found;
}

}  // namespace

std::optional<Remote> parse_remote(std::string_view url) {
  const auto server = server_of(url);
  if (!server) return std::nullopt;
  const auto slash = url.find('/', url.find("://") + 3);
  if (slash == std::string_view::npos) return std::nullopt;
  auto path = url.substr(slash + 1);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with(".git")) path.remove_suffix(4);
  const auto parts = split(path, '/');
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) return std::nullopt;
  if (path.find_first_of("?#") != std::string_view::npos) return std::nullopt;
  return Remote{*server, std::string(path)};
}

Result<Remote> find_remote(const std::filesystem::path& folder, const Logins& logins) {
  const auto remotes = forge_remotes(folder);
  const auto pick = [&](auto&& wanted) -> std::optional<Remote> {
    for (const auto& named : remotes)
      if (wanted(named)) return named.remote;
    return std::nullopt;
  };
  if (const auto branch = ask_git(folder, {"symbolic-ref", "--short", "-q", "HEAD"}))
    if (const auto own = ask_git(folder, {"config", "--get", "branch." + *branch + ".remote"}))
      if (auto found = pick([&](const Named& n) { return n.name == *own; })) return *found;
  if (auto found = pick([&](const Named& n) { return logins.contains(n.remote.server); })) return *found;
  if (auto found = pick([](const Named& n) { return n.name == "origin"; })) return *found;
  if (remotes.size() == 1) return remotes[0].remote;
  return fail(ErrorKind::not_found,
              fmt::format("'{}' has no remote that is a repository on a forge (http://host:port/OWNER/NAME.git)",
                          folder.string()),
              "go into a clone, or say which: ph --server URL --repo OWNER/NAME ...");
}

Result<Checkout> find_checkout(const std::filesystem::path& folder) {
  auto repository = git::Repository::open(folder);
  if (!repository)
    return fail(ErrorKind::invalid, fmt::format("'{}' is not in a git repository", folder.string()),
                "name the branch: 'ph status NAME' or 'ph status 133'");
  const auto head = PIKA_TRY(repository->resolve_commit("HEAD"));
  auto branch = repository->head_branch().value_or("");
  constexpr std::string_view kHeads = "refs/heads/";
  branch = branch.starts_with(kHeads) ? branch.substr(kHeads.size()) : "";
  return Checkout{branch, head.hex()};
}

}  // namespace pika::ph
