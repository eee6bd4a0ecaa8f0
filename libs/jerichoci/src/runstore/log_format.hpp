// A job's log on disk, in its folder jobs/<job>/ (of an attempt that another followed: jobs/<job>/attempts/<n>/).
//
// log.raw     the bytes as they came, secrets masked. While the job runs, and at rest when it is small.
// log.raw.zst the same at rest, in the zstd seekable format (seekable_zstd.hpp). When both are there, both are whole.
// log.idx     when and from where: 16 bytes of header, "JCILOGIDX1\n" padded with NULs; then frames of 24 bytes,
//             little-endian:
//               u64 offset in the raw log · i64 time, microseconds UTC · u32 length
//               · u8 stream (1 out, 2 err, 3 engine, 0 mixed) · u8 flags, 0 · u16 step (0: none; LogStep::number of
//               the innermost one that was open at its first byte)
//             Frames are in order and without gaps. A reader takes the frames up to the first that is torn or breaks
//             that order. The raw log may be ahead of log.idx while the job runs, because pieces that come close
//             together share a frame.
// log.lines   where lines are: 16 bytes of header, "JCILOGLIN1\n" padded with NULs; then u64 little-endian for each
//             whole 65,536 bytes of the raw log: the number of '\n' in it up to the end of that block. There is none
//             for a log that is shorter. A reader takes the numbers up to the first that cannot be.
// steps.json  {"schema_version": 1, "left_out": 0, "steps": [{"number", "parent", "title", "offset", "end", "line",
//             "end_line", "started_at", "finished_at", "closed"}]}, replaced at most once a second while the job runs
//             and at the end; there is none for a log without steps. Damaged: readers find the steps in the log again.
// log.tail    only while a job that printed more than half of its cap runs, see log_writer.hpp.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/clock.hpp"

namespace jerichoci {

enum class LogStream : std::uint8_t { mixed = 0, out = 1, err = 2, engine = 3 };

struct LogFrame {
  std::uint64_t offset = 0;
  pika::Micros time = 0;
  std::uint32_t length = 0;
  LogStream stream = LogStream::mixed;
  std::uint16_t step = 0;
  friend bool operator==(const LogFrame&, const LogFrame&) = default;
};

inline constexpr std::size_t kLogFrameBytes = 24, kLogHeaderBytes = 16;
inline constexpr std::uint64_t kLineBlock = 65'536;

std::string encode_log_header();
std::string encode_log_frame(const LogFrame& frame);
// The frames of log.idx that hold; all of them when `whole`.
struct LogFrames {
  std::vector<LogFrame> frames;
  bool whole = true;
};
LogFrames decode_log_index(std::string_view bytes);

std::string encode_line_header();
std::string encode_line_count(std::uint64_t newlines);
// The counts of log.lines that can be, of a log of `raw_size` bytes.
std::vector<std::uint64_t> decode_line_index(std::string_view bytes, std::uint64_t raw_size);

// The folder of the log of an attempt that another followed.
std::filesystem::path attempt_folder(const std::filesystem::path& job_folder, unsigned number);
// After a crash: of a log that is there both raw and compressed one whole copy stays, what was begun goes.
void settle_log(const std::filesystem::path& folder);

}  // namespace jerichoci
