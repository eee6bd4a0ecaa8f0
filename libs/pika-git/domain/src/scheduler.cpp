#include "pika/domain/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace pika::domain {

namespace {
struct Slots {
  const RunnerState* runner;
  int used = 0;
};
}  // namespace

ScheduleResult schedule(const ScheduleInput& input) {
  ScheduleResult result;
  std::map<std::string, Slots> runners;
  for (const auto& r : input.runners) runners[r.name] = {&r, 0};
  std::map<BranchId, int> running_of;
  std::map<std::string, std::string> group_holder;
  for (const auto& r : input.running) {
    ++running_of[r.branch];
    if (auto at = runners.find(r.runner); at != runners.end()) ++at->second.used;
    if (!r.group.empty()) group_holder[r.group] = r.lane;
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
    if (auto held = group_holder.find(q.group); !q.group.empty() && held != group_holder.end()) {
      wait("concurrency_group",
           fmt::format("group `{}` is held by `{}`", q.group.substr(q.group.find(':') + 1), held->second));
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
    if (!q.group.empty()) group_holder[q.group] = q.lane;
    result.assignments.push_back(
        {q.attempt, best->runner->name,
         fmt::format("given to runner `{}`, {} of {} slots free", best->runner->name, free, best->runner->slots)});
  }
  return result;
}

}  // namespace pika::domain
