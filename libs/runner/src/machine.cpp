#include "pika/runner/machine.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/check.hpp"
#include "pika/base/text.hpp"

namespace pika::runner {

Machine::Machine(MachineConfig config) : config_(std::move(config)) {
  PIKA_CHECK(config_.slots > 0, "a runner has a slot");
}

void Machine::restore(Restored restored) {
  PIKA_CHECK(link_ == Link::down, "the spool is read before the first connection");
  auto& attempt = attempts_[restored.key];
  attempt.order = ++arrivals_;
  attempt.log_size = restored.log_size;
  for (auto& event : restored.events) attempt.events.emplace_back(++attempt.event_last, std::move(event));
  attempt.result = std::move(restored.result);
  attempt.phase = attempt.result ? Phase::ended : Phase::waiting;
  start_waiting();
}

// --- connection ------------------------------------------------------------------------------------------------------

void Machine::connected(Micros now) {
  link_ = Link::greeting;
  heard_at_ = beat_at_ = now;
  wire::Hello hello;
  hello.program = config_.program;
  hello.name = config_.name;
  hello.token = config_.token;
  hello.slots = config_.slots;
  hello.isolation = config_.isolation;
  for (const auto& [key, a] : attempts_)
    if (!a.stale) hello.active.push_back({key, a.log_size, a.event_last, a.phase == Phase::ended});
  actions_.push_back(SendMessage{std::move(hello)});
}

void Machine::disconnected() {
  link_ = Link::down;
  for (auto& [key, a] : attempts_) a.done_sent = false;
}

void Machine::hang_up(std::string why, bool refused) {
  disconnected();
  actions_.push_back(Disconnect{std::move(why), refused});
}

std::optional<Micros> Machine::next_tick() const {
  if (link_ == Link::down) return std::nullopt;
  const Micros give_up = heard_at_ + config_.silence;
  return link_ == Link::ready ? std::min(give_up, beat_at_ + config_.heartbeat) : give_up;
}

void Machine::tick(Micros now) {
  if (link_ == Link::down) return;
  if (now >= heard_at_ + config_.silence) {
    hang_up(fmt::format("nothing was heard from the forge for {}", format_duration(config_.silence)));
    return;
  }
  if (link_ == Link::ready && now >= beat_at_ + config_.heartbeat) {
    beat_at_ = now;
    heartbeat();
  }
}

void Machine::heartbeat() {
  wire::Heartbeat beat;
  beat.draining = draining_;
  for (const auto& [key, a] : attempts_)
    if (!a.stale && a.phase != Phase::ended) beat.running.push_back(key);
  actions_.push_back(SendMessage{std::move(beat)});
}

// --- messages --------------------------------------------------------------------------------------------------------

void Machine::received(const wire::Message& message, Micros now) {
  if (link_ == Link::down) return;
  heard_at_ = now;
  const bool greeting =
      std::holds_alternative<wire::HelloOk>(message) || std::holds_alternative<wire::HelloRefused>(message);
  const bool unknown = std::holds_alternative<wire::UnknownMessage>(message);
  if ((link_ == Link::greeting) != greeting && !unknown) {
    hang_up(fmt::format("the forge sent '{}' out of turn", quote_name(wire::message_type(message))));
    return;
  }
  if (const auto* m = std::get_if<wire::HelloOk>(&message)) return on(*m);
  if (const auto* m = std::get_if<wire::HelloRefused>(&message)) return on(*m);
  if (const auto* m = std::get_if<wire::Assign>(&message)) return on(*m);
  if (const auto* m = std::get_if<wire::Cancel>(&message)) return on(*m);
  if (const auto* m = std::get_if<wire::Ack>(&message)) return on(*m);
}

void Machine::on(const wire::HelloRefused& message) {
  std::string why = "the forge refused this runner: " + to_utf8(message.message);
  if (!message.advice.empty()) why += "; " + to_utf8(message.advice);
  hang_up(std::move(why), true);
}

void Machine::on(const wire::HelloOk& message) {
  if (message.version < wire::kRunnerProtocolOldest || message.version > wire::kRunnerProtocolVersion) {
    hang_up(fmt::format("the forge speaks version {} of the runner protocol, this runner {} to {}", message.version,
                        wire::kRunnerProtocolOldest, wire::kRunnerProtocolVersion),
            true);
    return;
  }
  link_ = Link::ready;
  // The forge's word is where sending begins again: what is not named here is sent from its first byte.
  for (auto& [key, a] : attempts_) {
    a.log_sent = a.log_acked = 0;
    a.event_sent = a.events.empty() ? a.event_last : a.events.front().first - 1;
    a.done_sent = false;
  }
  for (const auto& ack : message.acks) {
    if (auto found = attempts_.find(ack.key); found != attempts_.end())
      found->second.log_sent = found->second.log_acked = ack.log_offset;
    apply(ack);
  }
  if (draining_) {
    heartbeat();
    refuse_waiting();
  }
  start_waiting();
  pump();
}

void Machine::on(const wire::Assign& message) {
  std::vector<wire::AttemptKey> claims;
  for (const auto& [key, a] : attempts_)
    if (key.attempt == message.key.attempt) claims.push_back(key);
  for (const auto& key : claims) {
    if (key.fence == message.key.fence) return;  // sent twice
    if (key.fence > message.key.fence) {
      note(fmt::format("attempt {}: assigned with a stale fence, {} is the newer claim", message.key.text(),
                       key.text()));
      return;
    }
    make_stale(key);
  }
  if (draining_) {
    actions_.push_back(SendMessage{wire::Refuse{message.key, "this runner is about to stop and takes no new lane"}});
    return;
  }
  auto& attempt = attempts_[message.key];
  attempt.order = ++arrivals_;
  actions_.push_back(AcceptAttempt{message});
  start_waiting();
}

void Machine::on(const wire::Cancel& message) {
  const auto found = attempts_.find(message.key);
  if (found == attempts_.end()) {
    note(fmt::format("attempt {}: asked to cancel what is not here", message.key.text()));
    return;
  }
  auto& attempt = found->second;
  if (attempt.phase == Phase::running) actions_.push_back(StopAttempt{message.key, message.reason});
  if (attempt.phase == Phase::waiting) {
    attempt.phase = Phase::running;  // until the caller has written its end
    std::string why = message.reason.empty() ? "cancelled before it began" : "cancelled: " + message.reason;
    actions_.push_back(EndUnstarted{message.key, {.status = "cancelled", .message = std::move(why)}});
  }
}

void Machine::on(const wire::Ack& message) {
  apply(message);
  pump();
}

void Machine::apply(const wire::Ack& ack) {
  const auto found = attempts_.find(ack.key);
  if (found == attempts_.end()) return;  // a repeat of what was settled
  // Done, and not by us: the forge settled it without this runner (cancelled, or its lease was over).
  const bool settled = ack.done && found->second.phase != Phase::ended;
  if (ack.stale || settled) {
    note(fmt::format("attempt {}: the forge has a newer claim, its end, or nothing of it; dropped here",
                     ack.key.text()));
    make_stale(ack.key);
    return;
  }
  auto& attempt = found->second;
  attempt.log_acked = std::max(attempt.log_acked, std::min(ack.log_offset, attempt.log_sent));
  while (!attempt.events.empty() && attempt.events.front().first <= ack.event_seq) attempt.events.pop_front();
  attempt.event_sent = std::max(attempt.event_sent, std::min(ack.event_seq, attempt.event_last));
  if (ack.done) forget(ack.key);
}

void Machine::make_stale(const wire::AttemptKey& key) {
  auto& attempt = attempts_.at(key);
  if (attempt.phase == Phase::running) {
    if (!attempt.stale) actions_.push_back(StopAttempt{key, "the forge no longer wants this attempt"});
    attempt.stale = true;
  } else {
    forget(key);
  }
}

void Machine::forget(const wire::AttemptKey& key) {
  attempts_.erase(key);
  actions_.push_back(ForgetAttempt{key});
}

// --- lanes -----------------------------------------------------------------------------------------------------------

std::size_t Machine::running() const {
  return static_cast<std::size_t>(std::count_if(attempts_.begin(), attempts_.end(),
                                                [](const auto& a) { return a.second.phase == Phase::running; }));
}

void Machine::start_waiting() {
  if (draining_) return;
  while (running() < static_cast<std::size_t>(config_.slots)) {
    auto first = attempts_.end();
    for (auto it = attempts_.begin(); it != attempts_.end(); ++it)
      if (it->second.phase == Phase::waiting && (first == attempts_.end() || it->second.order < first->second.order))
        first = it;
    if (first == attempts_.end()) return;
    first->second.phase = Phase::running;
    actions_.push_back(StartAttempt{first->first});
  }
}

void Machine::log_grew(const wire::AttemptKey& key, std::uint64_t size) {
  const auto found = attempts_.find(key);
  if (found == attempts_.end()) return;
  found->second.log_size = std::max(found->second.log_size, size);
  pump();
}

void Machine::event_added(const wire::AttemptKey& key, json::Value event) {
  const auto found = attempts_.find(key);
  if (found == attempts_.end()) return;
  found->second.events.emplace_back(++found->second.event_last, std::move(event));
  pump();
}

void Machine::ended(const wire::AttemptKey& key, wire::AttemptResult result, std::uint64_t log_size) {
  const auto found = attempts_.find(key);
  if (found == attempts_.end()) return;
  auto& attempt = found->second;
  attempt.phase = Phase::ended;
  attempt.log_size = std::max(attempt.log_size, log_size);
  attempt.result = std::move(result);
  if (attempt.stale) forget(key);
  start_waiting();
  pump();
}

void Machine::drain() {
  if (draining_) return;
  draining_ = true;
  if (link_ != Link::ready) return;  // what waits stays in the spool, and starts with the next runner
  heartbeat();
  refuse_waiting();
}

void Machine::refuse_waiting() {
  std::vector<wire::AttemptKey> waiting;
  for (const auto& [key, a] : attempts_)
    if (a.phase == Phase::waiting) waiting.push_back(key);
  for (const auto& key : waiting) {
    actions_.push_back(SendMessage{wire::Refuse{key, "this runner is about to stop"}});
    forget(key);
  }
}

void Machine::stop_all(const std::string& reason) {
  for (auto& [key, a] : attempts_)
    if (a.phase == Phase::running) actions_.push_back(StopAttempt{key, reason});
}

// --- sending ---------------------------------------------------------------------------------------------------------

std::uint64_t Machine::in_flight() const {
  std::uint64_t total = 0;
  for (const auto& [key, a] : attempts_) total += a.log_sent - a.log_acked;
  return total;
}

bool Machine::pump_log(const wire::AttemptKey& key, Attempt& attempt) {
  if (attempt.stale || attempt.log_sent >= attempt.log_size) return false;
  const auto flying = in_flight();
  if (flying >= config_.log_window) return false;
  const auto size =
      std::min<std::uint64_t>({attempt.log_size - attempt.log_sent, wire::kMaxLogPiece, config_.log_window - flying});
  actions_.push_back(SendLog{key, attempt.log_sent, size});
  attempt.log_sent += size;
  return true;
}

// Events first (they are small and say what state the lane is in), then logs by turns, then the ends of those whose log
// has gone out whole.
void Machine::pump() {
  if (link_ != Link::ready) return;
  for (auto& [key, a] : attempts_) {
    if (a.stale) continue;
    for (const auto& [seq, event] : a.events) {
      if (seq <= a.event_sent) continue;
      actions_.push_back(SendMessage{wire::Event{key, seq, event}});
      a.event_sent = seq;
    }
  }
  for (bool more = true; more;) {
    more = false;
    for (auto& [key, a] : attempts_) more = pump_log(key, a) || more;
  }
  for (auto& [key, a] : attempts_) {
    if (a.phase != Phase::ended || a.done_sent || a.stale || a.log_sent < a.log_size) continue;
    actions_.push_back(SendMessage{wire::Done{key, *a.result, std::max(a.log_size, a.log_sent), a.event_last}});
    a.done_sent = true;
  }
}

std::vector<Action> Machine::take_actions() {
  return std::exchange(actions_, {});
}

}  // namespace pika::runner
