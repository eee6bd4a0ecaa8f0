// Which file of a tree depends on which, resolved from the references in their texts.
//
//   Graph graph = build_graph(tree);
//   for (const auto& edge : graph.edges) graph.name(edge.to);
//
// A node is a file, or a Go package (a folder), because Go imports folders. What leads out of the tree (a system
// header, a package from a registry) is no edge. How each language is resolved is written at the function of
// src/resolve/ that does it, and for users in docs/invariants.md. Pure: the same tree gives the same graph, in the same
// order.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pika/invariants/tree.hpp"

namespace pika::invariants {

using Node = std::uint32_t;  // below paths().size() a file, else a package

struct Edge {
  Node from = 0, to = 0;
  std::uint32_t reference = 0;  // index in the references of `from`
  // `mod a;` and the like: the place where a part is declared, which makes no cycle.
  bool declares = false;
};

struct Package {
  std::string folder;
  std::vector<Node> files;  // without tests, sorted
};

struct Graph {
  const TreeView* tree = nullptr;  // must outlive the graph
  std::vector<Edge> edges;         // by from, reference, to; never from a file to itself
  std::vector<Package> packages;   // sorted by folder
  // References that are written as parts of this tree ("./x", crate::x, "x.h" in quotes) and lead nowhere in it.
  struct Dangling {
    Node from = 0;
    std::uint32_t reference = 0;
  };
  std::vector<Dangling> dangling;

  std::size_t files() const { return tree->paths().size(); }
  bool is_package(Node node) const { return node >= files(); }
  const std::string& name(Node node) const;  // the path
  const Reference& reference(Node from, std::uint32_t index) const { return tree->references(from)[index]; }
};

Graph build_graph(const TreeView& tree);

// The reference as a person writes it: "#include <a.h>", "use crate::a", "from .a import b".
std::string print_reference(const Reference& reference);

}  // namespace pika::invariants
