#include "connection.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <optional>

#include "body.hpp"
#include "compress.hpp"
#include "event_queue.hpp"
#include "headers.hpp"
#include "pika/base/check.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/http/target.hpp"
#include "stream_bridge.hpp"
#include "wire.hpp"

namespace pika::http {

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPiece = 64 << 10;

std::chrono::microseconds span_of(Micros micros) {
  return std::chrono::microseconds(micros);
}

Refusal refusal_of(const Error& error) {
  return {.status = status_of(error.kind), .sentence = error.text()};
}

Refusal too_large(std::uint64_t limit) {
  return {.status = 413,
          .sentence =
              fmt::format("The request's body is larger than {}, the most that is taken here.", format_bytes(limit))};
}

Response failed() {
  return text_response(500, "The server failed on this request. The reason is in its log.\n");
}

Response overloaded() {
  Response response = text_response(503, "The server has too much to do just now. Try again in a few seconds.\n");
  response.add("Retry-After", "5");
  return response;
}

class Session final : public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(Shared& shared, Peer peer)
      : shared_(shared),
        strand_(asio::make_strand(shared.io)),
        peer_(peer.name),
        over_unix_(peer.over_unix),
        wire_(strand_, std::move(peer), shared.options) {}

  void start(std::function<void()> on_end) {
    asio::co_spawn(
        strand_, [self = shared_from_this()] { return self->run(); },
        [self = shared_from_this(), on_end = std::move(on_end)](const std::exception_ptr& failure) {
          try {
            if (failure) std::rethrow_exception(failure);
          } catch (const std::exception& e) {
            log_error("http", "connection from {}: {}", self->peer_, e.what());
          }
          self->wire_.close();
          on_end();
        });
  }

  void stop_soon() override {
    asio::post(strand_, [self = shared_from_this()] {
      if (self->wire_.idle()) self->wire_.close();
      if (self->events_) self->events_->close();
    });
  }

  void abort() override {
    asio::post(strand_, [self = shared_from_this()] {
      self->wire_.close();
      self->wire_.lose_peer();
    });
  }

 private:
  enum class Next { keep_alive, close, linger };

  // --- the life of the connection
  awaitable<void> run();
  awaitable<Next> serve();

  // --- the request
  awaitable<std::optional<Refusal>> read_head(Request& request);
  std::optional<Refusal> check_head(const Request& request) const;
  awaitable<std::optional<Refusal>> read_body(Request& request);
  awaitable<std::optional<Refusal>> read_into(Body& body);
  awaitable<Response> handle(Request request);

  // --- the answer
  awaitable<Next> answer(Response response, Next after);
  awaitable<Next> answer_whole(const Response& response, Next after);
  awaitable<Next> answer_stream(Response response, Next after);
  awaitable<bool> pump(StreamBridge& bridge, Framing framing, std::uint64_t length);
  awaitable<Next> answer_events(Response response);
  awaitable<bool> send_head(const Response& response, Framing framing, std::uint64_t length, Next after);
  std::function<void()> waker();

  Shared& shared_;
  Wire::Strand strand_;
  const std::string peer_;
  const bool over_unix_;
  Wire wire_;
  RequestHead head_;  // of the request that is being served
  bool is_head_ = false;
  std::shared_ptr<EventQueue> events_;
};

awaitable<void> Session::run() {
  for (;;) {
    if (shared_.stopping) co_return;
    const bool there = co_await wire_.wait_for_request();
    if (!there) co_return;
    const Next next = co_await serve();
    events_.reset();
    if (next == Next::linger) co_await wire_.linger();
    if (next != Next::keep_alive) co_return;
  }
}

awaitable<Session::Next> Session::serve() {
  head_ = {};
  is_head_ = false;
  Request request;
  std::optional<Refusal> refusal = co_await read_head(request);
  if (!refusal) refusal = co_await read_body(request);
  if (refusal) {
    if (refusal->status == 0) co_return Next::close;
    const Next told = co_await answer(text_response(refusal->status, refusal->sentence + "\n"), Next::linger);
    co_return told;
  }
  Response response = co_await handle(std::move(request));
  const Next after = head_.keep_alive && !shared_.stopping ? Next::keep_alive : Next::close;
  const Next next = co_await answer(std::move(response), after);
  co_return next;
}

awaitable<std::optional<Refusal>> Session::read_head(Request& request) {
  std::optional<Refusal> refusal = co_await wire_.read_head(head_);
  if (refusal) co_return refusal;
  is_head_ = head_.method == "HEAD";
  request.method = is_head_ ? "GET" : head_.method;
  request.target = head_.target;
  request.headers = std::move(head_.headers);
  request.peer = peer_;
  request.over_unix = over_unix_;
  auto target = parse_target(request.target);
  if (!target) co_return refusal_of(target.error());
  request.segments = std::move(target->segments);
  request.trailing_slash = target->trailing_slash;
  request.query = std::move(target->query);
  co_return check_head(request);
}

std::optional<Refusal> Session::check_head(const Request& request) const {
  std::size_t hosts = 0;
  for (const auto& [name, value] : request.headers) hosts += same_name(name, "Host");
  if (hosts > 1 || (hosts == 0 && !head_.http_1_0)) return Refusal{400, "An HTTP/1.1 request has one Host header."};
  if (has_header(request.headers, "Transfer-Encoding") && lower(request.header("Transfer-Encoding")) != "chunked")
    return Refusal{501, "Only the transfer encoding 'chunked' is understood here."};
  const auto expect = request.header("Expect");
  if (!expect.empty() && lower(expect) != "100-continue")
    return Refusal{417, "Only 'Expect: 100-continue' is understood here."};
  const auto coding = lower(request.header("Content-Encoding"));
  if (!coding.empty() && coding != "gzip" && coding != "x-gzip" && coding != "identity")
    return Refusal{415, "Only the content encoding 'gzip' is understood here."};
  return std::nullopt;
}

awaitable<std::optional<Refusal>> Session::read_body(Request& request) {
  std::uint64_t limit = 0;
  try {
    limit = shared_.app.body_limit(request);
  } catch (const std::exception& e) {
    log_error("http", "body_limit for {}: {}", quote_name(request.target), e.what());
    co_return Refusal{500, "The server failed on this request. The reason is in its log."};
  }
  if (head_.content_length.value_or(0) > limit) co_return too_large(limit);
  const bool asks = !head_.http_1_0 && !request.header("Expect").empty();
  if (asks && !wire_.body_ended() && !wire_.bytes_waiting()) {
    const bool told = co_await wire_.send("HTTP/1.1 100 Continue\r\n\r\n");
    if (!told) co_return Refusal{};
  }
  const bool gzip = lower(request.header("Content-Encoding")).ends_with("gzip");
  Body body(gzip ? Body::Coding::gzip : Body::Coding::identity, limit, shared_.options.spool_dir);
  std::optional<Refusal> refusal = co_await read_into(body);
  if (refusal) co_return refusal;
  auto finished = body.finish(request);
  if (!finished) co_return refusal_of(finished.error());
  co_return std::nullopt;
}

awaitable<std::optional<Refusal>> Session::read_into(Body& body) {
  const auto start = SteadyClock::now();
  std::uint64_t received = 0;
  std::vector<char> piece(wire_.body_ended() ? 0 : kPiece);
  while (!wire_.body_ended()) {
    std::size_t size = 0;
    std::optional<Refusal> refusal = co_await wire_.read_body(piece, size);
    if (refusal) co_return refusal;
    auto kept = body.add({piece.data(), size});
    if (!kept) co_return refusal_of(kept.error());
    // A body that drips keeps a connection for ever: it must come at 1 KiB/s on the whole.
    received += size;
    const auto allowed = span_of(shared_.options.read_timeout) + std::chrono::milliseconds(received);
    if (!wire_.body_ended() && SteadyClock::now() - start > allowed)
      co_return Refusal{408, "The request's body came too slowly."};
  }
  co_return std::nullopt;
}

awaitable<Response> Session::handle(Request request) {
  struct Job {
    Request request;
    Response response;
    bool done = false;
  };
  auto job = std::make_shared<Job>(Job{.request = std::move(request), .response = {}});
  auto& workers = over_unix_ ? shared_.local_workers : shared_.workers;
  const bool accepted = workers.submit([self = shared_from_this(), job] {
    try {
      job->response = self->shared_.app.handle(job->request);
      if (!self->over_unix_) compress_answer(job->request, job->response);
    } catch (const std::exception& e) {
      log_error("http", "{} {}: {}", job->request.method, quote_name(job->request.target), e.what());
      job->response = failed();
    } catch (...) {
      log_error("http", "{} {}: unknown exception", job->request.method, quote_name(job->request.target));
      job->response = failed();
    }
    job->request = {};
    asio::post(self->strand_, [self, job] {
      job->done = true;
      self->wire_.signal().notify();
    });
  });
  if (!accepted) co_return overloaded();
  while (!job->done) co_await wire_.signal().wait();
  co_return std::move(job->response);
}

awaitable<Session::Next> Session::answer(Response response, Next after) {
  PIKA_CHECK(response.status >= 200 && response.status <= 599, "an answer has a status of 200 to 599");
  Next next = Next::close;
  if (response.events)
    next = co_await answer_events(std::move(response));
  else if (response.stream)
    next = co_await answer_stream(std::move(response), after);
  else
    next = co_await answer_whole(response, after);
  co_return next;
}

awaitable<Session::Next> Session::answer_whole(const Response& response, Next after) {
  const bool empty = response.status == 204 || response.status == 304;
  Head head{.framing = empty ? Framing::none : Framing::length,
            .length = response.body.size(),
            .keep_alive = after == Next::keep_alive,
            .http_1_0 = head_.http_1_0};
  auto text = format_head(response, head);
  std::string_view body = response.body;
  Response replaced;
  if (!text) {
    log_error("http", "an answer with status {} had a header that cannot be sent", response.status);
    replaced = failed();
    head.framing = Framing::length;
    head.length = replaced.body.size();
    body = replaced.body;
    text = format_head(replaced, head);
  }
  if (is_head_ || head.framing == Framing::none) body = {};
  const bool sent = co_await wire_.send(*text, body);
  co_return sent ? after : Next::close;
}

awaitable<bool> Session::send_head(const Response& response, Framing framing, std::uint64_t length, Next after) {
  const auto text = format_head(
      response,
      {.framing = framing, .length = length, .keep_alive = after == Next::keep_alive, .http_1_0 = head_.http_1_0});
  if (!text) {
    log_error("http", "an answer with status {} had a header that cannot be sent", response.status);
    co_return false;
  }
  const bool sent = co_await wire_.send(*text);
  co_return sent;
}

awaitable<Session::Next> Session::answer_stream(Response response, Next after) {
  // A handler that knows the length says so; the peer can then tell a broken answer from a complete one, as with
  // chunks.
  const auto length = parse_number<std::uint64_t>(find_header(response.headers, "Content-Length"));
  const Framing framing = length ? Framing::length : head_.http_1_0 ? Framing::until_close : Framing::chunked;
  if (framing == Framing::until_close) after = Next::close;
  if (is_head_) {
    const bool told = co_await send_head(response, framing, length.value_or(0), after);
    co_return told ? after : Next::close;
  }
  auto bridge = std::make_shared<StreamBridge>(waker());
  const bool started = shared_.streams.start([bridge, produce = std::move(response.stream)] {
    auto end = StreamBridge::End::failed;
    try {
      produce(*bridge);
      end = StreamBridge::End::complete;
    } catch (const std::exception& e) {
      log_error("http", "a streamed answer broke off: {}", e.what());
    } catch (...) {
      log_error("http", "a streamed answer broke off");
    }
    bridge->finish(end);
  });
  if (!started) {
    const Next refused = co_await answer_whole(overloaded(), after);
    co_return refused;
  }
  bool good = co_await send_head(response, framing, length.value_or(0), after);
  if (good) {
    wire_.watch_peer(shared_from_this());
    good = co_await pump(*bridge, framing, length.value_or(0));
  }
  bridge->peer_gone();
  co_await wire_.unwatch_peer();
  co_return good ? after : Next::close;
}

// Sends what the producer writes until it ends. false: the answer is not whole, so the connection must be closed.
awaitable<bool> Session::pump(StreamBridge& bridge, Framing framing, std::uint64_t length) {
  std::uint64_t sent = 0;
  for (;;) {
    const StreamBridge::Batch batch = bridge.take();
    if (wire_.peer_gone()) co_return false;
    if (batch.bytes.empty() && !batch.ended) {
      co_await wire_.signal().wait();
      continue;
    }
    if (batch.bytes.empty()) {
      if (batch.failed || (framing == Framing::length && sent != length)) co_return false;
      if (framing != Framing::chunked) co_return true;
      const bool ended = co_await wire_.send("0\r\n\r\n");
      co_return ended;
    }
    sent += batch.bytes.size();
    if (framing == Framing::length && sent > length) {
      log_error("http", "a streamed answer is longer than its Content-Length");
      co_return false;
    }
    bool good = false;
    if (framing == Framing::chunked)
      good = co_await wire_.send(fmt::format("{:x}\r\n", batch.bytes.size()), batch.bytes, "\r\n");
    else
      good = co_await wire_.send(batch.bytes);
    if (!good) co_return false;
  }
}

awaitable<Session::Next> Session::answer_events(Response response) {
  events_ = std::dynamic_pointer_cast<EventQueue>(response.events);
  PIKA_CHECK(events_ != nullptr, "an event stream comes from EventStream::make");
  if (is_head_) {
    events_->close();
    const bool told = co_await send_head(response, Framing::until_close, 0, Next::close);
    (void)told;
    co_return Next::close;
  }
  response.set("Content-Type", "text/event-stream");
  if (!has_header(response.headers, "Cache-Control")) response.add("Cache-Control", "no-store");
  const bool first_reader = events_->attach([self = weak_from_this(), strand = strand_] {
    asio::post(strand, [self] {
      auto session = self.lock();
      if (!session) return;
      // A reader so slow may be blocking a write just now: no use in waiting for that.
      if (session->events_ && session->events_->overflowed()) session->wire_.close();
      session->wire_.signal().notify();
    });
  });
  PIKA_CHECK(first_reader, "an event stream has one reader");
  if (shared_.stopping) events_->close();
  bool good = co_await send_head(response, Framing::until_close, 0, Next::close);
  wire_.watch_peer(shared_from_this());
  auto keep_alive = SteadyClock::now() + span_of(shared_.options.event_keep_alive);
  while (good && !wire_.peer_gone()) {
    const EventQueue::Batch batch = events_->take();
    if (batch.ended) break;
    if (!batch.bytes.empty()) {
      good = co_await wire_.send(batch.bytes);
      keep_alive = SteadyClock::now() + span_of(shared_.options.event_keep_alive);
    } else if (SteadyClock::now() >= keep_alive) {
      good = co_await wire_.send(": keep-alive\n\n");
      keep_alive = SteadyClock::now() + span_of(shared_.options.event_keep_alive);
    } else {
      co_await wire_.signal().wait_until(keep_alive);
    }
  }
  events_->detach();
  co_await wire_.unwatch_peer();
  co_return Next::close;
}

std::function<void()> Session::waker() {
  return [self = shared_from_this()] { asio::post(self->strand_, [self] { self->wire_.signal().notify(); }); };
}

}  // namespace

std::shared_ptr<Connection> start_connection(Shared& shared, Peer peer, std::function<void()> on_end) {
  auto session = std::make_shared<Session>(shared, std::move(peer));
  session->start(std::move(on_end));
  return session;
}

}  // namespace pika::http
