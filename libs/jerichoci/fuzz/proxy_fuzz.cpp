// Any bytes as the head of a request to the proxy, and as a host to allow: refused with a sentence, or a request that
// cannot be read as two.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "exec/proxy_request.hpp"
#include "model/host_pattern.hpp"

using namespace jerichoci;

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

void sent_on(const std::string& head) {
  demand(head.find("\r\n\r\n") == head.size() - 4);
  for (std::size_t at = 0; at < head.size(); ++at) {
    if (head[at] == '\n') demand(at > 0 && head[at - 1] == '\r');
    if (head[at] == '\r') demand(head[at + 1] == '\n');
    demand(head[at] != '\0');
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto request = parse_proxy_request(text)) {
    demand(!request->host.empty() && request->port != 0);
    if (!request->connect) sent_on(request->head);
  } else {
    demand(!request.error().what.empty());
  }
  auto pattern = HostPattern::parse(text);
  if (!pattern) demand(!pattern.error().what.empty());
  if (auto address = IpAddress::parse(text)) demand(IpAddress::parse(address->text()) == address);
  if (auto host = canonical_host(text)) demand(canonical_host(*host) == host);
  return 0;
}
