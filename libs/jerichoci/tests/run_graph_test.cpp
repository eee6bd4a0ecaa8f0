// The order of a run without running anything: tables of what ends how and what follows.
#include "run/run_graph.hpp"

#include <doctest/doctest.h>

using namespace jerichoci;
using State = RunGraph::State;

namespace {

using Places = std::vector<std::size_t>;

Places ready(const RunGraph& graph) {
  return {graph.ready().begin(), graph.ready().end()};
}

RunGraph::Outcome passes(RunGraph& graph, std::size_t node) {
  graph.begin(node);
  return graph.end(node, Status::passed, FailureKind::none, 0);
}

RunGraph::Outcome fails(RunGraph& graph, std::size_t node, FailureKind kind = FailureKind::test_failed,
                        pika::Micros now = 0) {
  graph.begin(node);
  return graph.end(node, Status::failed, kind, now);
}

// 0 checkout; 1 deps; 2 build needs 0, 1; 3 test needs 0, 2; 4 lint needs 0
std::vector<GraphNode> diamond() {
  return {{}, {}, {.needs = {0, 1}}, {.needs = {0, 2}}, {.needs = {0}}};
}

}  // namespace

TEST_CASE("graph: a node is ready as soon as its own needs have passed, whatever else runs") {
  RunGraph graph(diamond(), {});
  CHECK(ready(graph) == Places{0, 1});
  passes(graph, 0);
  CHECK(ready(graph) == Places{1, 4});
  passes(graph, 1);
  CHECK(ready(graph) == Places{2, 4});
  graph.begin(4);
  passes(graph, 2);
  CHECK(ready(graph) == Places{3});
  passes(graph, 3);
  CHECK(!graph.finished());
  graph.end(4, Status::passed, FailureKind::none, 0);
  CHECK(graph.finished());
}

TEST_CASE("graph: what needs a node that did not pass is skipped, through every step, with the need that is nearest") {
  RunGraph graph(diamond(), {});
  passes(graph, 0);
  auto out = fails(graph, 1, FailureKind::setup_failed);
  REQUIRE(out.hopeless.size() == 2);
  CHECK(out.hopeless[0].node == 2);
  CHECK(out.hopeless[0].because == 1);
  CHECK(out.hopeless[1].node == 3);
  CHECK(out.hopeless[1].because == 2);
  CHECK(graph.state(2) == State::skipped);
  CHECK(ready(graph) == Places{4});
  CHECK(!out.stop);
  passes(graph, 4);
  CHECK(graph.finished());
}

TEST_CASE("graph: a need that is named twice is waited for once") {
  RunGraph graph({{}, {.needs = {0, 0}}}, {});
  passes(graph, 0);
  CHECK(ready(graph) == Places{1});
}

TEST_CASE("graph: with fail_fast the first failure stops the run, without it nothing else is touched") {
  for (bool fast : {false, true}) {
    RunGraph graph({{}, {}, {}}, {.fail_fast = fast});
    graph.begin(1);
    auto out = fails(graph, 0);
    CHECK(out.stop == fast);
    if (!fast) {
      CHECK(ready(graph) == Places{2});
      continue;
    }
    auto stopped = graph.stop();
    CHECK(stopped.not_begun == Places{2});
    CHECK(graph.state(2) == State::cancelled);
    CHECK(graph.state(1) == State::running);
    CHECK(!graph.finished());
    auto last = graph.end(1, Status::failed, FailureKind::test_failed, 0);
    CHECK(!last.stop);
    CHECK(graph.finished());
  }
}

TEST_CASE("graph: a failure that a retry covers is no failure for fail_fast and for what waits") {
  RunGraph graph({{.retries = {{FailureKind::test_failed, 1}}}, {.needs = {0}}}, {.fail_fast = true});
  auto first = fails(graph, 0);
  CHECK(first.again);
  CHECK(!first.stop);
  CHECK(first.hopeless.empty());
  CHECK(graph.state(0) == State::resting);
  CHECK(!graph.wake(0));
  CHECK(ready(graph) == Places{0});
  CHECK(graph.attempt(0) == 2);
  auto second = fails(graph, 0);
  CHECK(!second.again);
  CHECK(second.stop);
  CHECK(graph.state(1) == State::skipped);
}

TEST_CASE("graph: only failures of a named kind are tried again, each kind as often as it says") {
  struct Row {
    std::map<FailureKind, unsigned> retries;
    std::vector<FailureKind> failures;
    unsigned attempts;  // the one after which it is over
  };
  constexpr auto kTest = FailureKind::test_failed, kTime = FailureKind::timed_out, kHost = FailureKind::infrastructure;
  for (const auto& row : std::vector<Row>{{{}, {kTest}, 1},
                                          {{{kHost, 3}}, {kTest}, 1},
                                          {{{kTest, 0}}, {kTest}, 1},
                                          {{{kTest, 2}}, {kTest, kTest, kTest}, 3},
                                          {{{kTest, 1}, {kHost, 1}}, {kHost, kTest, kHost}, 3},
                                          {{{kHost, 2}, {kTest, 5}}, {kHost, kTime}, 2}}) {
    RunGraph graph({{.retries = row.retries}}, {.pause = 0});
    for (std::size_t i = 0; i < row.failures.size(); ++i) {
      graph.wake(0);
      bool last = i + 1 == row.failures.size();
      CHECK(fails(graph, 0, row.failures[i]).again == !last);
    }
    CHECK(graph.attempt(0) == row.attempts);
    CHECK(graph.finished());
  }
}

TEST_CASE("graph: a cancelled job is never tried again, and nothing is once the run stops") {
  RunGraph graph({{.retries = {{FailureKind::test_failed, 9}, {FailureKind::none, 9}}},
                  {.retries = {{FailureKind::test_failed, 9}}},
                  {.retries = {{FailureKind::test_failed, 9}}},
                  {}},
                 {});
  graph.begin(0);
  CHECK(!graph.end(0, Status::cancelled, FailureKind::none, 0).again);
  CHECK(graph.state(0) == State::cancelled);
  graph.begin(2);
  CHECK(fails(graph, 1).again);
  auto stopped = graph.stop();
  CHECK(stopped.resting == Places{1});
  CHECK(stopped.not_begun == Places{3});
  CHECK(graph.state(1) == State::failed);
  CHECK(!graph.wake(1'000'000'000));
  CHECK(ready(graph).empty());
  CHECK(!graph.end(2, Status::failed, FailureKind::test_failed, 0).again);
  CHECK(graph.finished());
}

TEST_CASE("graph: a node rests before its next attempt, and the pause is capped") {
  constexpr auto kHost = FailureKind::infrastructure;
  RunGraph graph({{.retries = {{kHost, 10}}}, {}}, {.pause = 100});
  CHECK(fails(graph, 0, kHost, 1000).again);
  CHECK(ready(graph) == Places{1});
  CHECK(graph.wake(1099) == 1100);
  CHECK(ready(graph) == Places{1});
  CHECK(!graph.wake(1100));
  CHECK(ready(graph) == Places{0, 1});
  CHECK(fails(graph, 0, kHost, 2000).again);
  CHECK(graph.wake(2000) == 2200);
  CHECK(pause_before(2, kHost, 100) == 100);
  CHECK(pause_before(5, kHost, 100) == 800);
  CHECK(pause_before(4'000'000'000, kHost, 100) == 3000);
  CHECK(pause_before(7, FailureKind::test_failed, 100) == 0);
}

TEST_CASE("graph: the cost of a long chain is its length") {
  constexpr std::size_t kNodes = 100'000;
  std::vector<GraphNode> chain(kNodes);
  for (std::size_t i = 0; i + 1 < kNodes; ++i) chain[i].needs = {i + 1};  // the last one begins
  RunGraph graph(chain, {});
  CHECK(ready(graph) == Places{kNodes - 1});
  CHECK(fails(graph, kNodes - 1).hopeless.size() == kNodes - 1);
  CHECK(graph.finished());
}
