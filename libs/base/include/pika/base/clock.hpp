// Time: integer microseconds, UTC, since 1970. Everything that decides by time takes a Clock, so that tests own it.
#pragma once
#include <cstdint>
#include <string>

namespace pika {

using Micros = std::int64_t;
inline constexpr Micros kSecond = 1'000'000;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Micros now() const = 0;  // wall clock: may step back
};

const Clock& system_clock();
Micros monotonic_now();  // never steps back; only differences mean something

// "2026-03-27 00:38:06" and "2026-03-27T00:38:06.123456Z"
std::string format_utc(Micros time);
std::string format_iso(Micros time);
// "17m 02s", "1h 04m", "8s", "0.4s"
std::string format_duration(Micros span);

}  // namespace pika
