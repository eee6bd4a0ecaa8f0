#include "pika/runner/fetch.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"
#include "pika/gitx/repository.hpp"
#include "pika/proc/child.hpp"

namespace pika::runner {

namespace {

constexpr Micros kFetchLimit = 10 * 60 * kSecond;
constexpr std::array<Micros, 6> kPauses{200'000, 400'000, 800'000, 1'600'000, 3'200'000, 6'400'000};

bool valid_name(std::string_view name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(kAllowed) == std::string_view::npos &&
         name != "." && name != ".." && !name.ends_with(".git") && !name.ends_with(".lock");
}

bool is_http(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

// "http://host:port": what the token is for.
std::string origin(std::string_view url) {
  const auto slash = url.find('/', url.find("://") + 3);
  return std::string(url.substr(0, slash));
}

Status check(const FetchRequest& request) {
  if (!valid_repository(request.repository))
    return fail(ErrorKind::invalid, fmt::format("{} is no name of a repository", quote_name(request.repository)));
  if (!is_http(request.git_url) && !fs::path(request.git_url).is_absolute())
    return fail(ErrorKind::invalid, fmt::format("the forge gave the address {} to fetch from, which is neither http "
                                                "nor an absolute path",
                                                quote_name(request.git_url)));
  return {};
}

// The store is made complete under another name first: a kill leaves no half of one.
Status make_store(const fs::path& store) {
  if (fs::exists(store / "HEAD")) return {};
  make_dirs(store.parent_path(), 0700);
  TempDir fresh(".new-", store.parent_path());
  PIKA_TRY(git::run(fresh.path(), {"init", "--quiet", "--bare", "."}));
  std::error_code error;
  fs::rename(fresh.path(), store, error);
  if (error && !fs::exists(store / "HEAD"))
    return fail(ErrorKind::unavailable, fmt::format("cannot make '{}': {}", store.string(), error.message()));
  return {};
}

proc::Command fetch_command(const fs::path& store, const FetchRequest& request) {
  auto command = git::command(store, {"-c", "protocol.version=2", "-c", "gc.auto=0", "fetch", "--quiet", "--no-tags",
                                      "--no-write-fetch-head", "--force", "--", request.git_url,
                                      fmt::format("{}:refs/pika/recent/{}", request.commit.hex(), request.pin % 64)});
  if (is_http(request.git_url)) {
    command.env.push_back("GIT_CONFIG_COUNT=2");
    command.env.push_back("GIT_CONFIG_KEY_0=http.followRedirects");
    command.env.push_back("GIT_CONFIG_VALUE_0=false");
    command.env.push_back("GIT_CONFIG_KEY_1=http." + origin(request.git_url) + "/.extraHeader");
    command.env.push_back(request.token.empty()
                              ? "GIT_CONFIG_VALUE_1="
                              : "GIT_CONFIG_VALUE_1=Authorization: Basic " + base64_encode("runner:" + request.token));
  }
  command.deadline = kFetchLimit;
  return command;
}

Error explain(const FetchRequest& request, const proc::Outcome& outcome) {
  auto words = to_utf8(trim(outcome.err));
  if (words.empty()) words = outcome.start_error;
  if (outcome.timed_out) words = "it did not end within " + format_duration(kFetchLimit);
  const auto has = [&](std::string_view part) { return words.find(part) != std::string::npos; };
  auto kind = ErrorKind::unavailable;
  if (has("not our ref") || has("couldn't find remote ref") || (has("repository '") && has("not found")))
    kind = ErrorKind::not_found;
  if (has("Authentication failed") || has("could not read Username") || has("403")) kind = ErrorKind::forbidden;
  return {kind, fmt::format("cannot fetch commit {} of {}: {}", request.commit.hex(), request.repository, words), {}};
}

Status fetch_with_patience(const fs::path& store, const FetchRequest& request, const jerichoci::CancelToken& cancel) {
  for (std::size_t round = 0;; ++round) {
    const auto outcome = proc::run(fetch_command(store, request), {.cancel_fd = cancel.fd()});
    if (outcome.ok()) return {};
    if (cancel.cancelled()) return fail(ErrorKind::unavailable, "cancelled while its commit was fetched");
    auto error = explain(request, outcome);
    if (error.kind != ErrorKind::unavailable || round == kPauses.size()) return std::unexpected(std::move(error));
    pollfd fd{cancel.fd(), POLLIN, 0};
    ::poll(&fd, 1, static_cast<int>(kPauses[round] / 1000));
  }
}

Status check_tree(const FetchRequest& request, const git::Oid& tree) {
  if (tree == request.tree) return {};
  return fail(ErrorKind::conflict, fmt::format("commit {} has tree {}, the forge said {}", request.commit.hex(),
                                               tree.hex(), request.tree.hex()));
}

// On the forge's own host the commit is where it was pushed, whole since the forge speaks of it. Nothing when it
// cannot be read there; git may still know a way, and knows the words for why not.
Result<std::optional<fs::path>> read_in_place(const FetchRequest& request) {
  if (is_http(request.git_url)) return std::nullopt;
  auto repository = git::Repository::open(request.git_url);
  if (!repository) return std::nullopt;
  const auto commit = repository->commit(request.commit);
  if (!commit) return std::nullopt;
  PIKA_TRY(check_tree(request, commit->tree));
  return request.git_url;
}

}  // namespace

bool valid_repository(std::string_view name) {
  const auto slash = name.find('/');
  return slash != std::string_view::npos && valid_name(name.substr(0, slash)) && valid_name(name.substr(slash + 1));
}

Result<fs::path> fetch_commit(const FetchRequest& request, const jerichoci::CancelToken& cancel) {
  PIKA_TRY(check(request));
  if (auto there = PIKA_TRY(read_in_place(request))) return *there;
  const auto store = request.root / (request.repository + ".git");
  PIKA_TRY(make_store(store));
  auto have = PIKA_TRY(git::Repository::open(store));
  // The commit's object alone proves nothing: another lane's fetch may be unpacking at this moment. Its ref is moved
  // when everything it reaches is there.
  const auto kept = have.refs("refs/pika/recent/");
  const bool complete =
      std::any_of(kept.begin(), kept.end(), [&](const git::Ref& ref) { return ref.id == request.commit; });
  if (!complete) PIKA_TRY(fetch_with_patience(store, request, cancel));
  auto repository = PIKA_TRY(git::Repository::open(store));
  const auto commit = PIKA_TRY(repository.commit(request.commit));
  PIKA_TRY(check_tree(request, commit.tree));
  return store;
}

}  // namespace pika::runner
