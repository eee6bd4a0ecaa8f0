#include "exec/allow_proxy.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "exec/proxy_request.hpp"
#include "pika/base/log.hpp"
#include "pika/base/result.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"

namespace jerichoci {

using pika::Micros;
using pika::monotonic_now;
using pika::UniqueFd;

namespace {

constexpr std::size_t kMostHosts = 500;  // names in the record; a job may ask for any number

int poll_ms(Micros until) {
  return static_cast<int>(std::clamp<Micros>((until - monotonic_now() + 999) / 1000, 0, 3'600'000));
}

// Waits for `events` of fd. False: too late, or everything stops.
bool wait_for(int fd, short events, int stop_fd, Micros until) {
  struct pollfd fds[2] = {{fd, events, 0}, {stop_fd, POLLIN, 0}};
  while (true) {
    int n = ::poll(fds, 2, poll_ms(until));
    if (n < 0 && errno == EINTR) continue;
    return n > 0 && !fds[1].revents;
  }
}

bool send_all(int fd, std::string_view bytes, int stop_fd, Micros until) {
  while (!bytes.empty()) {
    auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    bool later = errno == EAGAIN || errno == EINTR;
    if (!later || !wait_for(fd, POLLOUT, stop_fd, until)) return false;
  }
  return true;
}

// All up to the empty line in `head`, what came behind it in `rest`. False: it never came, or was too long.
bool read_head(int fd, int stop_fd, Micros until, std::string& head, std::string& rest) {
  char buffer[4096];
  while (head.size() < kMostRequestHead) {
    if (!wait_for(fd, POLLIN, stop_fd, until)) return false;
    auto n = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return false;
    auto from = head.size() < 3 ? 0 : head.size() - 3;
    head.append(buffer, static_cast<std::size_t>(n));
    if (auto end = head.find("\r\n\r\n", from); end != std::string::npos) {
      rest = head.substr(end + 4);
      head.resize(end + 4);
      return true;
    }
  }
  return false;
}

std::string answer(std::string_view status, const std::string& sentence) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}\n",
      status, sentence.size() + 1, sentence);
}

// One direction of a tunnel.
struct Pump {
  int from, to;
  std::vector<char> buffer = std::vector<char>(32 * 1024);
  std::size_t begin = 0, end = 0;
  bool ended = false;  // nothing more comes, and that was passed on

  bool empty() const { return begin == end; }
  // False when the connection broke.
  bool move() {
    if (empty() && !ended) {
      auto n = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n < 0) return errno == EAGAIN || errno == EINTR;
      if (n == 0) {
        ended = true;
        ::shutdown(to, SHUT_WR);
        return true;
      }
      begin = 0;
      end = static_cast<std::size_t>(n);
    }
    if (empty()) return true;
    auto n = ::send(to, buffer.data() + begin, end - begin, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    begin += static_cast<std::size_t>(n);
    return true;
  }
};

// Until both sides have said all, one breaks, nothing moves for `idle`, or everything stops.
void relay(int client, int server, int stop_fd, Micros idle) {
  Pump up{client, server}, down{server, client};
  while (!(up.ended && down.ended)) {
    auto want = [](const Pump& in, const Pump& out) {
      return static_cast<short>((in.empty() && !in.ended ? POLLIN : 0) | (out.empty() ? 0 : POLLOUT));
    };
    struct pollfd fds[3] = {{client, want(up, down), 0}, {server, want(down, up), 0}, {stop_fd, POLLIN, 0}};
    // A side that is wanted for nothing still says POLLHUP: it is left out, or this would spin.
    for (auto* p : {&fds[0], &fds[1]})
      if (p->events == 0) p->fd = -1;
    int n = ::poll(fds, 3, poll_ms(monotonic_now() + idle));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || fds[2].revents) return;
    if (!up.move() || !down.move()) return;
  }
}

socklen_t socket_address(const IpAddress& address, std::uint16_t port, sockaddr_storage& out) {
  out = {};
  if (address.version6) {
    auto* to = reinterpret_cast<sockaddr_in6*>(&out);
    to->sin6_family = AF_INET6;
    to->sin6_port = htons(port);
    std::memcpy(&to->sin6_addr, address.bytes.data(), 16);
    return sizeof *to;
  }
  auto* to = reinterpret_cast<sockaddr_in*>(&out);
  to->sin_family = AF_INET;
  to->sin_port = htons(port);
  std::memcpy(&to->sin_addr, address.bytes.data(), 4);
  return sizeof *to;
}

void ring(int eventfd) {
  std::uint64_t one = 1;
  [[maybe_unused]] auto n = ::write(eventfd, &one, sizeof one);
}

std::string with_port(const std::string& host, std::uint16_t port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

}  // namespace

Resolver system_resolver() {
  return [](const std::string& host, int stop_fd) {
    pika::proc::Command command;
    command.argv = {"/usr/bin/getent", "ahosts", host};
    command.clean_env = true;
    command.deadline = 10 * pika::kSecond;
    command.grace = 0;
    pika::proc::Io io;
    io.out_cap = 64 * 1024;
    io.cancel_fd = stop_fd;
    auto out = pika::proc::run(command, io);
    std::vector<IpAddress> addresses;
    for (auto line : pika::split(out.out, '\n')) {
      auto address = IpAddress::parse(line.substr(0, line.find(' ')));
      if (address && std::ranges::find(addresses, *address) == addresses.end()) addresses.push_back(*address);
    }
    return addresses;
  };
}

std::map<std::string, std::string> proxy_environment() {
  std::map<std::string, std::string> env;
  auto proxy = fmt::format("http://127.0.0.1:{}", AllowProxy::kPort);
  for (auto* name : {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
    env[name] = proxy;
  for (auto* name : {"no_proxy", "NO_PROXY"}) env[name] = "localhost,127.0.0.1,::1";
  return env;
}

AllowProxy::AllowProxy(UniqueFd listener, AllowProxyConfig config)
    : listener_(std::move(listener)),
      stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      done_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      config_(std::move(config)) {
  if (!stop_fd_ || !done_fd_) throw pika::SystemError("eventfd");
  pika::set_nonblocking(listener_.get());
  thread_ = std::thread([this] { accept_all(); });
}

AllowProxy::~AllowProxy() {
  stop();
}

void AllowProxy::stop() {
  if (!thread_.joinable()) return;
  ring(stop_fd_.get());
  thread_.join();
  reap(true);
  listener_.reset();
}

void AllowProxy::reap(bool all) {
  std::uint64_t rings = 0;
  [[maybe_unused]] auto n = ::read(done_fd_.get(), &rings, sizeof rings);
  std::erase_if(connections_, [&](Connection& c) {
    if (!*c.done && !all) return false;
    c.thread.join();
    return true;
  });
}

void AllowProxy::accept_all() {
  while (true) {
    // With as many as may be the others wait in the socket's queue.
    bool full = connections_.size() >= config_.connections;
    struct pollfd fds[3] = {
        {full ? -1 : listener_.get(), POLLIN, 0}, {stop_fd_.get(), POLLIN, 0}, {done_fd_.get(), POLLIN, 0}};
    if (::poll(fds, 3, -1) < 0 && errno != EINTR) return;
    if (fds[1].revents) return;
    reap(false);
    if (!(fds[0].revents & POLLIN)) continue;
    UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client) continue;
    auto done = std::make_shared<std::atomic<bool>>(false);
    try {
      connections_.push_back({{}, done});
      connections_.back().thread = std::thread([this, done, held = std::move(client)]() mutable {
        try {
          serve(std::move(held));
        } catch (const std::exception& error) {
          pika::log_warning("jerichoci", "the proxy of a job: {}", error.what());
        }
        *done = true;
        ring(done_fd_.get());
      });
    } catch (const std::system_error&) {
      connections_.pop_back();  // no thread to be had: this one is closed, the job may try again
    }
  }
}

void AllowProxy::count(const std::string& host, std::uint16_t port, bool allowed) {
  auto counts = counts_.lock();
  auto key = with_port(host, port);
  if (!counts->contains(key) && counts->size() >= kMostHosts) key = "others";
  auto& one = (*counts)[key];
  ++(allowed ? one.allowed : one.refused);
}

std::vector<std::string> AllowProxy::contacted() {
  std::vector<std::string> out;
  auto counts = counts_.lock();
  for (const auto& [host, one] : *counts) {
    if (one.allowed) out.push_back(fmt::format("{} allowed {}", host, one.allowed));
    if (one.refused) out.push_back(fmt::format("{} refused {}", host, one.refused));
  }
  return out;
}

std::vector<IpAddress> AllowProxy::reachable(const std::string& host, std::uint16_t port, std::string& why_not) {
  auto by_address = [&](const IpAddress& address) {
    return std::ranges::any_of(config_.allow, [&](const auto& p) { return p.allows_address(address, port); });
  };
  auto to_add = port == 80 || port == 443 ? host : with_port(host, port);
  auto not_listed = fmt::format("this job may not reach {}; to let it, add to the hosts of its network: \"{}\"",
                                with_port(host, port), to_add);
  if (auto address = IpAddress::parse(host)) {
    if (by_address(*address)) return {*address};
    why_not = not_listed;
    return {};
  }
  if (!std::ranges::any_of(config_.allow, [&](const auto& p) { return p.allows_name(host, port); })) {
    why_not = not_listed;
    return {};
  }
  auto addresses = config_.resolve(host, stop_fd_.get());
  if (addresses.empty()) return {};
  auto first = addresses.front();
  std::erase_if(addresses, [&](const auto& address) { return !address.is_public() && !by_address(address); });
  if (addresses.empty())
    why_not = fmt::format(
        "{} has the address {}, which is of a private network; to reach that, add to the hosts of its network: \"{}\"",
        host, first.text(), with_port(first.text(), port));
  return addresses;
}

UniqueFd AllowProxy::connect_any(const std::vector<IpAddress>& addresses, std::uint16_t port) {
  auto until = monotonic_now() + config_.connect_time;
  for (const auto& address : addresses) {
    sockaddr_storage to{};
    auto size = socket_address(address, port, to);
    UniqueFd fd(::socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) continue;
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), size) != 0) {
      if (errno != EINPROGRESS || !wait_for(fd.get(), POLLOUT, stop_fd_.get(), until)) continue;
      int error = 0;
      socklen_t length = sizeof error;
      if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) continue;
    }
    return fd;
  }
  return UniqueFd();
}

void AllowProxy::serve(UniqueFd client) {
  auto until = monotonic_now() + config_.head_time;
  auto say = [&](std::string_view status, const std::string& sentence) {
    if (!send_all(client.get(), answer(status, sentence), stop_fd_.get(), until)) return;
    // What it still sends is read: closing on it would take the answer away.
    ::shutdown(client.get(), SHUT_WR);
    char rest[4096];
    for (int pieces = 0; pieces < 64 && wait_for(client.get(), POLLIN, stop_fd_.get(), until); ++pieces)
      if (::recv(client.get(), rest, sizeof rest, MSG_DONTWAIT) <= 0) break;
  };
  std::string head, rest;
  if (!read_head(client.get(), stop_fd_.get(), until, head, rest)) {
    if (head.size() >= kMostRequestHead) say("431 Request Header Fields Too Large", "the request's head is too long");
    return;
  }
  auto request = parse_proxy_request(head);
  if (!request) return say("400 Bad Request", request.error().what);
  std::string why_not;
  auto addresses = reachable(request->host, request->port, why_not);
  count(request->host, request->port, why_not.empty());
  if (!why_not.empty()) return say("403 Forbidden", why_not);
  if (addresses.empty()) return say("502 Bad Gateway", fmt::format("{} has no address", request->host));
  auto server = connect_any(addresses, request->port);
  if (!server)
    return say("504 Gateway Timeout", fmt::format("{} does not answer", with_port(request->host, request->port)));
  until = monotonic_now() + config_.idle_time;
  auto first = request->connect ? std::string("HTTP/1.1 200 Connection established\r\n\r\n") : std::string();
  if (!send_all(client.get(), first, stop_fd_.get(), until)) return;
  if (!send_all(server.get(), (request->connect ? std::string() : request->head) + rest, stop_fd_.get(), until)) return;
  relay(client.get(), server.get(), stop_fd_.get(), config_.idle_time);
}

}  // namespace jerichoci
