#include "compress.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

#include "headers.hpp"
#include "pika/base/text.hpp"

namespace pika::http {

namespace {

constexpr std::size_t kWorthIt = 1024;
// Of a branch page, level 4 leaves 2% more than level 6 at half its time.
constexpr int kLevel = 4;

class Deflater {
 public:
  Deflater() {
    constexpr int kGzip = 16 + MAX_WBITS;
    if (deflateInit2(&stream_, kLevel, Z_DEFLATED, kGzip, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream_); }

  // Gives each piece to `take`, until that gives false; false then.
  template <class Take>
  bool add(std::string_view bytes, int flush, const Take& take) {
    std::array<char, 32 << 10> out;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out.data());
      stream_.avail_out = static_cast<uInt>(out.size());
      deflate(&stream_, flush);
      const std::size_t size = out.size() - stream_.avail_out;
      if (size > 0 && !take(std::string_view(out.data(), size))) return false;
    } while (stream_.avail_out == 0);
    return true;
  }

 private:
  z_stream stream_{};
};

// What a stream's producer writes to: the first piece goes out at once, so that a page begins without delay.
class GzipWriter final : public BodyWriter {
 public:
  explicit GzipWriter(BodyWriter& to) : to_(to) {}
  bool write(std::string_view bytes) override {
    const int flush = begun_ ? Z_NO_FLUSH : Z_SYNC_FLUSH;
    begun_ = true;
    return deflater_.add(bytes, flush, [this](std::string_view piece) { return to_.write(piece); });
  }
  void finish() {
    deflater_.add({}, Z_FINISH, [this](std::string_view piece) { return to_.write(piece); });
  }

 private:
  BodyWriter& to_;
  Deflater deflater_;
  bool begun_ = false;
};

bool is_text(std::string_view type) {
  type = type.substr(0, type.find(';'));
  return type.starts_with("text/") || type == "application/json" || type == "application/javascript" ||
         type == "image/svg+xml";
}

std::string gzipped(std::string_view body) {
  std::string out;
  out.reserve(body.size() / 4);
  Deflater deflater;
  deflater.add(body, Z_FINISH, [&](std::string_view piece) {
    out.append(piece);
    return true;
  });
  return out;
}

}  // namespace

bool takes_gzip(const Request& request) {
  for (auto part : split(request.header("Accept-Encoding"), ',')) {
    auto word = trim(part.substr(0, part.find(';')));
    if (word != "gzip" && word != "x-gzip" && word != "*") continue;
    auto weight = part.find("q=");
    if (weight == std::string_view::npos) return true;
    auto number = trim(part.substr(weight + 2));
    return number.find_first_not_of("0.") != std::string_view::npos;
  }
  return false;
}

void compress_answer(const Request& request, Response& response) {
  if (response.events || response.status < 200 || response.status == 204 || response.status == 206 ||
      response.status == 304)
    return;
  if (!is_text(find_header(response.headers, "Content-Type")) || has_header(response.headers, "Content-Encoding"))
    return;
  if (!response.stream && response.body.size() < kWorthIt) return;
  response.add("Vary", "Accept-Encoding");
  if (!takes_gzip(request)) return;
  response.add("Content-Encoding", "gzip");
  if (auto tag = find_header(response.headers, "ETag"); !tag.empty() && !tag.starts_with("W/"))
    response.set("ETag", "W/" + std::string(tag));
  if (!response.stream) {
    response.body = gzipped(response.body);
    return;
  }
  erase_header(response.headers, "Content-Length");
  response.stream = [produce = std::move(response.stream)](BodyWriter& to) {
    GzipWriter writer(to);
    produce(writer);
    writer.finish();
  };
}

}  // namespace pika::http
