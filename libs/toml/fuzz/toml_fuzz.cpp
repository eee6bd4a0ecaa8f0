// Any bytes: a tree or a problem, never a crash; every position lies inside the text.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pika/toml/toml.hpp"

namespace {
int depth_of(const pika::toml::Value& value, int lines) {
  if (value.at.line < 0 || value.at.line > lines) std::abort();
  int deepest = 0;
  for (const auto& item : value.items) deepest = std::max(deepest, depth_of(item, lines));
  for (const auto& entry : value.entries) {
    if (entry.at.line < 1 || entry.at.line > lines || entry.at.column < 1) std::abort();
    deepest = std::max(deepest, depth_of(entry.value, lines));
  }
  return deepest + 1;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  int lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1 +
              static_cast<int>(std::count(text.begin(), text.end(), '\r'));
  auto value = pika::toml::parse(text, "fuzz.toml");
  if (value && depth_of(*value, lines + 1) > 4 * pika::toml::kMaxDepth * pika::toml::kMaxDepth) std::abort();
  if (!value && value.error().text.empty()) std::abort();
  return 0;
}
