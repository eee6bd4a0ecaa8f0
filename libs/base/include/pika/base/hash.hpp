// Digests and random bytes (OpenSSL).
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace pika {

std::string sha256_hex(std::string_view bytes);  // 64 lower-case hex digits
std::string to_hex(std::string_view bytes);

// The same for bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void update(std::string_view bytes);
  std::string hex();  // of all so far; nothing may follow

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string random_hex(std::size_t bytes);  // 2 digits a byte, from the kernel's generator
bool equal_constant_time(std::string_view a, std::string_view b);
// A ULID (26 characters of Crockford base32, sorts by time): https://github.com/ulid/spec
std::string make_ulid();
bool is_ulid(std::string_view text);
std::string base64_decode(std::string_view text);  // empty when it is not base64
std::string base64_encode(std::string_view bytes);

}  // namespace pika
