// Writes one job's log: the files that log_format.hpp tells.
//
// The log is capped: the first half of the cap is written as it comes; of what follows only the last half is kept,
// in a ring file log.tail, and appended at close behind a line that says how much was cut. So a job that prints for
// ever takes at most 1.5 times the cap of disk, and constant memory.
#pragma once
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "jerichoci/fault.hpp"
#include "pika/base/clock.hpp"
#include "pika/base/fd.hpp"
#include "runstore/log_format.hpp"
#include "runstore/log_scan.hpp"
#include "runstore/secret_mask.hpp"

namespace jerichoci {

// Below this a log stays raw: the compressed one would cost more time than it saves room.
inline constexpr std::uint64_t kCompressFrom = 64 * 1024;

struct LogOptions {
  std::uint64_t cap = 256u << 20;
  std::function<void(FaultPoint)> fault{};          // log_closed, log_compressed
  std::shared_ptr<const SecretPatterns> secrets{};  // masked before anything is written; null: none
};

// Belongs to one thread. Throws SystemError when the disk does not take it (full, for one).
class LogWriter {
 public:
  LogWriter(const std::filesystem::path& folder, std::uint64_t cap) : LogWriter(folder, LogOptions{cap}) {}
  LogWriter(const std::filesystem::path& folder, LogOptions options);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  void write(std::string_view bytes, LogStream stream, pika::Micros now);
  // Appends the tail and compresses what is long; nothing may be written after. A disk that has no room for the
  // compressed one leaves it raw.
  void close(pika::Micros now);
  std::uint64_t size() const { return raw_size_; }
  std::uint64_t seen() const { return seen_; }  // bytes the job gave, also those that were cut

 private:
  void keep(std::string_view bytes, LogStream stream, pika::Micros now);
  void append(std::string_view bytes, LogStream stream, pika::Micros now);
  void index_piece(std::size_t size, LogStream stream, std::uint16_t step, pika::Micros now);
  void keep_in_ring(std::string_view bytes, LogStream stream, pika::Micros now);
  void append_tail(pika::Micros now);
  void copy_ring(std::uint64_t from, std::uint32_t length, LogStream stream, pika::Micros time);
  void flush_frame();
  void save_line_count();
  void save_steps(pika::Micros now);
  void compress();
  void remove_ring();

  std::filesystem::path folder_;
  std::uint64_t half_;
  std::function<void(FaultPoint)> fault_;
  std::optional<SecretMask> mask_;
  pika::UniqueFd raw_, index_, ring_, lines_;
  std::uint64_t raw_size_ = 0, seen_ = 0, frames_ = 0;
  LogFrame open_;  // grows until the next piece is of another stream or step, or too late
  LogScanner scanner_;
  std::uint64_t steps_saved_ = 0;  // LogScanner::changes() that steps.json holds
  pika::Micros steps_saved_at_ = 0;
  std::uint64_t ring_from_ = 0, ring_to_ = 0;  // positions in the stream of what goes to the ring
  std::deque<LogFrame> ring_frames_;
  bool closed_ = false;
};

}  // namespace jerichoci
