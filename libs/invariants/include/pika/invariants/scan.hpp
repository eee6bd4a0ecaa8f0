// What one file says that it depends on, read from its text alone: includes, imports, and what build manifests name.
//
//   for (const auto& reference : scan("src/run.cpp", bytes)) ...   // include_quoted "run.hpp" at 3:1
//
// Comments and strings are told from code, nothing is preprocessed: what stands below `#if 0` counts. Content is
// hostile bytes: nothing fails on it, and the time is proportional to its size. What a reference stands for in a tree
// is graph.hpp's subject. Pure functions, safe from any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pika::invariants {

// Of C and C++ one, of JavaScript and TypeScript one: they depend on each other's files.
enum class Language : std::uint8_t {
  none,
  c,
  python,
  rust,
  javascript,
  go,
  cargo,
  npm,
  tsconfig,
  go_mod,
  cmake,
  pyproject
};
// By the path alone.
Language language_of(std::string_view path);

enum class RefKind : std::uint8_t {
  include_quoted,        // "a/b.h"
  include_angled,        // <a/b.h>
  python_import,         // import TEXT: "a.b"
  python_from,           // from TEXT import CONTEXT: "..a", "b"; a star is "*"
  rust_mod,              // mod TEXT; CONTEXT: inline modules around it "a::b", newline, the path attribute
  rust_use,              // a leaf of a use tree: "crate::a::B"; CONTEXT: inline modules around it
  rust_path,             // the same in an expression or type
  js_import,             // import, export from, require, dynamic import
  js_file,               // /// <reference path="TEXT" />
  go_import,             // TEXT: "module/folder"
  cargo_package,         // TEXT: name; CONTEXT: edition
  cargo_library,         // TEXT: path, may be empty; CONTEXT: name, may be empty
  cargo_root,            // TEXT: the path of another crate root
  cargo_dependency,      // TEXT: name in the code; CONTEXT: path, newline, package, newline, "workspace" or nothing
  cargo_shared,          // the same below [workspace.dependencies]
  npm_name,              // TEXT: the package's name
  npm_entry,             // TEXT: a file; CONTEXT: "." or "./sub" that it stands for, or "#name"
  npm_dependency,        // TEXT: the package's name
  ts_base,               // TEXT: baseUrl
  ts_path,               // TEXT: one of the places for CONTEXT, a pattern with at most one star
  ts_extends,            // TEXT: another tsconfig
  go_module,             // TEXT: the module's path
  go_require,            // TEXT: another module's path
  go_replace,            // TEXT: a module's path; CONTEXT: the folder it is taken from
  cmake_target,          // TEXT: a target defined here
  cmake_link,            // TEXT: a target linked here
  cmake_include_folder,  // TEXT: as it is written
  ts_project,            // TEXT: a project that a tsconfig's `references` name
  python_project,        // TEXT: the project's name
  python_dependency,     // TEXT: another project's name; CONTEXT: the folder it is taken from, may be empty
};
inline constexpr std::size_t kRefKinds = static_cast<std::size_t>(RefKind::python_dependency) + 1;

struct Reference {
  RefKind kind = RefKind::include_quoted;
  std::uint32_t line = 1, column = 1;  // of the statement or the text, from 1; columns in bytes
  std::string text, context;
  bool operator==(const Reference&) const = default;
};

// Larger files are not read for references.
inline constexpr std::size_t kMostScanned = 8u << 20;

// In the order of the text. Nothing for a file whose language is `none`, that is too large or holds a NUL.
std::vector<Reference> scan(std::string_view path, std::string_view text);

}  // namespace pika::invariants
