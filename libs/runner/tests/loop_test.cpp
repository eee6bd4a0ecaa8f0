#include "pika/runner/loop.hpp"

#include <doctest/doctest.h>

#include <future>

#include "forge_support.hpp"
#include "pika/base/files.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/runner/lane_text.hpp"

using namespace pika;
using namespace pika::runner;
using namespace pika::runner::test;

namespace {

const wire::AttemptKey kKey{wire::AttemptId(17), wire::Fence(3)};

wire::Assign assign(const wire::AttemptKey& key = kKey) {
  wire::Assign a;
  a.key = key;
  a.repository = "acme/rocket";
  a.lane = a.lane_title = a.target = "unit";
  a.commit = std::string(40, 'a');
  a.tree = std::string(40, 'b');
  return a;
}

// Lanes that do what the test tells them, step by step.
class StepLane : public LaneRunner {
 public:
  void print(std::string text) { push({std::move(text), {}}); }
  void finish(wire::AttemptResult result) { push({{}, std::move(result)}); }

  wire::AttemptResult run(const wire::Assign&, const std::string&, AttemptLog& log, const LaneReport& report,
                          const jerichoci::CancelToken& cancel) override {
    report.event(json::Object{{"event", "attempt_started"}});
    while (true) {
      auto steps = steps_.lock();
      if (cancel.cancelled()) return {.status = "cancelled"};
      if (steps->empty()) {
        steps.wait_for(changed_, std::chrono::milliseconds(5));
        continue;
      }
      auto step = std::move(steps->front());
      steps->pop_front();
      if (!step.text.empty()) log.append(step.text);
      if (step.result) return std::move(*step.result);
    }
  }

 private:
  struct Step {
    std::string text;
    std::optional<wire::AttemptResult> result;
  };
  void push(Step step) {
    steps_.lock()->push_back(std::move(step));
    changed_.notify_all();
  }
  Sync<std::deque<Step>> steps_;
  std::condition_variable changed_;
};

// A runner over one spool folder, on a thread.
class Running {
 public:
  Running(const fs::path& folder, Switchboard& board, LaneRunner& lanes, LoopOptions options = {}) : spool_(folder) {
    set_log_level(LogLevel::error);
    options.machine.name = "host-1";
    options.connect = [&board] { return board.connect(); };
    options.new_run_id = [] { return std::string("01JRUN"); };
    options.jitter = [] { return 0.0; };
    loop_ = std::make_unique<Loop>(std::move(options), spool_, lanes);
    for (auto& attempt : spool_.load_all(nullptr)) loop_->restore(std::move(attempt));
    end_ = std::async(std::launch::async, [this] { return loop_->run(); });
  }
  ~Running() {
    loop_->drain();
    if (end_.valid()) end_.wait();
  }
  Loop& loop() { return *loop_; }
  Loop::End end() {
    REQUIRE(end_.wait_for(std::chrono::minutes(1)) == std::future_status::ready);
    return end_.get();
  }
  Spool& spool() { return spool_; }

 private:
  Spool spool_;
  std::unique_ptr<Loop> loop_;
  std::future<Loop::End> end_;
};

LoopOptions quick_end() {
  LoopOptions options;
  options.drain_limit = 0;
  options.deliver_limit = 0;
  return options;
}

std::string summary() {
  return join(summary_lines(assign(), "01JRUN"), "\n") + "\n";
}

}  // namespace

TEST_CASE("a lane's log reaches the forge whole, with the summary first and the outcome last") {
  TempDir dir;
  Switchboard board;
  StepLane lane;
  Running runner(dir.path(), board, lane, quick_end());
  auto forge = board.accept();
  CHECK(forge.greet().name == "host-1");
  forge.send(assign());
  lane.print("hello \xff\n");
  lane.finish({.status = "passed", .run_id = "01JRUN"});
  CHECK(forge.log_until(kKey, 0, "pika: passed\n") == summary() + "hello \xff\npika: passed\n");
  auto done = forge.next_of<wire::Done>();
  CHECK(done.result.status == "passed");
  CHECK(done.event_seq == 1);
  forge.send(wire::Ack{kKey, 1, done.log_bytes, true, false});
  runner.loop().drain();
  CHECK(runner.end() == Loop::End::drained);
  CHECK(fs::is_empty(dir.path()));
}

TEST_CASE("a forge killed in the middle of a log gets the rest when it is back, and the lane goes on meanwhile") {
  TempDir dir;
  Switchboard board;
  StepLane lane;
  Running runner(dir.path(), board, lane, quick_end());
  std::string log;
  {
    auto forge = board.accept();
    forge.greet();
    forge.send(assign());
    lane.print("one\n");
    log = forge.log_until(kKey, 0, "one\n");
    board.close();
  }
  lane.print("two\n");
  lane.finish({.status = "passed"});
  board.open();
  auto forge = board.accept();
  const auto kept = log.size() - 2;  // it had stored less than it was sent
  auto hello = forge.greet({wire::Ack{kKey, 0, kept, false, false}});
  REQUIRE(hello.active.size() == 1);
  CHECK(hello.active[0].key == kKey);
  log.resize(kept);
  log += forge.log_until(kKey, kept, "pika: passed\n");
  CHECK(log == summary() + "one\ntwo\npika: passed\n");
  auto done = forge.next_of<wire::Done>();
  CHECK(done.log_bytes == log.size());
  forge.send(wire::Ack{kKey, 1, log.size(), true, false});
}

TEST_CASE("cancel reaches the lane, and the log says why") {
  TempDir dir;
  Switchboard board;
  StepLane lane;
  Running runner(dir.path(), board, lane, quick_end());
  auto forge = board.accept();
  forge.greet();
  forge.send(assign());
  forge.next_of<wire::Event>();
  forge.send(wire::Cancel{kKey, "version 5 superseded it"});
  auto done = forge.next_of<wire::Done>();
  CHECK(done.result.status == "cancelled");
  CHECK(done.result.message == "cancelled: version 5 superseded it");
  CHECK(runner.spool().read_log(kKey, 0, 4096).ends_with("pika: cancelled: cancelled: version 5 superseded it\n"));
}

TEST_CASE("a stale attempt is dropped from the spool and its end is not sent") {
  TempDir dir;
  Switchboard board;
  StepLane lane;
  Running runner(dir.path(), board, lane, quick_end());
  auto forge = board.accept();
  forge.greet();
  forge.send(assign());
  forge.next_of<wire::Event>();
  forge.send(wire::Ack{kKey, 0, 0, false, true});
  const wire::AttemptKey next{wire::AttemptId(18), wire::Fence(1)};
  forge.send(assign(next));  // the slot is free only when the stale lane has ended
  auto event = forge.next_of<wire::Event>();
  CHECK(event.key == next);
  CHECK_FALSE(fs::exists(dir.path() / kKey.text()));
}

TEST_CASE("an end that was not acknowledged is delivered by the next runner over the same spool") {
  TempDir dir;
  Switchboard board;
  std::uint64_t size = 0;
  {
    StepLane lane;
    Running runner(dir.path(), board, lane, quick_end());
    auto forge = board.accept();
    forge.greet();
    forge.send(assign());
    lane.finish({.status = "failed", .failure = "test_failed", .exit_code = 3});
    size = forge.next_of<wire::Done>().log_bytes;
    board.close();
  }
  board.open();
  StepLane lane;
  Running runner(dir.path(), board, lane, quick_end());
  auto forge = board.accept();
  auto hello = forge.greet({wire::Ack{kKey, 1, size, false, false}});
  REQUIRE(hello.active.size() == 1);
  CHECK(hello.active[0].done);
  auto done = forge.next_of<wire::Done>();
  CHECK(done.result.exit_code == 3);
  CHECK(done.log_bytes == size);
}

TEST_CASE("a peer that sends nonsense is hung up on, and the lane survives it") {
  TempDir dir;
  Switchboard board;
  StepLane lane;
  Running runner(dir.path(), board, lane, quick_end());
  {
    auto forge = board.accept();
    forge.greet();
    forge.send(assign());
    forge.next_of<wire::Event>();
    forge.send_bytes("\xff\xff\xff\xff");
  }
  auto forge = board.accept();
  CHECK(forge.greet().active.size() == 1);
}

TEST_CASE("a runner whose forge is gone ends by itself when nothing is left") {
  TempDir dir;
  Switchboard board;
  StepLane lane;
  auto options = quick_end();
  options.linger = 0;
  Running runner(dir.path(), board, lane, std::move(options));
  board.close();
  CHECK(runner.end() == Loop::End::lingered);
}

TEST_CASE("a lane that throws is an infrastructure failure with its words") {
  struct Throwing : LaneRunner {
    wire::AttemptResult run(const wire::Assign&, const std::string&, AttemptLog&, const LaneReport&,
                            const jerichoci::CancelToken&) override {
      throw SystemError(28, "write '/state/x'");
    }
  } lane;
  TempDir dir;
  Switchboard board;
  Running runner(dir.path(), board, lane, quick_end());
  auto forge = board.accept();
  forge.greet();
  forge.send(assign());
  auto done = forge.next_of<wire::Done>();
  CHECK(done.result.failure == "infrastructure");
  CHECK(done.result.message.find("No space left") != std::string::npos);
}
