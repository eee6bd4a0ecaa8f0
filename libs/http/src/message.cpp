#include "pika/http/message.hpp"

#include <algorithm>

#include "headers.hpp"
#include "pika/base/check.hpp"
#include "pika/base/text.hpp"
#include "pika/http/target.hpp"

namespace pika::http {

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return low(x) == low(y);
  });
}

std::string_view find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (same_name(key, name)) return value;
  return {};
}

bool has_header(const Headers& headers, std::string_view name) {
  return std::ranges::any_of(headers, [&](const auto& h) { return same_name(h.first, name); });
}

void erase_header(Headers& headers, std::string_view name) {
  std::erase_if(headers, [&](const auto& h) { return same_name(h.first, name); });
}

std::string_view Request::header(std::string_view name) const {
  return find_header(headers, name);
}

std::string_view Request::query_value(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return {};
}

std::map<std::string, std::string> Request::form() const {
  const auto type = header("Content-Type");
  if (lower(trim(type.substr(0, type.find(';')))) != "application/x-www-form-urlencoded") return {};
  auto fields = parse_fields(body);
  if (!fields) return {};
  std::map<std::string, std::string> form;
  for (auto& [name, value] : *fields) form.try_emplace(std::move(name), std::move(value));
  return form;
}

std::string_view Request::cookie(std::string_view name) const {
  for (const auto& [key, all] : headers) {
    if (!same_name(key, "Cookie")) continue;
    for (auto part : split(all, ';')) {
      part = trim(part);
      const auto equals = part.find('=');
      if (equals != std::string_view::npos && part.substr(0, equals) == name) return part.substr(equals + 1);
    }
  }
  return {};
}

Response& Response::set(std::string name, std::string value) {
  erase_header(headers, name);
  return add(std::move(name), std::move(value));
}

Response& Response::add(std::string name, std::string value) {
  headers.emplace_back(std::move(name), std::move(value));
  return *this;
}

namespace {

Response with_type(int status, std::string body, const char* type) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.add("Content-Type", type);
  return response;
}

std::string percent_encode(std::string_view bytes, std::string_view also_plain) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter_or_digit || std::string_view("-._~").contains(c) || also_plain.contains(c)) {
      text += c;
    } else {
      text += '%';
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    }
  }
  return text;
}

}  // namespace

Response text_response(int status, std::string body) {
  return with_type(status, std::move(body), "text/plain; charset=utf-8");
}

Response json_response(int status, std::string body) {
  return with_type(status, std::move(body), "application/json");
}

Response html_response(int status, std::string body) {
  return with_type(status, std::move(body), "text/html; charset=utf-8");
}

Response redirect(std::string location, int status) {
  Response response;
  response.status = status;
  response.add("Location", std::move(location));
  return response;
}

// A segment that is "." or ".." means something else to every client, and cannot be written so that it does not.
std::string url_encode_segment(std::string_view bytes) {
  return percent_encode(bytes, "!$*,:@");
}

std::string url_encode_query(std::string_view bytes) {
  return percent_encode(bytes, "!$*,:@/");
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::unauthorised:
      return 401;
    case ErrorKind::forbidden:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::internal:
      return 500;
  }
  return 500;
}

}  // namespace pika::http
