#include "pika/explain/explain.hpp"

#include <doctest/doctest.h>

#include "scratch.hpp"

using namespace pika;
using namespace pika::explain;

TEST_CASE("every changed line of a nasty change is in exactly one step and shown or folded") {
  Scratch s;
  s.write("a.txt", "1\n2\n3\n");
  s.write("same.txt", "content\nof\na\nfile\n");
  s.write("bin", std::string("\0\1", 2));
  s.write("mode.sh", "x\n");
  s.write("gone", "x\n");
  auto a = s.commit("base");
  s.write("a.txt", "1\n2\n3");
  fs::create_directories(s.path / "d");
  fs::rename(s.path / "same.txt", s.path / "d/new\nname \"q\" `b` | <script>\xFF.txt");
  s.write("bin", std::string("\0\2", 2));
  fs::permissions(s.path / "mode.sh", fs::perms::all);
  fs::remove(s.path / "gone");
  s.write("empty", "");
  fs::create_symlink("a.txt", s.path / "link");
  s.write("py/m.py", "def f():\n    return '\xFF\xFE'\n");
  auto b = s.commit("head\n\nBecause </script> of `this`.");
  auto e = s.explain(a, b);
  check_promises(e);
  CHECK(e.tutorial.summary.find("</script>") == std::string::npos);
}

TEST_CASE("the same change gives the same tutorial") {
  Scratch s;
  auto a = s.commit("base");
  for (int i = 0; i < 30; ++i)
    s.write("p" + std::to_string(i % 5) + "/f" + std::to_string(i) + ".cpp", "int f();\nint g();\n");
  auto b = s.commit("head");
  auto x = s.explain(a, b).tutorial, y = s.explain(a, b).tutorial;
  x.micros = y.micros = 0;
  CHECK(json::print(to_json(x)) == json::print(to_json(y)));
}

TEST_CASE("an empty change has a summary and no steps") {
  Scratch s;
  auto a = s.commit("base");
  auto e = s.explain(a, a);
  CHECK(e.tutorial.steps.empty());
  CHECK(e.tutorial.summary.find("changes no file") != std::string::npos);
}

TEST_CASE("a new package with its registration is one step, called after its manifest; moves into it come next") {
  Scratch s;
  s.write("Cargo.toml", "[workspace]\nmembers = [\n  \"crates/old\",\n]\n");
  s.write("crates/old/Cargo.toml", "[package]\nname = \"old\"\n");
  for (auto name : {"model.rs", "run.rs", "lib.rs"})
    s.write(std::string("crates/old/src/") + name, std::string("// ") + name + "\npub fn a() {}\npub fn b() {}\n");
  auto a = s.commit("base");
  s.write("Cargo.toml", "[workspace]\nmembers = [\n  \"crates/new\",\n  \"crates/old\",\n]\n");
  s.write("crates/new/Cargo.toml", "[package]\nname = \"newone\"\n");
  fs::create_directories(s.path / "crates/new/src");
  for (auto name : {"model.rs", "run.rs", "lib.rs"})
    fs::rename(s.path / "crates/old/src" / name, s.path / "crates/new/src" / name);
  auto b = s.commit("Split newone from old");
  auto e = s.explain(a, b);
  check_promises(e);
  REQUIRE(e.tutorial.steps.size() == 2);
  CHECK(e.tutorial.steps[0].title == "Create the newone library crate");
  CHECK(e.tutorial.steps[0].files == std::vector<std::string>{"Cargo.toml", "crates/new/Cargo.toml"});
  CHECK(e.tutorial.steps[1].title == "Move 3 files from crates/old/src to crates/new/src");
  CHECK(e.tutorial.steps[1].evidence.empty());
  REQUIRE(e.tutorial.folded.size() == 1);
  CHECK(e.tutorial.folded[0].rule == "byte-identical");
}
