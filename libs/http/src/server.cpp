#include "pika/http/server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "connection.hpp"
#include "listener.hpp"
#include "pika/base/check.hpp"
#include "pika/base/log.hpp"
#include "pool.hpp"

namespace pika::http {

namespace asio = boost::asio;
using boost::system::error_code;

struct Server::Impl {
  Impl(ServerOptions given, App& app)
      : options(std::move(given)),
        io(static_cast<int>(std::max(1u, options.io_threads))),
        work(asio::make_work_guard(io)),
        workers(options.workers, options.max_pending),
        local_workers(options.unix_path.empty() ? 1 : options.unix_workers, options.max_pending),
        streams(options.max_streams),
        shared{.options = options,
               .app = app,
               .io = io,
               .workers = workers,
               .local_workers = local_workers,
               .streams = streams} {}

  struct Acceptor {
    Acceptor(asio::io_context& io, UniqueFd socket) : descriptor(io, socket.release()) {}
    asio::posix::stream_descriptor descriptor;
  };

  Status start();
  void stop(Micros drain);
  static asio::awaitable<void> accept_loop(Impl& impl, std::shared_ptr<Acceptor> acceptor);
  void accept_all(int listening);
  void add(Peer peer);
  void for_each(void (Connection::*what)());
  bool wait_for_end(std::chrono::microseconds span);
  void remove_unix_socket();

  const ServerOptions options;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  WorkerPool workers, local_workers;
  StreamThreads streams;
  Shared shared;
  std::vector<std::thread> threads;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  std::uint16_t port = 0;
  std::uint64_t unix_inode = 0;
  bool started = false;
  bool stopped = false;

  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections;
  std::uint64_t next_id = 0;
  std::size_t open = 0;  // connections that have not ended
  std::size_t accepting = 0;
};

Status Server::Impl::start() {
  PIKA_CHECK(!started, "a server is started once");
  auto tcp = PIKA_TRY(listen_tcp(options.address, options.port));
  std::vector<UniqueFd> sockets;
  port = tcp.port;
  sockets.push_back(std::move(tcp.socket));
  if (!options.unix_path.empty()) {
    auto local = PIKA_TRY(listen_unix(options.unix_path));
    struct stat status{};
    if (::lstat(options.unix_path.c_str(), &status) == 0) unix_inode = status.st_ino;
    sockets.push_back(std::move(local.socket));
  }
  started = true;
  accepting = sockets.size();
  for (auto& socket : sockets) {
    auto acceptor = acceptors.emplace_back(std::make_shared<Acceptor>(io, std::move(socket)));
    asio::co_spawn(io, accept_loop(*this, acceptor), [this](const std::exception_ptr& failure) {
      PIKA_CHECK(!failure, "accepting connections throws nothing");
      std::lock_guard lock(mutex);
      --accepting;
      changed.notify_all();
    });
  }
  for (unsigned i = 0; i < std::max(1u, options.io_threads); ++i) threads.emplace_back([this] { io.run(); });
  return {};
}

asio::awaitable<void> Server::Impl::accept_loop(Impl& impl, std::shared_ptr<Acceptor> acceptor) {
  asio::steady_timer pause(impl.io);
  while (!impl.shared.stopping) {
    error_code error;
    co_await acceptor->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                                             asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    bool exhausted = false;
    try {
      impl.accept_all(acceptor->descriptor.native_handle());
    } catch (const SystemError& e) {
      log_error("http", "no connection can be taken just now: {}", e.what());
      exhausted = true;
    }
    if (exhausted) {  // the connection stays in the queue, so waiting for it would spin
      pause.expires_after(std::chrono::milliseconds(200));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
  error_code ignored;
  acceptor->descriptor.close(ignored);
}

void Server::Impl::accept_all(int listening) {
  constexpr int kAtOnce = 64;  // then others get their turn
  for (int i = 0; i < kAtOnce; ++i) {
    auto peer = accept_one(listening);
    if (!peer) return;
    add(std::move(*peer));
  }
}

void Server::Impl::add(Peer peer) {
  static constexpr std::string_view kFull =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  std::lock_guard lock(mutex);
  if (shared.stopping) return;
  if (open >= options.max_connections) {
    [[maybe_unused]] const auto told =
        ::send(peer.socket.get(), kFull.data(), kFull.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  const auto id = next_id++;
  ++open;
  connections[id] = start_connection(shared, std::move(peer), [this, id] {
    std::lock_guard ending(mutex);
    connections.erase(id);
    --open;
    changed.notify_all();
  });
}

void Server::Impl::for_each(void (Connection::*what)()) {
  std::vector<std::shared_ptr<Connection>> all;
  {
    std::lock_guard lock(mutex);
    for (const auto& [id, connection] : connections) all.push_back(connection);
  }
  for (const auto& connection : all) ((*connection).*what)();
}

bool Server::Impl::wait_for_end(std::chrono::microseconds span) {
  std::unique_lock lock(mutex);
  return changed.wait_for(lock, span, [this] { return open == 0; });
}

void Server::Impl::remove_unix_socket() {
  struct stat status{};
  if (unix_inode != 0 && ::lstat(options.unix_path.c_str(), &status) == 0 && status.st_ino == unix_inode)
    ::unlink(options.unix_path.c_str());
}

void Server::Impl::stop(Micros drain) {
  if (!started || std::exchange(stopped, true)) return;
  shared.stopping = true;
  for (auto& acceptor : acceptors)
    asio::post(io, [acceptor] {
      error_code ignored;
      acceptor->descriptor.cancel(ignored);
    });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return accepting == 0; });
  }
  remove_unix_socket();
  for_each(&Connection::stop_soon);
  if (!wait_for_end(std::chrono::microseconds(drain))) for_each(&Connection::abort);
  workers.stop();
  local_workers.stop();
  // A handler that ended only now may have begun a stream or an event stream meanwhile.
  for_each(&Connection::abort);
  streams.join();
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return open == 0; });
  }
  work.reset();
  for (auto& thread : threads) thread.join();
}

Server::Server(ServerOptions options, App& app) : impl_(std::make_unique<Impl>(std::move(options), app)) {}
Server::~Server() {
  stop();
}
Status Server::start() {
  return impl_->start();
}
void Server::stop(Micros drain) {
  impl_->stop(drain);
}
std::uint16_t Server::port() const {
  return impl_->port;
}

}  // namespace pika::http
