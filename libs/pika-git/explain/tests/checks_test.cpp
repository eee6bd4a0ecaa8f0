#include "checks.hpp"

#include <doctest/doctest.h>

#include "scratch.hpp"

using namespace pika;
using namespace pika::explain;

TEST_CASE("filters match as the catalogue's do") {
  CHECK(matches_filter("libs/**", "libs/a/b.cpp"));
  CHECK(!matches_filter("libs/*", "libs/a/b.cpp"));
  CHECK(matches_filter("libs/*", "libs/b.cpp"));
  CHECK(matches_filter("**/x", "x"));
  CHECK(matches_filter("**/x", "a/b/x"));
  CHECK(matches_filter("a/**/b.?pp", "a/b.hpp"));
  CHECK(!matches_filter("a/b", "a/b/c"));
  CHECK(!matches_filter("a*b", "a/b"));
}

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
