// Frames: a big-endian u32 length and that many bytes.
#include "pika/base/text.hpp"
#include "pika/forge_model/runner_protocol.hpp"

namespace pika::forge_model {

Result<std::string> encode_frame(const Message& message) {
  const std::string body = json::print(to_json(message));
  if (body.size() > kMaxFrame)
    return fail(ErrorKind::too_large, "a message of type '" + std::string(message_type(message)) + "' takes " +
                                          format_bytes(body.size()) + "; a frame holds " + format_bytes(kMaxFrame));
  std::string frame;
  frame.reserve(4 + body.size());
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(body.size() >> shift & 0xff);
  frame += body;
  return frame;
}

void FrameReader::feed(std::string_view bytes) {
  if (begin_ > 0 && begin_ >= buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
}

Result<std::optional<std::string>> FrameReader::next() {
  if (buffered() < 4) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(buffer_[begin_ + i]);
  if (size > kMaxFrame)
    return fail(ErrorKind::too_large,
                "the other side announced a frame of " + std::to_string(size) + " bytes; the limit is " +
                    std::to_string(kMaxFrame),
                "check that it is a pika-runner and a pika-git that are connected here");
  if (size == 0) return fail(ErrorKind::invalid, "the other side sent an empty frame");
  if (buffered() < 4 + size) return std::nullopt;
  std::string body = buffer_.substr(begin_ + 4, size);
  begin_ += 4 + size;
  return body;
}

Result<Message> decode_message(std::string_view body) {
  return message_from_json(PIKA_TRY(json::parse(body, "runner protocol")));
}

}  // namespace pika::forge_model
