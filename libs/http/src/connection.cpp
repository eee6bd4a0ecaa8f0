#include "connection.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <optional>

#include "body.hpp"
#include "event_queue.hpp"
#include "headers.hpp"
#include "pika/base/check.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/http/target.hpp"
#include "signal.hpp"
#include "stream_bridge.hpp"

namespace pika::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::awaitable;
using boost::system::error_code;
using Strand = asio::strand<asio::io_context::executor_type>;
using Stream = beast::basic_stream<asio::generic::stream_protocol, Strand>;
using Parser = beast::http::request_parser<beast::http::buffer_body>;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint32_t kHeaderLimit = 64 << 10;
constexpr std::size_t kPiece = 64 << 10;

auto into(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

std::chrono::microseconds span(Micros micros) {
  return std::chrono::microseconds(micros);
}

Response error_response(const Error& error) {
  return text_response(status_of(error.kind), error.text() + "\n");
}

Response refusal(int status, std::string sentence) {
  return text_response(status, std::move(sentence) + "\n");
}

Response overloaded() {
  Response response = refusal(503, "The server has too much to do just now. Try again in a few seconds.");
  response.add("Retry-After", "5");
  return response;
}

constexpr int kNobodyThere = 0;  // the status of an answer that is not sent

// What went wrong with a request that Beast could not read; nullopt: nobody is there to be told.
std::optional<Response> refusal_for(const error_code& error) {
  using beast::http::error;
  if (error == error::header_limit || error == error::buffer_overflow)
    return refusal(431, "The request's headers are larger than 64 KiB.");
  if (error == error::bad_version) return refusal(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
  if (error == error::end_of_stream || error == error::partial_message) return std::nullopt;
  if (error.category() == beast::http::make_error_code(error::bad_method).category())
    return refusal(400, "This is not an HTTP request: " + error.message() + ".");
  return std::nullopt;
}

class Session final : public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(Shared& shared, Peer peer)
      : shared_(shared),
        strand_(asio::make_strand(shared.io)),
        stream_(strand_),
        signal_(strand_),
        peer_(std::move(peer.name)),
        over_unix_(peer.over_unix),
        buffer_(2 * kHeaderLimit) {
    stream_.socket().assign(asio::generic::stream_protocol(peer.family, 0), peer.socket.release());
  }

  void start(std::function<void()> on_end) {
    asio::co_spawn(
        strand_, [self = shared_from_this()] { return self->run(); },
        [self = shared_from_this(), on_end = std::move(on_end)](const std::exception_ptr& failure) {
          try {
            if (failure) std::rethrow_exception(failure);
          } catch (const std::exception& e) {
            log_error("http", "connection from {}: {}", self->peer_, e.what());
          }
          self->close();
          on_end();
        });
  }

  void stop_soon() override {
    asio::post(strand_, [self = shared_from_this()] {
      if (self->idle_) self->close();
      if (self->events_) self->events_->close();
    });
  }

  void abort() override {
    asio::post(strand_, [self = shared_from_this()] {
      self->close();
      self->lose_peer();
    });
  }

 private:
  enum class Next { keep_alive, close, linger };

  // --- the life of the connection
  awaitable<void> run();
  awaitable<bool> wait_for_request();
  awaitable<Next> serve();
  awaitable<void> linger();
  void close();

  // --- the request
  awaitable<std::optional<Response>> read_head(Request& request);
  std::optional<Response> check_head(const Request& request) const;
  awaitable<std::optional<Response>> read_body(Request& request);
  awaitable<Response> handle(Request request);

  // --- the answer
  awaitable<Next> answer(Response response, Next after);
  awaitable<Next> answer_whole(const Response& response, Next after);
  awaitable<Next> answer_stream(Response response, Next after);
  awaitable<bool> pump(StreamBridge& bridge, Framing framing, std::uint64_t length);
  awaitable<Next> answer_events(Response response);
  awaitable<bool> send_head(const Response& response, Framing framing, std::uint64_t length, Next after);
  awaitable<bool> send(std::string_view a, std::string_view b = {}, std::string_view c = {});

  // --- the peer, while an answer goes on
  void watch_peer();
  awaitable<void> unwatch_peer();
  void lose_peer();
  std::function<void()> waker();

  Shared& shared_;
  Strand strand_;
  Stream stream_;
  Signal signal_;
  const std::string peer_;
  const bool over_unix_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  bool idle_ = false;  // waits for the first byte of a request
  bool is_head_ = false;
  bool http_1_0_ = false;
  bool watching_ = false;
  bool peer_gone_ = false;
  std::shared_ptr<EventQueue> events_;
};

awaitable<void> Session::run() {
  for (;;) {
    const bool there = co_await wait_for_request();
    if (!there) co_return;
    const Next next = co_await serve();
    events_.reset();
    if (next == Next::linger) co_await linger();
    if (next != Next::keep_alive || shared_.stopping) co_return;
  }
}

awaitable<bool> Session::wait_for_request() {
  if (buffer_.size() > 0) co_return true;  // pipelined
  if (shared_.stopping) co_return false;
  idle_ = true;
  stream_.expires_after(span(shared_.options.idle_timeout));
  error_code error;
  const std::size_t size = co_await stream_.async_read_some(buffer_.prepare(kPiece / 16), into(error));
  idle_ = false;
  if (error) co_return false;
  buffer_.commit(size);
  co_return true;
}

awaitable<Session::Next> Session::serve() {
  is_head_ = http_1_0_ = false;
  Request request;
  std::optional<Response> refused = co_await read_head(request);
  if (!refused) refused = co_await read_body(request);
  if (refused) {
    if (refused->status == kNobodyThere) co_return Next::close;
    const Next told = co_await answer(std::move(*refused), Next::linger);
    co_return told;
  }
  const Next after = parser_->keep_alive() && !shared_.stopping ? Next::keep_alive : Next::close;
  parser_.reset();
  Response response = co_await handle(std::move(request));
  const Next next = co_await answer(std::move(response), after);
  co_return next;
}

// The peer may still be sending: closing now would reset the connection, and it would never read why it was refused.
awaitable<void> Session::linger() {
  constexpr std::size_t kMost = 16 << 20;
  error_code error;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
  stream_.expires_after(std::min<SteadyClock::duration>(std::chrono::seconds(2), span(shared_.options.read_timeout)));
  std::array<char, 16 << 10> thrown_away;
  for (std::size_t total = 0; !error && total < kMost;) {
    const std::size_t size = co_await stream_.async_read_some(asio::buffer(thrown_away), into(error));
    total += size;
  }
}

void Session::close() {
  stream_.close();
}

// An answer that refuses the request; one with status kNobodyThere when nobody is there to be told.
awaitable<std::optional<Response>> Session::read_head(Request& request) {
  parser_.emplace();
  parser_->header_limit(kHeaderLimit);
  parser_->body_limit(boost::none);                           // Body has the limit
  stream_.expires_after(span(shared_.options.read_timeout));  // for the whole head
  error_code error;
  co_await beast::http::async_read_header(stream_, buffer_, *parser_, into(error));
  if (error) {
    auto refused = refusal_for(error);
    if (refused) co_return refused;
    co_return Response{.status = kNobodyThere};
  }
  const auto& message = parser_->get();
  http_1_0_ = message.version() == 10;
  is_head_ = message.method() == beast::http::verb::head;
  request.method = is_head_ ? "GET" : std::string(message.method_string());
  request.target = message.target();
  request.peer = peer_;
  request.over_unix = over_unix_;
  for (const auto& field : message) request.headers.emplace_back(field.name_string(), field.value());
  auto target = parse_target(request.target);
  if (!target) co_return error_response(target.error());
  request.segments = std::move(target->segments);
  request.trailing_slash = target->trailing_slash;
  request.query = std::move(target->query);
  co_return check_head(request);
}

std::optional<Response> Session::check_head(const Request& request) const {
  std::size_t hosts = 0;
  for (const auto& [name, value] : request.headers) hosts += same_name(name, "Host");
  if (hosts > 1 || (hosts == 0 && !http_1_0_)) return refusal(400, "An HTTP/1.1 request has one Host header.");
  if (has_header(request.headers, "Transfer-Encoding") && lower(request.header("Transfer-Encoding")) != "chunked")
    return refusal(501, "Only the transfer encoding 'chunked' is understood here.");
  const auto expect = request.header("Expect");
  if (!expect.empty() && lower(expect) != "100-continue")
    return refusal(417, "Only 'Expect: 100-continue' is understood here.");
  const auto coding = lower(request.header("Content-Encoding"));
  if (!coding.empty() && coding != "gzip" && coding != "x-gzip" && coding != "identity")
    return refusal(415, "Only the content encoding 'gzip' is understood here.");
  return std::nullopt;
}

awaitable<std::optional<Response>> Session::read_body(Request& request) {
  std::uint64_t limit = 0;
  try {
    limit = shared_.app.body_limit(request);
  } catch (const std::exception& e) {
    log_error("http", "body_limit for {}: {}", quote_name(request.target), e.what());
    co_return refusal(500, "The server failed on this request. The reason is in its log.");
  }
  const bool gzip = lower(request.header("Content-Encoding")).ends_with("gzip");
  Body body(gzip ? Body::Coding::gzip : Body::Coding::identity, limit, shared_.options.spool_dir);
  if (parser_->content_length() && *parser_->content_length() > limit)
    co_return refusal(
        413, fmt::format("The request's body is larger than {}, the most that is taken here.", format_bytes(limit)));
  if (!parser_->is_done() && !http_1_0_ && !request.header("Expect").empty() && buffer_.size() == 0) {
    const bool told = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
    if (!told) co_return Response{.status = kNobodyThere};
  }
  const auto start = SteadyClock::now();
  std::uint64_t received = 0;
  std::vector<char> piece(parser_->is_done() ? 0 : kPiece);
  while (!parser_->is_done()) {
    parser_->get().body() = {.data = piece.data(), .size = piece.size(), .more = true};
    stream_.expires_after(span(shared_.options.read_timeout));
    error_code error;
    co_await beast::http::async_read_some(stream_, buffer_, *parser_, into(error));
    if (error == beast::http::error::need_buffer) error = {};
    if (error) {
      auto refused = refusal_for(error);
      if (refused) co_return refused;
      co_return Response{.status = kNobodyThere};
    }
    const std::size_t size = piece.size() - parser_->get().body().size;
    auto kept = body.add({piece.data(), size});
    if (!kept) co_return error_response(kept.error());
    // A body that drips keeps a connection for ever: it must come at 1 KiB/s on the whole.
    received += size;
    const auto allowed = span(shared_.options.read_timeout) + std::chrono::milliseconds(received);
    if (!parser_->is_done() && SteadyClock::now() - start > allowed)
      co_return refusal(408, "The request's body came too slowly.");
  }
  auto finished = body.finish(request);
  if (!finished) co_return error_response(finished.error());
  co_return std::nullopt;
}

awaitable<Response> Session::handle(Request request) {
  struct Job {
    Request request;
    Response response;
    bool done = false;
  };
  auto job = std::make_shared<Job>(Job{.request = std::move(request), .response = {}});
  const bool accepted = shared_.workers.submit([self = shared_from_this(), job] {
    try {
      job->response = self->shared_.app.handle(job->request);
    } catch (const std::exception& e) {
      log_error("http", "{} {}: {}", job->request.method, quote_name(job->request.target), e.what());
      job->response = refusal(500, "The server failed on this request. The reason is in its log.");
    } catch (...) {
      log_error("http", "{} {}: unknown exception", job->request.method, quote_name(job->request.target));
      job->response = refusal(500, "The server failed on this request. The reason is in its log.");
    }
    job->request = {};
    asio::post(self->strand_, [self, job] {
      job->done = true;
      self->signal_.notify();
    });
  });
  if (!accepted) co_return overloaded();
  while (!job->done) co_await signal_.wait();
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
            .http_1_0 = http_1_0_};
  auto text = format_head(response, head);
  std::string_view body = response.body;
  Response replaced;
  if (!text) {
    log_error("http", "an answer with status {} had a header that cannot be sent", response.status);
    replaced = refusal(500, "The server failed on this request. The reason is in its log.");
    head.framing = Framing::length;
    head.length = replaced.body.size();
    body = replaced.body;
    text = format_head(replaced, head);
  }
  if (is_head_ || head.framing == Framing::none) body = {};
  const bool sent = co_await send(*text, body);
  co_return sent ? after : Next::close;
}

awaitable<bool> Session::send_head(const Response& response, Framing framing, std::uint64_t length, Next after) {
  const auto text = format_head(
      response, {.framing = framing, .length = length, .keep_alive = after == Next::keep_alive, .http_1_0 = http_1_0_});
  if (!text) {
    log_error("http", "an answer with status {} had a header that cannot be sent", response.status);
    co_return false;
  }
  const bool sent = co_await send(*text);
  co_return sent;
}

awaitable<Session::Next> Session::answer_stream(Response response, Next after) {
  // A handler that knows the length says so; the peer can then tell a broken answer from a complete one, as with
  // chunks.
  const auto length = parse_number<std::uint64_t>(find_header(response.headers, "Content-Length"));
  const Framing framing = length ? Framing::length : http_1_0_ ? Framing::until_close : Framing::chunked;
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
    watch_peer();
    good = co_await pump(*bridge, framing, length.value_or(0));
  }
  bridge->peer_gone();
  co_await unwatch_peer();
  co_return good ? after : Next::close;
}

// Sends what the producer writes until it ends. false: the answer is not whole, so the connection must be closed.
awaitable<bool> Session::pump(StreamBridge& bridge, Framing framing, std::uint64_t length) {
  std::uint64_t sent = 0;
  for (;;) {
    const StreamBridge::Batch batch = bridge.take();
    if (peer_gone_) co_return false;
    if (batch.bytes.empty() && !batch.ended) {
      co_await signal_.wait();
      continue;
    }
    if (batch.bytes.empty()) {
      if (batch.failed || (framing == Framing::length && sent != length)) co_return false;
      if (framing != Framing::chunked) co_return true;
      const bool ended = co_await send("0\r\n\r\n");
      co_return ended;
    }
    sent += batch.bytes.size();
    if (framing == Framing::length && sent > length) {
      log_error("http", "a streamed answer is longer than its Content-Length");
      co_return false;
    }
    bool good = false;
    if (framing == Framing::chunked)
      good = co_await send(fmt::format("{:x}\r\n", batch.bytes.size()), batch.bytes, "\r\n");
    else
      good = co_await send(batch.bytes);
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
      if (session->events_ && session->events_->overflowed()) session->close();
      session->signal_.notify();
    });
  });
  PIKA_CHECK(first_reader, "an event stream has one reader");
  if (shared_.stopping) events_->close();
  bool good = co_await send_head(response, Framing::until_close, 0, Next::close);
  watch_peer();
  auto keep_alive = SteadyClock::now() + span(shared_.options.event_keep_alive);
  while (good && !peer_gone_) {
    const EventQueue::Batch batch = events_->take();
    if (batch.ended) break;
    if (!batch.bytes.empty()) {
      good = co_await send(batch.bytes);
      keep_alive = SteadyClock::now() + span(shared_.options.event_keep_alive);
    } else if (SteadyClock::now() >= keep_alive) {
      good = co_await send(": keep-alive\n\n");
      keep_alive = SteadyClock::now() + span(shared_.options.event_keep_alive);
    } else {
      co_await signal_.wait_until(keep_alive);
    }
  }
  events_->detach();
  co_await unwatch_peer();
  co_return Next::close;
}

// Everything, or false. The deadline is for each piece that the peer takes, not for the whole.
awaitable<bool> Session::send(std::string_view a, std::string_view b, std::string_view c) {
  const std::array<asio::const_buffer, 3> all{asio::buffer(a), asio::buffer(b), asio::buffer(c)};
  beast::buffers_suffix<std::array<asio::const_buffer, 3>> left(all);
  std::size_t size = a.size() + b.size() + c.size();
  while (size > 0) {
    stream_.expires_after(span(shared_.options.write_timeout));
    error_code error;
    const std::size_t written = co_await stream_.async_write_some(left, into(error));
    if (error) {
      lose_peer();
      co_return false;
    }
    left.consume(written);
    size -= written;
  }
  co_return true;
}

// Sees that the peer has gone while nothing is written. It only peeks: what arrives may be the next request.
void Session::watch_peer() {
  watching_ = true;
  asio::co_spawn(
      strand_,
      [self = shared_from_this()]() -> awaitable<void> {
        error_code error;
        co_await self->stream_.socket().async_wait(asio::socket_base::wait_read, into(error));
        char byte;
        if (!error) {
          const auto n = ::recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
          if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) self->lose_peer();
        }
        self->watching_ = false;
        self->signal_.notify();
      },
      asio::detached);
}

awaitable<void> Session::unwatch_peer() {
  error_code ignored;
  if (watching_) stream_.socket().cancel(ignored);
  while (watching_) co_await signal_.wait();
}

void Session::lose_peer() {
  peer_gone_ = true;
  signal_.notify();
}

std::function<void()> Session::waker() {
  return [self = shared_from_this()] { asio::post(self->strand_, [self] { self->signal_.notify(); }); };
}

}  // namespace

std::shared_ptr<Connection> start_connection(Shared& shared, Peer peer, std::function<void()> on_end) {
  auto session = std::make_shared<Session>(shared, std::move(peer));
  session->start(std::move(on_end));
  return session;
}

}  // namespace pika::http
