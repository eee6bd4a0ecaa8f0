// A blocking HTTP client (libcurl), for ph, for git hooks talking to their server, for tests.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "pika/base/clock.hpp"
#include "pika/http/message.hpp"

namespace pika::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url;            // http:// or https://
  std::string unix_socket{};  // connect there instead; the host of the URL is then only a name
  Headers headers{};
  std::string body{};
  Micros connect_timeout = 5 * kSecond;
  std::optional<Micros> timeout = 60 * kSecond;     // whole exchange; nullopt for streams
  std::function<bool(std::string_view)> on_body{};  // called with pieces instead of collecting; false stops
  std::uint64_t max_body = 256u << 20;              // of a collected answer; above it too_large
  std::function<bool()> go_on{};  // asked at least once a second while nothing comes; false: give up, unavailable
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
  std::string_view header(std::string_view name) const;
};

// unavailable, with host and reason, when no answer came or it broke off; invalid for a URL that is none. Redirects are
// not followed. Only http and https. The head of an answer is at most 256 KiB, whatever libcurl takes. Proxies of the
// environment are used, but not for this host or a Unix socket.
Result<ClientResponse> fetch(const ClientRequest& request);

}  // namespace pika::http
