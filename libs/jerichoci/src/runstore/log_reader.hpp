// Reads one log, raw or compressed, while it is written and after. The folder's files are outside input: what is
// damaged is recovered from the raw log where that can be, else it is an error that names the file.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "jerichoci/log.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"
#include "runstore/log_format.hpp"
#include "runstore/seekable_zstd.hpp"

namespace jerichoci {

// Belongs to one thread. A raw log that is compressed while it is open is read on to its end. SystemError where the
// disk fails.
class LogReader {
 public:
  // not_found: there is no log. invalid: it is damaged.
  static pika::Result<LogReader> open(const std::filesystem::path& folder);
  std::uint64_t size() const;  // now, of the raw log
  pika::Result<std::string> read(std::uint64_t offset, std::uint64_t size);

  // `count` lines from line `from` on (1 is the first; 0 counts as 1); past the end: none.
  pika::Result<LogLines> lines(std::uint64_t from, std::uint64_t count);
  pika::Result<LogLines> last_lines(std::uint64_t count);
  // steps.json, or what the log itself says when that is damaged or missing.
  pika::Result<LogSteps> steps();
  LogFrames frames() const;

 private:
  struct Place {
    std::uint64_t offset = 0, newlines = 0;  // so many '\n' before it
  };
  explicit LogReader(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void load_line_index();
  // Goes on from `from` until `stop` newlines are behind, or the end: where that is.
  pika::Result<Place> skip_lines(Place from, std::uint64_t stop, std::uint64_t end);
  pika::Result<std::uint64_t> count_lines(std::uint64_t end);
  Place nearest(std::uint64_t newlines) const;
  pika::Result<LogSteps> find_steps();

  std::filesystem::path folder_;
  pika::UniqueFd raw_;
  std::optional<SeekableReader> packed_;
  std::vector<std::uint64_t> blocks_;  // see log.lines
};

}  // namespace jerichoci
