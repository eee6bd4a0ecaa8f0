// The stream of frames from a hostile peer: whatever parses must survive being written and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pika/forge_model/runner_protocol.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pika::forge_model;
  FrameReader reader;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // In two pieces, so that cuts inside a frame are met too.
  const auto half = bytes.size() / 2;
  for (auto piece : {bytes.substr(0, half), bytes.substr(half)}) {
    reader.feed(piece);
    while (true) {
      auto frame = reader.next();
      if (!frame || !*frame) break;
      auto message = decode_message(**frame);
      if (!message) continue;
      auto again = encode_frame(*message);
      if (!again) continue;
      auto twice = decode_message(std::string_view(*again).substr(4));
      if (!twice || message_type(*twice) != message_type(*message)) std::abort();
    }
  }
  return 0;
}
