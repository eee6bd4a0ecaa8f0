#include "flash.hpp"

#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "pika/http/target.hpp"

namespace pika::server {

namespace {

constexpr const char* kCookie = "pika_flash";
constexpr std::size_t kLongest = 2000;  // browsers drop cookies above 4 KiB

}  // namespace

http::Response with_flash(http::Response response, const Flash& flash) {
  if (flash.sentence.empty()) return response;
  auto value = http::url_encode_query((flash.is_error ? "!" : ".") + to_utf8(flash.sentence.substr(0, kLongest / 3)));
  response.add("Set-Cookie", fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=60", kCookie, value));
  return response;
}

Flash flash_of(const http::Request& request) {
  auto fields = http::parse_fields(fmt::format("flash={}", request.cookie(kCookie)));
  if (!fields || fields->size() != 1 || fields->front().second.size() < 2) return {};
  const auto& value = fields->front().second;
  return {to_utf8(value.substr(1)), value.starts_with('!')};
}

void drop_flash(const http::Request& request, http::Response& response) {
  if (request.cookie(kCookie).empty() || response.status >= 300) return;
  for (const auto& [name, value] : response.headers)
    if (lower(name) == "content-type" && value.starts_with("text/html"))
      return void(response.add("Set-Cookie", fmt::format("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", kCookie)));
}

}  // namespace pika::server
