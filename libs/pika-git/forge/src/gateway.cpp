#include "pika/forge/gateway.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <set>

#include "log_file.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"

namespace pika::forge {

namespace fm = forge_model;
using jerichoci::FailureKind;

// One connected runner. Its thread reads; anybody writes, a frame at a time.
struct Gateway::Connection {
  UniqueFd fd;
  std::mutex write_mutex;
  std::string name;  // set by hello
  RunnerInfo info;
  bool draining = false;
  std::atomic<bool> ended{false};
  std::map<fm::AttemptKey, std::uint64_t> events;  // newest event seen of each claim
  std::map<fm::AttemptKey, Micros> told;           // when the growth of a log was last told
  std::map<fm::AttemptKey, bool> started;

  bool send(const fm::Message& message) {
    auto frame = fm::encode_frame(message);
    if (!frame) {
      log_error("gateway", "{}", frame.error().what);
      return false;
    }
    try {
      std::lock_guard lock(write_mutex);
      write_all(fd.get(), *frame);
      return true;
    } catch (const SystemError&) {
      close();  // half a frame may be out: nothing after it can be read
      return false;
    }
  }
  void close() { ::shutdown(fd.get(), SHUT_RDWR); }
};

namespace {

constexpr int kGivenBackAttempts = 10;

domain::AttemptId id_of(const fm::AttemptKey& key) {
  return domain::AttemptId(key.attempt.value());
}
fm::AttemptKey key_of(domain::AttemptId attempt, std::int64_t fence) {
  return {fm::AttemptId(attempt.value()), fm::Fence(fence)};
}

constexpr Micros kTellLogEvery = 150'000;
constexpr int kSilenceMs = 30'000;

UniqueFd listen_unix(const fs::path& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) throw SystemError("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof address.sun_path)
    throw SystemError(ENAMETOOLONG, fmt::format("listen on '{}'", path.string()));
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ::unlink(path.c_str());  // the data folder's lock says that nobody else listens there
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(fd.get(), 64) != 0)
    throw SystemError(fmt::format("listen on '{}'", path.string()));
  return fd;
}

}  // namespace

Gateway::Gateway(store::Store& store, Layout layout, EventHub& hub, std::string token, GatewayTimes times)
    : store_(store), layout_(std::move(layout)), hub_(hub), token_(std::move(token)), times_(times) {}

Gateway::~Gateway() {
  stop();
}

Status Gateway::start() {
  try {
    listener_ = listen_unix(layout_.runner_socket());
  } catch (const SystemError& e) {
    return fail(ErrorKind::unavailable, e.what(), "choose a data folder with a shorter path, on a local disk");
  }
  // Runners that went on while nobody listened get the time to come back.
  store_.renew_leases(system_clock().now() + times_.lease);
  accept_thread_ = std::thread([this] { accept_loop(); });
  schedule_thread_ = std::thread([this] { schedule_loop(); });
  return {};
}

void Gateway::stop() {
  {
    std::lock_guard lock(mutex_);
    if (stop_) return;
    stop_ = true;
  }
  changed_.notify_all();
  if (listener_) ::shutdown(listener_.get(), SHUT_RDWR);
  if (accept_thread_.joinable()) accept_thread_.join();
  if (schedule_thread_.joinable()) schedule_thread_.join();
  {
    std::lock_guard lock(mutex_);
    for (auto& served : threads_) served.connection->close();  // also those that have not said hello
  }
  for (auto& served : threads_)
    if (served.thread.joinable()) served.thread.join();
  listener_.reset();
}

void Gateway::kick() {
  {
    std::lock_guard lock(mutex_);
    queued_ = true;
  }
  changed_.notify_all();
}

std::vector<RunnerInfo> Gateway::runners() {
  std::lock_guard lock(mutex_);
  std::vector<RunnerInfo> out;
  for (const auto& [name, connection] : connections_) out.push_back(connection->info);
  return out;
}

void Gateway::accept_loop() {
  for (;;) {
    pollfd p{listener_.get(), POLLIN, 0};
    ::poll(&p, 1, 500);
    {
      std::lock_guard lock(mutex_);
      if (stop_) return;
    }
    if (!p.revents) continue;
    int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      // Out of descriptors: the connection waits, and so do we.
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      continue;
    }
    // A runner that takes nothing for so long is gone: nobody here waits for it any longer.
    timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    auto connection = std::make_shared<Connection>();
    connection->fd = UniqueFd(fd);
    std::lock_guard lock(mutex_);
    reap_ended();
    threads_.push_back({std::thread([this, connection] { serve(connection); }), connection});
  }
}

// A runner that comes and goes leaves no thread behind.
void Gateway::reap_ended() {
  std::erase_if(threads_, [](Served& served) {
    if (!served.connection->ended) return false;
    served.thread.join();
    return true;
  });
}

void Gateway::serve(std::shared_ptr<Connection> connection) {
  serve_until_end(connection);
  connection->ended = true;
}

void Gateway::serve_until_end(const std::shared_ptr<Connection>& connection) {
  fm::FrameReader reader;
  std::vector<char> buffer(256 * 1024);
  try {
    for (;;) {
      pollfd p{connection->fd.get(), POLLIN, 0};
      int ready = ::poll(&p, 1, kSilenceMs);
      if (ready == 0) {
        log_warning("gateway", "runner {}: silent for {} s, closing", connection->name, kSilenceMs / 1000);
        break;
      }
      auto n = read_some(connection->fd.get(), buffer.data(), buffer.size());
      if (n == 0) break;
      reader.feed({buffer.data(), n});
      bool go_on = true;
      for (;;) {
        auto frame = reader.next();
        if (!frame) throw std::runtime_error(frame.error().what);
        if (!*frame) break;
        auto message = fm::decode_message(**frame);
        if (!message) throw std::runtime_error(message.error().what);
        if (connection->name.empty()) {
          auto* hello = std::get_if<fm::Hello>(&*message);
          if (!hello || !greet(*connection, *hello)) {
            go_on = false;
            break;
          }
          std::lock_guard lock(mutex_);
          if (auto& slot = connections_[connection->name]; slot != connection) {
            if (slot) slot->close();
            slot = connection;
          }
          queued_ = true;
          changed_.notify_all();
        } else {
          handle(*connection, *message);
        }
      }
      if (!go_on) break;
    }
  } catch (const std::exception& e) {
    log_warning("gateway", "runner {}: {}", connection->name, e.what());
  }
  connection->close();
  std::lock_guard lock(mutex_);
  if (auto at = connections_.find(connection->name); at != connections_.end() && at->second == connection) {
    connections_.erase(at);
    if (!stop_) log_info("gateway", "runner {} is gone", connection->name);
  }
}

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

void Gateway::cancel(const std::vector<store::RunningLease>& leases, const std::string& why) {
  for (const auto& lease : leases)
    if (auto connection = connection_of(lease.runner))
      connection->send(fm::Cancel{key_of(lease.attempt, lease.fence), why});
}

// A cancel that the runner may have missed is said again until the attempt has ended.
void Gateway::send_cancels(Connection& c) {
  for (const auto& [lease, why] : store_.cancelled_running(c.name))
    c.send(fm::Cancel{key_of(lease.attempt, lease.fence), why});
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
  // Not sent: the lease ends by itself, and the runner's next hello does not name it.
  return connection->send(assign);
}

}  // namespace pika::forge
