// The decoder of request targets: what it gives is safe, and says the same when it is encoded and decoded again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pika/http/message.hpp"
#include "pika/http/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pika::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = parse_target(text);
  if (!target) return 0;
  std::string again;
  for (const auto& segment : target->segments) {
    if (segment.empty() || segment == "." || segment == ".." || segment.contains('\0')) std::abort();
    again += "/" + url_encode_segment(segment);
  }
  if (target->trailing_slash || again.empty()) again += "/";
  char separator = '?';
  for (const auto& [name, value] : target->query) {
    again += separator + url_encode_query(name) + "=" + url_encode_query(value);
    separator = '&';
  }
  const auto same = parse_target(again);
  if (!same || same->segments != target->segments || same->query != target->query ||
      same->trailing_slash != target->trailing_slash)
    std::abort();
  return 0;
}
