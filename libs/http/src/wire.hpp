// One connected socket that speaks HTTP/1: messages' framing, deadlines, and whether the peer is still there. All of it
// runs on the connection's strand. wire.cpp is the only file that includes Beast.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "connection.hpp"
#include "pika/http/message.hpp"
#include "signal.hpp"

namespace pika::http {

// Why a request cannot be read, as an answer says it.
struct Refusal {
  int status = 0;  // 0: nobody is there to be told
  std::string sentence{};
};

struct RequestHead {
  std::string method;
  std::string target;
  Headers headers;
  bool http_1_0 = false;
  bool keep_alive = false;
  std::optional<std::uint64_t> content_length;
};

class Wire {
 public:
  using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

  Wire(const Strand& strand, Peer peer, const ServerOptions& options);
  ~Wire();

  // --- reading
  // false: the peer closed, said nothing for too long, or close() was called.
  Awaitable<bool> wait_for_request();
  bool idle() const;  // in wait_for_request()
  Awaitable<std::optional<Refusal>> read_head(RequestHead& head);
  bool body_ended() const;
  bool bytes_waiting() const;                                                            // that came behind the head
  Awaitable<std::optional<Refusal>> read_body(std::span<char> into, std::size_t& size);  // the next piece

  // --- writing
  // Everything, or false. The deadline is for each piece that the peer takes, not for the whole.
  Awaitable<bool> send(std::string_view a, std::string_view b = {}, std::string_view c = {});

  // --- the end
  void close();
  // After an answer to a request that was not read whole: takes a little more, then is ready to be closed.
  Awaitable<void> linger();

  // --- the peer, while an answer waits for its producer. Its going sets peer_gone() and notifies signal().
  void watch_peer(std::shared_ptr<void> keep_alive);
  Awaitable<void> unwatch_peer();
  bool peer_gone() const { return peer_gone_; }
  void lose_peer();
  Signal& signal() { return signal_; }

 private:
  struct Impl;
  const ServerOptions& options_;
  Signal signal_;
  std::unique_ptr<Impl> impl_;
  bool watching_ = false;
  bool peer_gone_ = false;
};

}  // namespace pika::http
