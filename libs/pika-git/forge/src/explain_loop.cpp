#include "pika/forge/explain_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "pika/base/files.hpp"
#include "pika/base/log.hpp"
#include "pika/explain/explain.hpp"
#include "pika/forge/parts.hpp"
#include "pika/gitx/repository.hpp"

namespace pika::forge {

namespace {
constexpr int kMostBranches = 100'000;
}

Result<git::Diff> stored_diff(const Layout& layout, const store::Repository& repository,
                              const store::Version& version) {
  auto base = git::Oid::parse(version.merge_base).value_or(git::Oid());
  auto head = git::Oid::parse(version.head).value_or(git::Oid());
  auto file = layout.diff(version.id);
  if (auto bytes = read_file(file)) {
    if (auto diff = git::parse_diff(std::move(*bytes), base, head)) return diff;
    log_warning("explain", "the stored diff '{}' does not parse; it is made again", file.string());
  }
  auto bytes = PIKA_TRY(git::make_diff_bytes(layout.repository(repository), base, head));
  write_file_atomic(file, bytes, 0600);
  return git::parse_diff(std::move(bytes), base, head);
}

Result<explain::Tutorial> stored_tutorial(const Layout& layout, const store::Version& version) {
  auto text = read_file(layout.tutorial(version.id, explain::kExplainerVersion));
  // What an earlier explainer wrote is shown until there is better.
  for (int older = explain::kExplainerVersion - 1; !text && older > 0; --older)
    text = read_file(layout.tutorial(version.id, older));
  if (!text) return std::unexpected(text.error());
  auto value = PIKA_TRY(json::parse(*text, "stored tutorial"));
  return explain::tutorial_from_json(value);
}

ExplainLoop::ExplainLoop(store::Store& store, Layout layout, std::function<void()> ready)
    : store_(store), layout_(std::move(layout)), ready_(std::move(ready)) {}

ExplainLoop::~ExplainLoop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ExplainLoop::start() {
  thread_ = std::thread([this] { run(); });
}

void ExplainLoop::kick() {
  {
    std::lock_guard lock(mutex_);
    pending_ = true;
  }
  changed_.notify_all();
}

void ExplainLoop::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || pending_; });
      if (stop_) return;
      pending_ = false;
    }
    if (explain_pending()) continue;
    std::unique_lock lock(mutex_);
    if (stop_) return;
    // The store or the disk is in trouble: try again in a while, not at once.
    changed_.wait_for(lock, std::chrono::seconds(5), [&] { return stop_; });
    if (stop_) return;
    pending_ = true;
  }
}

// One that cannot be done now keeps nobody else waiting. False: something is left to be tried again, or it stops.
bool ExplainLoop::explain_pending() {
  std::set<store::VersionId> tried;
  bool all_done = true;
  auto attempt = [&](const store::Version& version) {
    try {
      explain(version);
    } catch (const std::exception& e) {
      log_error("explain", "{}", e.what());
      all_done = false;
    }
  };
  try {
    for (bool found = true; found;) {
      found = false;
      for (const auto& version : store_.pending_tutorials(static_cast<int>(tried.size()) + 1)) {
        if (!tried.insert(version.id).second) continue;
        found = true;
        attempt(version);
        std::lock_guard lock(mutex_);
        if (stop_) return false;
      }
    }
    for (const auto& version : told_by_an_older_explainer()) {
      attempt(version);
      std::lock_guard lock(mutex_);
      if (stop_) return false;
    }
    if (!caught_up_.exchange(true) && ready_) ready_();
  } catch (const std::exception& e) {
    log_error("explain", "{}", e.what());
    return false;
  }
  return all_done;
}

// Newest versions of open branches; looked for once, at the start: afterwards there are none.
std::vector<store::Version> ExplainLoop::told_by_an_older_explainer() {
  std::vector<store::Version> out;
  if (std::exchange(looked_for_older_, true)) return out;
  for (const auto& repository : store_.repositories())
    for (const auto& branch :
         store_.branches({.repository = repository.id, .state = store::BranchState::open, .limit = kMostBranches})) {
      auto version = store_.newest_version(branch.id);
      std::error_code ignored;
      if (version && version->tutorial == store::TutorialState::ready &&
          !fs::exists(layout_.tutorial(version->id, explain::kExplainerVersion), ignored))
        out.push_back(*version);
    }
  return out;
}

void ExplainLoop::explain(const store::Version& version) {
  auto branch = store_.branch(version.branch);
  auto repository = branch ? store_.repository(branch->repository) : std::nullopt;
  if (!repository) {
    store_.set_tutorial(version.id, store::TutorialState::failed, "its branch is not there any more", nullptr);
    return;
  }
  store_.set_tutorial(version.id, store::TutorialState::generating, "", nullptr);
  try {
    auto git_repository = git::Repository::open(layout_.repository(*repository));
    auto diff = git_repository ? stored_diff(layout_, *repository, version) : std::unexpected(git_repository.error());
    if (!diff) {
      store_.set_tutorial(version.id, store::TutorialState::failed, diff.error().what, nullptr);
      return;
    }
    auto commits = git_repository->log(diff->head, diff->base, 500);
    std::reverse(commits.begin(), commits.end());
    auto figures = version;
    figures.commits = static_cast<int>(git_repository->count_commits(diff->head, diff->base, 100'000));
    figures.files = static_cast<int>(diff->files.size());
    figures.added = diff->added;
    figures.removed = diff->removed;
    auto parts = chosen_parts(store_.parts(branch->id), commits);
    auto tutorial = explain::explain({.diff = &*diff,
                                      .repository = &*git_repository,
                                      .commits = std::move(commits),
                                      .title = branch->title,
                                      .parts = std::move(parts)});
    write_file_atomic(layout_.tutorial(version.id, explain::kExplainerVersion), json::print(explain::to_json(tutorial)),
                      0600);
    store_.set_tutorial(version.id, store::TutorialState::ready, "", &figures);
    if (ready_) ready_();
  } catch (const SystemError&) {
    throw;  // the host's trouble: the version stays pending and is taken up again
  } catch (const std::exception& e) {
    log_error("explain", "{} branch #{} version {}: {}", repository->full_name(), branch->number, version.number,
              e.what());
    store_.set_tutorial(version.id, store::TutorialState::failed, fmt::format("the explainer stopped: {}", e.what()),
                        nullptr);
  }
}

}  // namespace pika::forge
