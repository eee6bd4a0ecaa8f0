#include "image/byte_source.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::Result;

namespace {

class Plain final : public ByteSource {
 public:
  explicit Plain(std::string_view bytes) : rest_(bytes) {}
  Result<std::size_t> read(char* out, std::size_t size) override {
    auto n = std::min(size, rest_.size());
    std::memcpy(out, rest_.data(), n);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view rest_;
};

class Gzip final : public ByteSource {
 public:
  explicit Gzip(std::string_view bytes) : rest_(bytes) {
    if (::inflateInit2(&stream_, 15 + 16) != Z_OK) throw pika::SystemError(ENOMEM, "inflateInit2");
  }
  ~Gzip() override { ::inflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  Result<std::size_t> read(char* out, std::size_t size) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out == size) {
      if (stream_.avail_in == 0) {
        auto piece = std::min<std::size_t>(rest_.size(), 1u << 20);
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
        stream_.avail_in = static_cast<uInt>(piece);
        rest_.remove_prefix(piece);
        if (piece == 0 && ended_) return 0u;
        if (piece == 0) return fail(ErrorKind::invalid, "the gzip stream is cut short");
      }
      if (ended_) {  // another member follows
        ended_ = false;
        ::inflateReset(&stream_);
      }
      int answer = ::inflate(&stream_, Z_NO_FLUSH);
      if (answer == Z_STREAM_END) {
        ended_ = true;
      } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
        return fail(ErrorKind::invalid, "the gzip stream is broken");
      }
    }
    return size - stream_.avail_out;
  }

 private:
  std::string_view rest_;
  z_stream stream_{};
  bool ended_ = false;
};

class Zstd final : public ByteSource {
 public:
  explicit Zstd(std::string_view bytes) : in_{bytes.data(), bytes.size(), 0}, stream_(::ZSTD_createDStream()) {
    if (!stream_) throw pika::SystemError(ENOMEM, "ZSTD_createDStream");
  }
  ~Zstd() override { ::ZSTD_freeDStream(stream_); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;

  Result<std::size_t> read(char* out, std::size_t size) override {
    ZSTD_outBuffer to{out, size, 0};
    while (to.pos == 0) {
      if (in_.pos == in_.size && open_ == 0) return 0u;
      auto before = in_.pos;
      open_ = ::ZSTD_decompressStream(stream_, &to, &in_);
      if (::ZSTD_isError(open_)) return fail(ErrorKind::invalid, "the zstd stream is broken");
      if (to.pos == 0 && in_.pos == in_.size && in_.pos == before && open_ != 0)
        return fail(ErrorKind::invalid, "the zstd stream is cut short");
    }
    return to.pos;
  }

 private:
  ZSTD_inBuffer in_;
  ZSTD_DStream* stream_;
  std::size_t open_ = 0;  // 0: between frames
};

}  // namespace

std::unique_ptr<ByteSource> unpack_bytes(std::string_view bytes) {
  if (bytes.starts_with("\x1f\x8b")) return std::make_unique<Gzip>(bytes);
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return std::make_unique<Zstd>(bytes);
  return std::make_unique<Plain>(bytes);
}

}  // namespace jerichoci
