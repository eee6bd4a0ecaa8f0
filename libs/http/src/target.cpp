#include "pika/http/target.hpp"

#include <fmt/format.h>

#include "pika/base/text.hpp"

namespace pika::http {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::unexpected<Error> refuse(std::string what) {
  return fail(ErrorKind::invalid, std::move(what));
}

enum class Plus { literal, space };

Result<std::string> decode(std::string_view text, Plus plus) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return refuse("The address has a '%' that is not followed by two hexadecimal digits.");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus == Plus::space) {
      c = ' ';
    }
    if (c == '\0') return refuse("The address has a NUL byte.");
    bytes += c;
  }
  return bytes;
}

// "http://host/path" as clients send it to proxies: only its path matters here.
Result<std::string_view> path_and_query(std::string_view target) {
  if (target.starts_with('/')) return target;
  const auto scheme = lower(target.substr(0, 8));
  const std::size_t host = scheme.starts_with("http://") ? 7 : scheme.starts_with("https://") ? 8 : 0;
  if (host == 0) return refuse("The address does not begin with '/'.");
  const auto slash = target.find_first_of("/?", host);
  if (slash == std::string_view::npos) return std::string_view("/");
  if (target[slash] == '?') return refuse("The address has no path.");
  return target.substr(slash);
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> parse_fields(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (text.empty()) return fields;
  for (auto field : split(text, '&')) {
    if (field.empty()) continue;
    const auto equals = field.find('=');
    auto name = PIKA_TRY(decode(field.substr(0, equals), Plus::space));
    auto value =
        equals == std::string_view::npos ? std::string() : PIKA_TRY(decode(field.substr(equals + 1), Plus::space));
    fields.emplace_back(std::move(name), std::move(value));
  }
  return fields;
}

Result<Target> parse_target(std::string_view text) {
  if (text.find('#') != std::string_view::npos) return refuse("The address has a '#'.");
  const auto all = PIKA_TRY(path_and_query(text));
  const auto question = all.find('?');
  auto path = all.substr(1, question == std::string_view::npos ? question : question - 1);
  Target target;
  if (question != std::string_view::npos) target.query = PIKA_TRY(parse_fields(all.substr(question + 1)));
  if (path.empty()) return target;
  if (path.ends_with('/')) {
    target.trailing_slash = true;
    path.remove_suffix(1);
  }
  for (auto part : split(path, '/')) {
    auto segment = PIKA_TRY(decode(part, Plus::literal));
    if (segment.empty() || segment == "." || segment == "..")
      return refuse("The address has an empty segment, '.' or '..' in its path.");
    target.segments.push_back(std::move(segment));
  }
  return target;
}

}  // namespace pika::http
