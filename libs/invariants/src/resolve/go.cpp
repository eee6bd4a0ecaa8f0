// Go imports a folder: the module's path, from the go.mod whose path is the longest that fits, and the folder below it;
// else a folder of that name below vendor/. A node of its own stands for the folder, with its files that are no tests.
// Modules depend on each other by replace with a folder, or by require of a module of the tree.
#include <algorithm>
#include <map>

#include "resolve/resolver.hpp"

namespace pika::invariants {
namespace {

class Imports {
 public:
  Imports(const TreeIndex& index, Graph& graph) : index_(index), graph_(graph) {}

  void run() {
    for (auto file : index_.of(Language::go_mod))
      for (const auto& reference : index_.tree.references(file))
        if (reference.kind == RefKind::go_module) modules_.emplace(reference.text, file);
    collect_packages();
    for (const auto& [folder, files] : folders_) {
      const auto node = static_cast<Node>(graph_.files() + graph_.packages.size());
      graph_.packages.push_back({std::string(folder), files});
      nodes_.emplace(folder, node);
    }
    for (auto file : index_.of(Language::go)) {
      const auto& references = index_.tree.references(file);
      for (std::uint32_t i = 0; i < references.size(); ++i) import({graph_, file, i}, references[i].text);
    }
    for (auto file : index_.of(Language::go_mod)) manifest(file);
  }

 private:
  void collect_packages() {
    for (auto file : index_.of(Language::go)) {
      const std::string_view path = index_.path(file);
      if (!path.ends_with("_test.go")) folders_[folder_of(path)].push_back(file);
    }
  }

  void import(const Take& take, const std::string& place) {
    for (auto name = place;; name = std::string(folder_of(name))) {
      if (auto module = modules_.find(name); module != modules_.end()) {
        auto rest = std::string_view(place).substr(name.size());
        if (rest.starts_with('/')) rest.remove_prefix(1);
        const auto folder = join_path(folder_of(index_.path(module->second)), rest);
        if (auto node = nodes_.find(folder); node != nodes_.end())
          take.edge(node->second);
        else
          take.dangling();
        return;
      }
      if (name.find('/') == name.npos) break;
    }
    for (auto up = folder_of(index_.path(take.from));; up = folder_of(up)) {
      if (auto node = nodes_.find(join_path(up, "vendor/" + place)); node != nodes_.end()) {
        take.edge(node->second);
        return;
      }
      if (up.empty()) return;
    }
  }

  void manifest(Node file) {
    const auto& references = index_.tree.references(file);
    for (std::uint32_t i = 0; i < references.size(); ++i) {
      const Take take{graph_, file, i};
      if (references[i].kind == RefKind::go_require) {
        if (auto module = modules_.find(references[i].text); module != modules_.end()) take.edge(module->second);
      } else if (references[i].kind == RefKind::go_replace && references[i].context.starts_with('.')) {
        auto folder = path_from(folder_of(index_.path(file)), references[i].context);
        auto other = folder ? index_.file(join_path(*folder, "go.mod")) : std::nullopt;
        other ? take.edge(*other) : take.dangling();
      }
    }
  }

  const TreeIndex& index_;
  Graph& graph_;
  std::map<std::string, Node> modules_;
  std::map<std::string_view, std::vector<Node>> folders_;
  std::unordered_map<std::string, Node> nodes_;
};

}  // namespace

void resolve_go(const TreeIndex& index, Graph& graph) {
  Imports(index, graph).run();
}

// A list depends on the list that defines a target which it links. Names that two lists define are nobody's.
void resolve_cmake(const TreeIndex& index, Graph& graph) {
  const auto lists = index.of(Language::cmake);
  std::unordered_map<std::string_view, std::optional<Node>> targets;
  for (auto file : lists)
    for (const auto& reference : index.tree.references(file))
      if (reference.kind == RefKind::cmake_target)
        if (auto [known, is_new] = targets.emplace(reference.text, file); !is_new && known->second != file)
          known->second.reset();
  for (auto file : lists) {
    const auto& references = index.tree.references(file);
    for (std::uint32_t i = 0; i < references.size(); ++i) {
      if (references[i].kind != RefKind::cmake_link) continue;
      if (auto target = targets.find(references[i].text); target != targets.end() && target->second)
        Take{graph, file, i}.edge(*target->second);
    }
  }
}

}  // namespace pika::invariants
