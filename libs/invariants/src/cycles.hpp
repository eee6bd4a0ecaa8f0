// Cycles among some of a graph's nodes.
#pragma once
#include <cstddef>
#include <vector>

#include "pika/invariants/graph.hpp"

namespace pika::invariants {

// An arc of a cycle: an edge of the graph, or from a package to one of its files.
struct Arc {
  Node from = 0, to = 0;
  std::ptrdiff_t edge = -1;  // index in the graph's edges
  bool operator==(const Arc&) const = default;
};
using Cycle = std::vector<Arc>;  // each arc begins where the one before ends; the first where the last ends

struct Cycles {
  std::vector<Cycle> found;  // the shortest first; each begins at its file with the smallest path
  std::size_t arcs = 0;      // that were looked at
  bool truncated = false;
};
// For every arc that lies on a cycle a shortest cycle that it lies on, each cycle once. `in_scope` has an entry for
// each file; a package takes part with those of its files that are in scope. Declarations (`mod a;`) are no arcs.
Cycles find_cycles(const Graph& graph, const std::vector<char>& in_scope, std::size_t most);

// All arcs, for comparing trees.
std::vector<Arc> all_arcs(const Graph& graph, const std::vector<char>& in_scope);

}  // namespace pika::invariants
