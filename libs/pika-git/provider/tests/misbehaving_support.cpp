#include "misbehaving.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "pika/base/text.hpp"

namespace pika::model::test {

bool Peer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool Peer::gone(int milliseconds) {
  pollfd wait{.fd = fd_, .events = POLLIN | POLLRDHUP, .revents = 0};
  return ::poll(&wait, 1, milliseconds) > 0;
}

void Peer::until_gone() {
  (void)gone(-1);
}

Misbehaving::Misbehaving(std::vector<Act> acts)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), acts_(std::move(acts)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_.get(), 16) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] {
    for (;;) {
      UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return;
      serve(connection.get());
    }
  });
}

Misbehaving::~Misbehaving() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
}

std::string Misbehaving::url() const {
  return fmt::format("http://127.0.0.1:{}", port_);
}

std::vector<Seen> Misbehaving::seen() {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void Misbehaving::serve(int connection) {
  std::string bytes;
  std::size_t head = 0, body = 0;
  bool asked_on = false;
  while (head == 0 || bytes.size() < head + body) {
    char piece[65536];
    const auto n = ::recv(connection, piece, sizeof piece, 0);
    if (n <= 0) return;
    bytes.append(piece, static_cast<std::size_t>(n));
    if (bytes[0] == 0x16) return;  // a TLS handshake
    if (const auto end = bytes.find("\r\n\r\n"); head == 0 && end != std::string::npos) {
      head = end + 4;
      const std::string lines = lower(std::string_view(bytes).substr(0, head));
      if (const auto at = lines.find("content-length:"); at != std::string::npos)
        body = parse_number<std::size_t>(trim(lines.substr(at + 15, lines.find("\r\n", at) - at - 15))).value_or(0);
      if (lines.contains("expect: 100") && !std::exchange(asked_on, true))
        Peer(connection).write("HTTP/1.1 100 Continue\r\n\r\n");
    }
  }
  const Seen seen{bytes.substr(0, head), bytes.substr(head)};
  std::size_t which = 0;
  {
    const std::lock_guard lock(mutex_);
    which = std::min(seen_.size(), acts_.size() - 1);
    seen_.push_back(seen);
  }
  Peer peer(connection);
  acts_[which](peer, seen);
}

ProviderConfig config_for(Protocol protocol, const std::string& url) {
  return {.protocol = protocol, .url = url, .model = "m-1", .key = kKey, .call_deadline = 20 * kSecond};
}

std::string spoken(Protocol protocol, const std::string& words, const std::string& stop) {
  json::Object o;
  const auto reason = [&](const char* good, const char* cut) {
    return json::Value(stop == "stop" ? good : stop == "length" ? cut : stop.c_str());
  };
  if (protocol == Protocol::anthropic) {
    o["type"] = "message";
    o["content"] = json::Array{{{"type", "thinking"}, {"thinking", "hm"}}, {{"type", "text"}, {"text", words}}};
    o["stop_reason"] = reason("end_turn", "max_tokens");
    o["usage"] = {{"input_tokens", 11}, {"output_tokens", 7}};
  } else if (protocol == Protocol::openai) {
    o["choices"] = json::Array{{{"index", 0},
                                {"message", {{"role", "assistant"}, {"content", words}}},
                                {"finish_reason", reason("stop", "length")}}};
    o["usage"] = {{"prompt_tokens", 11}, {"completion_tokens", 7}};
  } else {
    o["message"] = {{"role", "assistant"}, {"content", words}};
    o["done"] = true;
    o["done_reason"] = reason("stop", "length");
    o["prompt_eval_count"] = 11;
    o["eval_count"] = 7;
  }
  return json::print(o);
}

Act says(int status, std::string body, std::string more_headers) {
  return [=](Peer& peer, const Seen&) {
    peer.write(
        fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}"
                    "Connection: close\r\n\r\n{}",
                    status, body.size(), more_headers, body));
  };
}

Act tells(Protocol protocol, std::string words, std::string stop) {
  return says(200, spoken(protocol, words, stop));
}

Act raw(std::string bytes) {
  return [=](Peer& peer, const Seen&) { peer.write(bytes); };
}

Patience OwnTime::patience() {
  return {.clock = this,
          .wait =
              [this](Micros span) {
                waits.push_back(span);
                at += span;
                return !stop;
              },
          .stopped = [this] { return stop; }};
}

}  // namespace pika::model::test
