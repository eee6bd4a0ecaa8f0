#include "inflate.hpp"

#include <array>
#include <new>

namespace pika::http {

Inflater::Inflater() {
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() {
  inflateEnd(&stream_);
}

Status Inflater::add(std::string_view bytes, const std::function<Status(std::string_view)>& take) {
  std::array<char, 64 << 10> out;
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream_.avail_in = static_cast<uInt>(bytes.size());
  bool full = false;  // there may be more output without more input
  while (stream_.avail_in > 0 || full) {
    if (at_end_) {
      inflateReset(&stream_);
      at_end_ = false;
    }
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      return fail(ErrorKind::invalid, "The body says that it is gzip, and is not.");
    const std::size_t size = out.size() - stream_.avail_out;
    if (size > 0) PIKA_TRY(take({out.data(), size}));
    at_end_ = code == Z_STREAM_END;
    full = !at_end_ && stream_.avail_out == 0;
    if (code == Z_BUF_ERROR && size == 0) break;
  }
  return {};
}

}  // namespace pika::http
