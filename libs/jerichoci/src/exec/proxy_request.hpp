// What a job asks of the allow-list's proxy: RFC 9110's CONNECT, and plain http with the whole address in the request
// line (RFC 9112, 3.2.2). Requests are hostile bytes; what is not exactly such a request is refused.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "pika/base/result.hpp"

namespace jerichoci {

inline constexpr std::size_t kMostRequestHead = 32 * 1024;

struct ProxyRequest {
  bool connect = false;
  std::string host;  // canonical name, or an address without brackets
  std::uint16_t port = 0;
  std::string head;  // to send on, when it is no CONNECT: in origin form, with Host, closing, nothing for proxies
};

// `head` is all before and with the empty line.
pika::Result<ProxyRequest> parse_proxy_request(std::string_view head);

}  // namespace jerichoci
