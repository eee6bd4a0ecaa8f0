// Small text helpers. Names and contents that come from outside are bytes; what people read is UTF-8.
#pragma once
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pika {

std::vector<std::string_view> split(std::string_view text, char separator);  // "a,,b" gives three parts
std::string_view trim(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string lower(std::string_view text);  // ASCII only

bool is_utf8(std::string_view bytes);
// The same text with every broken sequence replaced by U+FFFD; for pages and JSON, never for git.
std::string to_utf8(std::string_view bytes);

// A name as a person may read and paste it: plain when it is harmless, else quoted as in a C string ("a\nb").
std::string quote_name(std::string_view bytes);
// One shell word: 'it'\''s'
std::string shell_quote(std::string_view word);

// The whole text as a decimal number, or nothing.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// "1.2 MB", "340 B" (powers of 1,000)
std::string format_bytes(std::uint64_t bytes);
// 12345 -> "12,345"
std::string format_count(std::int64_t n);
// "1 file", "3 files"
std::string plural(std::int64_t n, std::string_view one, std::string_view many = {});

// The known word nearest to `word` by edit distance, if it is near enough to be a slip; for "did you mean".
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace pika
