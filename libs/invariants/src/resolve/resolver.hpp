// What the resolvers of each language share: finding paths in a tree, and taking down what was found.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "pika/invariants/graph.hpp"

namespace pika::invariants {

inline std::string_view folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}
inline std::string_view name_in(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}
inline std::string join_path(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty() && !name.empty()) path += '/';
  return path += name;
}
// "a/./b/../c" is "a/c"; nothing when it leaves the tree or is absolute.
std::optional<std::string> clean_path(std::string_view path);
// The two joined and cleaned.
std::optional<std::string> path_from(std::string_view folder, std::string_view relative);

class TreeIndex {
 public:
  explicit TreeIndex(const TreeView& tree);
  const TreeView& tree;
  std::optional<Node> file(std::string_view path) const;
  bool folder(std::string_view path) const { return path.empty() || folders_.contains(path); }
  const std::string& path(Node file) const { return tree.paths()[file]; }
  Language language(Node file) const { return languages_[file]; }
  // Files of one language, by path.
  std::vector<Node> of(Language language) const;

 private:
  std::unordered_map<std::string_view, Node> files_;
  std::unordered_set<std::string_view> folders_;
  std::vector<Language> languages_;
};

struct Take {
  Graph& graph;
  Node from = 0;
  std::uint32_t reference = 0;
  void edge(Node to, bool declares = false) const {
    if (to != from) graph.edges.push_back({from, to, reference, declares});
  }
  void dangling() const { graph.dangling.push_back({from, reference}); }
};

// Each adds the edges of the files of its languages.
void resolve_c(const TreeIndex& index, Graph& graph);
void resolve_python(const TreeIndex& index, Graph& graph);
void resolve_rust(const TreeIndex& index, Graph& graph);
void resolve_javascript(const TreeIndex& index, Graph& graph);
void resolve_go(const TreeIndex& index, Graph& graph);
void resolve_cmake(const TreeIndex& index, Graph& graph);
void resolve_pyproject(const TreeIndex& index, Graph& graph);

}  // namespace pika::invariants
