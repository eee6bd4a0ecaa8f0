#include "runstore/log_format.hpp"

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "runstore/seekable_zstd.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

namespace {

template <class T>
void put_le(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
}

template <class T>
T get_le(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return static_cast<T>(value);
}

std::string header_of(std::string_view magic) {
  std::string header(magic);
  header.resize(kLogHeaderBytes, '\0');
  return header;
}

}  // namespace

std::string encode_log_header() {
  return header_of("JCILOGIDX1\n");
}

std::string encode_log_frame(const LogFrame& frame) {
  std::string out;
  put_le(out, frame.offset);
  put_le(out, frame.time);
  put_le(out, frame.length);
  put_le(out, static_cast<std::uint8_t>(frame.stream));
  put_le(out, std::uint8_t{0});
  put_le(out, frame.step);
  return out;
}

LogFrames decode_log_index(std::string_view bytes) {
  LogFrames out;
  if (!bytes.starts_with(encode_log_header())) {
    out.whole = false;
    return out;
  }
  bytes.remove_prefix(kLogHeaderBytes);
  std::uint64_t at = 0;
  for (; bytes.size() >= kLogFrameBytes; bytes.remove_prefix(kLogFrameBytes)) {
    auto stream = get_le<std::uint8_t>(bytes, 20);
    LogFrame frame{get_le<std::uint64_t>(bytes, 0), get_le<pika::Micros>(bytes, 8), get_le<std::uint32_t>(bytes, 16),
                   static_cast<LogStream>(stream), get_le<std::uint16_t>(bytes, 22)};
    if (frame.offset != at || frame.length == 0 || stream > 3) break;
    at += frame.length;
    out.frames.push_back(frame);
  }
  out.whole = bytes.empty();
  return out;
}

std::string encode_line_header() {
  return header_of("JCILOGLIN1\n");
}

std::string encode_line_count(std::uint64_t newlines) {
  std::string out;
  put_le(out, newlines);
  return out;
}

std::vector<std::uint64_t> decode_line_index(std::string_view bytes, std::uint64_t raw_size) {
  std::vector<std::uint64_t> out;
  if (!bytes.starts_with(encode_line_header())) return out;
  bytes.remove_prefix(kLogHeaderBytes);
  std::uint64_t before = 0;
  for (; bytes.size() >= 8 && (out.size() + 1) * kLineBlock <= raw_size; bytes.remove_prefix(8)) {
    auto count = get_le<std::uint64_t>(bytes, 0);
    if (count < before || count - before > kLineBlock) break;
    out.push_back(before = count);
  }
  return out;
}

fs::path attempt_folder(const fs::path& job_folder, unsigned number) {
  return job_folder / "attempts" / std::to_string(number);
}

void settle_log(const fs::path& folder) {
  std::error_code error;
  fs::remove(folder / "log.tail", error);
  fs::remove(folder / kCompressedAside, error);
  auto raw = folder / "log.raw", packed = folder / "log.raw.zst";
  if (fs::exists(raw, error) && fs::exists(packed, error)) {
    // It was named only after it was on disk; that it opens and has the right size is looked at nevertheless.
    auto reader = SeekableReader::open(packed);
    bool good = reader && reader->size() == fs::file_size(raw, error);
    fs::remove(good ? raw : packed, error);
  }
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    auto name = entry.path().filename().string();
    if (name.starts_with(".steps.json.")) fs::remove(entry.path(), error);
  }
}

}  // namespace jerichoci
