// Oid: a git object name, SHA-1, as 20 bytes.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pika::git {

class Oid {
 public:
  Oid() = default;                                        // all zero: "no object"
  static std::optional<Oid> parse(std::string_view hex);  // 40 hex digits, nothing else
  std::string hex() const;
  std::string short_hex() const { return hex().substr(0, 8); }
  bool is_zero() const { return bytes_ == std::array<std::uint8_t, 20>{}; }
  const std::array<std::uint8_t, 20>& bytes() const { return bytes_; }
  static Oid from_bytes(const std::uint8_t* bytes);
  auto operator<=>(const Oid&) const = default;
  bool operator==(const Oid&) const = default;

 private:
  std::array<std::uint8_t, 20> bytes_{};
};

}  // namespace pika::git

template <>
struct std::hash<pika::git::Oid> {
  std::size_t operator()(const pika::git::Oid& oid) const {
    std::size_t h = 0;
    for (int i = 0; i < 8; ++i) h = h << 8 | oid.bytes()[static_cast<std::size_t>(i)];
    return h;
  }
};
