// What runners say: hello, heartbeats, events, logs, ends (docs/runner-protocol.md).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gateway_connection.hpp"
#include "log_file.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"

namespace pika::forge {

using jerichoci::FailureKind;

namespace {

constexpr int kGivenBackAttempts = 10;
constexpr Micros kTellLogEvery = 150'000;

}  // namespace

// What the store has of a claim; stale when the claim is over or not the newest.
fm::Ack Gateway::ack_of(const fm::AttemptKey& key) {
  fm::Ack ack{.key = key};
  auto attempt = store_.attempt(id_of(key));
  if (!attempt || attempt->fence != key.fence.value()) {
    ack.stale = true;
    return ack;
  }
  ack.log_offset = log_size(layout_, id_of(key));
  if (jerichoci::is_final(attempt->status)) ack.done = true;
  return ack;
}

bool Gateway::current(const fm::AttemptKey& key) {
  auto attempt = store_.attempt(id_of(key));
  return attempt && attempt->fence == key.fence.value() && attempt->status == jerichoci::Status::running;
}

bool Gateway::greet(Connection& c, const fm::Hello& hello) {
  if (hello.version < fm::kRunnerProtocolOldest) {
    c.send(fm::HelloRefused{
        "version", fmt::format("this server speaks version {} of the runner protocol", fm::kRunnerProtocolVersion),
        "install the runner of the same release"});
    return false;
  }
  if (!equal_constant_time(hello.token, token_)) {
    c.send(
        fm::HelloRefused{"token", "this runner's token is not of this server",
                         "start it with the token file of the server's data folder: --token-file DATA/runner/token"});
    return false;
  }
  if (!domain::valid_name(hello.name)) {
    c.send(fm::HelloRefused{"name", "a runner's name is up to 64 letters, digits, dots, dashes and underscores",
                            "start it with --name"});
    return false;
  }
  {
    // Its earlier connection, should we not have seen the end of that, gets nothing any more: what it was given now
    // would be given to nobody.
    std::lock_guard lock(mutex_);
    if (auto at = connections_.find(hello.name); at != connections_.end()) {
      at->second->close();
      connections_.erase(at);
    }
  }
  c.name = hello.name;
  c.info = {.name = hello.name,
            .slots = hello.slots,
            .sandbox = hello.isolation.sandbox,
            .why_no_sandbox = hello.isolation.why_not,
            .remedy = hello.isolation.remedy};
  fm::HelloOk ok;
  ok.version = std::min(hello.version, fm::kRunnerProtocolVersion);
  std::set<std::pair<std::int64_t, std::int64_t>> named;
  std::vector<store::RunningLease> running;
  for (const auto& active : hello.active) {
    ok.acks.push_back(ack_of(active.key));
    auto& ack = ok.acks.back();
    // Events are not kept beyond what they told: that the lane began. Until that is known, all are asked for again.
    auto attempt = store_.attempt(id_of(active.key));
    ack.event_seq = attempt && attempt->started_at > 0 ? active.event_seq : 0;
    c.events[active.key] = ack.event_seq;
    named.emplace(active.key.attempt.value(), active.key.fence.value());
    if (!ack.stale && !ack.done) running.push_back({id_of(active.key), active.key.fence.value(), hello.name, 0});
  }
  auto now = system_clock().now();
  store_.heartbeat(hello.name, running, now + times_.lease);
  if (!c.send(ok)) return false;
  send_cancels(c);
  // Claims of this runner that it does not know were never received, or died with it.
  for (const auto& lease : store_.expired_leases(INT64_MAX)) {
    if (lease.runner != hello.name || named.contains({lease.attempt.value(), lease.fence})) continue;
    end({.attempt = lease.attempt,
         .fence = lease.fence,
         .status = jerichoci::Status::failed,
         .failure = FailureKind::lost,
         .message = fmt::format("runner {} does not know this attempt any more", hello.name),
         .at = now});
  }
  log_info("gateway", "runner {} is here: {} slots, sandbox {}, {} attempts of its own", hello.name, hello.slots,
           hello.isolation.sandbox ? "yes" : "no", hello.active.size());
  return true;
}

void Gateway::handle(Connection& c, const fm::Message& message) {
  auto now = system_clock().now();
  if (auto* heartbeat = std::get_if<fm::Heartbeat>(&message)) {
    std::vector<store::RunningLease> running;
    for (const auto& key : heartbeat->running) running.push_back({id_of(key), key.fence.value(), c.name, 0});
    for (const auto& lease : store_.heartbeat(c.name, running, now + times_.lease))
      c.send(fm::Ack{.key = key_of(lease.attempt, lease.fence), .stale = true});
    {
      std::lock_guard lock(mutex_);
      c.draining = heartbeat->draining;
    }
    send_cancels(c);
    c.send(fm::Heartbeat{});
  } else if (auto* log = std::get_if<fm::Log>(&message)) {
    handle_log(c, *log);
  } else if (auto* event = std::get_if<fm::Event>(&message)) {
    auto& seen = c.events[event->key];
    seen = std::max(seen, event->seq);
    auto kind = json::find_string(event->event, "event").value_or("");
    if (kind == "run_started" || kind == "job_started") {
      if (!c.started[event->key]) {
        c.started[event->key] = store_.mark_started(id_of(event->key), event->key.fence.value(),
                                                    json::find_string(event->event, "run_id").value_or(""), now);
      }
    }
    c.send(fm::Ack{.key = event->key, .event_seq = seen, .log_offset = log_size(layout_, id_of(event->key))});
  } else if (auto* done = std::get_if<fm::Done>(&message)) {
    handle_done(c, *done);
  } else if (auto* refused = std::get_if<fm::Refuse>(&message)) {
    end({.attempt = id_of(refused->key),
         .fence = refused->key.fence.value(),
         .status = jerichoci::Status::failed,
         .failure = FailureKind::lost,
         .message = fmt::format("runner {} gave it back: {}", c.name, refused->reason),
         .at = now,
         // Nothing ran: a runner that drains may say so more often than one is lost.
         .again = store::AttemptEnd::Again{kGivenBackAttempts, times_.lost_backoff,
                                           fmt::format("runner {} gave it back", c.name)}});
  }
}

void Gateway::handle_log(Connection& c, const fm::Log& log) {
  if (!current(log.key)) {
    auto ack = ack_of(log.key);
    if (!ack.done) ack.stale = true;
    c.send(ack);
    return;
  }
  auto size = append_log(layout_, id_of(log.key), log.offset, log.bytes);
  if (log.offset > size)
    throw std::runtime_error(fmt::format("attempt {}: a gap in the log at {}", log.key.text(), size));
  c.send(fm::Ack{.key = log.key, .event_seq = c.events[log.key], .log_offset = size});
  auto now = monotonic_now();
  auto& told = c.told[log.key];
  if (now - told < kTellLogEvery) return;
  told = now;
  if (auto context = store_.attempt_context(id_of(log.key))) {
    json::Object data{{"repository", context->repository.full_name()},
                      {"branch", context->branch.number},
                      {"suite", context->suite.number},
                      {"lane", context->lane.lane},
                      {"attempt", context->attempt.number},
                      {"size", size}};
    hub_.tell_now(context->repository.id, "log.appended", json::print(data));
  }
}

void Gateway::handle_done(Connection& c, const fm::Done& done) {
  auto id = id_of(done.key);
  auto size = log_size(layout_, id);
  if (current(done.key) && size < done.log_bytes)
    throw std::runtime_error(
        fmt::format("attempt {}: done with {} of {} bytes of log", done.key.text(), size, done.log_bytes));
  sync_log(layout_, id);
  auto status = jerichoci::parse_status(done.result.status).value_or(jerichoci::Status::failed);
  if (!jerichoci::is_final(status)) status = jerichoci::Status::failed;
  Micros started = 0, finished = system_clock().now();
  if (auto n = json::find_int(done.result.run, "started_at")) started = *n;
  store_.set_log_size(id, size);
  end({.attempt = id,
       .fence = done.key.fence.value(),
       .status = status,
       .failure = jerichoci::parse_failure_kind(done.result.failure).value_or(FailureKind::none),
       .message = done.result.message,
       .exit_code = done.result.exit_code,
       .run_id = done.result.run_id,
       .started_at = started,
       .at = finished});
  auto ack = ack_of(done.key);
  ack.event_seq = done.event_seq;
  c.events.erase(done.key);
  c.started.erase(done.key);
  c.told.erase(done.key);
  c.send(ack);
}

// Records an end, and (in the same transaction) tries a lost lane again, a few times, with back-off.
void Gateway::end(const store::AttemptEnd& given) {
  auto wanted = given;
  auto asked = store_.attempt(wanted.attempt);
  if (asked && !asked->cancel_why.empty() && wanted.failure == FailureKind::lost) {
    // It was to be stopped anyway.
    wanted.status = jerichoci::Status::cancelled;
    wanted.failure = FailureKind::none;
    wanted.message = asked->cancel_why;
  }
  if (wanted.failure == FailureKind::lost && !wanted.again)
    wanted.again = {times_.lost_attempts, times_.lost_backoff, "the runner was lost"};
  store_.end_attempt(wanted);
  kick();
}

// A cancel that the runner may have missed is said again until the attempt has ended.
void Gateway::send_cancels(Connection& c) {
  for (const auto& [lease, why] : store_.cancelled_running(c.name))
    c.send(fm::Cancel{key_of(lease.attempt, lease.fence), why});
}

}  // namespace pika::forge
