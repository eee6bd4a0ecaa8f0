// Any bytes: a tree within the limits or a problem with words, never a crash.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pika/yaml/yaml.hpp"

namespace {
std::size_t count(const pika::yaml::Value& value, int depth) {
  if (depth > 2 * pika::yaml::kMaxDepth) std::abort();
  std::size_t n = 1;
  for (const auto& item : value.items) n += count(item, depth + 1);
  for (const auto& [key, item] : value.entries) n += count(item, depth + 1);
  return n;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto value = pika::yaml::parse({reinterpret_cast<const char*>(data), size}, "fuzz.yml");
  if (value && count(*value, 0) > pika::yaml::kMaxValues) std::abort();
  if (!value && value.error().text.empty()) std::abort();
  return 0;
}
