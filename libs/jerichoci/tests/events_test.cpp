// Events: whoever reads them, and however badly, the run goes its own way.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <future>
#include <thread>

#include "engine_support.hpp"
#include "log_support.hpp"
#include "runstore/events.hpp"
#include "runstore/journal.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

RunRequest small_request(TestEngine& engine) {
  TestRepository repo;
  repo.write("a", "1");
  RunRequest request;
  request.snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  for (auto* id : {"one", "two", "three"}) request.jobs.push_back(shell_job(id, "true"));
  return request;
}

std::vector<std::string> names(const std::vector<pika::json::Value>& events) {
  std::vector<std::string> out;
  for (const auto& event : events) out.push_back(*pika::json::find_string(event, "event"));
  return out;
}

}  // namespace

TEST_CASE("a sink that blocks for ever holds up neither the run, nor its record, nor the engine's end") {
  std::promise<void> never;
  auto released = never.get_future().share();
  auto calls = std::make_shared<std::atomic<int>>(0);
  {
    TestEngine engine({.sink_patience = 20'000});
    auto request = small_request(engine);
    auto sink = [released, calls](const pika::json::Value&) {
      ++*calls;
      released.wait();
    };
    auto run = engine->run_jobs(request, sink, {});
    REQUIRE(run.has_value());
    CHECK(run->status == Status::passed);
    CHECK(engine->load_run_record(run->run_id)->status == Status::passed);
    CHECK(names(engine->load_events(run->run_id, 0)->events).back() == "run_finished");
    CHECK(leftovers(engine.root()).empty());
  }
  CHECK(*calls == 1);
  never.set_value();
  // The call that was under way returns; it is given nothing more.
  std::this_thread::yield();
  CHECK(*calls == 1);
}

TEST_CASE("while a sink is blocked the jobs run and the journal grows") {
  TestEngine engine;
  auto request = small_request(engine);
  request.run_id = "blocked";
  bool first = true;
  auto sink = [&](const pika::json::Value&) {
    if (!std::exchange(first, false)) return;
    wait_until("the run is over although its first event is not taken", [&] {
      auto record = engine->load_run_record("blocked");
      return record && is_final(record->status);
    });
  };
  CHECK(engine->run_jobs(request, sink, {})->status == Status::passed);
}

TEST_CASE("a sink that throws, exceptions or anything else, gets every event and changes nothing") {
  TestEngine engine;
  auto request = small_request(engine);
  int calls = 0;
  auto run = engine->run_jobs(request,
                              [&](const pika::json::Value&) {
                                if (++calls % 2) throw std::runtime_error("gone");
                                throw 7;
                              },
                              {});
  CHECK(run->status == Status::passed);
  CHECK(calls == static_cast<int>(engine->load_events(run->run_id, 0)->events.size()));
}

TEST_CASE("every event is in the file before the sink sees it") {
  TestEngine engine;
  auto request = small_request(engine);
  request.run_id = "first";
  auto run = engine->run_jobs(request,
                              [&](const pika::json::Value& event) {
                                auto seq = *pika::json::find_int(event, "seq");
                                CHECK(static_cast<std::int64_t>(engine->load_events("first", 0)->events.size()) >= seq);
                              },
                              {});
  CHECK(run.has_value());
}

TEST_CASE("a reader of events.jsonl sees whole lines at any time") {
  pika::TempDir folder("jci-events-");
  auto file = folder.path() / "events.jsonl";
  Journal journal(file, "run", {});
  std::thread writer([&] {
    for (int i = 0; i < 3'000; ++i) journal.event("job_progress", {{"message", std::string(3'000, 'x')}});
  });
  std::uint64_t offset = 0, seen = 0;
  while (seen < 3'000) {
    auto piece = parse_events(*pika::read_range(file, offset, 1u << 20), offset);
    CHECK(piece.damaged == 0);
    for (const auto& event : piece.events)
      REQUIRE(pika::json::find_int(event, "seq") == static_cast<std::int64_t>(++seen));
    offset = piece.next_offset;
  }
  writer.join();
}

TEST_CASE("a journal cut at any length is gone on with, and only the torn line is lost") {
  pika::TempDir folder("jci-events-");
  auto file = folder.path() / "events.jsonl";
  {
    Journal journal(file, "run", {});
    journal.event("run_started", {{"target_id", "é\n\"x\""}});
    journal.event("plan_ready");
    journal.event("job_started", {{"job_id", "a"}});
  }
  auto whole = *pika::read_file(file);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put_file(file, whole.substr(0, size));
    auto lines = static_cast<std::size_t>(std::count(whole.begin(), whole.begin() + static_cast<long>(size), '\n'));
    {
      Journal journal(file, "run", {});
      journal.event("run_finished");
    }
    auto piece = parse_events(*pika::read_file(file), 0);
    bool torn = size > 0 && whole[size - 1] != '\n';
    // Cut just before its '\n', the last line is whole after all.
    bool whole_after_all = torn && whole[size] == '\n';
    CHECK(piece.damaged == (torn && !whole_after_all ? 1 : 0));
    REQUIRE(piece.events.size() == lines + 1 + (whole_after_all ? 1 : 0));
    CHECK(pika::json::find_string(piece.events.back(), "event") == "run_finished");
    CHECK(pika::json::find_int(piece.events.back(), "seq") == static_cast<std::int64_t>(lines + (torn ? 1 : 0) + 1));
  }
}

TEST_CASE("a disk that takes a part of an event leaves whole lines in the journal") {
  pika::TempDir folder("jci-events-");
  auto file = folder.path() / "events.jsonl";
  Journal journal(file, "run", {});
  journal.event("run_started");
  auto before = fs::file_size(file);
  struct rlimit old{}, small{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  small = {before + 10, old.rlim_max};
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  journal.event("plan_ready");
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  CHECK(fs::file_size(file) == before);
  journal.event("run_finished");
  auto piece = parse_events(*pika::read_file(file), 0);
  CHECK(piece.damaged == 0);
  CHECK(names(piece.events) == std::vector<std::string>{"run_started", "run_finished"});
}

TEST_CASE("events of a run that is not there") {
  TestEngine engine;
  CHECK(engine->load_events("none", 0).error().kind == pika::ErrorKind::not_found);
  CHECK(engine->load_events("../x", 0).error().kind == pika::ErrorKind::invalid);
}
