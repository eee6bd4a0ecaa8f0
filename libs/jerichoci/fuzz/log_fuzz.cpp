// Any bytes as the files of a log. The first byte says which: the index of frames, of lines, the steps, a compressed
// log, text for the finder of steps, or a log whose index of lines is made up.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pika/base/files.hpp"
#include "runstore/log_reader.hpp"
#include "runstore/log_scan.hpp"

using namespace jerichoci;

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

void index_of_frames(std::string_view bytes) {
  std::uint64_t at = 0;
  for (const auto& frame : decode_log_index(encode_log_header() + std::string(bytes)).frames) {
    demand(frame.offset == at && frame.length > 0);
    at += frame.length;
  }
  decode_log_index(bytes);
}

void index_of_lines(std::string_view bytes) {
  std::uint64_t before = 0;
  for (auto count : decode_line_index(encode_line_header() + std::string(bytes), 10 * kLineBlock)) {
    demand(count >= before && count - before <= kLineBlock);
    before = count;
  }
}

void steps_file(std::string_view bytes) {
  auto value = pika::json::parse(bytes, "steps.json");
  if (!value) return;
  auto steps = log_steps_from_json(*value);
  if (!steps) return;
  auto again = log_steps_from_json(*pika::json::parse(pika::json::print(to_json(*steps))));
  demand(again && *again == *steps);
}

void compressed(std::string_view bytes) {
  pika::UniqueFd fd(::memfd_create("fuzz", MFD_CLOEXEC));
  pika::write_all(fd.get(), bytes);
  auto reader = SeekableReader::open_fd(std::move(fd), "log.raw.zst");
  if (!reader) return demand(!reader.error().what.empty());
  for (std::uint64_t at : {std::uint64_t{0}, reader->size() / 2, reader->size(), UINT64_MAX}) {
    auto piece = reader->read(at, 1'000);
    if (piece) demand(piece->size() <= 1'000);
  }
}

// The same steps however the text is cut, and every one a marker at the begin of a line.
void find_steps(std::string_view text) {
  auto find = [&](std::size_t piece) {
    LogScanner scanner;
    for (auto rest = text; !rest.empty();) {
      auto part = rest.substr(0, piece);
      rest.remove_prefix(part.size());
      while (!part.empty()) part.remove_prefix(scanner.take(part, 1));
    }
    demand(scanner.newlines() == static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')));
    scanner.finish(2);
    return scanner.steps();
  };
  auto steps = find(text.size() + 1);
  for (const auto& step : steps.steps) {
    demand(text.substr(step.offset).starts_with("::group::"));
    demand(step.offset == 0 || text[step.offset - 1] == '\n');
    demand(step.parent < step.number && step.end <= text.size() && step.end_line >= step.line);
  }
  demand(find(1) == steps && find(7) == steps);
}

// Blocks of lines are long: a few bytes are made a text, and lies about it.
void lines_with_lies(std::string_view bytes) {
  static pika::TempDir folder("jci-fuzz-", "/dev/shm");
  std::string text;
  for (unsigned char c : bytes.substr(0, 24)) text.append(c * 97u, c % 5 == 0 ? '\n' : 'x').push_back('\n');
  int raw = ::open((folder.path() / "log.raw").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int lines = ::open((folder.path() / "log.lines").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  pika::UniqueFd close_raw(raw), close_lines(lines);
  pika::write_all(raw, text);
  pika::write_all(lines, encode_line_header() + std::string(bytes));
  auto reader = LogReader::open(folder.path());
  demand(reader.has_value());
  for (std::uint64_t from : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{500}, UINT64_MAX}) {
    auto got = reader->lines(from, 3);
    demand(got && got->offset <= got->next_offset && got->next_offset <= text.size());
    demand(got->bytes == text.substr(got->offset, got->next_offset - got->offset));
  }
  demand(reader->last_lines(2).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr void (*kParts[])(std::string_view) = {index_of_frames, index_of_lines, steps_file,
                                                  compressed,      find_steps,     lines_with_lies};
  kParts[data[0] % std::size(kParts)](bytes);
  return 0;
}
