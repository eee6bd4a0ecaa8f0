#include "pika/domain/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "pika/base/text.hpp"

namespace pika::domain {

namespace {
struct Slots {
  const RunnerState* runner;
  int used = 0;
};

// What its needs say of it.
struct Leave {
  std::string skip, wait;  // sentences; both empty: it may begin
};
Leave leave_of(const QueuedAttempt& q) {
  Leave leave;
  for (const auto& need : q.needs) {
    if (!need.status) {
      leave.skip = fmt::format("it needs the lane `{}`, which is not in this suite", need.lane);
    } else if (!jerichoci::is_final(*need.status)) {
      if (leave.wait.empty())
        leave.wait = fmt::format("it needs `{}`, which is {}", need.lane, jerichoci::to_string(*need.status));
    } else if (*need.status != jerichoci::Status::passed) {
      auto words = std::string(jerichoci::to_string(*need.status));
      if (*need.status == jerichoci::Status::nothing_ran) words = "ran nothing";
      if (*need.status == jerichoci::Status::skipped || *need.status == jerichoci::Status::cancelled)
        words = "was " + words;
      leave.skip = fmt::format("it needs the lane `{}`, which {}", need.lane, words);
    }
    if (!leave.skip.empty()) break;
  }
  return leave;
}
}  // namespace

ScheduleResult schedule(const ScheduleInput& input) {
  ScheduleResult result;
  std::map<std::string, Slots> runners;
  for (const auto& r : input.runners) runners[r.name] = {&r, 0};
  std::map<BranchId, int> running_of;
  std::map<std::string, std::vector<std::string>> group_holders;
  for (const auto& r : input.running) {
    ++running_of[r.branch];
    if (auto at = runners.find(r.runner); at != runners.end()) ++at->second.used;
    if (!r.group.empty()) group_holders[r.group].push_back(r.lane);
  }
  auto queue = input.queued;
  while (!queue.empty()) {
    // The next one: a branch with the fewest running lanes, required before advisory, oldest, catalogue order.
    auto next = std::min_element(queue.begin(), queue.end(), [&](const QueuedAttempt& a, const QueuedAttempt& b) {
      auto key = [&](const QueuedAttempt& q) {
        return std::tuple(!q.required, running_of[q.branch], q.queued_at, q.suite.value(), q.position,
                          q.attempt.value());
      };
      return key(a) < key(b);
    });
    auto q = *next;
    queue.erase(next);
    auto wait = [&](std::string reason, std::string detail) {
      result.waiting.push_back({q.attempt, std::move(reason), std::move(detail)});
    };
    if (q.not_before > input.now) {
      wait("backoff", fmt::format("tried again in {}", format_duration(q.not_before - input.now)));
      continue;
    }
    auto leave = leave_of(q);
    if (!leave.skip.empty()) {
      result.skipped.push_back({q.attempt, leave.skip});
      continue;
    }
    if (!leave.wait.empty()) {
      wait("dependency", leave.wait);
      continue;
    }
    if (auto held = group_holders.find(q.group);
        !q.group.empty() && held != group_holders.end() && std::ssize(held->second) >= q.group_size) {
      wait("concurrency_group", fmt::format("group `{}` is held by `{}`", q.group.substr(q.group.find(':') + 1),
                                            join(held->second, "`, `")));
      continue;
    }
    if (runners.empty()) {
      wait("capacity", "no runner is connected");
      continue;
    }
    Slots* best = nullptr;
    const RunnerState* without_sandbox = nullptr;
    bool capable = false;
    for (auto& [name, slots] : runners) {
      if (q.needs_sandbox && !slots.runner->sandbox) {
        without_sandbox = slots.runner;
        continue;
      }
      capable = true;
      if (slots.used >= slots.runner->slots) continue;
      if (!best || slots.runner->slots - slots.used > best->runner->slots - best->used) best = &slots;
    }
    if (!capable) {
      auto detail = without_sandbox->why_no_sandbox;
      if (!without_sandbox->remedy.empty()) detail += fmt::format("; to mend it: `{}`", without_sandbox->remedy);
      wait("no_isolation", detail);
      continue;
    }
    if (!best) {
      wait("capacity", "all slots are taken");
      continue;
    }
    auto free = best->runner->slots - best->used;
    ++best->used;
    ++running_of[q.branch];
    if (!q.group.empty()) group_holders[q.group].push_back(q.lane);
    result.assignments.push_back(
        {q.attempt, best->runner->name,
         fmt::format("given to runner `{}`, {} of {} slots free", best->runner->name, free, best->runner->slots)});
  }
  return result;
}

}  // namespace pika::domain
