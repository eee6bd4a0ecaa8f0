// Looks at a log's bytes as they are kept: counts lines and finds step markers. A marker stands at the begin of a line
// of the raw log, whichever stream wrote it:
//   ::group::Title     begins a step, inside the one that is open
//   ::endgroup::       ends the innermost one; without an open one it is text
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "jerichoci/log.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

class LogScanner {
 public:
  // Takes bytes that follow those taken before, up to their end or to the end of a marker's line, and gives how many.
  std::size_t take(std::string_view bytes, pika::Micros now);
  // The log has ended: open steps end with it.
  void finish(pika::Micros now);

  std::uint64_t newlines() const { return newlines_; }
  unsigned step() const { return open_.empty() ? 0 : open_.back(); }  // innermost open one
  const LogSteps& steps() const { return steps_; }
  std::uint64_t changes() const { return changes_; }  // grows with every step that begins or ends

 private:
  struct LineEnd {
    std::uint64_t number, offset;  // of the line, from 1; behind its last byte
    pika::Micros time;
  };
  void judge_line(const LineEnd& at);
  void begin_step(std::string_view title, const LineEnd& at);
  void end_step(const LineEnd& at);
  bool gather(std::string_view bytes, std::size_t& at, pika::Micros now);

  LogSteps steps_;
  std::vector<unsigned> open_;
  std::uint64_t ignored_ = 0;  // open ones that were left out; always the innermost
  std::uint64_t taken_ = 0, newlines_ = 0, changes_ = 0, line_start_ = 0;
  bool maybe_marker_ = true;  // the line may still become one; line_ holds what came of it
  std::string line_;
};

pika::json::Value to_json(const LogSteps& steps);
pika::Result<LogSteps> log_steps_from_json(const pika::json::Value& value);

}  // namespace jerichoci
