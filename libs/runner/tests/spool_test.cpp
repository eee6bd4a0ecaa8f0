#include "pika/runner/spool.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "pika/base/files.hpp"

using namespace pika;
using namespace pika::runner;

namespace {
const wire::AttemptKey kKey{wire::AttemptId(17), wire::Fence(3)};

wire::Assign assign(const wire::AttemptKey& key = kKey) {
  wire::Assign a;
  a.key = key;
  a.repository = "acme/rocket";
  a.lane = "unit";
  a.jobs = {json::Object{{"id", "test"}}};
  return a;
}
}  // namespace

TEST_CASE("what was spooled is read back by the next runner") {
  TempDir dir;
  {
    Spool spool(dir.path() / "spool");
    spool.create(assign(), "01JRUN");
    spool.mark_started(kKey);
    std::uint64_t seen = 0;
    auto log = spool.open_log(kKey, [&](std::uint64_t size) { seen = size; });
    log.append("half\xff");
    log.line("next");
    CHECK(seen == log.size());
    spool.append_event(kKey, json::Object{{"event", "a"}});
    spool.append_event(kKey, json::Object{{"event", "b"}});
    spool.finish(kKey, {.status = "failed", .failure = "lost", .message = "m", .exit_code = 7});
  }
  Spool spool(dir.path() / "spool");
  std::vector<std::string> warnings;
  auto all = spool.load_all(&warnings);
  CHECK(warnings.empty());
  REQUIRE(all.size() == 1);
  CHECK(all[0].assign.jobs == assign().jobs);
  CHECK(all[0].run_id == "01JRUN");
  CHECK(all[0].started);
  CHECK(all[0].events.size() == 2);
  REQUIRE(all[0].result);
  CHECK(all[0].result->exit_code == 7);
  CHECK(spool.read_log(kKey, 0, 100) == "half\xff\nnext\n");
  CHECK(spool.read_log(kKey, 4, 2) == "\xff\n");
  CHECK(all[0].log_size == 11);
  spool.remove(kKey);
  CHECK(spool.load_all(nullptr).empty());
  CHECK(fs::is_empty(dir.path() / "spool"));
}

TEST_CASE("a runner killed while it wrote an event leaves the whole ones") {
  TempDir dir;
  Spool spool(dir.path());
  spool.create(assign(), "r");
  const std::string line = R"({"event":"a"})";
  for (std::size_t cut = 0; cut <= line.size(); ++cut) {
    std::ofstream(spool.path(kKey) / "events.jsonl", std::ios::binary) << line << "\n" << line.substr(0, cut);
    CHECK(spool.load(kKey)->events.size() == 1);
  }
}

TEST_CASE("a folder that was never accepted is removed; a broken one is put aside by name and harms no other") {
  TempDir dir;
  Spool spool(dir.path());
  spool.create(assign(), "r");
  make_dirs(dir.path() / "18-1");
  make_dirs(dir.path() / ".gone-19-1" / "x");
  spool.create(assign({wire::AttemptId(20), wire::Fence(1)}), "r");
  write_file_atomic(dir.path() / "20-1" / "assign.json", "{\"half");
  std::vector<std::string> warnings;
  auto all = spool.load_all(&warnings);
  CHECK(all.size() == 1);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("20-1") != std::string::npos);
  CHECK(fs::exists(dir.path() / "bad-20-1"));
  CHECK_FALSE(fs::exists(dir.path() / "18-1"));
  CHECK_FALSE(fs::exists(dir.path() / ".gone-19-1"));
}

TEST_CASE("a line of ours never continues a job's unfinished line") {
  TempDir dir;
  Spool spool(dir.path());
  spool.create(assign(), "r");
  {
    auto log = spool.open_log(kKey, {});
    log.line("first");
    log.append("no newline");
  }
  auto log = spool.open_log(kKey, {});  // the next runner does not know how the last one ended
  log.line("lost");
  CHECK(spool.read_log(kKey, 0, 100) == "first\nno newline\nlost\n");
}
