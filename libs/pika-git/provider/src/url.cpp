#include "url.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace pika::model {

namespace {

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool all_of(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [&](char c) { return letter_or_digit(c) || others.contains(c); });
}

// "127.0.0.1" in full: short and octal forms are names to some programs and addresses to others.
bool is_loopback_v4(std::string_view host) {
  const auto parts = split(host, '.');
  return parts.size() == 4 && parts[0] == "127" && std::ranges::all_of(parts, [](std::string_view part) {
           const auto n = parse_number<unsigned>(part);
           return n && *n < 256 && (part.size() == 1 || part[0] != '0');
         });
}

bool is_host(std::string_view host) {
  if (host.starts_with('['))
    return host.size() > 3 && host.ends_with(']') && all_of(host.substr(1, host.size() - 2), ":.");
  return !host.empty() && host.size() <= 253 && letter_or_digit(host[0]) && all_of(host, ".-_") && !host.contains("..");
}

bool is_path(std::string_view path) {
  return all_of(path, "/-._~") && !path.contains("//") && !path.contains("/.");
}

}  // namespace

std::string Url::place() const {
  return port.empty() ? host : host + ":" + port;
}

std::string Url::text() const {
  return (tls ? "https://" : "http://") + place() + path;
}

bool Url::loopback() const {
  return host == "localhost" || host == "[::1]" || is_loopback_v4(host);
}

Result<Url> parse_url(std::string_view text) {
  const char* form =
      "write it as https://HOST, http://HOST:PORT or https://HOST/PATH, without user name and without query";
  auto bad = [&](const char* why) { return fail(ErrorKind::invalid, fmt::format("the model's url {}", why), form); };
  Url url;
  if (text.starts_with("https://"))
    url.tls = true, text.remove_prefix(8);
  else if (text.starts_with("http://"))
    text.remove_prefix(7);
  else
    return bad("does not begin with https:// or http://");
  const auto slash = std::min(text.find('/'), text.size());
  std::string_view authority = text.substr(0, slash), path = text.substr(slash);
  if (authority.contains('@')) return bad("has a user name in it");
  const auto colon = authority.starts_with('[') ? authority.find(':', authority.find(']')) : authority.find(':');
  if (colon != std::string_view::npos) {
    const auto port = parse_number<unsigned>(authority.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) return bad("has a port that is none");
    url.port = std::to_string(*port);
    authority = authority.substr(0, colon);
  }
  if (!is_host(authority)) return bad("has no host that can be read");
  url.host = lower(authority);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.size() > 500 || !is_path(path)) return bad("has a path with characters that do not belong there");
  url.path = path;
  return url;
}

}  // namespace pika::model
