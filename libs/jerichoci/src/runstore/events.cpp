#include "runstore/events.hpp"

#include "pika/json/json.hpp"

namespace jerichoci {

EventPiece parse_events(std::string_view bytes, std::uint64_t offset) {
  EventPiece out;
  std::size_t at = 0;
  for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n', at)) {
    auto event = pika::json::parse(bytes.substr(at, end - at), "an event");
    at = end + 1;
    if (event && pika::json::find_string(*event, "event")) {
      out.events.push_back(std::move(*event));
    } else {
      ++out.damaged;
    }
  }
  out.next_offset = offset + at;
  return out;
}

}  // namespace jerichoci
