// Step markers in logs.
#include <doctest/doctest.h>

#include "log_support.hpp"
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"
#include "runstore/log_scan.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

LogSteps steps_of(std::string_view text, std::size_t piece = SIZE_MAX) {
  LogScanner scanner;
  while (!text.empty()) {
    auto part = text.substr(0, piece);
    text.remove_prefix(part.size());
    while (!part.empty()) part.remove_prefix(scanner.take(part, 7));
  }
  scanner.finish(9);
  return scanner.steps();
}

}  // namespace

TEST_CASE("steps have title, place and nesting") {
  std::string text =
      "before\n::group::Build\nmake\n::group::Link\n::endgroup::\nmore\n::endgroup::\n::group::Test\nrun";
  auto steps = steps_of(text).steps;
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].title == "Build");
  CHECK(steps[0].parent == 0);
  CHECK(steps[0].line == 2);
  CHECK(steps[0].end_line == 7);
  CHECK(steps[0].closed);
  CHECK(text.substr(steps[0].offset, 14) == "::group::Build");
  CHECK(text.substr(steps[0].end).starts_with("::group::Test"));
  CHECK(steps[1].title == "Link");
  CHECK(steps[1].parent == 1);
  CHECK(steps[1].line == 4);
  CHECK(steps[1].end_line == 5);
  CHECK(steps[2].parent == 0);
  CHECK(!steps[2].closed);
  CHECK(steps[2].end == text.size());
  CHECK(steps[2].end_line == 9);
  CHECK(steps[2].finished_at == 9);
}

TEST_CASE("markers torn over any writes are the same markers") {
  std::string text =
      "a::group::no\n::group::One\r\n:\n::\n::grou\n::endgroup::x\n::endgroup::\r\n::group::Two\n::endgroup::";
  auto whole = steps_of(text);
  REQUIRE(whole.steps.size() == 2);
  CHECK(whole.steps[0].title == "One");
  CHECK(whole.steps[0].closed);
  CHECK(whole.steps[0].end_line == 7);
  CHECK(whole.steps[1].closed);
  for (std::size_t piece = 1; piece < text.size(); ++piece) CHECK(steps_of(text, piece) == whole);
}

TEST_CASE("hostile markers: no titles, long ones, broken bytes, too many, too deep, ends without begin") {
  auto steps =
      steps_of("::endgroup::\n::group::\n::group::\xff\x01<b>\n::group::" + std::string(5'000, 'x') + "\n").steps;
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].title.empty());
  CHECK(pika::is_utf8(steps[1].title));
  CHECK(steps[2].title == std::string(200, 'x'));
  std::string accents;
  for (int i = 0; i < 300; ++i) accents += "é";
  CHECK(pika::is_utf8(steps_of("::group::x" + accents + "\n").steps[0].title));

  std::string many;
  for (int i = 0; i < 5'000; ++i) many += "::group::s\n::endgroup::\n";
  CHECK(steps_of(many).steps.size() == kMostSteps);
  CHECK(steps_of(many).left_out == 5'000 - kMostSteps);
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "::group::s\n";
  for (int i = 0; i < 100; ++i) deep += "::endgroup::\n";
  auto nested = steps_of(deep + "::group::after\n");
  CHECK(nested.steps.size() == kDeepestStep + 1);
  CHECK(nested.steps[kDeepestStep].parent == 0);
  CHECK(nested.steps[0].end_line == 200);
  CHECK(nested.steps[kDeepestStep - 1].end_line == 100 + 100 - kDeepestStep + 1);
}

TEST_CASE(
    "a log's steps are beside it and in its frames, and are found again when steps.json is damaged at any length") {
  pika::TempDir folder("jci-log-");
  std::string text;
  LogWriter log(folder.path(), 1u << 20);
  auto write = [&](const std::string& bytes, pika::Micros now) {
    text += bytes;
    log.write(bytes, LogStream::out, now);
  };
  write("start\n", 1'000'000);
  write("::group::Build\ncc a.c\n", 2'000'000);
  write("::group::Li", 3'000'000);
  write("nk\nld\n::endgroup::\n", 4'000'000);
  write("::endgroup::\nend\n", 5'000'000);
  log.close(6'000'000);
  auto steps = *LogReader::open(folder.path())->steps();
  REQUIRE(steps.steps.size() == 2);
  CHECK(steps.steps[1].started_at == 4'000'000);
  CHECK(steps.steps[0].finished_at == 5'000'000);
  auto frames = LogReader::open(folder.path())->frames();
  CHECK(frames.whole);
  std::string seen;
  for (const auto& frame : frames.frames) seen += std::to_string(frame.step);
  CHECK(seen == "00111210");
  auto bytes = *pika::read_file(folder.path() / "steps.json");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    put_file(folder.path() / "steps.json", bytes.substr(0, size));
    auto again = *LogReader::open(folder.path())->steps();
    CHECK(again == steps);
  }
}

TEST_CASE("an index of frames cut at any length, or with any byte changed, gives frames that hold and says so") {
  pika::TempDir folder("jci-log-");
  LogWriter log(folder.path(), 1000);
  for (int i = 0; i < 6; ++i) log.write("some", LogStream::out, i * 1'000'000);
  log.close(9);
  auto bytes = *pika::read_file(folder.path() / "log.idx");
  auto whole = decode_log_index(bytes);
  REQUIRE(whole.frames.size() == 6);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto cut = decode_log_index(std::string_view(bytes).substr(0, size));
    auto expected = size < kLogHeaderBytes ? 0 : (size - kLogHeaderBytes) / kLogFrameBytes;
    CHECK(cut.frames.size() == expected);
    CHECK(cut.whole == (size >= kLogHeaderBytes && (size - kLogHeaderBytes) % kLogFrameBytes == 0));
    for (std::size_t i = 0; i < cut.frames.size(); ++i) CHECK(cut.frames[i] == whole.frames[i]);
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x80);
    std::uint64_t offset = 0;
    for (const auto& frame : decode_log_index(changed).frames) {
      CHECK(frame.offset == offset);
      offset += frame.length;
    }
  }
}
