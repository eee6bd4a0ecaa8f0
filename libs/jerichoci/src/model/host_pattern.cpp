#include "model/host_pattern.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "pika/base/text.hpp"

namespace jerichoci {

namespace {

bool in_v4(const std::uint8_t* b, std::uint32_t network, int bits) {
  std::uint32_t value = static_cast<std::uint32_t>(b[0]) << 24 | static_cast<std::uint32_t>(b[1]) << 16 |
                        static_cast<std::uint32_t>(b[2]) << 8 | b[3];
  return (value ^ network) >> (32 - bits) == 0;
}

struct Network4 {
  std::uint32_t network;
  int bits;
};
// IANA's special-purpose registry, and Azure's metadata address, which lies in public space.
constexpr Network4 kNotPublic4[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
                                    {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24},
                                    {0xc0586300, 24}, {0xc0a80000, 16}, {0xc6120000, 15}, {0xc6336400, 24},
                                    {0xcb007100, 24}, {0xe0000000, 4},  {0xf0000000, 4},  {0xa83f8110, 32}};

bool public_v4(const std::uint8_t* b) {
  return std::ranges::none_of(kNotPublic4, [&](const auto& n) { return in_v4(b, n.network, n.bits); });
}

bool public_v6(const std::array<std::uint8_t, 16>& b) {
  auto begins = [&](std::initializer_list<std::uint8_t> prefix) {
    return std::equal(prefix.begin(), prefix.end(), b.begin());
  };
  // Version 4 in other clothes: mapped, NAT64, 6to4.
  if (begins({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})) return public_v4(&b[12]);
  if (begins({0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return public_v4(&b[12]);
  if (begins({0x20, 0x02})) return public_v4(&b[2]);
  if ((b[0] & 0xe0) != 0x20) return false;               // only 2000::/3 is given out
  if (begins({0x20, 0x01, 0x0d, 0xb8})) return false;    // for documentation
  return !(begins({0x20, 0x01}) && (b[2] & 0xfe) == 0);  // Teredo and other protocols' own
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  auto port = pika::parse_number<std::uint16_t>(text);
  return port && *port > 0 ? port : std::nullopt;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::string zero_ended(text);
  IpAddress out;
  if (zero_ended.size() != std::strlen(zero_ended.c_str())) return std::nullopt;
  if (::inet_pton(AF_INET, zero_ended.c_str(), out.bytes.data()) == 1) return out;
  out.version6 = true;
  if (::inet_pton(AF_INET6, zero_ended.c_str(), out.bytes.data()) == 1) return out;
  return std::nullopt;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(version6 ? AF_INET6 : AF_INET, bytes.data(), buffer, sizeof buffer);
  return buffer;
}

bool IpAddress::is_public() const {
  return version6 ? public_v6(bytes) : public_v4(bytes.data());
}

std::optional<std::string> canonical_host(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > 253) return std::nullopt;
  auto out = pika::lower(name);
  for (auto label : pika::split(out, '.')) {
    bool good = !label.empty() && label.size() <= 63 && label[0] != '-' && std::ranges::all_of(label, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!good) return std::nullopt;
  }
  return out;
}

pika::Result<HostPattern> HostPattern::parse(std::string_view text) {
  auto wrong = [&] {
    return pika::fail(pika::ErrorKind::invalid, fmt::format("{} is no host to allow", pika::quote_name(text)),
                      "write a name, with * for what is before a dot, and a port if it is not 80 or 443: "
                      "\"registry.npmjs.org\", \"*.debian.org\", \"10.0.0.7:8080\"");
  };
  HostPattern out;
  std::string_view host = text;
  auto colon = text.rfind(':');
  if (text.starts_with('[')) {
    auto close = text.find(']');
    if (close == std::string_view::npos) return wrong();
    host = text.substr(1, close - 1);
    out.address = IpAddress::parse(host);
    if (!out.address || !out.address->version6) return wrong();
    colon = close + 1 < text.size() ? close + 1 : std::string_view::npos;
    if (colon != std::string_view::npos && text[colon] != ':') return wrong();
  } else if (colon != std::string_view::npos) {
    host = text.substr(0, colon);
  }
  if (colon != std::string_view::npos) {
    out.port = port_of(text.substr(colon + 1));
    if (!out.port) return wrong();
  }
  if (out.address) return out;
  if ((out.address = IpAddress::parse(host))) return out.address->version6 ? pika::Result<HostPattern>(wrong()) : out;
  out.suffix = host.starts_with("*.");
  auto name = canonical_host(out.suffix ? host.substr(2) : host);
  if (!name) return wrong();
  out.name = out.suffix ? "." + *name : *name;
  return out;
}

bool HostPattern::allows_name(std::string_view host, std::uint16_t to) const {
  if (address) return false;
  if (port ? *port != to : (to != 80 && to != 443)) return false;
  return suffix ? host.size() > name.size() && host.ends_with(name) : host == name;
}

bool HostPattern::allows_address(const IpAddress& host, std::uint16_t to) const {
  if (!address || *address != host) return false;
  return port ? *port == to : (to == 80 || to == 443);
}

}  // namespace jerichoci
