// Listening sockets: bound with sentences for what goes wrong, accepting without leaking into child processes.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "connection.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"

namespace pika::http {

struct Listening {
  UniqueFd socket;  // non-blocking
  std::uint16_t port = 0;
};

// unavailable when the port is taken or not allowed, invalid for an address that is none.
Result<Listening> listen_tcp(const std::string& address, std::uint16_t port);
// Mode 0600 from the first moment on. A socket nobody listens on is replaced; conflict when somebody does.
Result<Listening> listen_unix(const std::filesystem::path& path);

// The next connection; nullopt when none waits. Throws SystemError when the system is out of descriptors or memory.
std::optional<Peer> accept_one(int listening);

}  // namespace pika::http
