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

namespace {

// Two commits on a base: one of the server, one of the pages.
struct TwoConcerns {
  Scratch s;
  git::Oid base;
  TwoConcerns() {
    s.write("server/handle.cpp", "int handle() {\n  return 1;\n}\n");
    s.write("web/page.ts", "export function title() {\n  return 1;\n}\n");
    s.write("CHANGES.md", "- start\n");
    base = s.commit("base");
  }
  Tutorial with(const std::string& server, const std::string& web) {
    s.write("server/handle.cpp", server);
    s.write("CHANGES.md", "- one\n- start\n");
    s.commit("Handle more");
    s.write("web/page.ts", web);
    s.write("CHANGES.md", "- two\n- one\n- start\n");
    auto head = s.commit("Show more");
    auto e = s.explain(base, head);
    check_promises(e);
    return e.tutorial;
  }
};

}  // namespace

TEST_CASE("parts: commits that share no file and use nothing of one another; logs of changes do not join them") {
  auto t = TwoConcerns().with("int handle() {\n  return 2;\n}\n",
                              "export function title() {\n  return 2;\n}\n\nint x;\nint y;\nint z;\nint u;\n");
  REQUIRE(t.parts.size() == 2);
  CHECK(t.parts[0].title == "Show more");  // more to read
  CHECK(t.parts[1].title == "Handle more");
  CHECK(t.parts[0].commits.size() == 1);
  int part = 0;
  for (const auto& step : t.steps) {
    CHECK(step.part >= part);  // one after the other
    part = step.part;
    for (const auto& file : step.files)
      if (file != "CHANGES.md") CHECK(file.starts_with(step.part == 1 ? "web" : "server"));
  }
  auto again = tutorial_from_json(to_json(t));
  REQUIRE(again);
  CHECK(json::print(to_json(*again)) == json::print(to_json(t)));
}

TEST_CASE(
    "parts: none where commits share a file, where one uses what the other defines, or where there is one commit") {
  TwoConcerns shared;
  shared.s.write("web/page.ts", "export function other() {\n  return 1;\n}\n");
  shared.s.write("server/handle.cpp", "int handle() {\n  return 3;\n}\n");
  shared.s.commit("Both");
  CHECK(shared.with("int handle() {\n  return 2;\n}\n", "export function title() {\n  return 2;\n}\n").parts.empty());
  Scratch s;
  s.write("a/a.py", "x = 1\n");
  s.write("b/b.py", "y = 1\n");
  auto base = s.commit("base");
  s.write("a/a.py", "def load_records():\n    return 1\n");
  s.commit("Define");
  s.write("b/b.py", "from a.a import load_records\ny = load_records()\n");
  auto head = s.commit("Use");
  CHECK(s.explain(base, head).tutorial.parts.empty());
  s.git({"reset", "-q", "--soft", base.hex()});
  CHECK(s.explain(base, s.commit("All at once")).tutorial.parts.empty());
}

TEST_CASE("parts that somebody chose are told as chosen: split where files are shared, and put together") {
  TwoConcerns two;
  two.with("int handle() {\n  return 2;\n}\n", "export function title() {\n  return 2;\n}\n");
  two.s.write("web/page.ts", "export function other() {\n  return 1;\n}\n");
  two.s.write("server/handle.cpp", "int handle() {\n  return 3;\n}\n");
  two.s.commit("Both");
  auto repository = git::Repository::open(two.s.path).value();
  auto head = repository.resolve_commit("HEAD").value();
  auto diff = git::make_diff(two.s.path, two.base, head).value();
  auto commits = repository.log(head, two.base, 100);
  std::reverse(commits.begin(), commits.end());
  auto told = [&](std::vector<int> parts) {
    return pika::explain::explain(
        {.diff = &diff, .repository = &repository, .commits = commits, .title = {}, .parts = std::move(parts)});
  };
  CHECK(told({}).parts.empty());
  REQUIRE(commits.size() == 3);
  auto t = told({1, 2, 2});
  REQUIRE(t.parts.size() == 2);
  CHECK(t.parts[0].commits.size() + t.parts[1].commits.size() == commits.size());
  CHECK(t.summary.find("by hand") != std::string::npos);
  for (const auto& step : t.steps) CHECK(step.part > 0);
  CHECK(told(std::vector<int>(commits.size(), 1)).parts.empty());
  CHECK(told({1}).parts.empty());  // of other commits than these
}

TEST_CASE("the author's words without what is for machines; a declared name is no new type; decorators are no header") {
  Scratch s;
  s.write("a.h", "int a;\n");
  auto a = s.commit("base");
  s.write("a.h", "struct Later;\nint a;\n");
  auto b = s.commit("Declare\n\nIt comes later.\n\nSigned-off-by: A <a@x>\nCo-authored-by: B <b@x>\n");
  auto t = s.explain(a, b).tutorial;
  CHECK(t.summary.find("It comes later.") != std::string::npos);
  CHECK(t.summary.find("Signed-off-by") == std::string::npos);
  CHECK(t.steps.at(0).intent.find("type") == std::string::npos);
  CHECK(t.steps.at(0).intent.starts_with("Adds 1 declaration"));
  s.write("a.py", "@mark(\"x\", [1, 2])\ndef load_all(a):\n    return a\n");
  auto c = s.commit("Load");
  CHECK(s.explain(b, c).tutorial.steps.at(0).body_markdown.find("- `def load_all(a)`") != std::string::npos);
}
