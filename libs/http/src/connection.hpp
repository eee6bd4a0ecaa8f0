// One connection of the server: reads requests, has them handled, sends the answers. No Beast type shows here.
#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "pika/base/fd.hpp"
#include "pika/http/server.hpp"
#include "pool.hpp"

namespace pika::http {

// What all connections of a server share; outlives them.
struct Shared {
  const ServerOptions& options;
  App& app;
  boost::asio::io_context& io;
  WorkerPool& workers;        // handlers of requests over TCP
  WorkerPool& local_workers;  // ... over the Unix socket
  StreamThreads& streams;
  std::atomic<bool> stopping = false;
};

class Connection {
 public:
  virtual ~Connection() = default;
  // From any thread. Ends after the request it works on; at once when it works on none; event streams are closed.
  virtual void stop_soon() = 0;
  // From any thread. Closes the socket: reads and writes fail, a stream's write() gives false.
  virtual void abort() = 0;
};

struct Peer {
  UniqueFd socket;  // connected, non-blocking
  int family = 0;
  std::string name;  // Request::peer
  bool over_unix = false;
};

// Starts it; `on_end` is called once, from an I/O thread, when it has ended. It keeps itself alive until then.
std::shared_ptr<Connection> start_connection(Shared& shared, Peer peer, std::function<void()> on_end);

}  // namespace pika::http
