#include "runstore/log_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "pika/base/files.hpp"
#include "pika/json/json.hpp"
#include "runstore/log_scan.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::ErrorKind;
using pika::fail;
using pika::Result;
using pika::SystemError;
using pika::UniqueFd;

Result<LogReader> LogReader::open(const fs::path& folder) {
  LogReader reader(folder);
  auto path = folder / "log.raw";
  reader.raw_ = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (reader.raw_) return reader;
  if (errno != ENOENT) throw SystemError(fmt::format("open '{}'", path.string()));
  // Compressed before the raw one is removed: who finds no raw log finds the other.
  auto packed = SeekableReader::open(folder / "log.raw.zst");
  if (!packed && packed.error().kind == ErrorKind::not_found)
    return fail(ErrorKind::not_found, fmt::format("there is no log in '{}'", folder.filename().string()));
  if (!packed) return std::unexpected(packed.error());
  reader.packed_.emplace(std::move(*packed));
  return reader;
}

std::uint64_t LogReader::size() const {
  if (packed_) return packed_->size();
  struct stat st{};
  if (::fstat(raw_.get(), &st) != 0) throw SystemError("stat log.raw");
  return static_cast<std::uint64_t>(st.st_size);
}

Result<std::string> LogReader::read(std::uint64_t offset, std::uint64_t wanted) {
  if (packed_) return packed_->read(offset, wanted);
  auto end = size();
  if (offset >= end) return std::string();
  std::string out(std::min(wanted, end - offset), '\0');
  std::size_t done = 0;
  while (done < out.size()) {
    auto n = ::pread(raw_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw SystemError("read log.raw");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

LogFrames LogReader::frames() const {
  auto text = pika::read_file(folder_ / "log.idx");
  return decode_log_index(text ? *text : std::string());
}

void LogReader::load_line_index() {
  auto text = pika::read_file(folder_ / "log.lines");
  blocks_ = decode_line_index(text ? *text : std::string(), size());
}

// The furthest place that the index knows with fewer newlines before it: with as many, the line may have begun earlier.
LogReader::Place LogReader::nearest(std::uint64_t newlines) const {
  auto it = std::lower_bound(blocks_.begin(), blocks_.end(), newlines);
  if (it == blocks_.begin()) return {};
  --it;
  return {static_cast<std::uint64_t>(it - blocks_.begin() + 1) * kLineBlock, *it};
}

Result<LogReader::Place> LogReader::skip_lines(Place from, std::uint64_t stop, std::uint64_t end) {
  while (from.offset < end && from.newlines < stop) {
    auto bytes = PIKA_TRY(read(from.offset, std::min(kLineBlock, end - from.offset)));
    if (bytes.empty()) break;
    std::size_t at = 0;
    while (at < bytes.size() && from.newlines < stop) {
      auto found = bytes.find('\n', at);
      if (found == std::string::npos) {
        at = bytes.size();
        break;
      }
      at = found + 1;
      ++from.newlines;
    }
    from.offset += at;
  }
  return from;
}

Result<std::uint64_t> LogReader::count_lines(std::uint64_t end) {
  auto place = PIKA_TRY(skip_lines(nearest(UINT64_MAX), UINT64_MAX, end));
  if (end == 0) return 0;
  auto last = PIKA_TRY(read(end - 1, 1));
  return place.newlines + (last == "\n" ? 0 : 1);
}

Result<LogLines> LogReader::lines(std::uint64_t from, std::uint64_t count) {
  from = std::max<std::uint64_t>(from, 1);
  load_line_index();
  auto end = size();
  LogLines out;
  out.log_lines = PIKA_TRY(count_lines(end));
  out.first_line = from;
  out.offset = out.next_offset = end;
  if (from > out.log_lines) return out;
  count = std::min(count, out.log_lines - from + 1);
  auto begin = PIKA_TRY(skip_lines(nearest(from - 1), from - 1, end));
  out.offset = out.next_offset = begin.offset;
  while (out.count < count && out.next_offset < end && out.bytes.size() < kMostLineBytes) {
    auto bytes = PIKA_TRY(
        read(out.next_offset, std::min({kLineBlock, end - out.next_offset, kMostLineBytes - out.bytes.size()})));
    if (bytes.empty()) break;
    std::size_t at = 0;
    while (at < bytes.size() && out.count < count) {
      auto found = bytes.find('\n', at);
      at = found == std::string::npos ? bytes.size() : found + 1;
      if (found != std::string::npos) ++out.count;
    }
    out.bytes.append(bytes, 0, at);
    out.next_offset += at;
  }
  if (!out.bytes.empty() && out.bytes.back() != '\n') ++out.count;
  return out;
}

Result<LogLines> LogReader::last_lines(std::uint64_t count) {
  load_line_index();
  auto have = PIKA_TRY(count_lines(size()));
  return lines(have > count ? have - count + 1 : 1, std::min(count, have));
}

Result<LogSteps> LogReader::steps() {
  auto path = folder_ / "steps.json";
  auto text = pika::read_file(path);
  // None was found while it was written, or it is not written yet: then only the log can say so.
  if (!text && fs::exists(folder_ / "log.idx")) return LogSteps{};
  if (text) {
    if (auto value = pika::json::parse(*text, "steps.json"))
      if (auto steps = log_steps_from_json(*value)) return steps;
  }
  return find_steps();
}

// From the bytes, with the times of the frames.
Result<LogSteps> LogReader::find_steps() {
  auto frames = this->frames().frames;
  auto end = size();
  LogScanner scanner;
  std::size_t frame = 0;
  auto time_at = [&](std::uint64_t offset) {
    while (frame + 1 < frames.size() && frames[frame + 1].offset <= offset) ++frame;
    return frames.empty() ? 0 : frames[frame].time;
  };
  for (std::uint64_t at = 0; at < end;) {
    auto bytes = PIKA_TRY(read(at, std::min(kLineBlock, end - at)));
    if (bytes.empty()) break;
    for (std::string_view rest = bytes; !rest.empty();) {
      // In pieces of frames, so that a step has the time of the frame that brought its marker.
      auto time = time_at(at);
      auto piece = rest;
      if (frame + 1 < frames.size()) piece = rest.substr(0, frames[frame + 1].offset - at);
      auto taken = scanner.take(piece, time);
      at += taken;
      rest.remove_prefix(taken);
    }
  }
  scanner.finish(time_at(end));
  return scanner.steps();
}

}  // namespace jerichoci
