// Header fields as both server and client look at them: names compare without case.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "pika/http/message.hpp"

namespace pika::http {

bool same_name(std::string_view a, std::string_view b);
std::string_view find_header(const Headers& headers, std::string_view name);  // the first; empty when absent
bool has_header(const Headers& headers, std::string_view name);
void erase_header(Headers& headers, std::string_view name);

// How the end of an answer's body is told.
enum class Framing { none, length, chunked, until_close };

struct Head {
  Framing framing = Framing::length;
  std::uint64_t length = 0;
  bool keep_alive = true;
  bool http_1_0 = false;
};

// Status line and headers up to the empty line. nullopt when a header of ours cannot be sent: its name is no token or
// its value holds a line end or NUL (which would let a name from outside write headers of its own).
std::optional<std::string> format_head(const Response& response, const Head& head);

std::string_view reason_of(int status);

}  // namespace pika::http
