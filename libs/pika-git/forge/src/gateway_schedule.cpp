// What runners are given: the loop that asks domain::schedule, leases that ended, cancels.
#include <fmt/format.h>

#include "gateway_connection.hpp"
#include "pika/base/text.hpp"

namespace pika::forge {

using jerichoci::FailureKind;

namespace {
// A runner hears of landings with its next lane; of those before the last few there is seldom one it did not hear of.
constexpr int kLandedTold = 8;
}  // namespace

void Gateway::cancel(const std::vector<store::RunningLease>& leases, const std::string& why) {
  for (const auto& lease : leases)
    if (auto connection = connection_of(lease.runner))
      connection->send(fm::Cancel{key_of(lease.attempt, lease.fence), why});
}

std::shared_ptr<Gateway::Connection> Gateway::connection_of(const std::string& runner) {
  std::lock_guard lock(mutex_);
  auto at = connections_.find(runner);
  return at == connections_.end() ? nullptr : at->second;
}

void Gateway::schedule_loop() {
  Micros last = system_clock().now();
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::microseconds(times_.tick), [&] { return stop_ || queued_; });
      if (stop_) return;
      queued_ = false;
    }
    try {
      // After a pause of the whole host (a laptop that slept) the runners are asked before they are given up.
      auto now = system_clock().now();
      if (now - last > times_.tick * 3 + times_.lease / 2) store_.renew_leases(now + times_.lease);
      last = now;
      settle_expired();
      schedule_once();
    } catch (const std::exception& e) {
      log_error("scheduler", "{}", e.what());
    }
  }
}

void Gateway::settle_expired() {
  auto now = system_clock().now();
  for (const auto& lease : store_.expired_leases(now)) {
    end({.attempt = lease.attempt,
         .fence = lease.fence,
         .status = jerichoci::Status::failed,
         .failure = FailureKind::lost,
         .message = fmt::format("runner {} has not been heard of for {}", lease.runner, format_duration(times_.lease)),
         .at = now});
  }
}

void Gateway::schedule_once() {
  auto input = store_.schedule_input();
  input.now = system_clock().now();
  {
    std::lock_guard lock(mutex_);
    std::map<std::string, int> used;
    for (const auto& r : input.running) ++used[r.runner];
    for (auto& [name, c] : connections_) {
      c->info.running = used[name];
      if (!c->draining)
        input.runners.push_back({name, c->info.slots, c->info.sandbox, c->info.why_no_sandbox, c->info.remedy});
    }
  }
  if (input.queued.empty()) return;
  auto result = domain::schedule(input);
  for (const auto& assignment : result.assignments) give(assignment);
  store_.set_waiting(result.waiting);
  store_.skip(result.skipped, input.now);
  // What waits for one that was skipped is looked at again.
  if (!result.skipped.empty()) kick();
}

bool Gateway::give(const store::Assignment& assignment) {
  auto connection = connection_of(assignment.runner);
  if (!connection) return false;
  auto now = system_clock().now();
  auto fence = store_.assign(assignment.attempt, assignment.runner, assignment.why, now + times_.lease, now);
  if (!fence) return false;
  auto context = store_.attempt_context(assignment.attempt);
  if (!context) return false;
  fm::Assign assign;
  assign.key = key_of(assignment.attempt, *fence);
  assign.repository = context->repository.full_name();
  assign.git_url = fs::absolute(layout_.repository(context->repository)).string();
  assign.commit = context->suite.commit;
  assign.tree = context->suite.tree;
  assign.lane = context->lane.lane;
  assign.lane_title = context->lane.title;
  assign.target = context->lane.target;
  auto jobs = json::parse(context->lane.jobs, "stored jobs");
  if (auto* array = jobs ? jobs->if_array() : nullptr)
    for (const auto& job : *array) assign.jobs.push_back(job);
  assign.labels = {{"branch", fmt::format("#{}", context->branch.number)},
                   {"suite", fmt::format("#{}", context->suite.number)},
                   {"attempt", std::to_string(context->attempt.number)}};
  assign.gate = context->lane.gating;
  auto landings = store_.newest_landed(context->repository.id, kLandedTold);
  for (auto landing = landings.rbegin(); landing != landings.rend(); ++landing)
    if (auto branch = store_.branch(landing->branch))
      assign.landed.push_back({fmt::format("#{}", branch->number), landing->tree_landed});
  // Not sent: the lease ends by itself, and the runner's next hello does not name it.
  return connection->send(assign);
}

}  // namespace pika::forge
