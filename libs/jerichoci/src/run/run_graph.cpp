#include "run/run_graph.hpp"

#include <algorithm>
#include <deque>

#include "pika/base/check.hpp"

namespace jerichoci {

using pika::Micros;

Micros pause_before(unsigned next, FailureKind kind, Micros first) {
  constexpr Micros kMost = 30;
  switch (kind) {
    case FailureKind::none:
    case FailureKind::test_failed:
    case FailureKind::timed_out:
    case FailureKind::catalogue_error:
      return 0;
    case FailureKind::out_of_memory:
    case FailureKind::setup_failed:
    case FailureKind::infrastructure:
    case FailureKind::lost:
      break;
  }
  Micros factor = 1;
  for (unsigned i = 2; i < next && factor < kMost; ++i) factor *= 2;
  return first * std::min(factor, kMost);
}

RunGraph::RunGraph(std::vector<GraphNode> nodes, GraphPolicy policy) : policy_(policy), open_(nodes.size()) {
  nodes_.reserve(nodes.size());
  for (auto& spec : nodes) {
    // What is named twice is waited for once.
    std::sort(spec.needs.begin(), spec.needs.end());
    spec.needs.erase(std::unique(spec.needs.begin(), spec.needs.end()), spec.needs.end());
    nodes_.push_back({std::move(spec)});
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].open_needs = nodes_[i].spec.needs.size();
    for (auto need : nodes_[i].spec.needs) nodes_.at(need).dependents.push_back(i);
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i].open_needs == 0) release(i);
}

void RunGraph::release(std::size_t node) {
  nodes_[node].state = State::ready;
  ready_.insert(node);
}

void RunGraph::settle(std::size_t node, State state) {
  ready_.erase(node);
  nodes_[node].state = state;
  --open_;
}

void RunGraph::begin(std::size_t node) {
  PIKA_CHECK(nodes_[node].state == State::ready, "only a ready node begins");
  ready_.erase(node);
  nodes_[node].state = State::running;
}

RunGraph::Outcome RunGraph::end(std::size_t at, Status status, FailureKind failure, Micros now) {
  auto& node = nodes_[at];
  PIKA_CHECK(node.state == State::running, "only a running node ends");
  Outcome out;
  if (status == Status::passed) {
    settle(at, State::passed);
    for (auto d : node.dependents)
      if (--nodes_[d].open_needs == 0 && nodes_[d].state == State::waiting) release(d);
    return out;
  }
  auto covered = node.spec.retries.find(failure);
  if (status == Status::failed && !stopped_ && covered != node.spec.retries.end() &&
      node.used[failure] < covered->second) {
    ++node.used[failure];
    ++node.attempt;
    node.state = State::resting;
    resting_.insert({now + pause_before(node.attempt, failure, policy_.pause), at});
    out.again = true;
    return out;
  }
  settle(at, status == Status::failed ? State::failed : State::cancelled);
  out.hopeless = give_up_on(at);
  out.stop = policy_.fail_fast && !stopped_ && status == Status::failed;
  return out;
}

std::vector<RunGraph::Hopeless> RunGraph::give_up_on(std::size_t node) {
  std::vector<Hopeless> out;
  std::deque<std::size_t> lost = {node};
  while (!lost.empty()) {
    auto because = lost.front();
    lost.pop_front();
    for (auto d : nodes_[because].dependents) {
      if (nodes_[d].state != State::waiting) continue;
      settle(d, State::skipped);
      out.push_back({d, because});
      lost.push_back(d);
    }
  }
  return out;
}

RunGraph::Stopped RunGraph::stop() {
  Stopped out;
  stopped_ = true;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto state = nodes_[i].state;
    if (state == State::resting) {
      settle(i, State::failed);
      out.resting.push_back(i);
    } else if (state == State::waiting || state == State::ready) {
      settle(i, State::cancelled);
      out.not_begun.push_back(i);
    }
  }
  resting_.clear();
  return out;
}

std::optional<Micros> RunGraph::wake(Micros now) {
  while (!resting_.empty() && resting_.begin()->first <= now) {
    release(resting_.begin()->second);
    resting_.erase(resting_.begin());
  }
  return resting_.empty() ? std::nullopt : std::optional(resting_.begin()->first);
}

}  // namespace jerichoci
