#include "listener.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "pika/base/text.hpp"

namespace pika::http {

namespace {

constexpr int kBacklog = 511;

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  int family = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&bytes); }
};

Result<Address> resolve(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0)
    return fail(ErrorKind::invalid,
                fmt::format("The address {} cannot be listened on: {}.", quote_name(address), ::gai_strerror(code)),
                "Give an address of this host with '--address', such as 127.0.0.1, or 0.0.0.0 for all of them.");
  Address result;
  std::memcpy(&result.bytes, found->ai_addr, found->ai_addrlen);
  result.size = found->ai_addrlen;
  result.family = found->ai_family;
  ::freeaddrinfo(found);
  return result;
}

std::uint16_t port_of(int socket) {
  Address address;
  address.size = sizeof address.bytes;
  if (::getsockname(socket, address.get(), &address.size) != 0) throw SystemError("getsockname");
  if (address.bytes.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address.bytes)->sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address.bytes)->sin_port);
}

std::unexpected<Error> cannot_bind(int error, const std::string& address, std::uint16_t port) {
  const std::string place = fmt::format("{}:{}", address.contains(':') ? "[" + address + "]" : address, port);
  const std::string what = fmt::format("{} cannot be listened on: {}.", place, std::strerror(error));
  if (error == EADDRINUSE)
    return fail(
        ErrorKind::unavailable, what,
        fmt::format("Another program holds port {} ('ss -ltnp' tells which; perhaps this one runs already): stop "
                    "it, or choose another port with '--port'.",
                    port));
  if (error == EACCES)
    return fail(ErrorKind::unavailable, what, "Ports below 1024 need a privilege: choose another one with '--port'.");
  return fail(ErrorKind::unavailable, what,
              "Choose an address of this host with '--address', or a port with '--port'.");
}

UniqueFd make_socket(int family) {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw SystemError("socket");
  return fd;
}

std::optional<sockaddr_un> unix_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

bool somebody_listens(const sockaddr_un& address) {
  const UniqueFd probe = make_socket(AF_UNIX);
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN;
}

std::string name_of(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.bytes.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&address.bytes)->sin_addr, text, sizeof text);
  } else if (address.bytes.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6*>(&address.bytes)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6))
      ::inet_ntop(AF_INET, v6.s6_addr + 12, text, sizeof text);
    else
      ::inet_ntop(AF_INET6, &v6, text, sizeof text);
  } else {
    return "unix";
  }
  return text;
}

}  // namespace

Result<Listening> listen_tcp(const std::string& address, std::uint16_t port) {
  const Address place = PIKA_TRY(resolve(address, port));
  Listening listening{.socket = make_socket(place.family)};
  const int on = 1;
  ::setsockopt(listening.socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listening.socket.get(), place.get(), place.size) != 0 || ::listen(listening.socket.get(), kBacklog) != 0)
    return cannot_bind(errno, address, port);
  listening.port = port_of(listening.socket.get());
  return listening;
}

Result<Listening> listen_unix(const std::filesystem::path& path) {
  // Bound under another name, given its mode, then renamed: at no moment may others connect.
  const auto early = path.parent_path() / fmt::format(".s{}", ::getpid());
  const auto address = unix_address(path);
  const auto early_address = unix_address(early);
  if (!address || !early_address)
    return fail(ErrorKind::invalid,
                fmt::format("The path of the socket {} is longer than the system allows.", quote_name(path.native())),
                "Choose a data folder with a shorter path.");
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode))
      return fail(ErrorKind::conflict, fmt::format("{} is there already, and is no socket.", quote_name(path.native())),
                  "Move it away.");
    if (somebody_listens(*address))
      return fail(ErrorKind::conflict,
                  fmt::format("Another program listens on the socket {}.", quote_name(path.native())),
                  "Perhaps the server runs already for this data folder: stop it first.");
  }
  Listening listening{.socket = make_socket(AF_UNIX)};
  ::unlink(early.c_str());
  const bool bound =
      ::bind(listening.socket.get(), reinterpret_cast<const sockaddr*>(&*early_address), sizeof *early_address) == 0 &&
      ::chmod(early.c_str(), 0600) == 0 && ::listen(listening.socket.get(), kBacklog) == 0 &&
      ::rename(early.c_str(), path.c_str()) == 0;
  if (!bound) {
    const int error = errno;
    ::unlink(early.c_str());
    return fail(ErrorKind::unavailable, fmt::format("The socket {} cannot be listened on: {}.",
                                                    quote_name(path.native()), std::strerror(error)));
  }
  return listening;
}

std::optional<Peer> accept_one(int listening) {
  Address address;
  address.size = sizeof address.bytes;
  UniqueFd fd(::accept4(listening, address.get(), &address.size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) {
    switch (errno) {
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        throw SystemError("accept");
      default:
        return std::nullopt;  // gone again, or a signal: the next wait tells
    }
  }
  Peer peer;
  peer.family = address.bytes.ss_family;
  peer.name = name_of(address);
  peer.over_unix = peer.family == AF_UNIX;
  if (!peer.over_unix) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  peer.socket = std::move(fd);
  return peer;
}

}  // namespace pika::http
