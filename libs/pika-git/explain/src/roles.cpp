#include "roles.hpp"

#include <algorithm>
#include <array>

#include "pika/base/text.hpp"
#include "pika/json/json.hpp"
#include "words.hpp"

namespace pika::explain {

namespace {

template <std::size_t N>
bool any_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool has_folder(std::string_view path, std::string_view name) {
  for (auto part : split(folder_of(path), '/'))
    if (part == name) return true;
  return false;
}

constexpr std::array<std::string_view, 13> kManifests = {
    "Cargo.toml",       "package.json", "pyproject.toml", "setup.py",    "go.mod",        "CMakeLists.txt", "pom.xml",
    "build.gradle.kts", "build.gradle", "meson.build",    "BUILD.bazel", "Package.swift", "composer.json"};
constexpr std::array<std::string_view, 12> kLocks = {
    "Cargo.lock", "package-lock.json", "yarn.lock",    "pnpm-lock.yaml", "poetry.lock", "uv.lock", "Pipfile.lock",
    "go.sum",     "flake.lock",        "Gemfile.lock", "composer.lock",  "bun.lock"};

bool is_test(std::string_view path) {
  auto name = base_name(path);
  if (name.starts_with("test_") || name.starts_with("conftest.")) return true;
  auto dot = name.rfind('.');
  auto stem = name.substr(0, dot);
  for (std::string_view end : {"_test", "_tests", ".test", ".spec", "_spec", "-test", "_unittest"})
    if (stem.ends_with(end)) return true;
  if (stem == "tests" || stem == "test") return dot != std::string_view::npos;
  if (stem.size() > 4 && (stem.ends_with("Test") || stem.ends_with("Tests"))) return true;
  for (std::string_view folder :
       {"test", "tests", "__tests__", "testing", "testdata", "fixtures", "spec", "specs", "e2e"})
    if (has_folder(path, folder)) return true;
  return false;
}

bool is_ci(std::string_view path) {
  if (path.starts_with(".github/workflows/") || path.starts_with(".circleci/") || path.starts_with(".buildkite/"))
    return true;
  if (path.starts_with("ci/") || path.starts_with(".ci/")) return true;
  return any_of(base_name(path), std::array<std::string_view, 5>{".gitlab-ci.yml", ".travis.yml", "Jenkinsfile",
                                                                 "azure-pipelines.yml", ".cirrus.yml"});
}

bool is_docs(std::string_view path) {
  auto ext = extension_of(path);
  if (any_of(ext, std::array<std::string_view, 5>{"md", "rst", "adoc", "markdown", "mdx"})) return true;
  if (ext.size() == 1 && ext[0] >= '1' && ext[0] <= '8')  // pages of man(1)
    for (std::string_view folder : {"doc", "docs", "man"})
      if (has_folder(path, folder)) return true;
  auto name = base_name(path);
  for (std::string_view start : {"README", "LICENSE", "COPYING", "CHANGELOG", "CHANGES", "AUTHORS", "NOTICE"})
    if (name.starts_with(start) && (ext.empty() || ext == "txt")) return true;
  return ext == "txt" && (has_folder(path, "docs") || has_folder(path, "doc"));
}

// What a bundler wrote for browsers; its folder is called so by custom (github-linguist, vendor.yml).
bool bundled(std::string_view path) {
  auto name = base_name(path), ext = extension_of(path);
  bool script = ext == "js" || ext == "mjs" || ext == "cjs" || ext == "css";
  if (script && has_folder(path, "dist")) return true;
  for (std::string_view end :
       {".min.js", ".min.mjs", ".min.cjs", ".min.css", ".js.map", ".mjs.map", ".cjs.map", ".css.map"})
    if (name.ends_with(end)) return true;
  return false;
}

bool says_generated(std::string_view head) {
  head = head.substr(0, 600);
  if (head.find("@generated") != std::string_view::npos) return true;
  auto text = lower(head);
  if (text.find("this file is an amalgamation") != std::string::npos) return true;  // as SQLite's and Catch2's say
  return text.find("do not edit") != std::string::npos && text.find("generated") != std::string::npos;
}

constexpr std::array<std::string_view, 28> kSource = {
    "c",  "h",  "cc",  "cpp", "cxx", "hpp",  "hh", "hxx",   "ipp", "inl",  "py", "pyi", "rs",  "go",
    "js", "ts", "mjs", "jsx", "tsx", "java", "kt", "swift", "sh",  "bash", "rb", "cs",  "php", "scala"};
constexpr std::array<std::string_view, 13> kConfig = {"toml", "yaml", "yml", "json",       "ini",  "cfg",    "conf",
                                                      "env",  "nix",  "xml", "properties", "lock", "service"};

}  // namespace

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view folder_of(std::string_view path) {
  auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view extension_of(std::string_view path) {
  auto name = base_name(path);
  auto dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string_view() : name.substr(dot + 1);
}

Role role_of(std::string_view path, std::string_view head) {
  auto name = base_name(path);
  auto ext = extension_of(path);
  if (any_of(name, kLocks)) return Role::lock;
  if (says_generated(head) || bundled(path)) return Role::generated;
  if (is_ci(path)) return Role::ci;
  if (any_of(name, kManifests)) return Role::manifest;
  bool pip = name.starts_with("requirements") || base_name(folder_of(path)) == "requirements";
  if (pip && (ext == "txt" || ext == "in")) return Role::manifest;
  if (is_docs(path)) return Role::docs;
  if (is_test(path)) return Role::test;
  if (ext == "sql" || has_folder(path, "migrations")) return Role::schema;
  if (any_of(ext, kSource)) return Role::source;
  if (any_of(ext, kConfig) || name.starts_with(".")) return Role::config;
  if (head.starts_with("#!")) return Role::source;
  for (std::string_view asset :
       {"png", "jpg", "jpeg", "gif", "svg", "ico", "woff", "woff2", "ttf", "pdf", "zip", "gz", "wasm", "mp4"})
    if (ext == asset) return Role::asset;
  if (head.find('\0') != std::string_view::npos) return Role::asset;
  return Role::source;
}

bool foreign(std::string_view path) {
  static constexpr std::array<std::string_view, 7> kFolders = {
      "vendor", "third_party", "third-party", "thirdparty", "node_modules", "deps", "external"};
  auto parts = split(folder_of(path), '/');
  return std::any_of(parts.begin(), parts.end(), [](auto part) { return any_of(part, kFolders); });
}

std::string_view role_name(Role role) {
  switch (role) {
    case Role::source:
      return "source";
    case Role::test:
      return "tests";
    case Role::manifest:
      return "manifest";
    case Role::lock:
      return "lock file";
    case Role::generated:
      return "generated";
    case Role::schema:
      return "schema";
    case Role::docs:
      return "documentation";
    case Role::ci:
      return "CI";
    case Role::config:
      return "configuration";
    case Role::asset:
      return "asset";
  }
  return "";
}

namespace {

// The value of the first `name = "x"` line after a heading: all that is needed of Cargo.toml and pyproject.toml, and
// no reason to refuse a manifest that is broken elsewhere.
std::string toml_name(std::string_view text) {
  bool inside = false;
  for (auto line : split(text, '\n')) {
    line = trim(line);
    if (line.starts_with("[")) inside = line == "[package]" || line == "[project]" || line == "[tool.poetry]";
    if (!inside || !line.starts_with("name")) continue;
    auto first = line.find('"');
    auto last = line.rfind('"');
    if (first != std::string_view::npos && last > first) return std::string(line.substr(first + 1, last - first - 1));
  }
  return {};
}

std::string go_name(std::string_view text) {
  for (auto line : split(text, '\n'))
    if (line.starts_with("module ")) return std::string(base_name(trim(line.substr(7))));
  return {};
}

bool sane(std::string_view name) {
  return !name.empty() && name.size() <= 80 && is_utf8(name) &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > 0x20 && c != 0x7f && c != '`'; });
}

struct Named {
  std::string name, kind;
};

Named read_manifest(std::string_view file, std::string_view text, bool library) {
  if (file == "Cargo.toml") return {toml_name(text), library ? "library crate" : "crate"};
  if (file == "pyproject.toml") return {toml_name(text), "Python package"};
  if (file == "setup.py") return {{}, "Python package"};
  if (file == "go.mod") return {go_name(text), "Go module"};
  if (file == "package.json") {
    auto value = json::parse(text);
    return {value ? json::find_string(*value, "name").value_or("") : "", "npm package"};
  }
  if (file == "CMakeLists.txt") return {{}, "CMake folder"};
  return {{}, "package"};
}

}  // namespace

std::optional<Package> Packages::with_manifest(const std::string& folder) {
  if (auto known = by_folder_.find(folder); known != by_folder_.end()) return known->second;
  std::optional<Package> found;
  std::string prefix = folder.empty() ? "" : folder + "/";
  auto here = repository_.list(commit_, folder);
  for (auto manifest : kManifests) {
    auto is = [&](const git::TreeEntry& e) { return e.path == prefix + std::string(manifest); };
    auto entry = std::find_if(here.begin(), here.end(), is);
    if (entry == here.end() || repository_.blob_size(entry->id).value_or(1u << 30) > (1u << 20)) continue;
    auto text = repository_.blob(entry->id);
    if (!text) continue;
    auto named = read_manifest(manifest, *text, repository_.entry(commit_, prefix + "src/lib.rs").has_value());
    // A Cargo workspace's root is no crate.
    if (manifest == "Cargo.toml" && named.name.empty()) continue;
    bool by_folder = named.kind == "CMake folder";  // many are called "src"
    found = Package{folder,
                    sane(named.name) ? named.name
                    : by_folder      ? folder
                                     : std::string(base_name(folder)),
                    entry->path, named.kind};
    break;
  }
  by_folder_.emplace(folder, found);
  return found;
}

// Below a root manifest, or none at all: the first folder, and the second where the first is a mere container.
const Package& Packages::plain(std::string_view path) {
  auto folder = folder_of(path);
  auto parts = split(folder, '/');
  std::string key(parts[0]);
  constexpr std::array<std::string_view, 8> kContainers = {"src",    "lib",  "libs",    "packages",
                                                           "crates", "apps", "include", "tests"};
  if (parts.size() > 1 && any_of(parts[0], kContainers)) key += "/" + std::string(parts[1]);
  auto [at, fresh] = plain_.try_emplace(key);
  if (fresh) at->second = Package{key, key.empty() ? "the repository root" : key, "", "folder"};
  return at->second;
}

const Package& Packages::of(std::string_view path) {
  std::string folder(folder_of(path));
  while (!folder.empty()) {
    if (with_manifest(folder)) return *by_folder_.find(folder)->second;
    folder = std::string(folder_of(folder));
  }
  return plain(path);
}

std::string package_words(const Package& package) {
  if (package.manifest.empty() || package.kind == "CMake folder") return plain_name(package.name);
  return "the " + plain_name(package.name) + " " + package.kind;
}

}  // namespace pika::explain
