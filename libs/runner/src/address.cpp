#include "pika/runner/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "pika/base/text.hpp"

namespace pika::runner {

namespace {
constexpr std::string_view kForms = "give unix:/path/of/runner.sock, or tcp:127.0.0.1:PORT for a forge on this host";

Result<UniqueFd> connected(int family, const sockaddr* address, socklen_t size, const Address& named) {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) throw SystemError("socket");
  int done = 0;
  do done = ::connect(fd.get(), address, size);
  while (done != 0 && errno == EINTR);
  if (done != 0)
    return fail(ErrorKind::unavailable,
                fmt::format("cannot reach the forge at {}: {}", named.text(), std::strerror(errno)));
  set_nonblocking(fd.get());
  return fd;
}
}  // namespace

std::string Address::text() const {
  return unix_path.empty() ? fmt::format("tcp:{}:{}", host, port) : "unix:" + unix_path.string();
}

Result<Address> parse_address(std::string_view text) {
  if (text.starts_with("unix:")) {
    Address address{.unix_path = std::string(text.substr(5)), .host = {}, .port = 0};
    if (!address.unix_path.is_absolute())
      return fail(ErrorKind::invalid, fmt::format("the socket in '{}' is not an absolute path", text),
                  std::string(kForms));
    if (address.unix_path.native().size() >= sizeof(sockaddr_un::sun_path))
      return fail(ErrorKind::invalid, fmt::format("the socket's path in '{}' is longer than {} bytes", text,
                                                  sizeof(sockaddr_un::sun_path) - 1));
    return address;
  }
  if (text.starts_with("tcp:")) {
    const auto rest = text.substr(4);
    const auto colon = rest.rfind(':');
    const auto port =
        colon == std::string_view::npos ? std::nullopt : parse_number<std::uint16_t>(rest.substr(colon + 1));
    const auto host = rest.substr(0, colon == std::string_view::npos ? rest.size() : colon);
    if (!port || *port == 0)
      return fail(ErrorKind::invalid, fmt::format("'{}' names no port", text), std::string(kForms));
    in_addr numeric{};
    const bool loopback =
        ::inet_pton(AF_INET, std::string(host).c_str(), &numeric) == 1 && ntohl(numeric.s_addr) >> 24 == 127;
    if (host != "localhost" && !loopback)
      return fail(
          ErrorKind::invalid,
          fmt::format("'{}' is not on this host; runners on other hosts need TLS, which is not built yet", text),
          std::string(kForms));
    return Address{.unix_path = {}, .host = host == "localhost" ? "127.0.0.1" : std::string(host), .port = *port};
  }
  return fail(ErrorKind::invalid, fmt::format("'{}' is no address of a forge", text), std::string(kForms));
}

Result<UniqueFd> connect_to(const Address& address) {
  if (!address.unix_path.empty()) {
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, address.unix_path.c_str(), address.unix_path.native().size() + 1);
    return connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&un), sizeof un, address);
  }
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(address.port);
  if (::inet_pton(AF_INET, address.host.c_str(), &in.sin_addr) != 1)
    return fail(ErrorKind::invalid, fmt::format("'{}' is no IPv4 address", address.host), std::string(kForms));
  return connected(AF_INET, reinterpret_cast<const sockaddr*>(&in), sizeof in, address);
}

}  // namespace pika::runner
