// Logs at rest: compressed in blocks, read by offset and by line, and whole whatever happens in between.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

#include "engine_support.hpp"
#include "log_support.hpp"
#include "pika/proc/child.hpp"
#include "run/attempts.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

void write_log(const fs::path& folder, std::string_view text, std::uint64_t cap = 256u << 20) {
  LogWriter log(folder, cap);
  for (std::size_t at = 0; at < text.size(); at += 50'000) log.write(text.substr(at, 50'000), LogStream::out, 1);
  log.close(2);
}

struct Died {};

}  // namespace

TEST_CASE("a long log is compressed when it is closed, and every range of it reads the same") {
  pika::TempDir folder("jci-log-");
  auto text = numbered_lines(700'000);
  write_log(folder.path(), text);
  CHECK(!fs::exists(folder.path() / "log.raw"));
  CHECK(fs::file_size(folder.path() / "log.raw.zst") < text.size() / 3);
  auto reader = *LogReader::open(folder.path());
  CHECK(reader.size() == text.size());
  for (std::uint64_t at : {0ul, 1ul, 262'143ul, 262'144ul, 262'145ul, 524'280ul, text.size() - 1, text.size()})
    for (std::uint64_t size : {0ul, 1ul, 10ul, 300'000ul}) {
      CAPTURE(at);
      CHECK(reader.read(at, size) == text.substr(at, size));
    }
  CHECK(reader.read(text.size() + 5, 10) == "");
  CHECK(reader.read(UINT64_MAX, UINT64_MAX) == "");
}

TEST_CASE("a short log stays as it is") {
  pika::TempDir folder("jci-log-");
  write_log(folder.path(), "short\n");
  CHECK(*pika::read_file(folder.path() / "log.raw") == "short\n");
  CHECK(!fs::exists(folder.path() / "log.raw.zst"));
  CHECK(!fs::exists(folder.path() / "log.lines"));
  CHECK(!fs::exists(folder.path() / "steps.json"));
}

TEST_CASE("the compressed log is what any zstd program unpacks") {
  pika::TempDir folder("jci-log-");
  auto text = numbered_lines(600'000);
  write_log(folder.path(), text);
  pika::proc::Command command;
  command.argv = {"zstd", "-dcq", folder.path() / "log.raw.zst"};
  if (!fs::exists("/usr/bin/zstd")) return;  // the package `zstd` comes with --with vm
  auto out = pika::proc::run(command);
  CHECK(out.ok());
  CHECK(out.out == text);
}

TEST_CASE("a log of 0xFF bytes, of NULs and of a line without end is kept byte for byte") {
  for (char c : {'\xff', '\0', 'x'}) {
    pika::TempDir folder("jci-log-");
    std::string text(300'001, c);
    write_log(folder.path(), text);
    CHECK(whole_log(folder.path()) == text);
    auto lines = LogReader::open(folder.path())->lines(1, 5);
    CHECK(lines->count == 1);
    CHECK(lines->bytes == text);
  }
}

TEST_CASE("a reader with an old offset goes on where it was when the log is compressed under it") {
  pika::TempDir folder("jci-log-");
  auto text = numbered_lines(200'000);
  LogWriter log(folder.path(), 1u << 20);
  log.write(text.substr(0, 100'000), LogStream::out, 1);
  auto before = *LogReader::open(folder.path());
  std::string got = *before.read(0, UINT64_MAX);
  log.write(text.substr(100'000), LogStream::out, 2);
  log.close(3);
  // Who has it open reads on, and so does who comes again with the offset.
  CHECK(got + *before.read(got.size(), UINT64_MAX) == text);
  CHECK(got + *LogReader::open(folder.path())->read(got.size(), UINT64_MAX) == text);
}

TEST_CASE(
    "killed between closing and compressing a log: one whole copy is readable, the other goes at the next start") {
  auto text = numbered_lines(150'000);
  for (auto point : {FaultPoint::log_closed, FaultPoint::log_compressed}) {
    pika::TempDir folder("jci-log-");
    {
      LogWriter log(folder.path(), {1u << 20, [&](FaultPoint p) {
                                      if (p == point) throw Died{};
                                    }});
      log.write(text, LogStream::out, 1);
      CHECK_THROWS_AS(log.close(2), Died);
    }
    CHECK(whole_log(folder.path()) == text);
    settle_log(folder.path());
    CHECK(whole_log(folder.path()) == text);
    CHECK(fs::exists(folder.path() / "log.raw") != fs::exists(folder.path() / "log.raw.zst"));
  }
}

TEST_CASE("killed in the middle of compressing: the raw log stays, what was begun goes") {
  pika::TempDir folder("jci-log-");
  auto text = numbered_lines(150'000);
  write_log(folder.path(), text);
  auto packed = *pika::read_file(folder.path() / "log.raw.zst");
  put_file(folder.path() / "log.raw", text);
  for (std::size_t size = 0; size < packed.size(); size += size < 64 || size + 64 > packed.size() ? 1 : 97) {
    put_file(folder.path() / "log.raw.zst", packed.substr(0, size));
    put_file(folder.path() / kCompressedAside, packed.substr(0, size));
    CHECK(whole_log(folder.path()) == text);
    settle_log(folder.path());
    CHECK(!fs::exists(folder.path() / "log.raw.zst"));
    CHECK(!fs::exists(folder.path() / kCompressedAside));
    CHECK(whole_log(folder.path()) == text);
  }
}

TEST_CASE(
    "a compressed log cut at any length, or with any byte changed, is an error that names it, never other bytes") {
  pika::TempDir folder("jci-log-");
  auto text = numbered_lines(70'000);
  write_log(folder.path(), text);
  auto packed = *pika::read_file(folder.path() / "log.raw.zst");
  auto read_damaged = [&](const std::string& bytes) {
    put_file(folder.path() / "log.raw.zst", bytes);
    auto reader = LogReader::open(folder.path());
    auto got = reader ? reader->read(0, UINT64_MAX) : pika::Result<std::string>(std::unexpected(reader.error()));
    if (got) {
      CHECK(*got == text);
    } else {
      CHECK(got.error().what.find("log.raw.zst") != std::string::npos);
    }
  };
  for (std::size_t size = 0; size < packed.size(); size += size < 64 || size + 64 > packed.size() ? 1 : 61)
    read_damaged(packed.substr(0, size));
  for (std::size_t at = 0; at < packed.size(); at += at < 64 || at + 64 > packed.size() ? 1 : 61) {
    auto changed = packed;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    read_damaged(changed);
  }
}

TEST_CASE("lines are found by number and from the end, with the index and without it") {
  pika::TempDir folder("jci-log-");
  std::string text = numbered_lines(400'000) + std::string(200'000, 'x') + "\n\n\nlast";
  write_log(folder.path(), text);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    auto end = text.find('\n', at);
    lines.push_back(text.substr(at, end == std::string::npos ? end : end + 1 - at));
    at += lines.back().size();
  }
  auto index = *pika::read_file(folder.path() / "log.lines");
  // Whole, cut at some length (a torn entry among them), of another log, and none.
  for (auto bytes : {index, index.substr(0, 27), index.substr(0, 5), encode_line_header() + encode_line_count(1u << 30),
                     std::string()}) {
    put_file(folder.path() / "log.lines", bytes);
    for (std::uint64_t from :
         {1ul, 2ul, 5'000ul, 9'000ul, 30'000ul, lines.size() - 4, lines.size() - 1, lines.size()}) {
      CAPTURE(from);
      auto got = *LogReader::open(folder.path())->lines(from, 3);
      std::string want;
      for (auto i = from; i < from + 3 && i <= lines.size(); ++i) want += lines[i - 1];
      CHECK(got.bytes == want);
      CHECK(got.count == std::min<std::uint64_t>(3, lines.size() - from + 1));
      CHECK(got.log_lines == lines.size());
      CHECK(text.substr(got.offset, got.next_offset - got.offset) == want);
    }
    auto last = *LogReader::open(folder.path())->last_lines(2);
    CHECK(last.bytes == "\nlast");
    CHECK(last.first_line == lines.size() - 1);
    CHECK(LogReader::open(folder.path())->last_lines(UINT64_MAX)->bytes == text);
    CHECK(LogReader::open(folder.path())->lines(lines.size() + 1, 5)->bytes.empty());
    CHECK(LogReader::open(folder.path())->lines(0, 1)->bytes == lines[0]);
  }
}

TEST_CASE("a job's long log reads the same through the engine: by offset, by line, from the end") {
  TestEngine engine;
  auto ran = run_script(*engine, "seq 100000; echo err >&2; printf end");
  CHECK(ran.record.status == Status::passed);
  const auto& id = ran.record.run_id;
  std::string want;
  for (int i = 1; i <= 100'000; ++i) want += std::to_string(i) + "\n";
  CHECK(ran.logs["test"].size() == want.size() + 7);
  CHECK(ran.record.jobs[0].log_bytes == want.size() + 7);
  CHECK(engine->log_file(id, "test").extension() == ".zst");
  auto piece = *engine->load_log(id, "test", 500'000, 14);
  CHECK(piece.bytes == want.substr(500'000, 14));
  CHECK(!piece.complete);
  CHECK(piece.size == want.size() + 7);
  auto lines = *engine->load_log_lines(id, "test", 77'777, 2);
  if (ran.logs["test"].starts_with(want)) CHECK(lines.bytes == "77777\n77778\n");
  CHECK(lines.log_lines >= 100'001);
  CHECK(engine->load_last_log_lines(id, "test", 1)->complete);
  CHECK(engine->load_log_lines(id, "other", 1, 1).error().kind == pika::ErrorKind::not_found);
  CHECK(engine->load_attempt_log(id, "test", 1, 0, 10).error().kind == pika::ErrorKind::not_found);
}

TEST_CASE("the log of an attempt moves aside as a whole, and the next one begins anew") {
  pika::TempDir folder("jci-log-");
  write_log(folder.path(), numbered_lines(100'000) + "::group::a\n");
  keep_attempt(folder.path(), 1);
  write_log(folder.path(), "second\n");
  keep_attempt(folder.path(), 2);
  write_log(folder.path(), "third\n");
  CHECK(whole_log(attempt_folder(folder.path(), 1)) == numbered_lines(100'000) + "::group::a\n");
  CHECK(LogReader::open(attempt_folder(folder.path(), 1))->steps()->steps.size() == 1);
  CHECK(whole_log(attempt_folder(folder.path(), 2)) == "second\n");
  CHECK(whole_log(folder.path()) == "third\n");
  CHECK(LogReader::open(folder.path())->steps()->steps.empty());
}
