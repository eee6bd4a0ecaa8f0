// The HTTP server: connections on Asio coroutines (one strand each), handlers as ordinary blocking functions on a
// pool of worker threads.
//
//   http::Server server({.address = "127.0.0.1", .port = 8787, .unix_path = data / "run/admin.sock"}, app);
//   server.start();   // bound and listening when it returns; a Result error names the port and who may hold it
//   server.stop();    // no new requests, running ones get `drain` to end, event streams are closed
//
// Every read has a deadline; headers are limited to 64 KiB; a body to what App::body_limit says for that request
// (413 above it). Requests above the limit of pending work get 503 with Retry-After. Bodies with
// "Content-Encoding: gzip" arrive inflated (git sends them), the limit holding for the inflated size.
// Text goes out gzipped to whom takes it,
// but on the Unix socket. "Expect: 100-continue" is answered. HEAD is answered from GET without the body. A handler
// that throws is a 500 with a sentence and a log line. Answers carry no Server header.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "pika/base/clock.hpp"
#include "pika/http/message.hpp"

namespace pika::http {

class App {
 public:
  virtual ~App() = default;
  // Called on a worker thread; blocking is fine. Must be thread-safe.
  virtual Response handle(Request& request) = 0;
  // Called on an I/O thread with method, target and headers known, body empty: must be quick.
  virtual std::uint64_t body_limit(const Request& head) { return (void)head, 1u << 20; }
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;             // 0: any free one, see Server::port()
  std::filesystem::path unix_path{};  // also listen here when not empty (mode 0600, a stale socket is replaced)
  std::filesystem::path spool_dir{};  // where large bodies go; empty: the system's temporary folder
  unsigned io_threads = 1;
  unsigned workers = 8;
  unsigned unix_workers = 4;        // of the Unix socket alone: what holds the others cannot keep git's hooks waiting
  unsigned max_pending = 512;       // requests that wait for a worker; above it 503
  unsigned max_streams = 256;       // threads that write streamed answers at once; above it 503
  unsigned max_connections = 4096;  // above it 503 and closed
  Micros read_timeout = 30 * kSecond;      // between pieces of a request
  Micros idle_timeout = 75 * kSecond;      // of a kept-alive connection
  Micros write_timeout = 60 * kSecond;     // a peer that takes nothing for so long is dropped
  Micros event_keep_alive = 15 * kSecond;  // a comment to each event stream, so that proxies keep it open
};

class Server {
 public:
  Server(ServerOptions options, App& app);
  ~Server();  // stops
  Status start();
  // Idempotent; not from a handler. A handler or stream that still runs after `drain` loses its peer, and is waited
  // for.
  void stop(Micros drain = 5 * kSecond);
  std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pika::http
