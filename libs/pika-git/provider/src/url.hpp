// The address of a provider, strictly: what libcurl and we could read differently is refused.
#pragma once
#include <string>
#include <string_view>

#include "pika/base/result.hpp"

namespace pika::model {

struct Url {
  bool tls = false;
  std::string host;  // lower case; an IPv6 address with its brackets
  std::string port;  // as written; empty: the scheme's
  std::string path;  // "" or "/a/b", without a slash at its end
  std::string text() const;
  std::string place() const;  // host, or host:port
  bool loopback() const;      // this host, whatever a name server says
};

// invalid without a word of the text in it, which may hold a secret.
Result<Url> parse_url(std::string_view text);

}  // namespace pika::model
