#include "runstore/log_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/check.hpp"
#include "pika/base/files.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"
#include "run/reach.hpp"
#include "runstore/replace_file.hpp"
#include "runstore/seekable_zstd.hpp"

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

}  // namespace

LogWriter::LogWriter(const fs::path& folder, LogOptions options)
    : folder_(folder),
      half_(std::max<std::uint64_t>(options.cap / 2, 1)),
      fault_(std::move(options.fault)),
      raw_(create(folder / "log.raw", O_RDWR)),
      index_(create(folder / "log.idx", O_WRONLY)) {
  if (options.secrets && !options.secrets->empty()) mask_.emplace(std::move(options.secrets));
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
  auto before = ::lseek(index_.get(), 0, SEEK_CUR);
  try {
    pika::write_all(index_.get(), encode_log_frame(open_));
  } catch (const SystemError&) {
    // A full disk took a part: the frames behind it would be read at the wrong places.
    [[maybe_unused]] int n = ::ftruncate(index_.get(), before);
    ::lseek(index_.get(), before, SEEK_SET);
    throw;
  }
  ++frames_;
  open_.length = 0;
}

// Written at once; indexed in parts that end with a marker or with a block of lines.
void LogWriter::append(std::string_view bytes, LogStream stream, Micros now) {
  try {
    pika::write_all(raw_.get(), bytes);
  } catch (const SystemError&) {
    // A full disk took a part: what is indexed and what is there stay the same bytes.
    [[maybe_unused]] int n = ::ftruncate(raw_.get(), static_cast<off_t>(raw_size_));
    ::lseek(raw_.get(), 0, SEEK_END);
    throw;
  }
  while (!bytes.empty()) {
    auto step = scanner_.step();
    auto piece = bytes.substr(0, static_cast<std::size_t>(kLineBlock - raw_size_ % kLineBlock));
    piece = piece.substr(0, scanner_.take(piece, now));
    index_piece(piece.size(), stream, static_cast<std::uint16_t>(step), now);
    if (raw_size_ % kLineBlock == 0) save_line_count();
    bytes.remove_prefix(piece.size());
  }
  if (scanner_.changes() != steps_saved_ && now - steps_saved_at_ >= pika::kSecond) save_steps(now);
}

void LogWriter::index_piece(std::size_t size, LogStream stream, std::uint16_t step, Micros now) {
  bool many = frames_ >= kManyFrames;
  bool fits = open_.length > 0 && open_.length < kLongFrame &&
              (many || (open_.stream == stream && open_.step == step && now - open_.time < kOneFrame));
  if (!fits) {
    flush_frame();
    open_ = {raw_size_, now, 0, stream, step};
  }
  if (open_.stream != stream) open_.stream = LogStream::mixed;
  raw_size_ += size;
  open_.length += static_cast<std::uint32_t>(size);
}

void LogWriter::save_line_count() {
  if (!lines_) {
    lines_ = create(folder_ / "log.lines", O_WRONLY);
    pika::write_all(lines_.get(), encode_line_header());
  }
  pika::write_all(lines_.get(), encode_line_count(scanner_.newlines()));
}

void LogWriter::save_steps(Micros now) {
  replace_file(folder_ / "steps.json", pika::json::print(to_json(scanner_.steps())));
  steps_saved_ = scanner_.changes();
  steps_saved_at_ = now;
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
  if (!mask_) return keep(bytes, stream, now);
  mask_->write(bytes, stream, [&](std::string_view piece, LogStream its) { keep(piece, its, now); });
}

void LogWriter::keep(std::string_view bytes, LogStream stream, Micros now) {
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
  if (mask_) mask_->finish([&](std::string_view piece, LogStream its) { keep(piece, its, now); });
  if (ring_) append_tail(now);
  flush_frame();
  scanner_.finish(now);
  if (scanner_.changes() != steps_saved_) save_steps(now);
  remove_ring();
  reach(fault_, FaultPoint::log_closed);
  if (raw_size_ >= kCompressFrom) compress();
}

void LogWriter::compress() {
  try {
    compress_file(raw_.get(), raw_size_, folder_ / "log.raw.zst");
  } catch (const SystemError& error) {
    pika::log_warning("jerichoci", "a log stays as it is, not compressed: {}", error.what());
    return;
  }
  reach(fault_, FaultPoint::log_compressed);
  ::unlink((folder_ / "log.raw").c_str());
}

}  // namespace jerichoci
