// References of one file, by its text: what counts, what only looks so, where it stands.
#include "pika/invariants/scan.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "pika/base/files.hpp"
#include "pika/invariants/graph.hpp"
#include "pika/syntax/syntax.hpp"

using namespace pika::invariants;

namespace {

// "line:column statement", one a reference, with commas.
std::string seen(const std::string& path, const std::string& text) {
  std::string all;
  for (const auto& r : scan(path, text))
    all += fmt::format("{}{}:{} {}", all.empty() ? "" : ", ", r.line, r.column, print_reference(r));
  return all;
}

}  // namespace

TEST_CASE("C and C++: an include is a line of its own, and neither comment nor string") {
  CHECK(seen("a.c", "#include \"a.h\"\n  #  include <b/c.h> // x\n") == "1:1 #include \"a.h\", 2:3 #include <b/c.h>");
  CHECK(seen("a.c", "/* #include \"no.h\" */ #include \"a.h\"\n") == "1:23 #include \"a.h\"");
  CHECK(seen("a.c", "/*\n#include \"no.h\"\n*/\n// x \\\n#include \"no.h\"\nint a; #include \"no.h\"\n") == "");
  CHECK(seen("a.cpp", "auto s = R\"x(\n#include \"no.h\"\n)\" )x\";\n#include \"a.h\"\n") == "4:1 #include \"a.h\"");
  CHECK(seen("a.cpp", "auto s = u8R\"(\n#include \"no.h\"\n)\"; auto t = FOR\"(\";\n#include \"a.h\"\n") ==
        "4:1 #include \"a.h\"");
  CHECK(seen("a.c", "char a = '\"';\n#include \"a.h\"\nint n = 1'000'000; char b = u'\\'';\n#include \"b.h\"\n") ==
        "2:1 #include \"a.h\", 4:1 #include \"b.h\"");
  CHECK(seen("a.c", "#error don't \"\n#include \"a.h\"\n") == "2:1 #include \"a.h\"");
  CHECK(seen("a.c", "# \\\n include \"a.h\"\n#include MACRO\n#include \"\"\n#include <x\n#includes <y>\n") ==
        "1:1 #include \"a.h\"");
  CHECK(seen("a.m", "#import <A/B.h>\n#include_next \"c.h\"\n") == "1:1 #include <A/B.h>, 2:1 #include \"c.h\"");
}

TEST_CASE("Python: import wherever a statement may begin") {
  CHECK(seen("a.py", "import a.b as c, d\nfrom . import x\nfrom ..y.z import (p, # q\n  r as s,)\n") ==
        "1:1 import a.b, 1:1 import d, 2:1 from . import x, 3:20 from ..y.z import p, 4:3 from ..y.z import r");
  CHECK(seen("a.py", "try: import a\nexcept ImportError: b = 1; import c\nif x:\n    from d import *\n") ==
        "1:6 import a, 2:28 import c, 4:5 from d import *");
  CHECK(seen("a.py",
             "'''\nimport no\n'''\n\"\"\"\\\"\"\"\nimport no\n\"\"\"\n# import no\nx = 'import no'\nimport a\n") ==
        "9:1 import a");
  CHECK(seen("a.py",
             "f(\nimport_no,\n[\nb]\n)\nimport a \\\n  , b\nraise X from y\nyield from z\nx.import_module('no')\n") ==
        "6:1 import a, 6:1 import b");
  CHECK(seen("a.py", "from .a \\\n  import b\nfrom . a . b import c\nfrom importx import d\n") ==
        "1:1 from .a import b, 3:1 from .a.b import c, 4:1 from importx import d");
}

TEST_CASE("Rust: modules, use trees, and paths where they stand") {
  CHECK(seen("a.rs", "pub mod a;\n#[path = \"x.rs\"]\nmod b;\nuse crate::{c::{self, D}, e as f};\nuse super::*;\n") ==
        "1:5 mod a, 3:1 mod b, 4:17 use crate::c, 4:23 use crate::c::D, 4:27 use crate::e, 5:1 use super");
}

TEST_CASE("Rust: what a tree of names stands for, in order, each once") {
  CHECK(seen("a.rs", "use super::*;\nuse crate::x::Y;\nfn f() { crate::z::g::<u8>(); super::h(); }\n") ==
        "1:1 use super, 2:1 use crate::x::Y, 3:10 crate::z::g, 3:31 super::h");
  CHECK(
      seen(
          "a.rs",
          "use std::io;\nuse r#a::b;\npub(in crate::c) fn f() { Self::g(); E::A; x.mod_y; <T as crate::d::U>::V }\n") ==
      "2:1 use a::b, 3:59 crate::d::U");
  CHECK(seen("a.rs",
             "// use crate::a;\n/* /* */ use crate::b; */\nlet s = \"use crate::c;\"; let r = r##\"\"# crate::d \"##;\n"
             "let c = '\"'; let l: &'a str = b\"crate::e\"; let q = '\\''; crate::f();\n") == "4:58 crate::f");
  CHECK(seen("a.rs", "mod inner {\n  use super::a::b;\n  mod deep;\n}\nextern crate c;\n$crate::d::e!();\n") ==
        "2:3 use super::a::b, 3:3 mod deep, 5:1 use c, 6:2 crate::d::e");
}

TEST_CASE("JavaScript and TypeScript: a literal place after import, export from, require") {
  CHECK(
      seen("a.ts",
           "import a, { b as c } from './a';\nimport './b';\nexport * as d from \"./c\";\nexport type { E } from "
           "'./e';\n"
           "import type { F } from './f';\nconst g = await import(`./g`);\nimport h = require('./h');\n") ==
      "1:1 import \"./a\", 2:1 import \"./b\", 3:1 import \"./c\", 4:1 import \"./e\", 5:1 import \"./f\", 6:17 import "
      "\"./g\", 7:12 import \"./h\"");
  CHECK(seen("a.js",
             "// import './no'\n/* require('./no') */\nlet s = \"require('./no')\", t = `\nimport './no'\n${ `${1}` } "
             "import './no'`;\n"
             "let r = /require('.\\/no')[/'\"]/g, d = a / b; require('./a'); x.require('./no'); require(y); "
             "import(`./${z}`)\n") == "6:46 import \"./a\"");
  CHECK(seen("a.tsx",
             "const a = <div title=\"x\">Don't </div>;\nimport { b } from './b';\nexport { c };\nexport default "
             "require('./d');\n") == "2:1 import \"./b\", 4:16 import \"./d\"");
  CHECK(seen("a.ts",
             "/// <reference path=\"./g.d.ts\" />\nexport const from = 'x', y = import.meta.url;\nimport from from "
             "'./f';\n") == "1:1 reference path \"./g.d.ts\", 3:1 import \"./f\"");
  CHECK(seen("a.js", "#!/usr/bin/env node\nf(...require('./a'));\nobj = { import: 1, export: 2, from: './no' };\n") ==
        "2:6 import \"./a\"");
}

TEST_CASE("Go: the imports at the head, and nothing after") {
  CHECK(seen("a.go",
             "// Package a.\npackage a // import \"no\"\n\nimport \"x/y\"\nimport (\n\t. \"z\" // c\n\t_ `w`; n "
             "\"v\"\n)\nfunc f() { s := `import \"no\"` }\n") ==
        "4:8 import \"x/y\", 6:2 import \"z\", 7:2 import \"w\", 7:9 import \"v\"");
}

TEST_CASE("manifests: what packages depend on, with its place") {
  CHECK(seen("Cargo.toml",
             "[package]\nname = \"a\"\n[dependencies]\nb = { path = \"../b\" }\n\"c\" = "
             "\"1\"\n[target.'cfg(unix)'.dev-dependencies]\nd.workspace = true\n") ==
        "1:2 a, 4:1 dependency b, 5:1 dependency c, 7:1 dependency d");
  CHECK(seen("package.json",
             "{\"name\": \"a\",\n \"main\": \"./x.js\", \"dependencies\": {\"b\": \"*\"},\n \"exports\": {\".\": "
             "{\"import\": \"./m.js\"}}}\n") == "1:2 a, 2:2 ./x.js, 2:37 dependency b, 3:20 ./m.js");
  CHECK(seen("tsconfig.json",
             "{ // c\n\"extends\": [\"./b\",],\n/* \"extends\": \"no\" */ \"compilerOptions\": {\"baseUrl\": \".\", "
             "\"paths\": {\"@/*\": [\"src/*\"]}}}\n") == "2:13 extends ./b, 3:43 ., 3:77 src/*");
  CHECK(seen("go.mod", "module a/b // c\nrequire (\n\tc/d v1.0.0\n)\nreplace c/d => ../d\n") ==
        "1:1 a/b, 3:2 require c/d, 5:1 replace c/d");
  CHECK(seen("CMakeLists.txt",
             "# add_library(no)\n#[[ add_library(no2) ]]\nadd_library(a x.c)\nTARGET_LINK_LIBRARIES(a PUBLIC \"b\" c)\n"
             "target_include_directories(a PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/inc)\n") ==
        "3:13 a, 4:32 links b, 4:36 links c, 5:38 ${CMAKE_CURRENT_SOURCE_DIR}/inc");
}

TEST_CASE("what is no text of a known language has no references") {
  CHECK(scan("a.txt", "#include \"a.h\"\n").empty());
  CHECK(scan("a.c", std::string_view("#include \"a.h\"\n\0", 16)).empty());
  CHECK(scan("a.c", std::string(kMostScanned, '\n') + "\n#include \"a.h\"\n").empty());
  CHECK(scan("Cargo.toml", "[dependencies\n").empty());
  CHECK(scan("package.json", "{\"dependencies\": {").empty());
}

namespace {

// Pieces of which texts are made: references, and what could be taken for some. `real` ones count as they are planted
// at the start of a line.
struct Pieces {
  const char* path;
  pika::syntax::Language language;
  std::vector<std::string> real, harmless;
};

const std::vector<Pieces> kPieces = {
    {"a.cpp",
     pika::syntax::Language::cpp,
     {"#include \"r{}.h\"\n", "#include <r{}.h>\n"},
     {"// #include \"no.h\"\n", "/* #include \"no.h\"\n#include <no.h>\n*/\n",
      "const char* s = \"#include \\\"no.h\\\" /*\";\n", "auto r = R\"(\n#include \"no.h\"\n// \" )\";\n",
      "char c = '\"';\n", "int n = 1'000 / 2; // it's\n", "int f() { return a /* b */ / c; }\n",
      "auto q = R\"d(\n)\"\n#include <no.h>\n)d\";\n", "\n"}},
    {"a.py",
     pika::syntax::Language::python,
     {"import r{}\n", "from r{} import x\n"},
     {"# import no\n", "s = 'import no'\n", "t = \"\"\"\nimport no\n'''\n\"\"\"\n",
      "u = '''\nfrom no import x\n\"\"\"\n'''\n", "v = [\n  1, # (\n  '(']\n", "w = r'\\' + 'x'\n",
      "def f(a):\n  return a\n", "y = f(1,\n  2)\n", "\n"}},
    {"a.rs",
     pika::syntax::Language::rust,
     {"use crate::r{}::X;\n", "mod r{};\n"},
     {"// use crate::no;\n", "/* use crate::no; /* mod no; */ use crate::no; */\n",
      "const S: &str = \"use crate::no; // \";\n", "const R: &str = r#\"mod no;\"use crate::no; \"#;\n",
      "const C: char = '\"';\n", "fn f<'a>(x: &'a str) -> &'a str { x }\n", "const D: char = '\\'';\n", "\n"}},
    {"a.js",
     pika::syntax::Language::javascript,
     {"import 'r{}';\n", "import {{ x }} from \"r{}\";\n", "require('r{}');\n"},
     {"// import 'no';\n", "/* import 'no';\nrequire('no') */\n", "const s = \"require('no')\";\n",
      "const t = `\nimport 'no';\n${f({a: 1})}\nimport 'no';`;\n", "const r = /['\"`]require('no')/g;\n",
      "const d = a / b / c;\n", "const u = '\\'import';\n", "\n"}},
    {"a.go",
     pika::syntax::Language::go,
     {"import \"r{}\"\n", "import (\n\tx \"r{}\"\n)\n"},
     {"// import \"no\"\n", "/* import \"no\"\nimport \"no\" */\n", "\n"}},
};

}  // namespace

TEST_CASE("in any mixture exactly what was planted is found, and tree-sitter has it in no comment or string") {
  std::mt19937 dice(5);
  for (const auto& pieces : kPieces) {
    CAPTURE(pieces.path);
    for (int round = 0; round < 300; ++round) {
      std::string text = pieces.language == pika::syntax::Language::go ? "package a\n" : "";
      std::vector<std::string> planted;
      for (int i = 0; i < 12; ++i) {
        if (dice() % 3 == 0) {
          planted.push_back(fmt::format("r{}", i));
          text += fmt::format(fmt::runtime(pieces.real[dice() % pieces.real.size()]), i);
        } else {
          text += pieces.harmless[dice() % pieces.harmless.size()];
        }
      }
      CAPTURE(text);
      const auto found = scan(pieces.path, text);
      REQUIRE(found.size() == planted.size());
      const auto file = pika::syntax::parse(pieces.language, text);
      REQUIRE(file);
      std::vector<std::size_t> lines = {0};
      for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == '\n') lines.push_back(i + 1);
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(found[i].text.find(planted[i]) != std::string::npos);
        const auto offset = lines.at(found[i].line - 1) + found[i].column - 1;
        for (const auto& token : file->tokens)
          if (token.begin < offset && offset < token.end) CHECK(token.kind != pika::syntax::TokenKind::comment);
      }
    }
  }
}

TEST_CASE("of this project's own files the references are those that tree-sitter's tokens give") {
  const std::filesystem::path root = PIKA_SOURCE_DIR;
  std::size_t includes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "libs/jerichoci")) {
    const auto path = entry.path().string();
    if (!path.ends_with(".cpp") && !path.ends_with(".hpp")) continue;
    const auto text = pika::read_file(path).value();
    const auto file = pika::syntax::parse(pika::syntax::Language::cpp, text);
    if (!file) continue;
    CAPTURE(path);
    std::vector<std::uint32_t> expected;  // lines
    for (const auto& token : file->tokens)
      if (std::string_view(text).substr(token.begin, token.end - token.begin).starts_with("#include"))
        expected.push_back(static_cast<std::uint32_t>(token.line));
    std::vector<std::uint32_t> lines;
    for (const auto& reference : scan(path, text)) lines.push_back(reference.line);
    CHECK(lines == expected);
    includes += lines.size();
  }
  CHECK(includes > 300);
}
