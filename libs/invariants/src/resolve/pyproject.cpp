// A pyproject.toml depends on another of the tree: the one in the folder that it names (tool.uv.sources, poetry's
// path), else the only project of that name.
#include <map>

#include "resolve/resolver.hpp"

namespace pika::invariants {

void resolve_pyproject(const TreeIndex& index, Graph& graph) {
  const auto files = index.of(Language::pyproject);
  std::map<std::string_view, std::optional<Node>> named;  // nothing: two have the name
  for (auto file : files)
    for (const auto& r : index.tree.references(file))
      if (r.kind == RefKind::python_project)
        if (auto [known, is_new] = named.emplace(r.text, file); !is_new && known->second != file) known->second.reset();
  for (auto file : files) {
    const auto& references = index.tree.references(file);
    for (std::uint32_t i = 0; i < references.size(); ++i) {
      const auto& r = references[i];
      if (r.kind != RefKind::python_dependency) continue;
      const Take take{graph, file, i};
      if (!r.context.empty()) {
        auto folder = path_from(folder_of(index.path(file)), r.context);
        auto other = folder ? index.file(join_path(*folder, "pyproject.toml")) : std::nullopt;
        if (other)
          take.edge(*other);
        else if (!folder || !index.folder(*folder))  // a folder with setup.py alone, or a wheel, is no project here
          take.dangling();
      } else if (auto other = named.find(r.text); other != named.end() && other->second) {
        take.edge(*other->second);
      }
    }
  }
}

}  // namespace pika::invariants
