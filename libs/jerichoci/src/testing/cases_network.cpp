// Cases about the network: off, an allow-list, on. The other side is a small server of the suite on loopback.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "pika/base/fd.hpp"
#include "testing/conformance_case.hpp"

namespace jerichoci::testing {

namespace {

// Says "hello from the host" to whoever connects to 127.0.0.1:port.
class Greeter {
 public:
  Greeter() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener_.get(), 16) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
      throw pika::SystemError("listen on loopback");
    port_ = std::to_string(ntohs(at.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~Greeter() {
    std::uint64_t one = 1;
    [[maybe_unused]] auto n = ::write(stop_.get(), &one, sizeof one);
    thread_.join();
  }
  const std::string& port() const { return port_; }

 private:
  void serve() {
    while (true) {
      struct pollfd fds[2] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0 || fds[1].revents) return;
      pika::UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer) [[maybe_unused]]
        auto n = ::send(peer.get(), "hello from the host\n", 20, MSG_NOSIGNAL);
    }
  }
  pika::UniqueFd listener_, stop_;
  std::string port_;
  std::thread thread_;
};

bool greeted(const CaseRan& ran) {
  return ran.log.find("hello from the host") != std::string::npos;
}

void off(Case& c) {
  Greeter greeter;
  auto ran = c.run(c.probe({"connect", "127.0.0.1", greeter.port()}));
  if (c.lacks(ran, "network off: ")) return;
  c.expect(!greeted(ran), "nothing of the host is reached", ran);
  ran = c.run(c.shell("cat /proc/net/dev | grep -c :"));
  c.expect(ran.log == "1\n", "there is one interface, its own loopback", ran);
}

void allow_list(Case& c) {
  Greeter allowed, other;
  auto with = [&](JobSpec job) {
    job.network = Network::allow_list;
    job.allow_hosts = {"127.0.0.1:" + allowed.port(), "registry.example.org"};
    return job;
  };
  auto ran = c.run(with(c.probe({"proxy", "127.0.0.1:" + allowed.port()})));
  if (c.lacks(ran, "network allow_list: ")) return;
  c.expect(ran.log.starts_with("HTTP/1.1 200 ") && greeted(ran), "a host on the list is reached by the proxy", ran);
  c.expect(std::ranges::any_of(ran.job.contacted,
                               [&](auto& l) { return l == "127.0.0.1:" + allowed.port() + " allowed 1"; }),
           "what was contacted is recorded", ran);
  ran = c.run(with(c.probe({"proxy", "127.0.0.1:" + other.port()})));
  c.expect(ran.log.starts_with("HTTP/1.1 403 ") && !greeted(ran), "one that is not is refused", ran);
  c.expect(ran.log.find("add to the hosts of its network: \"127.0.0.1:" + other.port()) != std::string::npos,
           "and the refusal says what to add", ran);
  c.expect(
      std::ranges::any_of(ran.job.contacted, [&](auto& l) { return l == "127.0.0.1:" + other.port() + " refused 1"; }),
      "what was refused is recorded", ran);
  ran = c.run(with(c.probe({"connect", "127.0.0.1", allowed.port()})));
  c.expect(!greeted(ran), "nothing is reached beside the proxy", ran);
}

void on(Case& c) {
  Greeter greeter;
  auto job = c.probe({"connect", "127.0.0.1", greeter.port()});
  job.network = Network::on;
  auto ran = c.run(job);
  c.expect(greeted(ran), "with the network on the host's is there", ran);
}

}  // namespace

std::vector<CaseEntry> network_cases() {
  return {
      {{"network-off", "no network but a loopback of the job's own"}, off},
      {{"network-allow-list", "the hosts on the list, by a proxy, and nothing else"}, allow_list},
      {{"network-on", "the host's network"}, on},
  };
}

}  // namespace jerichoci::testing
