// A server for one test, and a raw socket to be rude to it.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/http/client.hpp"
#include "pika/http/server.hpp"

namespace pika::http::test {

class RoutedApp : public App {
 public:
  std::map<std::string, std::function<Response(Request&)>> routes;  // by the first segment
  std::uint64_t limit = 1u << 20;
  std::function<Response(Request&)> otherwise = [](Request&) { return text_response(404, "nothing here\n"); };
  Response handle(Request& request) override;
  std::uint64_t body_limit(const Request&) override { return limit; }
};

// Bytes over a socket. Every wait ends after 20 s with an exception, so that a test cannot hang.
class RawPeer {
 public:
  static RawPeer tcp(std::uint16_t port, int receive_buffer = 0);
  static RawPeer unix_socket(const fs::path& path);
  void send(std::string_view bytes);
  // false: the server has closed. For sending more than it may want to take.
  bool try_send(std::string_view bytes);
  std::string read_until(std::string_view mark);  // up to and with the mark; throws at the end of the stream
  std::string read_exactly(std::size_t size);
  std::string read_to_end();  // until the server closes or resets
  // One answer with a Content-Length, head and body apart.
  struct Answer {
    std::string head, body;
    int status() const { return std::stoi(head.substr(9, 3)); }
  };
  Answer read_answer(bool with_body = true);
  bool was_reset() const { return was_reset_; }  // the stream ended by RST
  void finish_sending();
  void close() { socket_.reset(); }
  void reset();  // closes with RST
  int fd() const { return socket_.get(); }

 private:
  explicit RawPeer(UniqueFd socket) : socket_(std::move(socket)) {}
  bool more();  // false at the end
  UniqueFd socket_;
  std::string buffer_;
  bool was_reset_ = false;
};

// 0 or 1: which of them has something to read first; throws after 20 s.
std::size_t first_readable(const RawPeer& a, const RawPeer& b);

// A thing that another thread makes true; wait() ends after 20 s.
class Flag {
 public:
  void set();
  bool wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

inline std::string url_of(const Server& server, std::string_view path) {
  return "http://127.0.0.1:" + std::to_string(server.port()) + std::string(path);
}

// A socket file as a killed server leaves it.
void leave_stale_socket(const fs::path& path);

std::string gzip(std::string_view bytes);

}  // namespace pika::http::test
