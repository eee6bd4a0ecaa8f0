// Reads events.jsonl, while it is written and after; what is in it is outside input.
#pragma once
#include <string_view>

#include "jerichoci/jerichoci.hpp"

namespace jerichoci {

// The whole lines of `bytes`, which lie at `offset` of the file. A line that is no event is left out and counted.
EventPiece parse_events(std::string_view bytes, std::uint64_t offset);

}  // namespace jerichoci
