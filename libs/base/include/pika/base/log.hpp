// One line a fact, on standard error: "2026-03-27 00:38:06 info forge: repository acme/rocket: 1 branch moved".
// Thread-safe; a line is written by one write(2).
#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>

namespace pika {

enum class LogLevel { debug, info, warning, error };

void set_log_level(LogLevel least);
void log_line(LogLevel level, std::string_view part, std::string_view text);

template <class... Args>
void log_info(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::info, part, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::warning, part, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_error(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::error, part, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace pika
