#include "catalogue/units.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string>

#include "pika/base/text.hpp"
#include "pika/toml/reader.hpp"

namespace pikaci {

using pika::ErrorKind;
using pika::Micros;
using pika::toml::show;

namespace {

struct SpanUnit {
  std::string_view name;
  Micros micros;
};
constexpr std::array<SpanUnit, 4> kSpanUnits{
    {{"h", 3600 * pika::kSecond}, {"m", 60 * pika::kSecond}, {"s", pika::kSecond}, {"ms", pika::kSecond / 1000}}};
constexpr Micros kMostSpan = 168 * 3600 * pika::kSecond;

struct SizeUnit {
  std::string_view name;
  double bytes;
};
constexpr std::array<SizeUnit, 8> kSizeUnits{{{"KiB", 1024.0},
                                              {"MiB", 1024.0 * 1024},
                                              {"GiB", 1024.0 * 1024 * 1024},
                                              {"TiB", 1024.0 * 1024 * 1024 * 1024},
                                              {"kB", 1e3},
                                              {"MB", 1e6},
                                              {"GB", 1e9},
                                              {"TB", 1e12}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

pika::Result<Micros> parse_span(std::string_view text) {
  auto wrong = [&] {
    return pika::fail(ErrorKind::invalid, fmt::format("'{}' is no span of time", show(text)),
                      R"(write it like "20m", "1h30m", "90s")");
  };
  Micros total = 0;
  std::size_t at = 0, next_unit = 0;
  while (at < text.size()) {
    auto digits_end = at;
    while (digits_end < text.size() && is_digit(text[digits_end])) ++digits_end;
    auto unit_end = digits_end;
    while (unit_end < text.size() && !is_digit(text[unit_end])) ++unit_end;
    auto count = pika::parse_number<std::int64_t>(text.substr(at, digits_end - at));
    auto name = text.substr(digits_end, unit_end - digits_end);
    while (next_unit < kSpanUnits.size() && kSpanUnits[next_unit].name != name) ++next_unit;
    if (!count || next_unit == kSpanUnits.size()) return wrong();
    auto unit = kSpanUnits[next_unit++].micros;
    if (*count > kMostSpan / unit)
      return pika::fail(ErrorKind::invalid, fmt::format("'{}' is more than 168h", show(text)));
    total += *count * unit;
    at = unit_end;
  }
  if (text.empty()) return wrong();
  if (total > kMostSpan) return pika::fail(ErrorKind::invalid, fmt::format("'{}' is more than 168h", show(text)));
  if (total == 0) return pika::fail(ErrorKind::invalid, fmt::format("'{}' is no time at all", show(text)));
  return total;
}

pika::Result<std::uint64_t> parse_size(std::string_view text) {
  auto wrong = [&] {
    return pika::fail(ErrorKind::invalid, fmt::format("'{}' is no size", show(text)),
                      R"(write it like "8GiB" or "512MiB")");
  };
  auto end = text.find_first_not_of("0123456789.");
  if (end == std::string_view::npos || end == 0) return wrong();
  auto count = pika::parse_number<double>(text.substr(0, end));
  auto name = text.substr(end);
  if (name.starts_with(' ')) name.remove_prefix(1);
  for (const auto& unit : kSizeUnits) {
    if (unit.name != name) continue;
    if (!count || !std::isfinite(*count)) return wrong();
    auto bytes = *count * unit.bytes;
    if (bytes < 1024.0 * 1024) return pika::fail(ErrorKind::invalid, fmt::format("'{}' is less than 1MiB", show(text)));
    if (bytes > 16.0 * 1024 * 1024 * 1024 * 1024)
      return pika::fail(ErrorKind::invalid, fmt::format("'{}' is more than 16TiB", show(text)));
    return static_cast<std::uint64_t>(bytes);
  }
  return wrong();
}

}  // namespace pikaci
