// What readers of a job's log are given. Offsets always mean the raw log, byte for byte as it was kept, also when the
// file at rest is compressed; lines count from 1 and end with '\n'.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "pika/base/clock.hpp"

namespace jerichoci {

struct LogPiece {
  std::string bytes;
  std::uint64_t next_offset = 0;
  std::uint64_t size = 0;  // of the whole log now
  bool complete = false;   // the log is closed and next_offset is its end
};

// Some whole lines. Never more than kMostLineBytes of them: a longer answer ends early, in a line if that is longer by
// itself, and goes on with load_log at next_offset.
struct LogLines {
  std::uint64_t first_line = 1;  // number of the first line in `bytes`
  std::uint64_t count = 0;       // lines in `bytes`, one without its end among them
  std::uint64_t offset = 0;      // of the first byte
  std::uint64_t next_offset = 0;
  std::uint64_t log_lines = 0;  // that the whole log has now
  std::string bytes;
  bool complete = false;  // the log is closed and next_offset is its end
};
inline constexpr std::uint64_t kMostLineBytes = 16u << 20;

// A part of a log between two markers that the job printed at the begin of a line (docs/logs.md):
//   ::group::Title
//   ::endgroup::
struct LogStep {
  unsigned number = 0;         // from 1, in the order of their begin
  unsigned parent = 0;         // the step around it; 0: none
  std::string title;           // UTF-8, at most 200 bytes; hostile text like the rest of the log
  std::uint64_t offset = 0;    // of its marker
  std::uint64_t end = 0;       // behind its end marker; 0 while it is open
  std::uint64_t line = 0;      // of its marker
  std::uint64_t end_line = 0;  // of its end marker, or the last line of the log
  pika::Micros started_at = 0, finished_at = 0;
  bool closed = false;  // by its own end marker, not by the end of the log
  friend bool operator==(const LogStep&, const LogStep&) = default;
};
struct LogSteps {
  std::vector<LogStep> steps;
  std::uint64_t left_out = 0;  // more than kMostSteps, or deeper than kDeepestStep
  friend bool operator==(const LogSteps&, const LogSteps&) = default;
};
inline constexpr unsigned kMostSteps = 1000, kDeepestStep = 8;

}  // namespace jerichoci
