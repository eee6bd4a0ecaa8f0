#include <fmt/format.h>

#include <set>

#include "scratch.hpp"

using namespace pika;
using namespace pika::explain;

namespace {

std::string file(int i, const char* call) {
  return fmt::format("int use{}(int x) {{\n  int y = x + {};\n  {}\n  return y;\n}}\n", i, i, call);
}

const Step* titled(const Tutorial& t, std::string_view words) {
  for (const auto& step : t.steps)
    if (step.title.find(words) != std::string::npos) return &step;
  return nullptr;
}

}  // namespace

TEST_CASE("an edit made alike in many files is one step, and what is edited otherwise is told before it") {
  Scratch s;
  for (int i = 0; i < 9; ++i) s.write(fmt::format("src/u{}.cpp", i), file(i, "log_old(y, 1);"));
  auto a = s.commit("base");
  for (int i = 0; i < 9; ++i)
    s.write(fmt::format("src/u{}.cpp", i), file(i, i == 4 ? "log_new(y, 2);" : "log_new(y, 1);"));
  auto b = s.commit("head");
  auto e = s.explain(a, b);
  check_promises(e);
  REQUIRE(e.tutorial.steps.size() == 2);
  CHECK(e.tutorial.steps[0].files == std::vector<std::string>{"src/u4.cpp"});
  CHECK(e.tutorial.steps[1].title == "Replace “log_old” by “log_new” in 8 lines of 8 files");
  CHECK(e.tutorial.steps[1].files.size() == 8);
  CHECK(e.tutorial.folded.empty());
  CHECK(e.tutorial.steps[1].evidence.size() == 8);
}

TEST_CASE("a line edited otherwise right above one of many like edits keeps both out of their step") {
  Scratch s;
  auto text = [](int i, int limit, const char* call) {
    return fmt::format("int use{}(int x) {{\n  if (x > {}) return 0;\n  {}\n  return x;\n}}\n", i, limit, call);
  };
  for (int i = 0; i < 9; ++i) s.write(fmt::format("src/u{}.cpp", i), text(i, 10, "log_old(x);"));
  auto a = s.commit("base");
  for (int i = 0; i < 9; ++i) s.write(fmt::format("src/u{}.cpp", i), text(i, i == 4 ? 99 : 10, "log_new(x);"));
  auto e = s.explain(a, s.commit("head"));
  const auto* same = titled(e.tutorial, "Replace “log_old” by “log_new” in 8 lines");
  REQUIRE(same);
  CHECK(std::find(same->files.begin(), same->files.end(), "src/u4.cpp") == same->files.end());
}

TEST_CASE("an edit that a line has twice, and one whose cut is ambiguous, count as the same") {
  Scratch s;
  std::string before, after;
  for (int i = 0; i < 12; ++i)
    before += fmt::format("add(\"${{ROOT}}/a{}.c\")\n", i), after += fmt::format("add(\"a{}.c\")\n", i);
  before += "add(\"${ROOT}/${x}.c\" \"${ROOT}/${y}.c\")\n";
  after += "add(\"${x}.c\" \"${y}.c\")\n";
  s.write("CMakeLists.txt", before);
  auto a = s.commit("base");
  s.write("CMakeLists.txt", after);
  auto e = s.explain(a, s.commit("head"));
  REQUIRE(e.tutorial.steps.size() == 1);
  // The atom as a whole: the last line has it twice, so all thirteen lines are this edit.
  CHECK(e.tutorial.steps[0].title == "Remove “${ROOT}/” from 13 lines of CMakeLists.txt");
  CHECK(e.tutorial.steps[0].body_markdown.find("otherwise") == std::string::npos);
}

TEST_CASE("the same line added in many files is one step; a brace says nothing") {
  Scratch s;
  for (int i = 0; i < 7; ++i)
    s.write(fmt::format("p{}/m.py", i), fmt::format("import os\n\ndef f{}():\n    return {}\n", i, i));
  auto a = s.commit("base");
  for (int i = 0; i < 7; ++i)
    s.write(fmt::format("p{}/m.py", i), fmt::format("import os\nimport sys\n\ndef f{}():\n    return {}\n", i, i));
  auto e = s.explain(a, s.commit("head"));
  REQUIRE(e.tutorial.steps.size() == 1);
  CHECK(e.tutorial.steps[0].title == "Add the line “import sys” in 7 places of 7 files");

  Scratch braces;
  for (int i = 0; i < 7; ++i) braces.write(fmt::format("b{}.txt", i), "a\nb\n");
  a = braces.commit("base");
  for (int i = 0; i < 7; ++i) braces.write(fmt::format("b{}.txt", i), "a\n}\nb\n");
  e = braces.explain(a, braces.commit("head"));
  CHECK(titled(e.tutorial, "Add the line") == nullptr);
}

TEST_CASE("steps of one title are told apart by where they begin") {
  Scratch s;
  auto text = [](const char* word) {
    std::string out;
    for (int i = 0; i < 400; ++i) out += fmt::format("{} {} of {}\n", i % 7 == 0 ? word : "same", i, i * 31 % 97);
    return out;
  };
  s.write("notes/a/x.cfgx", text("one"));
  s.write("notes/b/x.cfgx", text("one"));
  auto a = s.commit("base");
  s.write("notes/a/x.cfgx", text("two three"));
  s.write("notes/b/x.cfgx", text("four five six"));
  auto e = s.explain(a, s.commit("head"));
  check_promises(e);
  std::set<std::string> titles;
  for (const auto& step : e.tutorial.steps) titles.insert(step.title);
  CHECK(titles.size() == e.tutorial.steps.size());
}

TEST_CASE("what went to another file is told after what came, by name") {
  Scratch s;
  std::string body;
  for (int i = 0; i < 70; ++i) body += fmt::format("  total += row({}, limit);\n", i);
  auto function = [&](const std::string& head) {
    return head + " {\n  int total = 0;\n" + body + "  return total;\n}\n";
  };
  s.write("src/main.rs", function("fn alpha_sum(limit: i32) -> i32") + "\n" +
                             function("fn beta_sum(limit: i32) -> i32") + "\nfn main() {}\n");
  auto a = s.commit("base");
  s.write("src/main.rs", "fn main() {}\n");
  s.write("src/sums.rs",
          function("pub fn alpha_sum(limit: i32) -> i32") + "\n" + function("pub fn beta_sum(limit: i32) -> i32"));
  auto e = s.explain(a, s.commit("head"));
  check_promises(e);
  const auto& steps = e.tutorial.steps;
  REQUIRE(steps.size() == 4);  // no step has more than 40%
  CHECK(steps[2].title == "Move alpha_sum out of main.rs");
  CHECK(steps[3].title == "Move beta_sum out of main.rs");
  CHECK(steps[3].body_markdown.find("`beta_sum` to `src/sums.rs`") != std::string::npos);
  CHECK(steps[0].body_markdown.find("to `src/sums.rs`, now `pub`") != std::string::npos);
  CHECK(e.tutorial.checks.empty());  // else nobody could use it there
}

TEST_CASE(
    "words: values are no signatures, a constructor's work neither; a platform's twin is declared by its own header") {
  Scratch s;
  s.write("a.py", "VERSION = 'dev'\n\n\ndef f(x):\n    return x\n");
  s.write("r.cpp", "struct R {\n  R(int a);\n  int a_, b_;\n};\nR::R(int a) : a_(a), b_(0) {\n}\n");
  auto a = s.commit("base");
  s.write("a.py", "VERSION = '1.0'\n\n\ndef f(x):\n    return x\n");
  s.write("r.cpp", "struct R {\n  R(int a);\n  int a_, b_;\n};\nR::R(int a) : a_(a), b_(1) {\n}\n");
  s.write("win.h", "int port_open(int x);\n");
  s.write("win.cpp", "#include \"win.h\"\nint port_open(int x) {\n  return x;\n}\n");
  s.write("nix.h", "int port_open(int x);\n");
  s.write("nix.cpp", "#include \"nix.h\"\nint port_open(int x) {\n  return -x;\n}\n");
  auto e = s.explain(a, s.commit("head"));
  check_promises(e);
  std::string all;
  for (const auto& step : e.tutorial.steps) all += step.body_markdown;
  CHECK(all.find("Signature changed") == std::string::npos);
  CHECK(all.find("`VERSION = 'dev'` is now `VERSION = '1.0'`") != std::string::npos);
  CHECK(all.find("`nix.cpp`, line 2; declared in `nix.h`, line 1") != std::string::npos);
  CHECK(all.find("`win.cpp`, line 2; declared in `win.h`, line 1") != std::string::npos);
}

TEST_CASE(
    "words: files that come and files that change are told apart; a comment titles nothing; moved tests are moved") {
  Scratch s;
  std::string tests;
  for (int i = 0; i < 6; ++i)
    tests += fmt::format(
        "def test_number_{0}():\n    value = {0}\n    other = value + {0}\n    assert other == 2 * {0}\n\n\n", i);
  s.write("tests/test_one.py", tests);
  s.write("docs/index.rst", "Index\n");
  s.write("src/a.cpp", "int a() {\n  return 1;\n}\n");
  auto a = s.commit("base");
  fs::remove(s.path / "tests/test_one.py");
  s.write("tests/test_two.py", tests + "def test_fresh():\n    assert True\n");
  s.write("docs/index.rst", "Index\nmore\n");
  s.write("docs/new.rst", "New\n");
  s.write("src/a.cpp", "int a() {\n  // Twice is enough.\n  return 2;\n}\n");
  auto e = s.explain(a, s.commit("head"));
  CHECK(titled(e.tutorial, "Change documentation: add new.rst, change index.rst"));
  CHECK(titled(e.tutorial, "a.cpp: “return 2;”"));
  CHECK_FALSE(titled(e.tutorial, "Twice"));
}

TEST_CASE("words: a method whose type got a lifetime is changed, and neither removed nor added") {
  Scratch s;
  s.write("src/b.rs",
          "pub struct B<W> {\n    w: W,\n}\nimpl<W> B<W> {\n    fn new(w: W, n: i32) -> Self {\n        let _ = n;\n   "
          "     B { w }\n    }\n}\n");
  auto a = s.commit("base");
  s.write("src/b.rs",
          "pub struct B<'a, W> {\n    w: &'a W,\n}\nimpl<'a, W> B<'a, W> {\n    fn new(w: &'a W) -> Self {\n        B "
          "{ w }\n    }\n}\n");
  auto e = s.explain(a, s.commit("head"));
  std::string all;
  for (const auto& step : e.tutorial.steps) all += step.body_markdown;
  CHECK(all.find("**Added**") == std::string::npos);
  CHECK(all.find("**Removed**") == std::string::npos);
  CHECK(all.find("is now `fn new(w: &'a W) -> Self`") != std::string::npos);
}

TEST_CASE("words: an overload of a name that was there changes it in the title") {
  Scratch s;
  s.write("src/a.ts", "export function text(p?: string): string {\n  return p ?? '';\n}\nlet n = 1;\n");
  auto a = s.commit("base");
  s.write("src/a.ts",
          "export function text(p?: string): string;\nexport function text<T extends string>(p?: T): T;\n"
          "export function text(p?: string): string {\n  return p ?? '';\n}\nlet n = 1;\n\nexport function fresh() {\n "
          " return 2;\n}\n");
  auto e = s.explain(a, s.commit("head"));
  REQUIRE(e.tutorial.steps.size() == 1);
  CHECK(e.tutorial.steps[0].title == "Add fresh, change text in src");
}

TEST_CASE("words: twins under two conditions that go to another file are moved, and neither removed nor added") {
  Scratch s;
  std::string twins =
      "#[cfg(unix)]\nstatic ROOT_DIR: &str = \"/\";\n\n#[cfg(windows)]\nstatic ROOT_DIR: &str = \"C:\";\n";
  s.write("src/main.rs", twins + "\nfn main() {\n    println!(\"{}\", ROOT_DIR);\n}\n");
  auto a = s.commit("base");
  s.write("src/main.rs", "mod root;\n\nfn main() {\n    println!(\"{}\", root::ROOT_DIR);\n}\n");
  std::string opened = twins;
  for (std::size_t at = 0; (at = opened.find("static ", at)) != std::string::npos; at += 11) opened.insert(at, "pub ");
  s.write("src/root.rs", opened);
  auto e = s.explain(a, s.commit("head"));
  std::string all;
  for (const auto& step : e.tutorial.steps) all += step.body_markdown;
  CHECK(all.find("**Added**") == std::string::npos);
  CHECK(all.find("**Removed**") == std::string::npos);
  CHECK(all.find("`ROOT_DIR` from `src/main.rs` to `src/root.rs`") != std::string::npos);
}

TEST_CASE("of a version that is raised in many places the whole number is said") {
  Scratch s;
  for (auto name : {"a.txt", "b.txt", "c.txt", "d.txt"})
    s.write(name, std::string(name) + "\nversion = \"1.3.1\"\nend\n");
  auto a = s.commit("base");
  for (auto name : {"a.txt", "b.txt", "c.txt", "d.txt"})
    s.write(name, std::string(name) + "\nversion = \"1.3.2\"\nend\n");
  auto b = s.commit("head");
  auto e = s.explain(a, b);
  check_promises(e);
  REQUIRE(e.tutorial.steps.size() == 1);
  CHECK(e.tutorial.steps[0].title.find("Replace “1.3.1” by “1.3.2”") == 0);
}
