#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "pika/base/files.hpp"
#include "runstore/log_writer.hpp"

using namespace jerichoci;

namespace {

std::vector<LogFrame> frames_of(const std::filesystem::path& folder) {
  auto bytes = *pika::read_file(folder / "log.idx");
  REQUIRE(bytes.size() >= kLogHeaderBytes);
  CHECK(bytes.substr(0, kLogHeaderBytes) == encode_log_header());
  std::vector<LogFrame> out;
  for (std::size_t at = kLogHeaderBytes; at + kLogFrameBytes <= bytes.size(); at += kLogFrameBytes) {
    LogFrame frame;
    std::memcpy(&frame.offset, &bytes[at], 8);
    std::memcpy(&frame.time, &bytes[at + 8], 8);
    std::memcpy(&frame.length, &bytes[at + 16], 4);
    std::memcpy(&frame.stream, &bytes[at + 20], 1);
    out.push_back(frame);
  }
  return out;
}

void check_whole(const std::filesystem::path& folder) {
  std::uint64_t at = 0;
  for (const auto& frame : frames_of(folder)) {
    CHECK(frame.offset == at);
    at += frame.length;
  }
  CHECK(at == std::filesystem::file_size(folder / "log.raw"));
}

}  // namespace

TEST_CASE("bytes are kept as they came, any byte, and framed with time and stream") {
  pika::TempDir folder("jci-log-");
  LogWriter log(folder.path(), 1000);
  log.write("one\xff\n", LogStream::out, 1'000'000);
  log.write("two", LogStream::out, 1'001'000);
  log.write("oops", LogStream::err, 1'002'000);
  log.write("late", LogStream::err, 9'000'000);
  log.close(9'000'001);
  CHECK(*pika::read_file(folder.path() / "log.raw") == "one\xff\ntwooopslate");
  auto frames = frames_of(folder.path());
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].length == 8);
  CHECK(frames[0].stream == LogStream::out);
  CHECK(frames[1].stream == LogStream::err);
  CHECK(frames[2].time == 9'000'000);
  check_whole(folder.path());
}

TEST_CASE("a log above its cap keeps head and tail and says how much was cut between") {
  pika::TempDir folder("jci-log-");
  LogWriter log(folder.path(), 20);
  for (int i = 0; i < 10; ++i) log.write("0123456789" + std::to_string(i), LogStream::out, i * 100'000);
  log.write("END", LogStream::err, 5'000'000);
  CHECK(std::filesystem::file_size(folder.path() / "log.raw") == 10);
  log.close(5'000'001);
  auto text = *pika::read_file(folder.path() / "log.raw");
  CHECK(text == "0123456789\n[93 B cut here: the log is capped at 20 B]\n4567899END");
  CHECK(log.seen() == 113);
  CHECK(!std::filesystem::exists(folder.path() / "log.tail"));
  CHECK(frames_of(folder.path()).back().stream == LogStream::err);
  check_whole(folder.path());
}

TEST_CASE("a log that just fits is whole and has no line about a cut") {
  pika::TempDir folder("jci-log-");
  LogWriter log(folder.path(), 20);
  log.write("01234567890123456789", LogStream::out, 1);
  log.close(2);
  CHECK(*pika::read_file(folder.path() / "log.raw") == "01234567890123456789");
  check_whole(folder.path());
}

TEST_CASE("one byte at a time from both streams makes an index that stays smaller than its bound") {
  pika::TempDir folder("jci-log-");
  LogWriter log(folder.path(), 1u << 20);
  for (int i = 0; i < 20'000; ++i) log.write("x", i % 2 ? LogStream::out : LogStream::err, i);
  log.close(30'000);
  check_whole(folder.path());
  CHECK(std::filesystem::file_size(folder.path() / "log.raw") == 20'000);
}
