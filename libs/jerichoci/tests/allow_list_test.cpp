// The network's allow-list: what is on it, what a proxy request is, and the proxy against servers on loopback.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "engine_support.hpp"
#include "exec/allow_proxy.hpp"
#include "exec/proxy_request.hpp"

using namespace jerichoci;
using namespace jerichoci::test;
using pika::UniqueFd;

namespace {

struct Listener {
  Listener() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size) == 0);
    REQUIRE(::listen(fd.get(), 512) == 0);
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
  }
  UniqueFd fd;
  std::uint16_t port = 0;
};

UniqueFd dial(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  return fd;
}

void put(const UniqueFd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto n = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

// All until the other side closes.
std::string take(const UniqueFd& fd) {
  std::string out;
  char buffer[4096];
  ssize_t n;
  while ((n = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0) out.append(buffer, static_cast<std::size_t>(n));
  return out;
}

// A server that reads a head, or whatever comes first, and answers with it in the body.
class Echo {
 public:
  Echo() : thread_([this] { serve(); }) {}
  ~Echo() {
    ::shutdown(listener_.fd.get(), SHUT_RDWR);
    thread_.join();
  }
  std::uint16_t port() const { return listener_.port; }
  std::string host() const { return "127.0.0.1:" + std::to_string(listener_.port); }

 private:
  void serve() {
    while (true) {
      UniqueFd peer(::accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer) return;
      char buffer[8192];
      auto n = ::recv(peer.get(), buffer, sizeof buffer, 0);
      put(peer, "GOT " + std::string(buffer, n > 0 ? static_cast<std::size_t>(n) : 0));
    }
  }
  Listener listener_;
  std::thread thread_;
};

// A proxy in front of a port, with names that mean what the test wants.
class Proxy {
 public:
  explicit Proxy(const std::vector<std::string>& allow, AllowProxyConfig config = {}) {
    for (const auto& host : allow) config.allow.push_back(*HostPattern::parse(host));
    config.resolve = [this](const std::string& host, int) { return resolve(host); };
    Listener listener;
    port_ = listener.port;
    proxy_.emplace(std::move(listener.fd), std::move(config));
  }
  std::string ask(const std::string& request) {
    auto fd = dial(port_);
    put(fd, request);
    return take(fd);
  }
  std::string connect(const std::string& target, const std::string& then = "x") {
    return ask("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n" + then);
  }
  UniqueFd open() { return dial(port_); }
  std::vector<std::string> stop() {
    proxy_->stop();
    return proxy_->contacted();
  }
  std::function<std::vector<IpAddress>(const std::string&)> resolve = [](const std::string&) {
    return std::vector<IpAddress>{};
  };

 private:
  std::uint16_t port_ = 0;
  std::optional<AllowProxy> proxy_;
};

bool refused(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 403 ");
}

}  // namespace

TEST_CASE("an allow-list: names, names below a dot, addresses, ports") {
  auto allows = [](const char* pattern, const char* host, std::uint16_t port) {
    return HostPattern::parse(pattern)->allows_name(host, port);
  };
  CHECK(allows("registry.npmjs.org", "registry.npmjs.org", 443));
  CHECK(allows("Registry.NPMJS.org.", "registry.npmjs.org", 80));
  CHECK(!allows("registry.npmjs.org", "registry.npmjs.org", 22));
  CHECK(!allows("registry.npmjs.org", "evil-registry.npmjs.org", 443));
  CHECK(!allows("registry.npmjs.org", "registry.npmjs.org.evil.com", 443));
  CHECK(allows("*.debian.org", "deb.debian.org", 80));
  CHECK(allows("*.debian.org", "a.b.debian.org", 80));
  CHECK(!allows("*.debian.org", "debian.org", 80));
  CHECK(!allows("*.debian.org", "evildebian.org", 80));
  CHECK(allows("example.org:8080", "example.org", 8080));
  CHECK(!allows("example.org:8080", "example.org", 80));
  CHECK(HostPattern::parse("10.0.0.7:8080")->allows_address(*IpAddress::parse("10.0.0.7"), 8080));
  CHECK(!HostPattern::parse("10.0.0.7:8080")->allows_address(*IpAddress::parse("10.0.0.8"), 8080));
  CHECK(HostPattern::parse("[::1]:80")->allows_address(*IpAddress::parse("0:0::1"), 80));
  for (auto* wrong : {"",     "*",   "a*b",          "*.*", "a..b", "-a",   "a:0",    "a:99999", "a:", "a:x",
                      "[::1", "::1", "[1.2.3.4]:80", "a/b", "a b",  "\xff", "[::1]x", "user@a",  "*.", "a:80:80"})
    CHECK_MESSAGE(!HostPattern::parse(wrong).has_value(), wrong);
}

TEST_CASE("addresses that are this host's, private, local or a cloud's metadata are not public, in any clothes") {
  for (auto* text : {"127.0.0.1",
                     "10.1.2.3",
                     "172.16.0.1",
                     "172.31.255.255",
                     "192.168.0.1",
                     "169.254.169.254",
                     "0.0.0.0",
                     "100.100.100.200",
                     "168.63.129.16",
                     "224.0.0.1",
                     "255.255.255.255",
                     "198.18.0.1",
                     "::",
                     "::1",
                     "fe80::1",
                     "fc00::1",
                     "fd00:ec2::254",
                     "ff02::1",
                     "::ffff:127.0.0.1",
                     "::ffff:10.0.0.1",
                     "64:ff9b::7f00:1",
                     "2002:7f00:1::",
                     "2001:db8::1",
                     "2001::1",
                     "fec0::1",
                     "::127.0.0.1"})
    CHECK_MESSAGE(!IpAddress::parse(text)->is_public(), text);
  for (auto* text : {"1.1.1.1", "172.32.0.1", "100.128.0.1", "169.253.1.1", "2606:4700::1111", "::ffff:1.1.1.1"})
    CHECK_MESSAGE(IpAddress::parse(text)->is_public(), text);
  for (auto* text : {"127.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.", "[::1]", "", "1.2.3.4\n"})
    CHECK_MESSAGE(!IpAddress::parse(text), text);
  CHECK(!IpAddress::parse(std::string_view("1.2.3.4\0x", 9)));
}

TEST_CASE("a proxy request is CONNECT or plain http with the whole address; nothing else") {
  auto connect = *parse_proxy_request("CONNECT Example.ORG:443 HTTP/1.1\r\nHost: example.org\r\n\r\n");
  CHECK(connect.connect);
  CHECK(connect.host == "example.org");
  CHECK(connect.port == 443);
  auto plain = *parse_proxy_request(
      "GET http://example.org:8080/a?b=c HTTP/1.1\r\nHost: other.org\r\nProxy-Authorization: secret\r\n"
      "Connection: keep-alive\r\nAccept: */*\r\n\r\n");
  CHECK(plain.host == "example.org");
  CHECK(plain.head == "GET /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\nConnection: close\r\nAccept: */*\r\n\r\n");
  CHECK(parse_proxy_request("GET http://[::1]/ HTTP/1.1\r\n\r\n")->host == "::1");
  CHECK(parse_proxy_request("GET http://example.org?q HTTP/1.0\r\n\r\n")->head.starts_with("GET /?q HTTP/1.1\r\n"));
  for (auto* wrong :
       {"", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "CONNECT example.org HTTP/1.1\r\n\r\n",
        "CONNECT example.org:0 HTTP/1.1\r\n\r\n", "CONNECT a@b:1 HTTP/1.1\r\n\r\n", "GET https://a/ HTTP/1.1\r\n\r\n",
        "GET http://user@a/ HTTP/1.1\r\n\r\n", "GET http:/// HTTP/1.1\r\n\r\n", "GET http://a/ HTTP/2.0 \r\n\r\n",
        "GET  http://a/ HTTP/1.1\r\n\r\n", "GET http://a/\tx HTTP/1.1\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nno colon\r\n\r\n", "GET http://a/ HTTP/1.1\r\n folded: x\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nA: b\nC: d\r\n\r\n", "CONNECT [::1:443 HTTP/1.1\r\n\r\n",
        "CONNECT \xff:443 HTTP/1.1\r\n\r\n", "G\x01T http://a/ HTTP/1.1\r\n\r\n"})
    CHECK_MESSAGE(!parse_proxy_request(wrong).has_value(), wrong);
}

TEST_CASE("the proxy tunnels and passes on to what is allowed, refuses the rest with what to add, and counts both") {
  Echo echo;
  Proxy proxy({echo.host(), "example.org"});
  auto answer = proxy.connect(echo.host(), "hello");
  CHECK(answer.starts_with("HTTP/1.1 200 "));
  CHECK(answer.ends_with("GOT hello"));
  answer = proxy.ask("GET http://" + echo.host() + "/page HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(answer.starts_with("GOT GET /page HTTP/1.1\r\nHost: " + echo.host() + "\r\nConnection: close\r\n"));
  answer = proxy.connect("other.org:443");
  CHECK(refused(answer));
  CHECK(answer.find("add to the hosts of its network: \"other.org\"") != std::string::npos);
  CHECK(refused(proxy.connect("example.org:22")));
  CHECK(refused(proxy.ask("GET http://other.org/ HTTP/1.1\r\n\r\n")));
  CHECK(proxy.connect("example.org:443").starts_with("HTTP/1.1 502 "));
  CHECK(proxy.ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  CHECK(proxy.stop() == std::vector<std::string>{echo.host() + " allowed 2", "example.org:22 refused 1",
                                                 "example.org:443 allowed 1", "other.org:443 refused 1",
                                                 "other.org:80 refused 1"});
}

TEST_CASE("a name that turns to a private address reaches nothing, however often it is asked for") {
  Echo echo;
  Proxy proxy({"*.example.org:" + std::to_string(echo.port())});
  std::atomic<int> asked = 0;
  proxy.resolve = [&](const std::string&) {
    ++asked;
    return std::vector<IpAddress>{*IpAddress::parse("127.0.0.1"), *IpAddress::parse("169.254.169.254")};
  };
  auto target = "rebound.example.org:" + std::to_string(echo.port());
  for (int i = 0; i < 3; ++i) {
    auto answer = proxy.connect(target);
    CHECK(refused(answer));
    CHECK(answer.find("127.0.0.1") != std::string::npos);
  }
  CHECK(asked == 3);  // what was resolved before is never trusted again, and nothing is resolved twice in a request
  CHECK(proxy.stop() == std::vector<std::string>{target + " refused 3"});
}

TEST_CASE("a private address that is on the list by itself is reached by its name too") {
  Echo echo;
  Proxy proxy({"mirror.example.org:" + std::to_string(echo.port()), echo.host()});
  proxy.resolve = [&](const std::string&) { return std::vector<IpAddress>{*IpAddress::parse("127.0.0.1")}; };
  CHECK(proxy.connect("mirror.example.org:" + std::to_string(echo.port())).ends_with("GOT x"));
}

TEST_CASE("requests that are slow, endless or half open end by themselves") {
  AllowProxyConfig config;
  config.head_time = config.idle_time = pika::kSecond / 20;
  Listener deaf;  // accepts in its queue, says nothing
  Proxy proxy({"127.0.0.1:" + std::to_string(deaf.port)}, config);
  auto slow = proxy.open();
  put(slow, "CONN");
  CHECK(take(slow).empty());
  CHECK(proxy.ask(std::string(kMostRequestHead + 5000, 'x')).starts_with("HTTP/1.1 431 "));
  auto tunnel = proxy.connect("127.0.0.1:" + std::to_string(deaf.port));
  CHECK(tunnel == "HTTP/1.1 200 Connection established\r\n\r\n");
}

TEST_CASE("more connections than there may be wait their turn, and all close with the proxy") {
  AllowProxyConfig config;
  config.connections = 8;
  Echo echo;
  Proxy proxy({echo.host()}, config);
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < 40; ++i) clients.emplace_back([&] { good += proxy.connect(echo.host()).ends_with("GOT x"); });
  for (auto& client : clients) client.join();
  CHECK(good == 40);
  std::vector<UniqueFd> open;
  for (int i = 0; i < 20; ++i) open.push_back(proxy.open());
  proxy.stop();
  open[0] = UniqueFd();
  for (std::size_t i = 1; i < 8; ++i) CHECK(take(open[i]).empty());
}

TEST_CASE("a job with an allow-list reaches that, and nothing else; the record says both") {
  Echo echo;
  TestEngine engine;
  auto script = [&](const std::string& target) {
    return "exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT " + target +
           " HTTP/1.1\\r\\n\\r\\nhello' >&3; timeout 20 cat <&3; echo; echo $https_proxy; (: <>/dev/tcp/127.0.0.1/" +
           std::to_string(echo.port()) + ") 2>/dev/null && echo DIRECT";
  };
  auto job = shell_job("test", "");
  job.network = Network::allow_list;
  job.allow_hosts = {echo.host()};
  job.command = {"bash", "-c", script(echo.host())};
  auto ran = run_one(*engine, job);
  CHECK_MESSAGE(ran.logs["test"].find("GOT hello") != std::string::npos, ran.logs["test"], ran.record.jobs[0].message);
  CHECK(ran.logs["test"].find("http://127.0.0.1:3128\n") != std::string::npos);
  CHECK(ran.logs["test"].find("DIRECT") == std::string::npos);
  CHECK(ran.record.jobs[0].contacted == std::vector<std::string>{echo.host() + " allowed 1"});
  job.command = {"bash", "-c", script("example.org:443")};
  ran = run_one(*engine, job);
  CHECK(ran.logs["test"].starts_with("HTTP/1.1 403 "));
  CHECK(ran.logs["test"].find("[pika] network: example.org:443 was refused") != std::string::npos);
  CHECK(ran.record.jobs[0].contacted == std::vector<std::string>{"example.org:443 refused 1"});
  CHECK(leftovers(engine.root()).empty());
}
