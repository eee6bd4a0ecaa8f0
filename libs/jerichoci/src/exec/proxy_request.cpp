#include "exec/proxy_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "model/host_pattern.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;

namespace {

bool token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool visible(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c != 0x7f; });
}

// "host", "host:port", "[v6]:port" into the request; false when it is none of them.
bool take_authority(std::string_view text, std::optional<std::uint16_t> default_port, ProxyRequest& request) {
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    auto close = text.find(']');
    if (close == std::string_view::npos) return false;
    host = text.substr(1, close - 1);
    auto address = IpAddress::parse(host);
    if (!address || !address->version6) return false;
    if (close + 1 < text.size() && text[close + 1] != ':') return false;
    if (close + 2 <= text.size()) port = text.substr(close + 2);
    request.host = address->text();
  } else {
    if (auto colon = text.find(':'); colon != std::string_view::npos) {
      host = text.substr(0, colon);
      port = text.substr(colon + 1);
    }
    auto name = canonical_host(host);
    if (!name) return false;
    request.host = *name;
  }
  auto number = port.empty() ? default_port : pika::parse_number<std::uint16_t>(port);
  if (!number || *number == 0) return false;
  request.port = *number;
  return true;
}

bool for_proxies(std::string_view name) {
  auto lower = pika::lower(name);
  return lower == "host" || lower == "connection" || lower == "keep-alive" || lower.starts_with("proxy-");
}

}  // namespace

pika::Result<ProxyRequest> parse_proxy_request(std::string_view head) {
  auto wrong = [](std::string_view why) { return fail(ErrorKind::invalid, fmt::format("no proxy request: {}", why)); };
  if (!head.ends_with("\r\n\r\n")) return wrong("its head has no end");
  head.remove_suffix(2);
  auto line_end = head.find("\r\n");
  auto words = pika::split(head.substr(0, line_end), ' ');
  if (words.size() != 3 || !token(words[0]) || !words[2].starts_with("HTTP/1.") || words[2].size() != 8)
    return wrong("its first line is not 'METHOD target HTTP/1.1'");
  ProxyRequest request;
  request.connect = words[0] == "CONNECT";
  auto target = words[1];
  if (!visible(target)) return wrong("its target holds blanks or control characters");
  std::string_view path = "/";
  if (request.connect) {
    if (!take_authority(target, std::nullopt, request)) return wrong("CONNECT needs host:port");
  } else {
    constexpr std::string_view kScheme = "http://";
    if (pika::lower(target.substr(0, kScheme.size())) != kScheme)
      return wrong("the whole address, beginning with http://, is needed");
    target.remove_prefix(kScheme.size());
    auto slash = target.find_first_of("/?#");
    if (!take_authority(target.substr(0, slash), 80, request)) return wrong("its address names no host");
    if (slash != std::string_view::npos) path = target.substr(slash);
  }
  bool v6 = request.host.find(':') != std::string::npos;
  auto shown = v6 ? "[" + request.host + "]" : request.host;
  if (request.port != 80) shown += fmt::format(":{}", request.port);
  request.head = fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", words[0],
                             path.starts_with('/') ? "" : "/", path, shown);
  head.remove_prefix(line_end + 2);
  while (!head.empty()) {
    auto end = head.find("\r\n");
    auto line = head.substr(0, end);
    head.remove_prefix(end + 2);
    auto colon = line.find(':');
    bool good = colon != std::string_view::npos && token(line.substr(0, colon)) &&
                line.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos;
    if (!good) return wrong("a line of its head is no 'name: value'");
    if (!for_proxies(line.substr(0, colon))) request.head.append(line).append("\r\n");
  }
  request.head += "\r\n";
  return request;
}

}  // namespace jerichoci
