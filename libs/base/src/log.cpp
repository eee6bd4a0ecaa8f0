#include "pika/base/log.hpp"

#include <atomic>

#include "pika/base/clock.hpp"
#include "pika/base/fd.hpp"

namespace pika {

namespace {
std::atomic<LogLevel> least_level{LogLevel::info};
const char* word(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "?";
}
}  // namespace

void set_log_level(LogLevel least) {
  least_level = least;
}

void log_line(LogLevel level, std::string_view part, std::string_view text) {
  if (level < least_level.load()) return;
  try {
    write_all(2, fmt::format("{} {} {}: {}\n", format_utc(system_clock().now()), word(level), part, text));
  } catch (...) {  // nobody to tell when standard error itself is gone
  }
}

}  // namespace pika
