// What JobSpec::allow_hosts may hold, and what it allows:
//   "registry.npmjs.org"    that name, ports 80 and 443
//   "*.debian.org:8080"     every name below, not debian.org itself, that port
//   "10.0.0.7:8080", "[::1]:80"   that address; the only way to reach one that is private
// Names are compared without case and without a dot at the end.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pika/base/result.hpp"

namespace jerichoci {

struct IpAddress {
  bool version6 = false;
  std::array<std::uint8_t, 16> bytes{};                          // the first four of version 4, network order
  static std::optional<IpAddress> parse(std::string_view text);  // "10.0.0.7", "::1"; no short forms, no brackets
  std::string text() const;
  // Whether it is an address of the open internet: not this host, a private or local network, multicast, a cloud's
  // metadata service, nor one of these written as a version 6 address.
  bool is_public() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

struct HostPattern {
  std::string name;  // lower case; of a suffix: ".debian.org"
  bool suffix = false;
  std::optional<IpAddress> address;
  std::optional<std::uint16_t> port;  // empty: 80 and 443

  static pika::Result<HostPattern> parse(std::string_view text);
  bool allows_name(std::string_view host, std::uint16_t to) const;
  bool allows_address(const IpAddress& host, std::uint16_t to) const;
};

// A host's name as it is compared: lower case, without the last dot. Nothing when it cannot be one.
std::optional<std::string> canonical_host(std::string_view name);

}  // namespace jerichoci
