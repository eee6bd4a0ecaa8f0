#include "pika/forge/review.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/forge/keep.hpp"
#include "pika/gitx/git.hpp"
#include "pika/gitx/repository.hpp"

namespace pika::forge {

namespace {

constexpr std::string_view kBranches = "refs/heads/";

std::optional<std::string> branch_of(const std::string& ref) {
  if (!ref.starts_with(kBranches)) return std::nullopt;
  return ref.substr(kBranches.size());
}

bool is_zero(const std::string& hex) {
  return hex.find_first_not_of('0') == std::string::npos;
}

constexpr std::size_t kFewBranches = 3;  // so many may vanish at once without a question

}  // namespace

std::string choose_target(const store::Repository& repository, const std::vector<RefChange>& changes) {
  std::string first;
  for (const auto& c : changes) {
    auto name = branch_of(c.ref);
    if (!name || is_zero(c.to)) continue;
    if (*name == repository.target) return *name;
    if (first.empty()) first = *name;
  }
  return first.empty() ? repository.target : first;
}

Review::Review(store::Store& store, Layout layout, RepositoryLocks& locks, Planner& planner,
               std::function<std::string(const store::Repository&, const store::Branch&)> url_of,
               std::function<void()> explain)
    : store_(store),
      layout_(std::move(layout)),
      locks_(locks),
      planner_(planner),
      url_of_(std::move(url_of)),
      explain_(std::move(explain)) {}

Status Review::check_push(const store::Repository& r, const std::vector<RefChange>& changes) {
  auto repository = PIKA_TRY(git::Repository::open(layout_.repository(r)));
  bool empty = repository.refs("refs/heads/").empty();
  for (const auto& c : changes) {
    auto name = branch_of(c.ref);
    if (!name) {
      if (c.ref.starts_with("refs/tags/")) continue;
      return fail(ErrorKind::forbidden, fmt::format("{} is not yours to write", quote_name(to_utf8(c.ref))),
                  "push a branch: git push origin HEAD:my-branch");
    }
    if (!is_zero(c.to) && !git::valid_branch_name(*name))
      return fail(ErrorKind::forbidden, fmt::format("{} is no usable branch name", quote_name(to_utf8(*name))),
                  "use up to 200 bytes without spaces, control characters, ~ ^ : ? * [ or ..");
    if (*name == r.target && !empty)
      return fail(ErrorKind::forbidden, fmt::format("{} changes by landing a tested branch, never by a push", r.target),
                  "push a branch and merge it on its page: git push origin HEAD:my-branch");
  }
  return {};
}

std::vector<std::string> Review::record_branch(const store::Repository& r, const std::string& name,
                                               const git::Oid& head, const PushOptions& options,
                                               const std::string& user) {
  auto path = layout_.repository(r);
  auto repository = git::Repository::open(path).value();
  store::PushRecord push;
  push.repository = r.id;
  push.branch = name;
  push.head = head.hex();
  push.pushed_by = push.author = user;
  push.at = system_clock().now();
  auto tip = repository.ref(r.target_ref());
  auto base = tip ? repository.merge_base(*tip, head) : std::nullopt;
  if (base) push.merge_base = base->hex();
  auto commits = repository.log(head, base.value_or(git::Oid()), 1000);
  if (!commits.empty()) {
    push.title = commits.back().subject();
    push.description = commits.back().body();
  }
  if (!options.title.empty()) {
    push.title = options.title;
    push.title_given = true;
  }
  if (push.title.empty()) push.title = name;
  if (auto kept = keep_commits(path, {head}, push.at); !kept) throw std::runtime_error(kept.error().what);
  auto pushed = store_.record_push(push);
  std::vector<std::string> lines;
  auto url = url_of_(r, pushed.branch);
  if (!pushed.new_version) return {fmt::format("{} branch #{}: nothing new", name, pushed.branch.number), "  " + url};
  explain_();
  lines.push_back(fmt::format("{} #{}: version {} of \"{}\"", name, pushed.branch.number, pushed.version.number,
                              pushed.branch.title));
  lines.push_back("  " + url);
  auto planned = planner_.plan(r, pushed.branch, fmt::format("push of version {}", pushed.version.number));
  if (!planned) {
    lines.push_back("  lanes: " + planned.error().what);
    return lines;
  }
  lines.push_back(planned->lanes.empty() ? "  lanes: nothing to run" : "  lanes: " + join(planned->lanes, ", "));
  for (auto line : split(planned->notice, '\n'))
    if (!line.empty()) lines.push_back("  " + std::string(line));
  return lines;
}

std::vector<std::string> Review::record_push(const store::Repository& before, const std::vector<RefChange>& changes,
                                             const PushOptions& options, const std::string& user) {
  auto lock = locks_.lock(before.id);
  auto r = before;
  std::vector<std::string> lines;
  auto path = layout_.repository(r);
  auto repository = git::Repository::open(path).value();
  // The first push of an empty repository makes its target.
  auto target = choose_target(r, changes);
  bool first = std::any_of(changes.begin(), changes.end(),
                           [&](const RefChange& c) { return c.ref == "refs/heads/" + target && is_zero(c.from); });
  if (first && store_.branch_counts(r.id).open == 0 && (target == r.target || !repository.ref(r.target_ref()))) {
    if (target != r.target) {
      store_.set_target(r.id, target);
      r.target = target;
      if (auto set = git::run(path, {"symbolic-ref", "HEAD", r.target_ref()}); !set)
        log_warning("review", "{}", set.error().what);
    }
    lines.push_back(fmt::format("{} is the target branch of {} now", target, r.full_name()));
  }
  for (const auto& c : changes) {
    auto name = branch_of(c.ref);
    if (!name || *name == r.target) continue;
    auto now_at = repository.ref(c.ref);
    if (!now_at) {
      if (auto branch = store_.open_branch(r.id, *name)) {
        store_.close_branch(branch->id, fmt::format("deleted by {}", user), system_clock().now());
        lines.push_back(fmt::format("{} #{}: closed", *name, branch->number));
      }
      continue;
    }
    auto more = record_branch(r, *name, *now_at, options, user);
    lines.insert(lines.end(), more.begin(), more.end());
  }
  return lines;
}

void Review::repair(const store::Repository& r) {
  auto lock = locks_.lock(r.id);
  auto path = layout_.repository(r);
  auto repository = git::Repository::open(path);
  if (!repository) {
    log_error("review", "{}: its folder '{}' is gone or broken; nothing of it is changed in the store", r.full_name(),
              path.string());
    return;
  }
  std::map<std::string, git::Oid> refs;
  for (const auto& ref : repository->refs("refs/heads/")) refs[ref.name] = ref.id;
  std::vector<store::Branch> gone;
  auto open = store_.branches({.repository = r.id, .state = store::BranchState::open, .limit = 1'000'000});
  std::map<std::string, std::string> known;
  for (const auto& branch : open) {
    if (!refs.contains(branch.ref()))
      gone.push_back(branch);
    else
      known[branch.ref()] = branch.head;
  }
  // There is no branch before the target is, and no push deletes it: without it, refs are lost.
  bool lost = !refs.contains(r.target_ref());
  if (!gone.empty() && (lost || (gone.size() > kFewBranches && gone.size() * 2 > open.size()))) {
    log_error("review",
              "{}: {} of {} open branches have no ref any more; not closing them. Restore refs/heads from a backup, or "
              "delete the branches one by one",
              r.full_name(), gone.size(), open.size());
  } else {
    for (const auto& branch : gone) store_.close_branch(branch.id, "its ref is gone", system_clock().now());
  }
  for (const auto& [name, head] : refs) {
    if (name == r.target_ref()) continue;
    if (auto at = known.find(name); at != known.end() && at->second == head.hex()) continue;
    log_info("review", "{}: {} was not recorded yet", r.full_name(), quote_name(name));
    try {
      record_branch(r, *branch_of(name), head, {}, "unknown");
    } catch (const std::exception& e) {
      log_error("review", "{}: {}: {}", r.full_name(), quote_name(name), e.what());
    }
  }
}

Status Review::close(const store::Repository& r, const store::Branch& branch, const std::string& user) {
  auto lock = locks_.lock(r.id);
  if (branch.state != store::BranchState::open)
    return fail(ErrorKind::conflict, fmt::format("branch #{} is {} already", branch.number, to_string(branch.state)));
  auto head = git::Oid::parse(branch.head).value_or(git::Oid());
  PIKA_TRY(git::update_refs(layout_.repository(r), {{branch.ref(), head, {}}}, "close"));
  store_.close_branch(branch.id, fmt::format("closed by {}", user), system_clock().now());
  return {};
}

}  // namespace pika::forge
