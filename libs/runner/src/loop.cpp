#include "pika/runner/loop.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "pika/base/check.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/runner/lane_text.hpp"

namespace pika::runner {

namespace {
constexpr Micros kFirstRetry = 50'000, kLastRetry = 2 * kSecond, kAfterRefusal = 30 * kSecond;
constexpr std::string_view kPart = "runner";
}  // namespace

Loop::Loop(LoopOptions options, Spool& spool, LaneRunner& lanes)
    : options_(std::move(options)),
      spool_(spool),
      lanes_runner_(lanes),
      machine_(options_.machine),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) throw SystemError("eventfd");
  down_since_ = monotonic_now();
}

Loop::~Loop() {
  for (auto& [key, lane] : lanes_) {
    *lane->reason.lock() = "the runner is stopping";
    lane->cancel.cancel();
  }
  lanes_.clear();  // joins
}

void Loop::restore(SpooledAttempt attempt) {
  machine_.restore({.key = attempt.assign.key,
                    .events = std::move(attempt.events),
                    .log_size = attempt.log_size,
                    .result = std::move(attempt.result)});
}

void Loop::drain() {
  drain_asked_ = true;
  wake();
}

Loop::End Loop::run() {
  while (true) {
    const auto now = monotonic_now();
    take_happenings();
    if (drain_asked_ && !drain_began_) {
      drain_began_ = now;
      machine_.drain();
      log_info(kPart, "takes no new lane; {} to end", machine_.running());
    }
    machine_.tick(now);
    act();
    if (drain_began_ && drained(now)) return End::drained;
    if (lingered(now)) return End::lingered;
    if (!socket_ && now >= retry_at_) try_connect(now);
    act();
    wait(monotonic_now());
  }
}

// --- ends ------------------------------------------------------------------------------------------------------------

bool Loop::drained(Micros now) {
  if (!lanes_.empty()) {
    if (!drain_cancelled_ && now >= *drain_began_ + options_.drain_limit) {
      drain_cancelled_ = true;
      machine_.stop_all("the runner is stopping, and the lane did not end within its drain limit");
      act();
    }
    return false;
  }
  if (machine_.empty() || !machine_.ready()) return true;  // what is not delivered stays in the spool
  if (!idle_since_) idle_since_ = now;
  return now >= *idle_since_ + options_.deliver_limit;
}

bool Loop::lingered(Micros now) const {
  return options_.linger && !machine_.ready() && machine_.empty() && lanes_.empty() &&
         now >= down_since_ + *options_.linger;
}

void Loop::wait(Micros now) {
  Micros until = now + 3600 * kSecond;
  if (auto tick = machine_.next_tick()) until = std::min(until, *tick);
  if (!socket_) until = std::min(until, retry_at_);
  if (options_.linger && !machine_.ready() && machine_.empty()) until = std::min(until, down_since_ + *options_.linger);
  if (drain_began_ && !drain_cancelled_) until = std::min(until, *drain_began_ + options_.drain_limit);
  if (idle_since_) until = std::min(until, *idle_since_ + options_.deliver_limit);
  pollfd fds[2] = {{wake_.get(), POLLIN, 0}, {socket_ ? socket_.get() : -1, POLLIN, 0}};
  if (out_sent_ < out_.size()) fds[1].events |= POLLOUT;
  const auto milliseconds = std::max<Micros>(0, (until - now + 999) / 1000);
  if (::poll(fds, 2, static_cast<int>(milliseconds)) < 0) {
    if (errno != EINTR) throw SystemError("poll");
    return;
  }
  if (fds[0].revents) {
    char eight[8];
    (void)!::read(wake_.get(), eight, sizeof eight);
  }
  if (socket_ && fds[1].revents & POLLOUT) write_socket();
  if (socket_ && fds[1].revents & (POLLIN | POLLHUP | POLLERR)) read_socket();
}

// --- connection ------------------------------------------------------------------------------------------------------

void Loop::try_connect(Micros now) {
  auto connection = options_.connect();
  if (!connection) {
    lost_connection(connection.error().text());
    return;
  }
  socket_ = std::move(*connection);
  reader_ = {};
  out_.clear();
  out_sent_ = 0;
  machine_.connected(now);
}

void Loop::lost_connection(const std::string& why) {
  const auto now = monotonic_now();
  if (machine_.ready()) down_since_ = now;
  socket_.reset();
  out_.clear();
  out_sent_ = 0;
  machine_.disconnected();
  backoff_ = backoff_ == 0 ? kFirstRetry : std::min(backoff_ * 2, kLastRetry);
  retry_at_ = now + static_cast<Micros>(static_cast<double>(backoff_) * (0.5 + options_.jitter() / 2));
  if (why != last_trouble_) log_warning(kPart, "{}; trying again", why);
  last_trouble_ = why;
}

void Loop::read_socket() {
  char buffer[64 << 10];
  while (socket_) {
    const auto got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0) {
      lost_connection(got == 0 ? "the forge closed the connection"
                               : fmt::format("the connection to the forge broke: {}", std::strerror(errno)));
      return;
    }
    reader_.feed({buffer, static_cast<std::size_t>(got)});
    while (socket_) {
      auto frame = reader_.next();
      if (frame && !*frame) break;
      auto message = frame ? wire::decode_message(**frame) : Result<wire::Message>(std::unexpected(frame.error()));
      if (!message) {
        lost_connection(message.error().text());
        return;
      }
      const bool was_ready = machine_.ready();
      machine_.received(*message, monotonic_now());
      if (machine_.ready() && !was_ready) {
        backoff_ = 0;
        last_trouble_.clear();
        log_info(kPart, "connected to the forge as '{}'", options_.machine.name);
      }
      act();
    }
  }
}

void Loop::write_socket() {
  while (socket_ && out_sent_ < out_.size()) {
    const auto wrote = ::send(socket_.get(), out_.data() + out_sent_, out_.size() - out_sent_, MSG_NOSIGNAL);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (wrote < 0) {
      lost_connection(fmt::format("the connection to the forge broke: {}", std::strerror(errno)));
      return;
    }
    out_sent_ += static_cast<std::size_t>(wrote);
  }
  if (out_sent_ < out_.size() / 2) return;  // what is sent is thrown away in large pieces, not with each call
  out_.erase(0, out_sent_);
  out_sent_ = 0;
}

// --- doing what the machine decided ----------------------------------------------------------------------------------

void Loop::act() {
  for (auto actions = machine_.take_actions(); !actions.empty(); actions = machine_.take_actions())
    for (const auto& action : actions) std::visit([this](const auto& a) { perform(a); }, action);
  write_socket();
}

void Loop::perform(const SendMessage& action) {
  if (!socket_) return;
  auto frame = wire::encode_frame(action.message);
  if (!frame) {  // only a record of the engine can be so large: the forge gets the rest of the message
    auto smaller = action.message;
    if (auto* done = std::get_if<wire::Done>(&smaller)) done->result.run = nullptr;
    if (auto* event = std::get_if<wire::Event>(&smaller)) event->event = json::Object{{"event", "too_large_to_send"}};
    log_warning(kPart, "{}", frame.error().text());
    frame = wire::encode_frame(smaller);
  }
  PIKA_CHECK(frame.has_value(), "every message fits a frame");
  out_ += *frame;
}

void Loop::perform(const SendLog& action) {
  if (!socket_) return;
  auto bytes = spool_.read_log(action.key, action.offset, action.size);
  if (bytes.size() < action.size) {  // somebody cut the file; offsets must stay what they were
    log_error(kPart, "attempt {}: the log in the spool is shorter than it was", action.key.text());
    bytes.resize(action.size, '\n');
  }
  perform(SendMessage{wire::Log{action.key, action.offset, std::move(bytes)}});
}

void Loop::perform(const AcceptAttempt& action) {
  const auto& assign = action.assign;
  try {
    spool_.create(assign, options_.new_run_id());
    log_info(kPart, "attempt {}: lane {} of {}", assign.key.text(), quote_name(assign.lane),
             quote_name(assign.repository));
  } catch (const std::exception& error) {
    log_error(kPart, "attempt {}: {}", assign.key.text(), error.what());
    machine_.ended(assign.key,
                   {.status = "failed",
                    .failure = "infrastructure",
                    .message = fmt::format("the runner cannot write its spool: {}", error.what())},
                   0);
  }
}

void Loop::perform(const StartAttempt& action) {
  auto lane = std::make_unique<Lane>();
  auto& ref = *lane;
  lanes_[action.key] = std::move(lane);
  ref.thread = std::jthread([this, key = action.key, &ref] { run_lane(key, ref); });
}

void Loop::perform(const StopAttempt& action) {
  const auto found = lanes_.find(action.key);
  if (found == lanes_.end()) return;
  log_info(kPart, "attempt {}: cancelled: {}", action.key.text(), quote_name(action.reason));
  *found->second->reason.lock() = action.reason;
  found->second->cancel.cancel();
}

void Loop::perform(const EndUnstarted& action) {
  std::uint64_t size = 0;
  try {
    auto log = spool_.open_log(action.key, {});
    log.line(outcome_line(action.result));
    size = log.size();
    spool_.finish(action.key, action.result);
  } catch (const std::exception& error) {
    log_error(kPart, "attempt {}: {}", action.key.text(), error.what());
  }
  machine_.ended(action.key, action.result, size);
}

void Loop::perform(const ForgetAttempt& action) {
  try {
    spool_.remove(action.key);
  } catch (const std::exception& error) {
    log_error(kPart, "attempt {}: {}", action.key.text(), error.what());
  }
}

void Loop::perform(const Disconnect& action) {
  if (!socket_) return;
  lost_connection(action.why);
  if (action.refused) retry_at_ = monotonic_now() + kAfterRefusal;
}

void Loop::perform(const Note& action) {
  log_info(kPart, "{}", action.text);
}

// --- lanes -----------------------------------------------------------------------------------------------------------

void Loop::wake() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void Loop::tell(Happening happening) {
  happenings_.lock()->push_back(std::move(happening));
  wake();
}

void Loop::take_happenings() {
  auto happenings = std::exchange(*happenings_.lock(), {});
  for (auto& happening : happenings) {
    if (auto* grew = std::get_if<LogGrew>(&happening)) machine_.log_grew(grew->key, grew->size);
    if (auto* event = std::get_if<EventAdded>(&happening)) machine_.event_added(event->key, std::move(event->event));
    if (auto* end = std::get_if<Ended>(&happening)) {
      lanes_.erase(end->key);  // joins; its last act was to tell this
      log_info(kPart, "attempt {}: {}", end->key.text(), outcome_line(end->result).substr(6));
      machine_.ended(end->key, std::move(end->result), end->log_size);
    }
  }
}

// On the lane's thread.
void Loop::run_lane(const wire::AttemptKey& key, Lane& lane) {
  wire::AttemptResult result;
  std::uint64_t size = 0;
  try {
    auto spooled = spool_.load(key);
    if (!spooled) throw std::runtime_error(spooled.error().text());
    spool_.mark_started(key);
    auto log = spool_.open_log(key, [this, key](std::uint64_t grown) { tell(LogGrew{key, grown}); });
    for (const auto& line : summary_lines(spooled->assign, spooled->run_id)) log.line(line);
    result = guarded_run(*spooled, log, lane);
    const auto reason = *lane.reason.lock();
    if (result.status == "cancelled" && !reason.empty()) result.message = "cancelled: " + reason;
    log.line(outcome_line(result));
    size = log.size();
    spool_.finish(key, result);
  } catch (const std::exception& error) {
    if (result.status.empty())
      result = {.status = "failed",
                .failure = "infrastructure",
                .message = fmt::format("the runner cannot write its spool: {}", error.what())};
    log_error(kPart, "attempt {}: {}", key.text(), error.what());
  }
  tell(Ended{key, std::move(result), size});
}

wire::AttemptResult Loop::guarded_run(const SpooledAttempt& spooled, AttemptLog& log, Lane& lane) {
  const auto key = spooled.assign.key;
  LaneReport report{.event = [this, key](const json::Value& event) {
    spool_.append_event(key, event);
    tell(EventAdded{key, event});
  }};
  try {
    return lanes_runner_.run(spooled.assign, spooled.run_id, log, report, lane.cancel);
  } catch (const std::exception& error) {
    return {.status = "failed", .failure = "infrastructure", .message = error.what(), .run_id = spooled.run_id};
  }
}

}  // namespace pika::runner
