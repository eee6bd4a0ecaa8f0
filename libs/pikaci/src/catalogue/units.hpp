// Spans and sizes as people write them in a catalogue.
#pragma once
#include <cstdint>
#include <string_view>

#include "pika/base/clock.hpp"
#include "pika/base/result.hpp"

namespace pikaci {

// "20m", "1h30m", "90s", "500ms": parts of one unit each, biggest first; more than nothing, at most 168h.
pika::Result<pika::Micros> parse_span(std::string_view text);
// "8GiB", "512MiB", "1.5GiB", "800MB": 1 MiB at least, 16 TiB at most.
pika::Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace pikaci
