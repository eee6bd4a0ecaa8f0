#include "runstore/log_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/check.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::Micros;
using pika::SystemError;
using pika::UniqueFd;

namespace {

constexpr Micros kOneFrame = 20'000;  // pieces within 20 ms of the first share its frame
constexpr std::uint32_t kLongFrame = 1u << 20;
constexpr std::uint64_t kManyFrames = 1u << 20;  // above this, frames are long and mixed: the index stays small
constexpr std::size_t kManyRingFrames = 1u << 16;

UniqueFd create(const fs::path& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) throw SystemError(fmt::format("create '{}'", path.string()));
  return fd;
}

template <class T>
void put_le(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
}

}  // namespace

std::string encode_log_header() {
  std::string header = "JCILOGIDX1\n";
  header.resize(kLogHeaderBytes, '\0');
  return header;
}

std::string encode_log_frame(const LogFrame& frame) {
  std::string out;
  put_le(out, frame.offset);
  put_le(out, frame.time);
  put_le(out, frame.length);
  put_le(out, static_cast<std::uint8_t>(frame.stream));
  put_le(out, std::uint8_t{0});
  put_le(out, std::uint16_t{0});
  return out;
}

LogWriter::LogWriter(const fs::path& folder, std::uint64_t cap)
    : folder_(folder),
      half_(std::max<std::uint64_t>(cap / 2, 1)),
      raw_(create(folder / "log.raw", O_WRONLY)),
      index_(create(folder / "log.idx", O_WRONLY)) {
  pika::write_all(index_.get(), encode_log_header());
}

LogWriter::~LogWriter() {
  remove_ring();
}

void LogWriter::remove_ring() {
  if (ring_) ::unlink((folder_ / "log.tail").c_str());
  ring_.reset();
}

void LogWriter::flush_frame() {
  if (open_.length == 0) return;
  pika::write_all(index_.get(), encode_log_frame(open_));
  ++frames_;
  open_.length = 0;
}

void LogWriter::append(std::string_view bytes, LogStream stream, Micros now) {
  while (!bytes.empty()) {
    bool many = frames_ >= kManyFrames;
    bool fits = open_.length > 0 && open_.length < kLongFrame &&
                (many || (open_.stream == stream && now - open_.time < kOneFrame));
    if (!fits) {
      flush_frame();
      open_ = {raw_size_, now, 0, stream};
    }
    if (open_.stream != stream) open_.stream = LogStream::mixed;
    auto piece = bytes.substr(0, kLongFrame - open_.length);
    pika::write_all(raw_.get(), piece);
    raw_size_ += piece.size();
    open_.length += static_cast<std::uint32_t>(piece.size());
    bytes.remove_prefix(piece.size());
  }
}

void LogWriter::keep_in_ring(std::string_view bytes, LogStream stream, Micros now) {
  if (!ring_) ring_ = create(folder_ / "log.tail", O_RDWR);
  while (!bytes.empty()) {
    auto at = ring_to_ % half_;
    auto piece = bytes.substr(0, static_cast<std::size_t>(half_ - at));
    for (std::size_t done = 0; done < piece.size();) {
      auto n = ::pwrite(ring_.get(), piece.data() + done, piece.size() - done, static_cast<off_t>(at + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw SystemError("write log.tail");
      done += static_cast<std::size_t>(n);
    }
    bool join = !ring_frames_.empty() && ring_frames_.back().length < kLongFrame &&
                (ring_frames_.size() >= kManyRingFrames ||
                 (ring_frames_.back().stream == stream && now - ring_frames_.back().time < kOneFrame));
    if (join) {
      if (ring_frames_.back().stream != stream) ring_frames_.back().stream = LogStream::mixed;
      ring_frames_.back().length += static_cast<std::uint32_t>(piece.size());
    } else {
      ring_frames_.push_back({ring_to_, now, static_cast<std::uint32_t>(piece.size()), stream});
    }
    ring_to_ += piece.size();
    bytes.remove_prefix(piece.size());
  }
  ring_from_ = ring_to_ > half_ ? std::max(ring_from_, ring_to_ - half_) : ring_from_;
  while (!ring_frames_.empty() && ring_frames_.front().offset + ring_frames_.front().length <= ring_from_)
    ring_frames_.pop_front();
}

void LogWriter::write(std::string_view bytes, LogStream stream, Micros now) {
  PIKA_CHECK(!closed_, "a closed log takes no more");
  seen_ += bytes.size();
  if (raw_size_ < half_) {
    auto head = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), half_ - raw_size_)));
    append(head, stream, now);
    bytes.remove_prefix(head.size());
  }
  if (!bytes.empty()) keep_in_ring(bytes, stream, now);
}

void LogWriter::copy_ring(std::uint64_t from, std::uint32_t length, LogStream stream, Micros time) {
  std::string buffer;
  while (length > 0) {
    auto at = from % half_;
    auto size = static_cast<std::size_t>(std::min<std::uint64_t>({length, half_ - at, 256 * 1024}));
    buffer.resize(size);
    auto n = ::pread(ring_.get(), buffer.data(), size, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw SystemError("read log.tail");
    append(std::string_view(buffer).substr(0, static_cast<std::size_t>(n)), stream, time);
    from += static_cast<std::uint64_t>(n);
    length -= static_cast<std::uint32_t>(n);
  }
}

void LogWriter::append_tail(Micros now) {
  auto cut = ring_from_;
  if (cut > 0)
    append(fmt::format("\n[{} cut here: the log is capped at {}]\n", pika::format_bytes(cut),
                       pika::format_bytes(2 * half_)),
           LogStream::engine, now);
  for (const auto& frame : ring_frames_) {
    auto skip = frame.offset < ring_from_ ? ring_from_ - frame.offset : 0;
    copy_ring(frame.offset + skip, frame.length - static_cast<std::uint32_t>(skip), frame.stream, frame.time);
  }
}

void LogWriter::close(Micros now) {
  if (closed_) return;
  closed_ = true;
  if (ring_) append_tail(now);
  flush_frame();
  remove_ring();
}

}  // namespace jerichoci
