// Where the forge listens for runners: "unix:/path/runner.sock" or "tcp:127.0.0.1:8790" (loopback only: there is no
// TLS yet, and a token must not cross a network in the clear).
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"

namespace pika::runner {

struct Address {
  std::filesystem::path unix_path;  // when not empty
  std::string host;                 // else a loopback address, IPv4
  std::uint16_t port = 0;
  std::string text() const;
};

Result<Address> parse_address(std::string_view text);
// A connected, non-blocking socket. unavailable, naming address and reason.
Result<UniqueFd> connect_to(const Address& address);

}  // namespace pika::runner
