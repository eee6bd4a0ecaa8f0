// Any bytes as events.jsonl, read whole or in two parts: the same events, the same count of damaged lines.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "runstore/events.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto whole = jerichoci::parse_events(bytes, 0);
  if (whole.next_offset > size) std::abort();
  auto first = jerichoci::parse_events(bytes.substr(0, size / 2), 0);
  auto rest = jerichoci::parse_events(bytes.substr(first.next_offset), first.next_offset);
  if (rest.next_offset != whole.next_offset || first.damaged + rest.damaged != whole.damaged ||
      first.events.size() + rest.events.size() != whole.events.size())
    std::abort();
  return 0;
}
