// Any bytes as a file of any language that is scanned: never a crash, and every reference stands in the text. The first
// byte chooses the language.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "pika/invariants/graph.hpp"

using namespace pika::invariants;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<const char*, 12> kPaths = {"a/x.c",  "a/x.py",         "a/x.rs",       "a/x.ts",
                                                  "a/x.go", "Cargo.toml",     "package.json", "tsconfig.json",
                                                  "go.mod", "CMakeLists.txt", "a/x.tsx",      "pyproject.toml"};
  if (size == 0) return 0;
  const std::string path = kPaths[data[0] % kPaths.size()];
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t lines = 1;
  for (char c : text) lines += c == '\n' ? 1 : 0;
  for (const auto& reference : scan(path, text))
    if (reference.line == 0 || reference.line > lines || reference.column == 0 || reference.column > size + 1)
      std::abort();
  // The same text resolved in a small tree: a second file of the kind, and manifests around it.
  std::map<std::string, std::string> files = {{"a/y.c", ""},
                                              {"a/y.h", ""},
                                              {"a/y.py", ""},
                                              {"a/y.rs", ""},
                                              {"a/y.ts", ""},
                                              {"b/y.go", "package b\n"},
                                              {"src/lib.rs", "mod y;\n"},
                                              {"src/y.rs", ""}};
  files[path] = text;
  const auto tree = memory_tree(files);
  const auto graph = build_graph(*tree);
  for (const auto& edge : graph.edges)
    if (edge.from >= tree->paths().size() || edge.to >= tree->paths().size() + graph.packages.size() ||
        edge.from == edge.to)
      std::abort();
  return 0;
}
