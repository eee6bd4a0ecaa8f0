#include "wire.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

namespace pika::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Parser = beast::http::request_parser<beast::http::buffer_body>;

namespace {

constexpr std::uint32_t kHeaderLimit = 64 << 10;
constexpr std::size_t kFirstRead = 4 << 10;

auto into(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

std::chrono::microseconds span_of(Micros micros) {
  return std::chrono::microseconds(micros);
}

Refusal refusal_for(const error_code& error) {
  using beast::http::error;
  if (error == error::header_limit || error == error::buffer_overflow)
    return {.status = 431, .sentence = "The request's headers are larger than 64 KiB."};
  if (error == error::bad_version) return {.status = 505, .sentence = "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  if (error == error::end_of_stream || error == error::partial_message) return {};
  if (error.category() == beast::http::make_error_code(error::bad_method).category())
    return {.status = 400, .sentence = "This is not an HTTP request: " + error.message() + "."};
  return {};
}

}  // namespace

struct Wire::Impl {
  explicit Impl(const Strand& strand) : stream(strand), buffer(2 * kHeaderLimit) {}
  beast::basic_stream<asio::generic::stream_protocol, Strand> stream;
  beast::flat_buffer buffer;
  std::optional<Parser> parser;
  bool idle = false;
};

Wire::Wire(const Strand& strand, Peer peer, const ServerOptions& options)
    : options_(options), signal_(strand), impl_(std::make_unique<Impl>(strand)) {
  impl_->stream.socket().assign(asio::generic::stream_protocol(peer.family, 0), peer.socket.release());
}

Wire::~Wire() = default;

Wire::Awaitable<bool> Wire::wait_for_request() {
  if (impl_->buffer.size() > 0) co_return true;  // pipelined
  impl_->idle = true;
  impl_->stream.expires_after(span_of(options_.idle_timeout));
  error_code error;
  const std::size_t size = co_await impl_->stream.async_read_some(impl_->buffer.prepare(kFirstRead), into(error));
  impl_->idle = false;
  if (error) co_return false;
  impl_->buffer.commit(size);
  co_return true;
}

bool Wire::idle() const {
  return impl_->idle;
}

Wire::Awaitable<std::optional<Refusal>> Wire::read_head(RequestHead& head) {
  Parser& parser = impl_->parser.emplace();
  parser.header_limit(kHeaderLimit);
  parser.body_limit(boost::none);                               // Body has the limit
  impl_->stream.expires_after(span_of(options_.read_timeout));  // for the whole head
  error_code error;
  co_await beast::http::async_read_header(impl_->stream, impl_->buffer, parser, into(error));
  if (error) co_return refusal_for(error);
  const auto& message = parser.get();
  head.http_1_0 = message.version() == 10;
  head.keep_alive = parser.keep_alive();
  head.method = message.method_string();
  head.target = message.target();
  for (const auto& field : message) head.headers.emplace_back(field.name_string(), field.value());
  if (parser.content_length()) head.content_length = *parser.content_length();
  co_return std::nullopt;
}

bool Wire::body_ended() const {
  return impl_->parser->is_done();
}
bool Wire::bytes_waiting() const {
  return impl_->buffer.size() > 0;
}

Wire::Awaitable<std::optional<Refusal>> Wire::read_body(std::span<char> piece, std::size_t& size) {
  Parser& parser = *impl_->parser;
  auto& body = parser.get().body();
  body = {.data = piece.data(), .size = piece.size(), .more = true};
  impl_->stream.expires_after(span_of(options_.read_timeout));
  error_code error;
  co_await beast::http::async_read_some(impl_->stream, impl_->buffer, parser, into(error));
  size = piece.size() - body.size;
  if (error && error != beast::http::error::need_buffer) co_return refusal_for(error);
  co_return std::nullopt;
}

Wire::Awaitable<bool> Wire::send(std::string_view a, std::string_view b, std::string_view c) {
  const std::array<asio::const_buffer, 3> all{asio::buffer(a), asio::buffer(b), asio::buffer(c)};
  beast::buffers_suffix<std::array<asio::const_buffer, 3>> left(all);
  std::size_t size = a.size() + b.size() + c.size();
  while (size > 0) {
    impl_->stream.expires_after(span_of(options_.write_timeout));
    error_code error;
    const std::size_t written = co_await impl_->stream.async_write_some(left, into(error));
    if (error) {
      lose_peer();
      co_return false;
    }
    left.consume(written);
    size -= written;
  }
  co_return true;
}

void Wire::close() {
  impl_->stream.close();
}

// The peer may still be sending: closing now would reset the connection, and it would never read why it was refused.
Wire::Awaitable<void> Wire::linger() {
  constexpr std::size_t kMost = 16 << 20;
  constexpr Micros kLongest = 10 * kSecond;
  error_code error;
  impl_->stream.socket().shutdown(asio::socket_base::shutdown_send, error);
  impl_->stream.expires_after(span_of(std::min(kLongest, options_.read_timeout)));
  std::array<char, 16 << 10> thrown_away;
  for (std::size_t total = 0; !error && total < kMost;) {
    const std::size_t size = co_await impl_->stream.async_read_some(asio::buffer(thrown_away), into(error));
    total += size;
  }
}

// It only peeks: what arrives may be the next request.
void Wire::watch_peer(std::shared_ptr<void> keep_alive) {
  watching_ = true;
  asio::co_spawn(
      impl_->stream.get_executor(),
      [this, keep_alive = std::move(keep_alive)]() -> Awaitable<void> {
        error_code error;
        auto& socket = impl_->stream.socket();
        co_await socket.async_wait(asio::socket_base::wait_read, into(error));
        char byte;
        if (!error) {
          const auto n = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
          if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) lose_peer();
        }
        watching_ = false;
        signal_.notify();
      },
      asio::detached);
}

Wire::Awaitable<void> Wire::unwatch_peer() {
  error_code ignored;
  if (watching_) impl_->stream.socket().cancel(ignored);
  while (watching_) co_await signal_.wait();
}

void Wire::lose_peer() {
  peer_gone_ = true;
  signal_.notify();
}

}  // namespace pika::http
