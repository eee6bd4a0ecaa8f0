#include <doctest/doctest.h>
#include <fmt/format.h>

#include "scratch.hpp"

using namespace pika;
using namespace pika::explain;

TEST_CASE("a path filter that lost moved files is told with file and line, and only then") {
  auto explain = [](const std::string& filters) {
    Scratch s;
    s.write("ci/pikaci.toml", "version = 1\n[[lane]]\nid = \"x\"\npaths = [" + filters + "]\n");
    s.write("crates/old/lib.rs", "fn a() {}\nfn b() {}\n");
    s.write("crates/old/stays.rs", "fn c() {}\n");
    auto a = s.commit("base");
    fs::create_directories(s.path / "crates/new");
    fs::rename(s.path / "crates/old/lib.rs", s.path / "crates/new/lib.rs");
    auto b = s.commit("Move");
    auto e = s.explain(a, b);
    check_promises(e);
    return e.tutorial.checks;
  };
  auto checks = explain("\"crates/old/**\"");
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].kind == "stale_path_filter");
  CHECK(checks[0].file == "ci/pikaci.toml");
  CHECK(checks[0].line == 4);
  CHECK(checks[0].text ==
        "The filter `crates/old/**` matched `crates/old/lib.rs` before it moved to `crates/new/lib.rs`; nothing in its "
        "list matches it there.");
  CHECK(explain("\"crates/old/**\", \"crates/new/**\"").empty());
  CHECK(explain("\"crates/**\"").empty());
  CHECK(explain("\"libs/**\"").empty());
  CHECK(explain("\"crates/old/**\", \"@rust\"").empty());
}

TEST_CASE("an old name left beside a renamed definition is told") {
  auto explain = [](const std::string& last) {
    Scratch s;
    s.write("a.hpp", "struct RunStore { int a; int b; int c; void open(); void close(); };\n");
    s.write("b.cpp", "RunStore one;\nRunStore two;\n");
    auto a = s.commit("base");
    s.write("a.hpp", "struct RunLedger { int a; int b; int c; void open(); void close(); };\n");
    s.write("b.cpp", "RunLedger one;\n" + last + " two;\n");
    auto b = s.commit("Rename");
    return s.explain(a, b).tutorial.checks;
  };
  auto checks = explain("RunStore");
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].kind == "old_name_left");
  CHECK(checks[0].file == "b.cpp");
  CHECK(checks[0].line == 2);
  CHECK(explain("RunLedger").empty());
}

TEST_CASE("a dependency that the manifest drops and the code still uses is told") {
  auto explain = [](const std::string& code) {
    Scratch s;
    s.write("app/Cargo.toml",
            "[package]\nname = \"app\"\n\n[dependencies]\nanyhow = \"1\"\nfs-two = { version = \"1\",\n  features = "
            "[\"x\"] }\n");
    s.write("app/src/main.rs", code);
    auto a = s.commit("base");
    s.write("app/Cargo.toml", "[package]\nname = \"app\"\n\n[dependencies]\nanyhow = \"2\"\nserde = \"1\"\n");
    auto b = s.commit("Drop fs-two");
    return s.explain(a, b).tutorial;
  };
  auto t = explain("use fs_two::lock;\nfn main() {}\n");
  REQUIRE(t.checks.size() == 1);
  CHECK(t.checks[0].kind == "removed_dependency_named");
  CHECK(t.checks[0].file == "app/src/main.rs");
  CHECK(t.checks[0].line == 1);
  REQUIRE(t.steps.size() == 1);
  CHECK(t.steps[0].title == "Change the dependencies of app: add serde, drop fs-two, change anyhow (1 to 2)");
  CHECK(explain("mod fs_two;\nuse fs_two::lock;\nfn main() {}\n").checks.empty());
  CHECK(explain("// use fs_two::lock;\nfn main() {}\n").checks.empty());
}

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

// The kinds of the checks of a change from some files to others, with file and line.
std::vector<std::string> found(const Files& before, const Files& after, const std::string& message = "change") {
  Scratch s;
  for (const auto& [name, text] : before) s.write(name, text);
  auto a = s.commit("base");
  for (const auto& [name, text] : before) fs::remove(s.path / name);
  for (const auto& [name, text] : after) s.write(name, text);
  auto b = s.commit(message);
  auto e = s.explain(a, b);
  check_promises(e);
  std::vector<std::string> out;
  for (const auto& check : e.tutorial.checks)
    out.push_back(fmt::format("{} {}:{}", check.kind, check.file, check.line));
  return out;
}

using Found = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "an added line that silences a check, is unsafe or leaves work is told once a kind; in strings it is not one") {
  CHECK(found({{"a.cpp", "int a;\n"}}, {{"a.cpp", "int a;\nint b;  // NOLINT\nint c;  // NOLINT\n"}}) ==
        Found{"silenced_lint a.cpp:2"});
  CHECK(found({{"a.py", "a = 1\n"}}, {{"a.py", "a = 1\nb = f()  # type: ignore\n"}}) == Found{"silenced_lint a.py:2"});
  CHECK(found({{"a.rs", "fn a() {}\n"}}, {{"a.rs", "#[allow(dead_code)]\nfn a() {}\nfn b() { unsafe { c() } }\n"}}) ==
        Found{"silenced_lint a.rs:1", "unsafe_added a.rs:3"});
  CHECK(found({{"a.go", "package a\n\n// TODO: more\nvar x int\nvar y int\n"}, {"b.go", "package a\n"}},
              {{"a.go", "package a\n\nvar y int\n"}, {"b.go", "package a\n\n// TODO: more\nvar x int\n"}})
            .empty());  // it came from elsewhere
  CHECK(found({{"a.go", "package a\n"}}, {{"a.go", "package a\n\n// TODO: more\nvar x int\n"}}) ==
        Found{"todo_added a.go:3"});
  CHECK(found({{"a.cpp", "int a;\n"}}, {{"a.cpp", "int a;\nauto b = \"// NOLINT TODO\";\nint TODO_LIST;\n"}}).empty());
  CHECK(found({{"vendor/a.cpp", "int a;\n"}}, {{"vendor/a.cpp", "int a;\nint b;  // NOLINT\n// TODO: c\n"}}).empty());
  CHECK(found({{"a.py", "a = 1\n"}}, {{"a.py", "a = 1\nb = f()  # type: ignore[misc]\n"}}).empty());
  CHECK(found({{"a.py", "b = f()\n"}}, {{"a.py", "b = f()  # type: ignore[misc]\n"}}) == Found{"silenced_lint a.py:1"});
  CHECK(found({{"a.py", "a = 1\n"}}, {{"a.py", "import x  # noqa\na = 1\n"}}).empty());
  CHECK(found({{"a.py", "b = f()  # type: ignore\n"}}, {{"a.py", "b = g()  # type: ignore\n"}}).empty());
  CHECK(
      found({{"a.test.ts", "f(1);\n"}}, {{"a.test.ts", "f(1);\n// @ts-expect-error wrong type\nf(\"\");\n"}}).empty());
  // A rule by its name is told where the code was there before, on its line or on the next.
  CHECK(found({{"a.js", "f(1);\n"}}, {{"a.js", "f(1);\n// eslint-disable-next-line no-undef\ng();\n"}}).empty());
  CHECK(found({{"a.js", "f(1);\n"}}, {{"a.js", "// eslint-disable-next-line no-undef\nf(1);\n"}}) ==
        Found{"silenced_lint a.js:1"});
  CHECK(found({{"a.js", "f(1);\n"}}, {{"a.js", "f(1);\n/* eslint-disable */\ng();\n"}}) ==
        Found{"silenced_lint a.js:2"});
  // With a reason, in a test, and where that is what the change is about, it is no news; nor another word.
  CHECK(found({{"a.js", "f(1);\n"}}, {{"a.js", "// @ts-expect-error the types of lib.dom lack it\nf(1);\n"}}).empty());
  CHECK(found({{"a.js", "f(1);\n"}}, {{"a.js", "// @ts-expect-error\nf(1);\n"}}) == Found{"silenced_lint a.js:1"});
  CHECK(found({{"a.rs", "fn a() {}\n"}}, {{"a.rs", "#[allow(dead_code)] // used by other platforms\nfn a() {}\n"}})
            .empty());
  CHECK(found({{"a.rs", "mod tests {\n    #[test]\n    fn a() {}\n}\n"}},
              {{"a.rs", "mod tests {\n    #[allow(deprecated)]\n    #[test]\n    fn a() {}\n}\n"}})
            .empty());
  CHECK(found({{"a.rs", "fn a() {}\n"}}, {{"a.rs", "#[allow(dead_code)]\nfn a() {}\n"}}, "Fix clippy").empty());
  CHECK(found({{"a.js", "f(1);\n"}}, {{"a.js", "// eslint-disablex\nf(1);\n"}}).empty());
  CHECK(
      found({{"a.h", "int a;\n"}}, {{"a.h", "// This file is an amalgamation of others.\nint a;\nint b;  // NOLINT\n"}})
          .empty());
  // Work that waits for something.
  CHECK(found({{"a.go", "package a\n"}}, {{"a.go", "package a\n\n// TODO: drop it once Go 1.30 is out\nvar x int\n"}})
            .empty());
  // A line of the same word goes.
  CHECK(found({{"a.rs", "fn a() { unsafe { b() } }\n"}}, {{"a.rs", "fn a() { unsafe { c() } }\n"}}).empty());
  CHECK(found({{"a.go", "package a\n\n// TODO: more of it\nvar x int\n"}},
              {{"a.go", "package a\n\n// TODO: more of `it`\nvar x int\n"}})
            .empty());
  // It was there before, in the same lines or elsewhere.
  CHECK(found({{"a.cpp", "int a;  // NOLINT\n"}}, {{"a.cpp", "int b;\nint a;  // NOLINT\n"}}).empty());
}

TEST_CASE("a migration that destroys data is told") {
  CHECK(
      found({{"migrations/1.sql", "CREATE TABLE a (b);\n"}},
            {{"migrations/1.sql", "CREATE TABLE a (b);\n"}, {"migrations/2.sql", "ALTER TABLE a DROP COLUMN b;\n"}}) ==
      Found{"destructive_migration migrations/2.sql:1"});
  CHECK(found({{"migrations/1.sql", "CREATE TABLE a (b);\n"}},
              {{"migrations/1.sql", "CREATE TABLE a (b);\n"}, {"migrations/2.sql", "ALTER TABLE a ADD COLUMN c;\n"}})
            .empty());
}

TEST_CASE(
    "tests that are removed while their file stays are told; ones that got another name, or went with it, are not") {
  const std::string one = "def test_one():\n    assert f() == 1\n\n\n", two = "def test_two():\n    assert g() == 2\n";
  CHECK(found({{"test_a.py", one + two}}, {{"test_a.py", two}}) == Found{"test_removed test_a.py:0"});
  CHECK(
      found({{"test_a.py", one + two}}, {{"test_a.py", "def test_other():\n    assert h() == 3\n\n\n" + two}}).empty());
  CHECK(found({{"test_a.py", one}, {"x.py", "a = 1\n"}}, {{"x.py", "a = 1\n"}}).empty());
  CHECK(found({{"test_a.py", one + two}}, {{"test_a.py", two}}, "Revert \"Test one\"").empty());
  CHECK(found({{"test_a.py", one + two}}, {{"test_a.py", two}}, "Drop what nobody asked for").empty());
  CHECK(
      found({{"test_a.py", one + two}}, {{"test_a.py", two}, {"test_b.py", "def test_one_b():\n    assert f() == 1\n"}})
          .empty());
  // Its subject went with it.
  CHECK(found({{"test_a.py", one + two}, {"x.py", "def f():\n    return 1\n\n\ndef g():\n    return 2\n"}},
              {{"test_a.py", two}, {"x.py", "def g():\n    return 2\n"}})
            .empty());
  CHECK(found({{"test_a.py", one + two}, {"test_b.py", one + two}}, {{"test_a.py", two}, {"test_b.py", two}}) ==
        Found{"test_removed test_a.py:0"});
}

TEST_CASE("an expectation that changes where the author claims no other behaviour is told") {
  Files before = {{"test_a.py", "def test_one():\n    assert f() == 1\n"}},
        after = {{"test_a.py", "def test_one():\n    assert f() == 2\n"}};
  CHECK(found(before, after, "Refactor f") == Found{"expectation_changed test_a.py:2"});
  CHECK(found(before, after, "Answer 2").empty());
  CHECK(found(before, after, "Simplify tests").empty());
  CHECK(found({{"a.py", "def one_of_all():\n    first()\n    return 1\n"}, before[0]},
              {{"a.py", "def any_of_all():\n    first()\n    return 1\n"}, after[0]},
              "Rename one_of_all") == Found{"expectation_changed test_a.py:2"});
  CHECK(found({{"a.py", "def f():\n    first()\n    return second()\n"}, before[0]},
              {{"a.py", "def g():\n    first()\n    return second()\n"},
               {"test_a.py", "def test_one():\n    assert g() == 1\n"}},
              "Rename f")
            .empty());
  CHECK(found(before,
              {{"test_a.py", "def test_one():\n    try:\n        assert f() == 1\n    finally:\n        g()\n"}},
              "Refactor f")
            .empty());
}

TEST_CASE("a definition that moved with another signature is told; one that only left its class body is not") {
  const std::string body = "{\n  int sum = 0;\n  for (int i = 0; i < n; ++i) sum += i;\n  return sum;\n}\n";
  Files before = {{"a.h", "struct Adder {\n  int sum_up(int n) " + body + "};\n"}, {"a.cpp", "#include \"a.h\"\n"}};
  auto after = [&](const std::string& header) {
    return Files{{"a.h", "struct Adder {\n};\n"}, {"a.cpp", "#include \"a.h\"\n" + header + body}};
  };
  CHECK(found(before, after("int Adder::sum_up(int n) ")).empty());
  CHECK(found(before, after("int Adder::sum_up(int n, int) ")) == Found{"moved_signature a.cpp:2"});
  CHECK(found(before, after("std::int Adder::sum_up(int n) ")).empty());
  // A default value is said in the class; elsewhere it is one of the function.
  Files outside = {{"a.h", "struct Adder {\n  int sum_up(int n = 3) " + body + "};\n"},
                   {"a.cpp", "#include \"a.h\"\n"}};
  CHECK(found(outside, after("int Adder::sum_up(int n) ")).empty());
  const std::string stays = "int stays(int);\n";
  CHECK(found({{"a.h", stays + "int sum_up(int n = 3) " + body}, {"b.h", stays}},
              {{"a.h", stays}, {"b.h", stays + "int sum_up(int n) " + body}}) == Found{"moved_signature b.h:2"});
}

TEST_CASE("a definition that moved and can be used by fewer, or by more that could use it before, is told") {
  const std::string body =
      "fn sum_up(n: i32) -> i32 {\n    let mut sum = 0;\n    for i in 0..n { sum += i; }\n    sum\n}\n";
  auto moved = [&](const std::string& was, const std::string& is) {
    return found({{"src/a.rs", was + body + "fn other() {}\n"}, {"src/b.rs", "fn one() {}\n"}},
                 {{"src/a.rs", "fn other() {}\n"}, {"src/b.rs", "fn one() {}\n" + is + body}});
  };
  CHECK(moved("pub ", "") == Found{"moved_visibility src/b.rs:2"});
  CHECK(moved("pub(crate) ", "pub ") == Found{"moved_visibility src/b.rs:2"});
  CHECK(moved("", "pub ").empty());
  CHECK(moved("pub ", "pub ").empty());
}

TEST_CASE("a name that went and that a document still tells of is named; not in a log of changes") {
  Files before = {{"a.py", "def load_records():\n    return 1\n\n\ndef b():\n    return 2\n"},
                  {"README.md", "# A\n\nCall `load_records`.\n"},
                  {"CHANGES.md", "New: load_records\n"}};
  auto after = before;
  after[0].second = "def b():\n    return 2\n";
  CHECK(found(before, after) == Found{"removed_name_in_docs README.md:3"});
  after[0].second = "def b():\n    return other.load_records()\n";
  CHECK(found(before, after).empty());
  // Documents of an older version.
  after[0].second = "def b():\n    return 2\n";
  before[1].first = after[1].first = "docs/v1/README.md";
  CHECK(found(before, after).empty());
  before[1].first = after[1].first = "README.md";
  // Other code has the name still.
  after[0].second = "def b():\n    return 2\n";
  before.push_back({"c.py", "class C:\n    def load_records(self):\n        return 3\n"});
  after.push_back(before.back());
  CHECK(found(before, after).empty());
  before.back().second = after.back().second = "class C:\n    def load_records_of(self):\n        return 3\n";
  CHECK(found(before, after) == Found{"removed_name_in_docs README.md:3"});
}

TEST_CASE("third-party packages that a lock pins otherwise in passing are told; not where that is the change") {
  auto lock = [](const std::string& version) {
    return "version = 3\n\n[[package]]\nname = \"serde\"\nversion = \"" + version + "\"\nsource = \"x\"\n";
  };
  Files before = {{"Cargo.lock", lock("1")}, {"Cargo.toml", "[package]\nname = \"a\"\n"}, {"src/a.rs", "fn a() {}\n"}},
        after = before;
  after[0].second = lock("2");
  CHECK(found(before, after).empty());
  after[2].second = "fn a() {}\nfn b() {}\n";
  CHECK(found(before, after) == Found{"third_party_in_lock Cargo.lock:0"});
  CHECK(found(before, after, "Bump serde, use it").empty());
  after[1].second += "version = \"2\"\n";
  CHECK(found(before, after).empty());
}

TEST_CASE("a workflow's path filter that lost moved files is told") {
  auto workflow = [](const std::string& filters) {
    return "on:\n  push:\n    paths:\n" + filters + "jobs:\n  a:\n    runs-on: x\n";
  };
  Files before = {{".github/workflows/a.yml", workflow("      - 'core/**'\n      - \"!**/*.md\"\n")},
                  {"core/a.c", "int a;\nint b;\nint c;\n"}},
        after = before;
  after[1].first = "engine/a.c";
  CHECK(found(before, after) == Found{"stale_path_filter .github/workflows/a.yml:4"});
  before[0].second = after[0].second = workflow("      - 'core/**'\n      - engine/**\n");
  CHECK(found(before, after).empty());
}

TEST_CASE("a path that went and is still named is told: by what builds, by documents, by code that opens it") {
  auto with = [](const std::string& file, const std::string& text) {
    Files before = {{"tools/gen.py", "print('one')\nprint('two')\n"}, {"src/old.c", "int a;\n"}, {file, text}};
    auto after = before;
    after.erase(after.begin(), after.begin() + 2);
    return found(before, after);
  };
  CHECK(with(".github/workflows/a.yml", "jobs:\n  a:\n    steps:\n      - run: python tools/gen.py --all\n") ==
        Found{"removed_path_named .github/workflows/a.yml:4"});
  CHECK(with("src/CMakeLists.txt", "add_library(a old.c new.c)\n") == Found{"removed_path_named src/CMakeLists.txt:1"});
  CHECK(with("README.md", "See [it](tools/gen.py).\n") == Found{"removed_path_named README.md:1"});
  CHECK(with("docs/a.md", "See [it](../tools/gen.py).\n") == Found{"removed_path_named docs/a.md:1"});
  CHECK(with("app.py", "run('tools/gen.py')\n") == Found{"removed_path_named app.py:1"});
  CHECK(with("app.py", "run('other/tools/gen.py')\n# tools/gen.py\n").empty());
  Files core = {{"core/a.py", "print('one')\nprint('two')\n"}, {"README.md", "`core/a.py`\n"}}, below = core;
  below[0].first = "src/core/a.py";
  CHECK(found(core, below).empty());
  below[0].first = "engine/a.py";
  CHECK(found(core, below) == Found{"removed_path_named README.md:1"});
  CHECK(with("CHANGELOG.md", "Removed tools/gen.py\n").empty());
  CHECK(with("README.md", "https://example.org/tools/gen.py\n").empty());
  CHECK(with("a/README.md", "tools/gen.py\n") == Found{"removed_path_named a/README.md:1"});
  CHECK(with("Makefile", "all:\n\tcc old.c\n").empty());  // another folder's
}

TEST_CASE("links that lead nowhere since their document moved, and scripts that are called and gone, are told") {
  Files before = {{"docs/a.md", "# A\n\n[b](b.md) and [code](../src/a.c), [web](https://x.y/z)\n"},
                  {"docs/b.md", "b\n"},
                  {"src/a.c", "int a;\n"}},
        after = before;
  after[0].first = "docs/more/a.md";
  CHECK(found(before, after) == Found{"broken_link docs/more/a.md:3"});
  Files scripts = {{"package.json", "{\"scripts\": {\"lint\": \"x\", \"check\": \"npm run lint && y\"}}\n"}},
        without = {{"package.json", "{\"scripts\": {\"check\": \"npm run lint && y\"}}\n"}};
  CHECK(found(scripts, without) == Found{"removed_script_named package.json:1"});
}

TEST_CASE("an added include of a header that is not there is told, where its folder has others") {
  Files before = {{"src/lib/a.h", "int a;\n"}, {"src/main.cpp", "int main() {}\n"}};
  auto after = [&](const std::string& path, Files more = {}) {
    Files files = {before[0], {"src/main.cpp", "#include " + path + "\nint main() {}\n"}};
    for (const auto& f : more) files.push_back(f);
    return files;
  };
  CHECK(found(before, after("<lib/b.h>")) == Found{"missing_include src/main.cpp:1"});
  CHECK(found(before, after("\"lib/b.h\"", {{"src/b.cpp", "int b;\n"}})) == Found{"missing_include src/main.cpp:1"});
  CHECK(found(before, after("<lib/a.h>")).empty());
  CHECK(found(before, after("<sys/stat.h>")).empty());  // no such folder here
  CHECK(found(before, after("<b.h>")).empty());
  CHECK(found(before, {before[0], {"src/main.cpp", "/*\n#include <lib/b.h>\n*/\nint main() {}\n"}}).empty());
  CHECK(found(before, after("<lib/b.h>", {{"src/lib/b.h", "int b;\n"}})).empty());
  CHECK(found(before, after("<lib/b.h>", {{"src/lib/b.h.in", "int b;\n"}})).empty());
  CHECK(found(before, after("<lib/b.pb.h>", {{"proto/b.proto", "message B {}\n"}})).empty());
  CHECK(found(before, after("<lib/b.h>", {{"CMakeLists.txt", "configure_file(x.in src/lib/b.h)\n"}})).empty());
  Files guarded = {before[0], {"src/main.h", "#ifndef MAIN_H\n#define MAIN_H\n#include <lib/b.h>\n#endif\n"}};
  CHECK(found(before, guarded) == Found{"missing_include src/main.h:3"});
  Files platform = {
      before[0], {"src/main.h", "#ifndef MAIN_H\n#define MAIN_H\n#ifdef _WIN32\n#include <lib/b.h>\n#endif\n#endif\n"}};
  CHECK(found(before, platform).empty());
  Files asks = {before[0],
                {"src/main.cpp", "#if __has_include(<lib/b.h>)\n#include <lib/b.h>\n#endif\nint main() {}\n"}};
  CHECK(found(before, asks).empty());
}
