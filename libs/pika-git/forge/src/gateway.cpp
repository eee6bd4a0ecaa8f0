// The gateway's life: listening, one thread a runner, stopping.
#include "pika/forge/gateway.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "gateway_connection.hpp"

namespace pika::forge {

namespace {

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

}  // namespace pika::forge
