// Any filter on any path (one line each): never a crash, and never slow, however the stars stand.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "pika/filter/filter.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  auto end = input.find('\n');
  auto pattern = input.substr(0, end);
  auto path = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  auto filter = pika::Filter::parse(pattern);
  if (!filter) {
    if (filter.error().what.empty()) std::abort();
    return 0;
  }
  if (filter->text() != pattern) std::abort();
  bool chosen = filter->matches(path);
  // Everything below a folder that is matched by a filter ending in '/'.
  if (chosen && pattern.ends_with('/') && !pattern.ends_with("\\/") && !filter->matches(std::string(path) + "/x"))
    std::abort();
  return 0;
}
