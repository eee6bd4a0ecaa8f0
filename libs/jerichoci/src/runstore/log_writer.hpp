// One job's log: log.raw holds the bytes as they came, log.idx says when and from where.
//
// log.idx: 16 bytes of header, "JCILOGIDX1\n" padded with NULs; then frames of 24 bytes, little-endian:
//   u64 offset in log.raw · i64 time, microseconds UTC · u32 length · u8 stream (1 out, 2 err, 3 engine, 0 mixed)
//   · u8 flags, 0 · u16 step, 0
// Frames are in order and without gaps; a reader ignores a torn last frame. log.raw may be ahead of log.idx while
// the job runs, because pieces that come close together share a frame.
//
// The log is capped: the first half of the cap is written as it comes; of what follows only the last half is kept,
// in a ring file log.tail, and appended at close behind a line that says how much was cut. So a job that prints for
// ever takes at most 1.5 times the cap of disk, and constant memory.
#pragma once
#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>

#include "pika/base/clock.hpp"
#include "pika/base/fd.hpp"

namespace jerichoci {

enum class LogStream : std::uint8_t { mixed = 0, out = 1, err = 2, engine = 3 };

struct LogFrame {
  std::uint64_t offset = 0;
  pika::Micros time = 0;
  std::uint32_t length = 0;
  LogStream stream = LogStream::mixed;
};

inline constexpr std::size_t kLogFrameBytes = 24, kLogHeaderBytes = 16;
std::string encode_log_header();
std::string encode_log_frame(const LogFrame& frame);

// Belongs to one thread. Throws SystemError when the disk does not take it (full, for one).
class LogWriter {
 public:
  LogWriter(const std::filesystem::path& folder, std::uint64_t cap);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  void write(std::string_view bytes, LogStream stream, pika::Micros now);
  void close(pika::Micros now);  // appends the tail; nothing may be written after
  std::uint64_t size() const { return raw_size_; }
  std::uint64_t seen() const { return seen_; }  // bytes the job gave, also those that were cut

 private:
  void append(std::string_view bytes, LogStream stream, pika::Micros now);
  void keep_in_ring(std::string_view bytes, LogStream stream, pika::Micros now);
  void append_tail(pika::Micros now);
  void copy_ring(std::uint64_t from, std::uint32_t length, LogStream stream, pika::Micros time);
  void flush_frame();
  void remove_ring();

  std::filesystem::path folder_;
  std::uint64_t half_;
  pika::UniqueFd raw_, index_, ring_;
  std::uint64_t raw_size_ = 0, seen_ = 0, frames_ = 0;
  LogFrame open_;                              // grows until the next piece is of another stream or too late
  std::uint64_t ring_from_ = 0, ring_to_ = 0;  // positions in the stream of what goes to the ring
  std::deque<LogFrame> ring_frames_;
  bool closed_ = false;
};

}  // namespace jerichoci
