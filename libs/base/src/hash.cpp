#include "pika/base/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include <array>

#include "pika/base/check.hpp"
#include "pika/base/clock.hpp"
#include "pika/base/result.hpp"

namespace pika {

std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (unsigned char c : bytes) {
    out += digits[c >> 4];
    out += digits[c & 15];
  }
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context{::EVP_MD_CTX_new(), ::EVP_MD_CTX_free};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  PIKA_CHECK(state_->context && ::EVP_DigestInit_ex(state_->context.get(), ::EVP_sha256(), nullptr) == 1,
             "OpenSSL has SHA-256");
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
  PIKA_CHECK(::EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1, "a digest takes any bytes");
}

std::string Sha256::hex() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  PIKA_CHECK(::EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1, "a digest ends once");
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

namespace {
std::string random_bytes(std::size_t count) {
  std::string raw(count, '\0');
  std::size_t have = 0;
  while (have < raw.size()) {
    auto n = ::getrandom(raw.data() + have, raw.size() - have, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      throw SystemError("getrandom");
    }
    have += static_cast<std::size_t>(n);
  }
  return raw;
}
constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
}  // namespace

std::string random_hex(std::size_t bytes) {
  return to_hex(random_bytes(bytes));
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string make_ulid() {
  auto millis = static_cast<std::uint64_t>(system_clock().now() / 1000);
  std::string out(26, '0');
  for (int i = 9; i >= 0; --i) {
    out[static_cast<std::size_t>(i)] = kCrockford[millis & 31];
    millis >>= 5;
  }
  auto raw = random_bytes(16);
  for (std::size_t i = 0; i < 16; ++i) out[10 + i] = kCrockford[static_cast<unsigned char>(raw[i]) & 31];
  return out;
}

bool is_ulid(std::string_view text) {
  return text.size() == 26 && text.find_first_not_of(kCrockford) == std::string_view::npos && text[0] <= '7';
}

std::string base64_encode(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  int n = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                            reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

std::string base64_decode(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return {};
  std::string out(text.size() / 4 * 3, '\0');
  int n = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                            reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (n < 0) return {};
  out.resize(static_cast<std::size_t>(n));
  for (auto c = text.rbegin(); c != text.rend() && *c == '=' && !out.empty(); ++c) out.pop_back();
  return out;
}

}  // namespace pika
