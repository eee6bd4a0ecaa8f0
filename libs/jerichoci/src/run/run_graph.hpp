// The order of a run, as a state machine without clock, threads or files: which nodes may begin, which never will, and
// what the end of one means for the others.
//
//   waiting -> ready -> running -> passed | failed | cancelled
//                 ^         |
//                 +- resting+   a failure that its retries cover, until its pause is over
//   waiting -> skipped          something it needs did not pass
//   waiting, ready -> cancelled the run stops
//
// A node is named by its place in the list that the graph was made of. Every operation costs what it changes, not the
// size of the run.
#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "jerichoci/status.hpp"
#include "pika/base/clock.hpp"

namespace jerichoci {

struct GraphNode {
  std::vector<std::size_t> needs{};           // must pass first; no circles
  std::map<FailureKind, unsigned> retries{};  // further attempts after a failure of that kind
};

struct GraphPolicy {
  bool fail_fast = false;
  pika::Micros pause =
      pika::kSecond;  // before the first further attempt after the host's trouble; doubles, 30 times at most
};

// How long a node rests before attempt `next` (2 or more). A test that failed is tried again at once; what the host
// did may need a moment to mend.
pika::Micros pause_before(unsigned next, FailureKind kind, pika::Micros first);

class RunGraph {
 public:
  enum class State { waiting, ready, running, resting, passed, failed, skipped, cancelled };
  struct Hopeless {
    std::size_t node, because;
  };
  // What an end led to.
  struct Outcome {
    bool again = false;                // it rests and has another attempt
    std::vector<Hopeless> hopeless{};  // skipped now, with what they need, nearest first
    bool stop = false;                 // fail_fast: the caller ends what runs and calls stop()
  };
  struct Stopped {
    std::vector<std::size_t> not_begun;  // cancelled
    std::vector<std::size_t> resting;    // failed: their last attempt counts
  };

  RunGraph(std::vector<GraphNode> nodes, GraphPolicy policy);

  State state(std::size_t node) const { return nodes_[node].state; }
  unsigned attempt(std::size_t node) const { return nodes_[node].attempt; }  // 1 for the first
  const std::set<std::size_t>& ready() const { return ready_; }
  bool finished() const { return open_ == 0; }

  void begin(std::size_t node);  // a ready one
  // A running one has ended: passed, failed or cancelled. `now` is of any clock that only goes forward.
  Outcome end(std::size_t node, Status status, FailureKind failure, pika::Micros now);
  // Nothing begins any more, and no failure is tried again.
  Stopped stop();
  bool stopped() const { return stopped_; }
  // Makes those ready whose pause is over; gives the time of the next one.
  std::optional<pika::Micros> wake(pika::Micros now);

 private:
  struct Node {
    GraphNode spec;
    std::vector<std::size_t> dependents{};
    std::size_t open_needs = 0;
    State state = State::waiting;
    unsigned attempt = 1;
    std::map<FailureKind, unsigned> used{};
  };
  void settle(std::size_t node, State state);
  void release(std::size_t node);
  std::vector<Hopeless> give_up_on(std::size_t node);
  std::vector<Node> nodes_;
  GraphPolicy policy_;
  std::set<std::size_t> ready_;
  std::set<std::pair<pika::Micros, std::size_t>> resting_;
  std::size_t open_;
  bool stopped_ = false;
};

}  // namespace jerichoci
