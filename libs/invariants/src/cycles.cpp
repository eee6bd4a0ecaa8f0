// Strongly connected components (Tarjan's algorithm, without recursion), then a breadth-first search for each arc of
// one that no cycle covers yet.
#include "cycles.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace pika::invariants {
namespace {

constexpr std::size_t kMostSteps = 20'000'000;  // of all searches together, so that a huge knot ends too

class Finder {
 public:
  Finder(const Graph& graph, const std::vector<char>& in_scope) : out_(graph.files() + graph.packages.size()) {
    for (const auto& arc : all_arcs(graph, in_scope)) out_[arc.from].push_back(arc);
  }

  Cycles run(std::size_t most) {
    components();
    Cycles cycles;
    covered_.resize(out_.size());
    for (Node node = 0; node < out_.size(); ++node) covered_[node].resize(out_[node].size());
    for (Node node = 0; node < out_.size(); ++node) {
      cycles.arcs += out_[node].size();
      for (std::size_t i = 0; i < out_[node].size(); ++i) {
        const auto& arc = out_[node][i];
        if (component_[arc.from] != component_[arc.to] || covered_[node][i]) continue;
        if (cycles.found.size() == most || steps_ > kMostSteps) {
          cycles.truncated = true;
          continue;
        }
        cycles.found.push_back(around(node, i));
      }
    }
    std::sort(cycles.found.begin(), cycles.found.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
    return cycles;
  }

 private:
  void components() {
    const auto count = out_.size();
    component_.assign(count, 0);
    std::vector<std::size_t> order(count, 0), low(count, 0), next(count, 0);
    std::vector<char> open(count, 0);
    std::vector<Node> stack, path;
    std::size_t clock = 0, number = 0;
    for (Node start = 0; start < count; ++start) {
      if (order[start]) continue;
      path.push_back(start);
      while (!path.empty()) {
        const auto node = path.back();
        if (!order[node]) {
          order[node] = low[node] = ++clock;
          stack.push_back(node);
          open[node] = 1;
        }
        if (next[node] < out_[node].size()) {
          const auto to = out_[node][next[node]++].to;
          if (!order[to])
            path.push_back(to);
          else if (open[to])
            low[node] = std::min(low[node], order[to]);
          continue;
        }
        path.pop_back();
        if (!path.empty()) low[path.back()] = std::min(low[path.back()], low[node]);
        if (low[node] != order[node]) continue;
        ++number;
        for (Node member = stack.back();; member = stack.back()) {
          stack.pop_back();
          open[member] = 0;
          component_[member] = number;
          if (member == node) break;
        }
      }
    }
  }

  // The shortest cycle that begins with this arc.
  Cycle around(Node node, std::size_t index) {
    const auto first = out_[node][index];
    std::vector<std::pair<Node, std::size_t>> came(out_.size(), {node, out_.size()});  // from which node, by which arc
    std::vector<char> seen(out_.size(), 0);
    std::vector<Node> queue = {first.to};
    seen[first.to] = 1;
    for (std::size_t i = 0; i < queue.size() && !seen[node]; ++i) {
      const auto at = queue[i];
      for (std::size_t j = 0; j < out_[at].size(); ++j) {
        ++steps_;
        const auto to = out_[at][j].to;
        if (seen[to] || component_[to] != component_[node]) continue;
        seen[to] = 1;
        came[to] = {at, j};
        queue.push_back(to);
      }
    }
    Cycle cycle;
    for (auto at = node; at != first.to;) {
      const auto [from, arc] = came[at];
      cycle.push_back(out_[from][arc]);
      covered_[from][arc] = 1;
      at = from;
    }
    cycle.push_back(first);
    covered_[node][index] = 1;
    std::reverse(cycle.begin(), cycle.end());
    steps_ += out_.size() / 8;
    const auto begin =
        std::min_element(cycle.begin(), cycle.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
    std::rotate(cycle.begin(), begin, cycle.end());
    return cycle;
  }

  static std::tuple<std::size_t, std::vector<Node>> key(const Cycle& cycle) {
    std::vector<Node> nodes;
    for (const auto& arc : cycle) nodes.push_back(arc.from);
    return {cycle.size(), std::move(nodes)};
  }

  std::vector<std::vector<Arc>> out_;
  std::vector<std::size_t> component_;
  std::vector<std::vector<char>> covered_;
  std::size_t steps_ = 0;
};

}  // namespace

std::vector<Arc> all_arcs(const Graph& graph, const std::vector<char>& in_scope) {
  std::vector<Arc> arcs;
  std::vector<char> takes_part(graph.files() + graph.packages.size(), 0);
  std::copy(in_scope.begin(), in_scope.end(), takes_part.begin());
  for (std::size_t i = 0; i < graph.packages.size(); ++i)
    for (auto file : graph.packages[i].files)
      if (in_scope[file]) takes_part[graph.files() + i] = 1;
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    const auto& edge = graph.edges[i];
    if (edge.declares || !takes_part[edge.from] || !takes_part[edge.to]) continue;
    // Edges are by file and reference: of several between two files the first is the evidence.
    arcs.push_back({edge.from, edge.to, static_cast<std::ptrdiff_t>(i)});
  }
  for (std::size_t i = 0; i < graph.packages.size(); ++i)
    for (auto file : graph.packages[i].files)
      if (in_scope[file]) arcs.push_back({static_cast<Node>(graph.files() + i), file, -1});
  std::sort(arcs.begin(), arcs.end(), [](const auto& a, const auto& b) {
    return std::tie(a.from, a.to, a.edge) < std::tie(b.from, b.to, b.edge);
  });
  arcs.erase(std::unique(arcs.begin(), arcs.end(),
                         [](const auto& a, const auto& b) { return a.from == b.from && a.to == b.to; }),
             arcs.end());
  return arcs;
}

Cycles find_cycles(const Graph& graph, const std::vector<char>& in_scope, std::size_t most) {
  return Finder(graph, in_scope).run(most);
}

}  // namespace pika::invariants
