// The way out for jobs with Network::allow_list: an HTTP proxy, in threads of the engine, that listens inside the
// job's own network namespace, where nothing else leads out. It tunnels (CONNECT) and passes plain http on, to the
// hosts of the list only.
//
// Names are resolved here, once for each request, and the address that was looked at is the one that is connected
// to: a name that turns to a private address later reaches nothing. What a job asks is bounded: the size of a
// request's head, the time for it, for a connection, without traffic, and how many there are at once (further ones
// wait). With the job everything is closed.
//
// What it cannot see: which host a TLS client asks of the server it reached. A server that also serves other names
// serves them here too.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "model/host_pattern.hpp"
#include "pika/base/clock.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/sync.hpp"

namespace jerichoci {

// The addresses of a name; none when it has none. Gives up when `stop_fd` becomes readable. Thread-safe.
using Resolver = std::function<std::vector<IpAddress>(const std::string& host, int stop_fd)>;
// By the program getent, which asks what this host asks, and can be ended in the middle of it.
Resolver system_resolver();

struct AllowProxyConfig {
  std::vector<HostPattern> allow{};
  Resolver resolve = system_resolver();
  std::size_t connections = 256;  // at once
  pika::Micros head_time = 15 * pika::kSecond, connect_time = 15 * pika::kSecond, idle_time = 300 * pika::kSecond;
};

class AllowProxy {
 public:
  static constexpr std::uint16_t kPort = 3128;  // in the job's namespace; nobody else is there

  AllowProxy(pika::UniqueFd listener, AllowProxyConfig config);
  ~AllowProxy();
  AllowProxy(const AllowProxy&) = delete;

  // Closes everything and waits for its threads.
  void stop();
  // "registry.npmjs.org:443 allowed 12", "example.org:443 refused 1", in the order of names; after stop().
  std::vector<std::string> contacted();

 private:
  struct Counts {
    std::uint64_t allowed = 0, refused = 0;
  };
  struct Connection {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> done;
  };
  void accept_all();
  void reap(bool all);
  void serve(pika::UniqueFd client);
  void count(const std::string& host, std::uint16_t port, bool allowed);
  std::vector<IpAddress> reachable(const std::string& host, std::uint16_t port, std::string& why_not);
  pika::UniqueFd connect_any(const std::vector<IpAddress>& addresses, std::uint16_t port);

  pika::UniqueFd listener_, stop_fd_, done_fd_;
  AllowProxyConfig config_;
  pika::Sync<std::map<std::string, Counts>> counts_;
  std::vector<Connection> connections_;
  std::thread thread_;
};

// The variables by which programs find it, beside what the job sets itself.
std::map<std::string, std::string> proxy_environment();

}  // namespace jerichoci
