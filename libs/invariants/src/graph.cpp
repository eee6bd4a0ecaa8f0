// The graph of a tree: every language's part of it, in one order.
#include "pika/invariants/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "resolve/resolver.hpp"

namespace pika::invariants {

std::optional<std::string> clean_path(std::string_view path) {
  if (path.starts_with('/')) return std::nullopt;
  std::string clean;
  for (std::size_t at = 0; at <= path.size();) {
    auto end = path.find('/', at);
    if (end == path.npos) end = path.size();
    const auto part = path.substr(at, end - at);
    if (part == "..") {
      if (clean.empty()) return std::nullopt;
      clean.resize(folder_of(clean).size());
    } else if (!part.empty() && part != ".") {
      if (!clean.empty()) clean += '/';
      clean += part;
    }
    at = end + 1;
  }
  return clean;
}

std::optional<std::string> path_from(std::string_view folder, std::string_view relative) {
  if (relative.starts_with('/')) return std::nullopt;
  return clean_path(join_path(folder, relative));
}

TreeIndex::TreeIndex(const TreeView& view) : tree(view) {
  const auto& paths = tree.paths();
  files_.reserve(paths.size());
  languages_.reserve(paths.size());
  for (Node i = 0; i < paths.size(); ++i) {
    files_.emplace(paths[i], i);
    languages_.push_back(language_of(paths[i]));
    for (auto up = folder_of(paths[i]); !up.empty() && folders_.insert(up).second;) up = folder_of(up);
  }
}

std::optional<Node> TreeIndex::file(std::string_view path) const {
  auto at = files_.find(path);
  return at == files_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<Node> TreeIndex::of(Language language) const {
  std::vector<Node> files;
  for (Node i = 0; i < languages_.size(); ++i)
    if (languages_[i] == language) files.push_back(i);
  return files;
}

const std::string& Graph::name(Node node) const {
  if (!is_package(node)) return tree->paths()[node];
  static const std::string root = ".";
  const auto& folder = packages[node - files()].folder;
  return folder.empty() ? root : folder;
}

Graph build_graph(const TreeView& tree) {
  Graph graph;
  graph.tree = &tree;
  const TreeIndex index(tree);
  resolve_c(index, graph);
  resolve_python(index, graph);
  resolve_rust(index, graph);
  resolve_javascript(index, graph);
  resolve_go(index, graph);
  resolve_cmake(index, graph);
  resolve_pyproject(index, graph);
  const auto order = [](const Edge& e) { return std::tie(e.from, e.reference, e.to, e.declares); };
  std::sort(graph.edges.begin(), graph.edges.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
  auto same = [](const Edge& a, const Edge& b) {
    return a.from == b.from && a.reference == b.reference && a.to == b.to;
  };
  graph.edges.erase(std::unique(graph.edges.begin(), graph.edges.end(), same), graph.edges.end());
  std::sort(graph.dangling.begin(), graph.dangling.end(),
            [](const auto& a, const auto& b) { return std::tie(a.from, a.reference) < std::tie(b.from, b.reference); });
  return graph;
}

std::string print_reference(const Reference& r) {
  switch (r.kind) {
    case RefKind::include_quoted:
      return fmt::format("#include \"{}\"", r.text);
    case RefKind::include_angled:
      return fmt::format("#include <{}>", r.text);
    case RefKind::python_import:
      return fmt::format("import {}", r.text);
    case RefKind::python_from:
      return fmt::format("from {} import {}", r.text, r.context);
    case RefKind::rust_mod:
      return fmt::format("mod {}", r.text);
    case RefKind::rust_use:
      return fmt::format("use {}", r.text);
    case RefKind::rust_path:
      return r.text;
    case RefKind::js_import:
    case RefKind::go_import:
      return fmt::format("import \"{}\"", r.text);
    case RefKind::js_file:
      return fmt::format("reference path \"{}\"", r.text);
    case RefKind::cargo_dependency:
    case RefKind::cargo_shared:
    case RefKind::npm_dependency:
    case RefKind::python_dependency:
      return fmt::format("dependency {}", r.text);
    case RefKind::go_require:
      return fmt::format("require {}", r.text);
    case RefKind::go_replace:
      return fmt::format("replace {}", r.text);
    case RefKind::cmake_link:
      return fmt::format("links {}", r.text);
    case RefKind::ts_extends:
      return fmt::format("extends {}", r.text);
    case RefKind::ts_project:
      return fmt::format("references {}", r.text);
    case RefKind::cargo_package:
    case RefKind::cargo_library:
    case RefKind::cargo_root:
    case RefKind::npm_name:
    case RefKind::npm_entry:
    case RefKind::ts_base:
    case RefKind::ts_path:
    case RefKind::go_module:
    case RefKind::cmake_target:
    case RefKind::cmake_include_folder:
    case RefKind::python_project:
      return r.text;
  }
  return r.text;
}

}  // namespace pika::invariants
