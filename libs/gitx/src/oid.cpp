#include "pika/gitx/oid.hpp"

#include <cstring>

#include "pika/base/hash.hpp"

namespace pika::git {

std::optional<Oid> Oid::parse(std::string_view hex) {
  if (hex.size() != 40) return std::nullopt;
  Oid oid;
  for (std::size_t i = 0; i < 40; ++i) {
    char c = hex[i];
    int v;
    if (c >= '0' && c <= '9')
      v = c - '0';
    else if (c >= 'a' && c <= 'f')
      v = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
      v = c - 'A' + 10;
    else
      return std::nullopt;
    oid.bytes_[i / 2] = static_cast<std::uint8_t>(oid.bytes_[i / 2] << 4 | v);
  }
  return oid;
}

std::string Oid::hex() const {
  return to_hex({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
}

Oid Oid::from_bytes(const std::uint8_t* bytes) {
  Oid oid;
  std::memcpy(oid.bytes_.data(), bytes, 20);
  return oid;
}

}  // namespace pika::git
