#include "http_support.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <zlib.h>

#include <chrono>
#include <cstring>
#include <stdexcept>

namespace pika::http::test {

namespace {

constexpr int kPatienceSeconds = 20;

void set_patience(int fd) {
  const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

}  // namespace

Response RoutedApp::handle(Request& request) {
  const auto route = routes.find(request.segments.empty() ? "" : request.segments[0]);
  return route == routes.end() ? otherwise(request) : route->second(request);
}

RawPeer RawPeer::tcp(std::uint16_t port, int receive_buffer) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer > 0) ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  set_patience(fd.get());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw SystemError("connect");
  return RawPeer(std::move(fd));
}

RawPeer RawPeer::unix_socket(const fs::path& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  set_patience(fd.get());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw SystemError("connect");
  return RawPeer(std::move(fd));
}

bool RawPeer::try_send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void RawPeer::send(std::string_view bytes) {
  if (!try_send(bytes)) throw SystemError("send");
}

bool RawPeer::more() {
  char bytes[16 << 10];
  const auto n = ::recv(socket_.get(), bytes, sizeof bytes, 0);
  if (n > 0) buffer_.append(bytes, static_cast<std::size_t>(n));
  if (n < 0 && errno == EAGAIN) throw std::runtime_error("the server says nothing; so far: " + buffer_.substr(0, 500));
  was_reset_ = n < 0;
  return n > 0;
}

std::string RawPeer::read_until(std::string_view mark) {
  for (;;) {
    const auto at = buffer_.find(mark);
    if (at != std::string::npos) {
      const std::string found = buffer_.substr(0, at + mark.size());
      buffer_.erase(0, at + mark.size());
      return found;
    }
    if (!more()) throw std::runtime_error("the server has closed; so far: " + buffer_.substr(0, 500));
  }
}

std::string RawPeer::read_exactly(std::size_t size) {
  while (buffer_.size() < size)
    if (!more()) throw std::runtime_error("the server has closed too early");
  const std::string found = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return found;
}

std::string RawPeer::read_to_end() {
  while (more()) {
  }
  return std::exchange(buffer_, {});
}

RawPeer::Answer RawPeer::read_answer(bool with_body) {
  Answer answer{.head = read_until("\r\n\r\n"), .body = {}};
  if (!answer.head.starts_with("HTTP/1.1 ")) throw std::runtime_error("no answer begins so: " + answer.head);
  const auto at = answer.head.find("Content-Length: ");
  if (at != std::string::npos && with_body) answer.body = read_exactly(std::stoul(answer.head.substr(at + 16)));
  return answer;
}

void RawPeer::finish_sending() {
  ::shutdown(socket_.get(), SHUT_WR);
}

void RawPeer::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  socket_.reset();
}

std::size_t first_readable(const RawPeer& a, const RawPeer& b) {
  pollfd both[] = {{.fd = a.fd(), .events = POLLIN, .revents = 0}, {.fd = b.fd(), .events = POLLIN, .revents = 0}};
  if (::poll(both, 2, kPatienceSeconds * 1000) <= 0) throw std::runtime_error("neither has anything to read");
  return both[0].revents != 0 ? 0 : 1;
}

void Flag::set() {
  std::lock_guard lock(mutex_);
  set_ = true;
  changed_.notify_all();
}

bool Flag::wait() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(kPatienceSeconds), [this] { return set_; });
}

void leave_stale_socket(const fs::path& path) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw SystemError("bind");
  ::listen(fd.get(), 1);
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace pika::http::test
