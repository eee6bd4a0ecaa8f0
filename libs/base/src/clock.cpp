#include "pika/base/clock.hpp"

#include <fmt/format.h>
#include <time.h>

namespace pika {

namespace {
Micros read_clock(clockid_t id) {
  timespec t{};
  ::clock_gettime(id, &t);
  return static_cast<Micros>(t.tv_sec) * kSecond + t.tv_nsec / 1000;
}
struct SystemClock final : Clock {
  Micros now() const override { return read_clock(CLOCK_REALTIME); }
};
tm utc(Micros time) {
  time_t seconds = static_cast<time_t>(time / kSecond - (time % kSecond < 0 ? 1 : 0));
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  return parts;
}
}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

Micros monotonic_now() {
  return read_clock(CLOCK_MONOTONIC);
}

std::string format_utc(Micros time) {
  auto t = utc(time);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                     t.tm_min, t.tm_sec);
}

std::string format_iso(Micros time) {
  auto t = utc(time);
  auto fraction = ((time % kSecond) + kSecond) % kSecond;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                     t.tm_min, t.tm_sec, fraction);
}

std::string format_duration(Micros span) {
  if (span < 0) span = 0;
  auto seconds = span / kSecond;
  if (seconds < 10 && span % kSecond != 0 && seconds < 1)
    return fmt::format("{:.1f}s", static_cast<double>(span) / kSecond);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{}h {:02}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d {:02}h", seconds / 86400, seconds / 3600 % 24);
}

}  // namespace pika
