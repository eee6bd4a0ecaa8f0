// Modules and crates of Rust. Crate roots are Cargo's (src/lib.rs, src/main.rs, src/bin, tests, examples, benches,
// build.rs, and what Cargo.toml names); from each the `mod` declarations are followed, so that crate::, super:: and
// self:: mean what they mean to the compiler; a file that nothing declares is a root of its own, of the package around
// it. A path leads to the file of the deepest module that it names; re-exports
// are not followed. Another crate is one that the package's Cargo.toml takes from a path of the tree, also by way of
// [workspace.dependencies].
#include <algorithm>
#include <map>
#include <set>

#include "resolve/resolver.hpp"

namespace pika::invariants {
namespace {

constexpr std::ptrdiff_t kDeepestModule = 128;  // colons in its path
constexpr std::size_t kMostPlaces = 8;          // of one file below one root
constexpr std::size_t kMostPlacesOfAll = 1'000'000;

struct Crate {
  Node manifest = 0;
  std::string folder, name;  // as code writes it
  bool old_edition = false;  // 2015: use begins at the root
  std::optional<Node> library;
  std::map<std::string, std::size_t> dependencies;  // by the name in code
};

struct Place {
  std::size_t root = 0;
  std::string path;  // "a::b"; empty: the root itself
};

std::string as_code(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
std::string below(std::string_view path, std::string_view name) {
  return std::string(path) + (path.empty() || name.empty() ? "" : "::") + std::string(name);
}
std::string_view parent(std::string_view path) {
  const auto at = path.rfind("::");
  return at == path.npos ? std::string_view() : path.substr(0, at);
}

class Crates {
 public:
  Crates(const TreeIndex& index, Graph& graph) : index_(index), graph_(graph) {}

  void run() {
    for (auto file : index_.of(Language::cargo)) read_package(file);
    for (std::size_t i = 0; i < crates_.size(); ++i) by_folder_.emplace(crates_[i].folder, i);
    for (std::size_t i = 0; i < crates_.size(); ++i) add_roots(i);
    const auto files = index_.of(Language::rust);
    for (auto file : files)  // of trees without Cargo, and of what nothing declares
      if (const auto name = name_in(index_.path(file)); name == "lib.rs" || name == "main.rs") add_root(file, {});
    for (auto file : files)
      if (!places_.contains(file)) add_root(file, package_of(file));
    for (auto file : index_.of(Language::cargo)) link(file);
    for (auto file : files) {
      const auto& references = index_.tree.references(file);
      for (std::uint32_t i = 0; i < references.size(); ++i) resolve({graph_, file, i}, references[i]);
    }
  }

 private:
  struct Root {
    Node file;
    std::optional<std::size_t> crate;
    std::map<std::string, Node, std::less<>> modules;  // by path
    std::set<std::string, std::less<>> inlines;        // paths of inline modules that declare files
    bool has(const std::string& path) const { return modules.contains(path) || inlines.contains(path); }
  };

  void read_package(Node file) {
    Crate crate{.manifest = file,
                .folder = std::string(folder_of(index_.path(file))),
                .name = {},
                .library = {},
                .dependencies = {}};
    bool is_package = false;
    std::string library = "src/lib.rs";
    for (const auto& r : index_.tree.references(file)) {
      if (r.kind == RefKind::cargo_package) {
        is_package = true;
        if (crate.name.empty()) crate.name = as_code(r.text);
        crate.old_edition = r.context.empty() || r.context == "2015";
      } else if (r.kind == RefKind::cargo_library) {
        if (!r.text.empty()) library = r.text;
        if (!r.context.empty()) crate.name = as_code(r.context);
      }
    }
    if (!is_package) return;
    if (auto path = path_from(crate.folder, library)) crate.library = index_.file(*path);
    crates_.push_back(std::move(crate));
  }

  void add_roots(std::size_t number) {
    const auto& crate = crates_[number];
    if (crate.library) add_root(*crate.library, number);
    for (auto name : {"src/main.rs", "build.rs"})
      if (auto file = index_.file(join_path(crate.folder, name))) add_root(*file, number);
    for (const auto& r : index_.tree.references(crate.manifest))
      if (r.kind == RefKind::cargo_root)
        if (auto path = path_from(crate.folder, r.text))
          if (auto file = index_.file(*path)) add_root(*file, number);
    for (auto name : {"src/bin", "tests", "examples", "benches"}) {
      const auto folder = join_path(crate.folder, name) + "/";
      const auto& paths = index_.tree.paths();
      for (auto at = std::lower_bound(paths.begin(), paths.end(), folder); at != paths.end() && at->starts_with(folder);
           ++at) {
        const auto rest = std::string_view(*at).substr(folder.size());
        const auto slash = rest.find('/');
        if (rest.ends_with(".rs") && (slash == rest.npos || rest.substr(slash) == "/main.rs"))
          add_root(static_cast<Node>(at - paths.begin()), number);
      }
    }
  }

  // The package in whose folder a file lies that no root declares, as what a test compiles by itself.
  std::optional<std::size_t> package_of(Node file) const {
    for (auto up = folder_of(index_.path(file));; up = folder_of(up)) {
      if (auto crate = by_folder_.find(std::string(up)); crate != by_folder_.end()) return crate->second;
      if (up.empty()) return std::nullopt;
    }
  }

  // A root and every module that is declared below it. Attributes can give one file many places, and files that declare
  // each other twice would have more of them than can be counted.
  void add_root(Node file, std::optional<std::size_t> crate) {
    const auto number = roots_.size();
    if (!is_root_.emplace(file, number).second) return;
    roots_.push_back({file, crate, {}, {}});
    std::vector<std::pair<Node, std::string>> open = {{file, ""}};
    std::unordered_map<Node, std::size_t> times;
    while (!open.empty()) {
      auto [at, path] = std::move(open.back());
      open.pop_back();
      if (times[at] == kMostPlaces || all_places_ == kMostPlacesOfAll) continue;
      if (!roots_[number].modules.emplace(path, at).second) continue;
      ++times[at];
      ++all_places_;
      places_[at].push_back({number, path});
      if (std::count(path.begin(), path.end(), ':') > kDeepestModule) continue;  // a module that declares itself
      for (const auto& r : index_.tree.references(at))
        if (r.kind == RefKind::rust_mod)
          if (auto child = declared(at, r, at == file)) {
            const auto around = below(path, r.context.substr(0, r.context.find('\n')));
            for (std::string_view up = around; up.size() > path.size(); up = parent(up))
              roots_[number].inlines.emplace(up);
            open.emplace_back(*child, below(around, r.text));
          }
    }
  }

  // The file of `mod name;`. A root, and a mod.rs, has its modules beside it, any other file in a folder of its name.
  std::optional<Node> declared(Node file, const Reference& r, bool is_root) const {
    const std::string_view path = index_.path(file);
    const auto line = r.context.find('\n');
    const auto inlines = std::string_view(r.context).substr(0, line);
    const auto attribute = std::string_view(r.context).substr(line + 1);
    std::string folder(folder_of(path));
    if (!attribute.empty() && inlines.empty()) {
      auto place = path_from(folder, attribute);
      return place ? index_.file(*place) : std::nullopt;
    }
    if (!is_root && name_in(path) != "mod.rs") folder = std::string(path.substr(0, path.size() - 3));
    for (std::size_t at = 0; at < inlines.size();) {
      const auto end = std::min(inlines.find("::", at), inlines.size());
      folder = join_path(folder, inlines.substr(at, end - at));
      at = end + 2;
    }
    if (!attribute.empty()) {
      auto place = path_from(folder, attribute);
      return place ? index_.file(*place) : std::nullopt;
    }
    const auto base = join_path(folder, r.text);
    auto beside = index_.file(base + ".rs");
    return beside ? beside : index_.file(base + "/mod.rs");
  }

  // The crate that a dependency is, when it lies in the tree.
  std::optional<std::size_t> dependency(Node manifest, const Reference& r) const {
    const auto first = r.context.find('\n');
    const auto path = r.context.substr(0, first);
    const auto folder = folder_of(index_.path(manifest));
    if (!path.empty()) {
      auto place = path_from(folder, path);
      auto crate = place ? by_folder_.find(*place) : by_folder_.end();
      return crate == by_folder_.end() ? std::nullopt : std::optional(crate->second);
    }
    if (r.kind == RefKind::cargo_dependency && r.context.ends_with("\nworkspace")) {
      for (auto up = folder;; up = folder_of(up)) {
        if (auto file = index_.file(join_path(up, "Cargo.toml")))
          for (const auto& shared : index_.tree.references(*file))
            if (shared.kind == RefKind::cargo_shared && shared.text == r.text) return dependency(*file, shared);
        if (up.empty()) break;
      }
    }
    return std::nullopt;
  }

  // The edges between manifests, and the names that code may use.
  void link(Node manifest) {
    const auto own = by_folder_.find(std::string(folder_of(index_.path(manifest))));
    const auto& references = index_.tree.references(manifest);
    for (std::uint32_t i = 0; i < references.size(); ++i) {
      const auto& r = references[i];
      if (r.kind != RefKind::cargo_dependency) continue;
      const Take take{graph_, manifest, i};
      auto other = dependency(manifest, r);
      if (!other) {
        if (!r.context.starts_with('\n')) take.dangling();
        continue;
      }
      take.edge(crates_[*other].manifest);
      const bool renamed = r.context.find("\n\n") == std::string::npos;
      if (own != by_folder_.end())
        crates_[own->second].dependencies.emplace(renamed ? as_code(r.text) : crates_[*other].name, *other);
    }
  }

  void resolve(const Take& take, const Reference& r) {
    if (r.kind == RefKind::rust_mod) {
      const bool is_root = is_root_.contains(take.from);
      auto file = declared(take.from, r, is_root);
      file ? take.edge(*file, true) : take.dangling();
      return;
    }
    for (const auto& place : places_[take.from])
      if (auto file = target(place, r)) take.edge(*file);
  }

  std::optional<Node> target(const Place& place, const Reference& r) const {
    std::string_view path = r.text;
    auto take_name = [&] {
      const auto name = path.substr(0, path.find("::"));
      path.remove_prefix(std::min(name.size() + 2, path.size()));
      return name;
    };
    auto root = place.root;
    auto here = below(place.path, r.context);
    const auto whole = path;
    auto first = take_name();
    if (first == "crate") {
      here.clear();
    } else if (first == "super") {
      here = parent(here);
      while (path.substr(0, path.find("::")) == "super") {
        take_name();
        here = parent(here);
      }
    } else if (first != "self") {
      if (roots_[root].has(below(here, first))) {
        path = whole;
      } else if (auto other = other_crate(root, first)) {
        root = *other;
        here.clear();
      } else if (r.kind == RefKind::rust_use && is_old(root) && roots_[root].modules.contains(first)) {
        path = whole;
        here.clear();
      } else {
        return std::nullopt;
      }
    }
    for (; !path.empty();) {
      auto deeper = below(here, take_name());
      if (!roots_[root].has(deeper)) break;
      here = std::move(deeper);
    }
    for (;; here = parent(here))  // inline modules are no files
      if (auto file = roots_[root].modules.find(here); file != roots_[root].modules.end()) return file->second;
  }

  bool is_old(std::size_t root) const { return roots_[root].crate && crates_[*roots_[root].crate].old_edition; }

  // The root of the library that code of `root` calls `name`.
  std::optional<std::size_t> other_crate(std::size_t root, std::string_view name) const {
    if (!roots_[root].crate) return std::nullopt;
    const auto& crate = crates_[*roots_[root].crate];
    std::optional<Node> library;
    if (auto other = crate.dependencies.find(std::string(name)); other != crate.dependencies.end())
      library = crates_[other->second].library;
    else if (name == crate.name && crate.library && roots_[root].file != *crate.library)
      library = crate.library;
    if (!library) return std::nullopt;
    const auto other = is_root_.find(*library);
    return other == is_root_.end() ? std::nullopt : std::optional(other->second);
  }

  const TreeIndex& index_;
  Graph& graph_;
  std::vector<Crate> crates_;
  std::unordered_map<std::string, std::size_t> by_folder_;
  std::vector<Root> roots_;
  std::unordered_map<Node, std::size_t> is_root_;  // to its number
  std::unordered_map<Node, std::vector<Place>> places_;
  std::size_t all_places_ = 0;
};

}  // namespace

void resolve_rust(const TreeIndex& index, Graph& graph) {
  Crates(index, graph).run();
}

}  // namespace pika::invariants
