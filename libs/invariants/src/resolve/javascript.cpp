// Imports of JavaScript and TypeScript. "./x" is a file, a file with one of the endings, or the index of a folder;
// "./x.js" is x.ts where only that is there. Any other name is looked for in the `paths` of the nearest tsconfig.json
// (and of what it extends; where there are none, of the projects that its `references` name), in `imports` of the
// nearest package.json ("#x"), among the packages of the tree by their names, and below baseUrl. Of a package the entry
// that lies in the tree counts, then src/index and index, then its package.json.
#include <algorithm>
#include <array>
#include <map>

#include "resolve/resolver.hpp"

namespace pika::invariants {
namespace {

constexpr int kLongestChain = 16;  // of `extends`
constexpr std::array<std::string_view, 12> kEndings = {".ts",  ".tsx", ".d.ts", ".mts",  ".cts", ".js",
                                                       ".jsx", ".mjs", ".cjs",  ".json", ".vue", ".svelte"};
struct Twin {
  std::string_view written, source;
};
constexpr std::array kTwins = {Twin{".js", ".ts"},   Twin{".js", ".tsx"},  Twin{".js", ".d.ts"},  Twin{".jsx", ".tsx"},
                               Twin{".mjs", ".mts"}, Twin{".cjs", ".cts"}, Twin{".mjs", ".d.mts"}};

struct Alias {
  std::string pattern, place;  // with at most one star each; the place from the root of the tree
};
struct Config {
  std::optional<std::string> base;  // the folder of baseUrl
  std::vector<Alias> aliases;
};

// What the star of a pattern stands for; nothing when it does not fit.
std::optional<std::string> match_star(std::string_view pattern, std::string_view text) {
  const auto star = pattern.find('*');
  if (star == pattern.npos) return pattern == text ? std::optional(std::string()) : std::nullopt;
  const auto head = pattern.substr(0, star), tail = pattern.substr(star + 1);
  if (text.size() < head.size() + tail.size() || !text.starts_with(head) || !text.ends_with(tail)) return std::nullopt;
  return std::string(text.substr(head.size(), text.size() - head.size() - tail.size()));
}
std::string put_star(std::string_view pattern, std::string_view text) {
  const auto star = pattern.find('*');
  if (star == pattern.npos) return std::string(pattern);
  return std::string(pattern.substr(0, star)) + std::string(text) + std::string(pattern.substr(star + 1));
}

class Imports {
 public:
  Imports(const TreeIndex& index, Graph& graph) : index_(index), graph_(graph) {}

  void run() {
    const auto packages = index_.of(Language::npm);
    for (auto file : packages)
      for (const auto& r : index_.tree.references(file))
        if (r.kind == RefKind::npm_name) packages_.emplace(r.text, file);
    for (auto file : packages) {
      const auto& references = index_.tree.references(file);
      for (std::uint32_t i = 0; i < references.size(); ++i)
        if (references[i].kind == RefKind::npm_dependency)
          if (auto other = packages_.find(references[i].text); other != packages_.end())
            Take{graph_, file, i}.edge(other->second);
    }
    for (auto file : index_.of(Language::tsconfig)) {
      const auto& references = index_.tree.references(file);
      for (std::uint32_t i = 0; i < references.size(); ++i)
        if (auto other = other_config(file, references[i])) Take{graph_, file, i}.edge(*other);
    }
    for (auto file : index_.of(Language::javascript)) {
      const auto& references = index_.tree.references(file);
      for (std::uint32_t i = 0; i < references.size(); ++i) resolve({graph_, file, i}, references[i]);
    }
  }

 private:
  std::optional<Node> exact_or_twin(const std::string& path) const {
    if (auto file = index_.file(path)) return file;
    for (const auto& twin : kTwins)
      if (path.ends_with(twin.written))
        if (auto file = index_.file(path.substr(0, path.size() - twin.written.size()) + std::string(twin.source)))
          return file;
    return std::nullopt;
  }

  std::optional<Node> source(const std::string& path) const {
    if (auto file = exact_or_twin(path)) return file;
    for (auto ending : kEndings)
      if (auto file = index_.file(path + std::string(ending))) return file;
    if (!index_.folder(path)) return std::nullopt;
    if (auto manifest = index_.file(join_path(path, "package.json")))
      if (auto file = entry(*manifest, ".")) return file;
    for (auto ending : kEndings)
      if (auto file = index_.file(join_path(path, "index") + std::string(ending))) return file;
    return std::nullopt;
  }

  // What a package's own words say about "." or "./sub" or "#name", where that lies in the tree.
  std::optional<Node> entry(Node manifest, std::string_view name) const {
    const auto folder = folder_of(index_.path(manifest));
    for (const auto& r : index_.tree.references(manifest)) {
      if (r.kind != RefKind::npm_entry) continue;
      const auto star = match_star(r.context, name);
      if (!star) continue;
      auto path = path_from(folder, put_star(r.text, *star));
      if (!path || path->empty() || *path == folder) continue;
      if (auto file = exact_or_twin(*path)) return file;
      for (auto ending : kEndings)
        if (auto file = index_.file(*path + std::string(ending))) return file;
    }
    return std::nullopt;
  }

  void resolve(const Take& take, const Reference& r) {
    std::string_view name = r.text;
    const auto here = folder_of(index_.path(take.from));
    const bool relative = name == "." || name == ".." || name.starts_with("./") || name.starts_with("../");
    if (relative || r.kind == RefKind::js_file) {
      auto path = path_from(here, name);
      auto file = path ? source(*path) : std::nullopt;
      if (!file && path)
        if (const auto query = path->find_first_of("?"); query != path->npos) file = source(path->substr(0, query));
      file ? take.edge(*file) : take.dangling();
      return;
    }
    if (name.starts_with("/") || name.starts_with("node:") || name.empty()) return;
    auto [known, is_new] = known_.try_emplace(std::string(here) + "\n" + r.text);
    if (is_new) known->second = by_name(here, name);
    if (known->second) take.edge(*known->second);
  }

  std::optional<Node> nearest(std::string_view folder, std::string_view name) const {
    for (auto up = folder;; up = folder_of(up)) {
      if (auto file = index_.file(join_path(up, name))) return file;
      if (up.empty()) return std::nullopt;
    }
  }

  std::optional<Node> by_name(std::string_view here, std::string_view name) {
    if (name.starts_with('#'))
      if (auto manifest = nearest(here, "package.json"))
        if (auto file = entry(*manifest, name)) return file;
    auto config_file = nearest(here, "tsconfig.json");
    if (!config_file) config_file = nearest(here, "jsconfig.json");
    const Config none;
    const auto& config = config_file ? config_of(*config_file) : none;
    for (const auto& alias : config.aliases)
      if (auto star = match_star(alias.pattern, name))
        if (auto path = clean_path(put_star(alias.place, *star)))
          if (auto file = source(*path)) return file;
    if (auto file = of_package(name)) return file;
    if (config.base)
      if (auto path = path_from(*config.base, name)) return source(*path);
    return std::nullopt;
  }

  std::optional<Node> of_package(std::string_view name) const {
    auto end = name.find('/');
    if (name.starts_with('@') && end != name.npos) end = name.find('/', end + 1);
    const auto package = packages_.find(std::string(name.substr(0, end)));
    if (package == packages_.end()) return std::nullopt;
    const auto folder = folder_of(index_.path(package->second));
    if (end == name.npos) {
      if (auto file = entry(package->second, ".")) return file;
      for (auto inside : {"src", "", "lib", "source"})
        for (auto ending : kEndings)
          if (auto file = index_.file(join_path(join_path(folder, inside), "index" + std::string(ending)))) return file;
      return package->second;
    }
    if (auto file = entry(package->second, "." + std::string(name.substr(end)))) return file;
    for (auto inside : {"", "src"})
      if (auto path = path_from(join_path(folder, inside), name.substr(end + 1)))
        if (auto file = source(*path)) return file;
    return package->second;
  }

  std::optional<Node> other_config(Node config, const Reference& r) const {
    if (r.kind != RefKind::ts_extends && r.kind != RefKind::ts_project) return std::nullopt;
    const std::string_view name = r.text;
    if (r.kind == RefKind::ts_extends && !name.starts_with('.')) {
      const auto slash = name.find('/', name.starts_with('@') ? name.find('/') + 1 : 0);
      const auto package = packages_.find(std::string(name.substr(0, slash)));
      if (package == packages_.end()) return std::nullopt;
      const auto inside = slash == name.npos ? std::string_view("tsconfig.json") : name.substr(slash + 1);
      auto path = path_from(folder_of(index_.path(package->second)), inside);
      return path ? index_.file(*path) : std::nullopt;
    }
    auto path = path_from(folder_of(index_.path(config)), name);
    if (!path) return std::nullopt;
    for (auto ending : {"", ".json"})
      if (auto file = index_.file(*path + ending)) return file;
    return index_.file(join_path(*path, "tsconfig.json"));
  }

  // `paths` and baseUrl: the nearest config's own, else those of what it extends, the last first.
  const Config& config_of(Node file, int depth = 0) {
    auto [known, is_new] = configs_.try_emplace(file);
    if (!is_new || depth > kLongestChain) return known->second;
    Config config;
    const auto folder = folder_of(index_.path(file));
    const auto& references = index_.tree.references(file);
    for (const auto& r : references)
      if (r.kind == RefKind::ts_base) config.base = path_from(folder, r.text);
    for (const auto& r : references)
      if (r.kind == RefKind::ts_path) {
        const std::string from = config.base ? *config.base : std::string(folder);
        config.aliases.push_back({r.context, join_path(from, r.text)});
      }
    for (auto r = references.rbegin(); r != references.rend(); ++r) {
      if (r->kind != RefKind::ts_extends) continue;
      auto other = other_config(file, *r);
      if (!other || *other == file) continue;
      const Config inherited = config_of(*other, depth + 1);
      if (config.aliases.empty()) config.aliases = inherited.aliases;
      if (!config.base) config.base = inherited.base;
    }
    for (const auto& r : references) {  // a solution: its projects are about these files too
      if (r.kind != RefKind::ts_project || !config.aliases.empty()) continue;
      auto other = other_config(file, r);
      if (other && *other != file && folder_of(index_.path(*other)) == folder)
        config.aliases = Config(config_of(*other, depth + 1)).aliases;
    }
    return configs_[file] = std::move(config);
  }

  const TreeIndex& index_;
  Graph& graph_;
  std::map<std::string, Node> packages_;  // by name; of several the first path
  std::unordered_map<Node, Config> configs_;
  std::unordered_map<std::string, std::optional<Node>> known_;
};

}  // namespace

void resolve_javascript(const TreeIndex& index, Graph& graph) {
  Imports(index, graph).run();
}

}  // namespace pika::invariants
