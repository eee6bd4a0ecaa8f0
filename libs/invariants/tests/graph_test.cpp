// What references stand for in a tree, language by language.
#include "pika/invariants/graph.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "rules_support.hpp"

using namespace pika::invariants;

TEST_CASE("C: beside the file, below the nearest include folder, one a CMake list names, or the only one of its name") {
  CHECK(edges({{"a/x.c", "#include \"y.h\"\n"}, {"a/y.h", ""}, {"y.h", ""}}) == "a/x.c -> a/y.h");
  CHECK(edges({{"a/include/p/y.h", ""}, {"b/include/p/y.h", ""}, {"b/src/x.c", "#include <p/y.h>\n"}}) ==
        "b/src/x.c -> b/include/p/y.h");
  CHECK(edges({{"CMakeLists.txt", ""},
               {"odd/CMakeLists.txt", "target_include_directories(t PUBLIC ${PROJECT_SOURCE_DIR}/odd/place)"},
               {"odd/place/y.h", ""},
               {"other/y.h", ""},
               {"x.c", "#include <y.h>\n"}}) == "x.c -> odd/place/y.h");
  CHECK(edges({{"deps/lua/lua.h", ""}, {"src/x.c", "#include <lua.h>\n#include \"../deps/lua/lua.h\"\n"}}) ==
        "src/x.c -> deps/lua/lua.h\nsrc/x.c -> deps/lua/lua.h");
  CHECK(edges({{"deps/a/u.h", ""}, {"deps/b/u.h", ""}, {"src/x.c", "#include \"u.h\"\n"}}) == "");
  CHECK(edges({{"include/string.h", ""},
               {"x.c", "#include <string.h>\n#include <vector>\n#include <sys/types.h>\n"}}) == "");
}

TEST_CASE("C: a header that the build makes stands for its template, whose includes are read too") {
  CHECK(edges({{"include/p/config.h.in", "#include \"base.h\"\n"},
               {"include/p/base.h", ""},
               {"port/made.h.cmake", ""},
               {"src/both.h", ""},
               {"src/both.h.in", ""},
               {"src/x.c", "#include <p/config.h>\n#include \"made.h\"\n#include \"both.h\"\n"}}) ==
        "include/p/config.h.in -> include/p/base.h\n"
        "src/x.c -> include/p/config.h.in\n"
        "src/x.c -> port/made.h.cmake\n"
        "src/x.c -> src/both.h");
}

TEST_CASE("Python: packages, relative and absolute, a source folder, and the standard library's own names") {
  const Files tree = {
      {"src/app/__init__.py", "from .core import run\n"},
      {"src/app/core.py", "import app.db.store\nfrom app.db import store, Missing\nfrom .. import no\n"},
      {"src/app/db/__init__.py", ""},
      {"src/app/db/store.py", "from . import other\nfrom ..core import x\nimport json\nimport requests\n"},
      {"src/app/json.py", ""},
      {"tests/test_a.py", "import app\nimport helper\n"},
      {"tests/helper.py", ""},
      {"tools/helper.py", ""}};
  CHECK(edges(tree) ==
        "src/app/__init__.py -> src/app/core.py\n"
        "src/app/core.py -> src/app/db/store.py\n"
        "src/app/core.py -> src/app/db/store.py\n"
        "src/app/core.py -> src/app/db/__init__.py\n"
        "src/app/db/store.py -> src/app/db/__init__.py\n"
        "src/app/db/store.py -> src/app/core.py\n"
        "tests/test_a.py -> src/app/__init__.py\n"
        "tests/test_a.py -> tests/helper.py");
}

TEST_CASE("Rust: modules as the compiler finds them, crates as Cargo does") {
  const Files tree = {
      {"Cargo.toml", "[workspace]\nmembers = [\"a\", \"b-b\"]\n[workspace.dependencies]\nb-b = { path = \"b-b\" }\n"},
      {"a/Cargo.toml",
       "[package]\nname = \"a\"\nedition = \"2021\"\n[dependencies]\nb-b.workspace = true\nserde = \"1\"\n"},
      {"a/src/lib.rs", "pub mod x;\n#[path = \"odd.rs\"]\nmod y;\nmod inl { mod deep; }\n"},
      {"a/src/main.rs", "use a::x::T;\nmod cli;\n"},
      {"a/src/cli.rs", "use crate::cli;\n"},
      {"a/src/x.rs", "mod z;\nuse b_b::m::U;\nuse self::z::V;\nuse serde::S;\n"},
      {"a/src/x/z.rs", "use super::super::y;\nuse crate::inl::deep::D;\nmod t { use super::super::W; }\n"},
      {"a/src/odd.rs", ""},
      {"a/src/inl/deep.rs", ""},
      {"a/tests/it.rs", "use a::x;\nmod common;\n"},
      {"a/tests/common/mod.rs", "use super::it;\n"},
      {"b-b/Cargo.toml", "[package]\nname = \"b-b\"\nedition = \"2021\"\n"},
      {"b-b/src/lib.rs", "pub mod m;\n"},
      {"b-b/src/m.rs", ""}};
  CHECK(edges(tree) ==
        "a/Cargo.toml -> b-b/Cargo.toml\n"
        "a/src/lib.rs -> a/src/x.rs\n"
        "a/src/lib.rs -> a/src/odd.rs\n"
        "a/src/lib.rs -> a/src/inl/deep.rs\n"
        "a/src/main.rs -> a/src/x.rs\n"
        "a/src/main.rs -> a/src/cli.rs\n"
        "a/src/x.rs -> a/src/x/z.rs\n"
        "a/src/x.rs -> b-b/src/m.rs\n"
        "a/src/x.rs -> a/src/x/z.rs\n"
        "a/src/x/z.rs -> a/src/odd.rs\n"
        "a/src/x/z.rs -> a/src/inl/deep.rs\n"
        "a/src/x/z.rs -> a/src/x.rs\n"
        "a/tests/common/mod.rs -> a/tests/it.rs\n"
        "a/tests/it.rs -> a/src/x.rs\n"
        "a/tests/it.rs -> a/tests/common/mod.rs\n"
        "b-b/src/lib.rs -> b-b/src/m.rs");
}

TEST_CASE("Rust: a module that declares itself comes to an end") {
  CHECK(edges({{"lib.rs", "mod a;\n"}, {"a.rs", "#[path = \"a.rs\"]\nmod b;\n"}}) == "lib.rs -> a.rs");
}

TEST_CASE("Rust: files that declare each other twice come to an end") {
  Files tree = {{"src/lib.rs", "#[path = \"a0.rs\"] mod x;\n"}};
  for (int i = 0; i < 64; ++i)
    tree["src/a" + std::to_string(i) + ".rs"] = "#[path = \"a" + std::to_string(i + 1) + ".rs\"] mod x;\n#[path = \"a" +
                                                std::to_string(i + 1) + ".rs\"] mod y;\n";
  const auto all = edges(tree);
  CHECK(std::count(all.begin(), all.end(), '\n') + 1 == 1 + 63 * 2);
  CHECK(edges({{"lib.rs", "#[path = \"lib.rs\"] mod a;\n#[path = \"lib.rs\"] mod b;\n"}}) == "");
}

TEST_CASE("Rust: a module with a file for each system, and a file that only its test compiles") {
  CHECK(edges({{"src/lib.rs",
                "#[cfg_attr(unix, path = \"imp/unix.rs\")]\n#[cfg_attr(windows, path = \"imp/win.rs\")]\nmod imp;\n"},
               {"src/imp/unix.rs", "use crate::imp;\n"},
               {"src/imp/win.rs", ""}}) == "src/lib.rs -> src/imp/unix.rs\nsrc/lib.rs -> src/imp/win.rs");
  CHECK(edges({{"Cargo.toml", "[package]\nname = \"my-macros\"\nedition = \"2021\"\n"},
               {"src/lib.rs", "pub mod a;\n"},
               {"src/a.rs", ""},
               {"tests/pass/one.rs", "use my_macros::a::X;\nuse crate::y;\n"}}) ==
        "src/lib.rs -> src/a.rs\ntests/pass/one.rs -> src/a.rs");
}

TEST_CASE("Rust: what `pub use` passes on is the file that passes it on, which depends on where it comes from") {
  CHECK(edges({{"src/lib.rs", "mod a;\nmod b;\n"},
               {"src/a/mod.rs", "mod inner;\npub use self::inner::Thing;\n"},
               {"src/a/inner.rs", ""},
               {"src/b.rs", "use crate::a::{self, Thing as Other};\npub(crate) use crate::a::*;\n"}}) ==
        "src/a/mod.rs -> src/a/inner.rs\n"
        "src/a/mod.rs -> src/a/inner.rs\n"
        "src/b.rs -> src/a/mod.rs\n"
        "src/b.rs -> src/a/mod.rs\n"
        "src/lib.rs -> src/a/mod.rs\n"
        "src/lib.rs -> src/b.rs");
}

TEST_CASE("C: in quotes, what a build or the system has is not told as missing") {
  const auto tree =
      memory_tree({{"a.h.in", "#include \"x@suffix@.h\"\n"}, {"a.c", "#include \"string.h\"\n#include \"gone.h\"\n"}});
  const auto graph = build_graph(*tree);
  REQUIRE(graph.dangling.size() == 1);
  CHECK(graph.reference(graph.dangling[0].from, graph.dangling[0].reference).text == "gone.h");
}

TEST_CASE("Python: namespace packages, and imports that stand below a condition") {
  CHECK(edges({{"pyproject.toml", "[project]\nname = \"a\"\n"},
               {"src/space/one/core.py", "from . import other\nfrom ..two import thing\n"},
               {"src/space/one/other.py", "if True:\n    import space.two.thing as t\nelse:\n    t = None\n"},
               {"src/space/two/thing.py",
                "try:\n    from space.one import core, other\nexcept ImportError:\n    pass\n"}}) ==
        "src/space/one/core.py -> src/space/one/other.py\n"
        "src/space/one/core.py -> src/space/two/thing.py\n"
        "src/space/one/other.py -> src/space/two/thing.py\n"
        "src/space/two/thing.py -> src/space/one/core.py\n"
        "src/space/two/thing.py -> src/space/one/other.py");
}

TEST_CASE("pyproject.toml: projects of the tree by folder and by name, as uv and Poetry write them") {
  CHECK(edges({{"pyproject.toml",
                "[project]\nname = \"root\"\ndependencies = [\"My_Core[fast] >= 1; python_version > '3'\", "
                "\"requests\"]\n[tool.uv.sources]\nmy-core = { workspace = true }\ntool = { path = \"tool\" }\n"
                "wheel = { path = \"dist\" }\n[dependency-groups]\ndev = [\"my.core\"]\n"},
               {"core/pyproject.toml", "[project]\nname = \"my-core\"\n"},
               {"dist/a.whl", ""},
               {"tool/pyproject.toml",
                "[tool.poetry]\nname = \"tool\"\n[tool.poetry.dependencies]\npython = \"^3.8\"\n"
                "core = { path = \"../core\", develop = true }\n[tool.poetry.group.x.dependencies]\n"
                "gone = { path = \"../gone\" }\n"}}) ==
        "pyproject.toml -> core/pyproject.toml\n"
        "pyproject.toml -> core/pyproject.toml\n"
        "pyproject.toml -> tool/pyproject.toml\n"
        "pyproject.toml -> core/pyproject.toml\n"
        "tool/pyproject.toml -> core/pyproject.toml");
}

TEST_CASE("TypeScript: aliases of the projects that a solution's tsconfig names") {
  CHECK(edges({{"tsconfig.json",
                "{\"files\": [], \"references\": [{\"path\": \"./tsconfig.app.json\"}, {\"path\": "
                "\"kit\"}]}"},
               {"tsconfig.app.json", "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./src/*\"]}}}"},
               {"kit/tsconfig.json", "{}"},
               {"src/a.ts", "import '@/b';\n"},
               {"src/b.ts", ""}}) ==
        "src/a.ts -> src/b.ts\ntsconfig.json -> tsconfig.app.json\ntsconfig.json -> kit/tsconfig.json");
}

TEST_CASE("TypeScript and JavaScript: endings, folders, aliases, packages of the workspace") {
  const Files tree = {
      {"package.json", "{\"name\": \"root\", \"imports\": {\"#env\": \"./env.js\"}}"},
      {"env.ts", ""},
      {"tsconfig.base.json",
       "{\"compilerOptions\": {\"baseUrl\": \".\", \"paths\": {\"@lib/*\": [\"lib/*\"], \"one\": [\"lib/one.ts\"]}}}"},
      {"app/tsconfig.json", "{\"extends\": \"../tsconfig.base.json\"}"},
      {"lib/one.ts", ""},
      {"lib/two/index.tsx", ""},
      {"packages/kit/package.json",
       "{\"name\": \"@x/kit\", \"main\": \"dist/index.js\", \"exports\": {\".\": \"./src/main.ts\", \"./deep/*\": "
       "\"./src/deep/*.ts\"}}"},
      {"packages/kit/src/main.ts", ""},
      {"packages/kit/src/deep/a.ts", ""},
      {"packages/old/package.json",
       "{\"name\": \"old\", \"main\": \"dist/no.js\", \"dependencies\": {\"@x/kit\": \"*\", \"react\": \"*\"}}"},
      {"packages/old/index.js", ""},
      {"app/a.ts",
       "import './b.js';\nimport '.';\nimport '@lib/two';\nimport 'one';\nimport '@x/kit';\nimport '@x/kit/deep/a';\n"
       "import 'old';\nimport 'react';\nimport '#env';\nimport './gone';\nimport 'lib/one';\nimport './c.svg?raw';\n"},
      {"app/b.ts", ""},
      {"app/c.svg", ""},
      {"app/index.ts", ""}};
  CHECK(edges(tree) ==
        "app/a.ts -> app/b.ts\n"
        "app/a.ts -> app/index.ts\n"
        "app/a.ts -> lib/two/index.tsx\n"
        "app/a.ts -> lib/one.ts\n"
        "app/a.ts -> packages/kit/src/main.ts\n"
        "app/a.ts -> packages/kit/src/deep/a.ts\n"
        "app/a.ts -> packages/old/index.js\n"
        "app/a.ts -> env.ts\n"
        "app/a.ts -> lib/one.ts\n"
        "app/a.ts -> app/c.svg\n"
        "app/tsconfig.json -> tsconfig.base.json\n"
        "packages/old/package.json -> packages/kit/package.json");
  const auto memory = memory_tree(tree);
  const auto graph = build_graph(*memory);
  REQUIRE(graph.dangling.size() == 1);
  CHECK(graph.reference(graph.dangling[0].from, graph.dangling[0].reference).text == "./gone");
}

TEST_CASE("Go: folders of the modules of the tree, and of vendor") {
  CHECK(edges({{"go.mod", "module example.org/a\nrequire example.org/a/tool v0.0.0\nreplace example.org/b => ./b\n"},
               {"main.go",
                "package main\nimport (\n\"example.org/a/db\"\n\"fmt\"\n\"gopkg.in/x\"\n\"example.org/a/tool/t\"\n)\n"},
               {"db/db.go", "package db\n"},
               {"db/db_test.go", "package db_test\nimport \"example.org/a\"\n"},
               {"b/go.mod", "module example.org/b\n"},
               {"tool/go.mod", "module example.org/a/tool\n"},
               {"tool/t/t.go", "package t\n"},
               {"vendor/gopkg.in/x/x.go", "package x\n"}}) ==
        "db/db_test.go -> .\n"
        "go.mod -> tool/go.mod\n"
        "go.mod -> b/go.mod\n"
        "main.go -> db\n"
        "main.go -> vendor/gopkg.in/x\n"
        "main.go -> tool/t");
}

TEST_CASE("CMake: a list that links a target depends on the list that defines it") {
  CHECK(edges({{"CMakeLists.txt", "add_executable(x x.c)\ntarget_link_libraries(x PRIVATE a m ${Y})\n"},
               {"a/CMakeLists.txt", "add_library(a a.c)\n"}}) == "CMakeLists.txt -> a/CMakeLists.txt");
}

TEST_CASE("paths that lead out of the tree lead nowhere") {
  CHECK(edges({{"a.c", "#include \"../../etc/passwd\"\n#include \"/etc/passwd\"\n"},
               {"b.ts", "import '../../x';\nimport '/x';\n"},
               {"c.py", "from ... import x\n"},
               {"Cargo.toml",
                "[package]\nname = \"a\"\n[lib]\npath = \"../../x.rs\"\n[dependencies]\nb = { path = \"/x\" }\n"},
               {"go.mod", "module a\nreplace b => ../../b\n"}}) == "");
}
