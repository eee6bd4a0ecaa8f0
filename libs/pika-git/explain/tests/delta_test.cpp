// What came, went, changed or moved, as the page says it. Each case was told wrongly once, of a real commit.
#include <doctest/doctest.h>

#include "scratch.hpp"

using namespace pika;
using namespace pika::explain;

namespace {

// All words of the page.
std::string words_of(const Tutorial& tutorial) {
  std::string out = tutorial.summary;
  for (const auto& step : tutorial.steps) out += "\n" + step.title + "\n" + step.intent + "\n" + step.body_markdown;
  return out;
}

std::string page_of(const std::string& file, std::string_view before, std::string_view after) {
  Scratch s;
  s.write(file, before);
  auto a = s.commit("base");
  s.write(file, after);
  auto b = s.commit("head");
  auto e = s.explain(a, b);
  check_promises(e);
  return words_of(e.tutorial);
}

bool says(const std::string& page, std::string_view words) {
  return page.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a twin that is new under a condition is added; the ones that stay are not told") {
  auto page = page_of("a.c", "#if A\nvoid f(void) {\n  one();\n}\n#else\nvoid f(void) {\n  two();\n}\n#endif\n",
                      "#if A\nvoid f(void) {\n  one();\n}\n#elif B\nvoid f(void) {\n  three();\n}\n#else\nvoid f(void) "
                      "{\n  two();\n}\n#endif\n");
  CHECK(says(page, "`a.c`, line 6"));
  CHECK_FALSE(says(page, "**Changed**"));
}

TEST_CASE("one of several names of a declaration is not added again") {
  auto page = page_of("a.c", "int a, *b;\nint c;\n", "int *b;\nint c;\n");
  CHECK_FALSE(says(page, "Add b"));
  CHECK_FALSE(says(page, "**Added**"));
}

TEST_CASE("a method whose owner gets another type parameter is neither removed nor added") {
  auto page = page_of("a.rs", "impl<T> Buffer<T> {\n    fn push(&mut self, x: T) {\n        one(x);\n    }\n}\n",
                      "impl<T, U> Buffer<T, U> {\n    fn push(&mut self, x: T) {\n        two(x);\n    }\n}\n");
  CHECK(says(page, "**Changed**"));
  CHECK_FALSE(says(page, "**Added**"));
  CHECK_FALSE(says(page, "**Removed**"));
}

TEST_CASE("a name that becomes an alias, a function or only a declaration is not removed and added") {
  SUBCASE("Go type to alias") {
    auto page = page_of("a.go", "package a\n\ntype F func(int) string\n", "package a\n\ntype F = func(int) string\n");
    CHECK(says(page, "**Signature changed**"));
    CHECK_FALSE(says(page, "**Removed**"));
  }
  SUBCASE("macro to function") {
    auto page = page_of("a.c", "#define twice(n) ((n) * 2)\n", "static int twice(int n) {\n  return n * 2;\n}\n");
    CHECK(says(page, "Change twice"));
    CHECK_FALSE(says(page, "**Removed**"));
  }
  SUBCASE("declared to defined in its place") {
    auto page = page_of("a.h", "unsigned int slot(char *key);\nint other(void);\n",
                        "static inline unsigned int slot(char *key) {\n  return key[0];\n}\nint other(void);\n");
    CHECK(says(page, "Change slot"));
    CHECK_FALSE(says(page, "**Removed**"));
  }
}

TEST_CASE("where a definition goes to another file, the declaration that stays in its place is not added") {
  Scratch s;
  s.write("a.h", "struct Log {\n  void record(int a) {\n    one(a);\n    two(a);\n  }\n};\n");
  s.write("a.cc", "#include \"a.h\"\n\nvoid other() {}\n");
  auto a = s.commit("base");
  s.write("a.h", "struct Log {\n  void record(int a);\n};\n");
  s.write("a.cc", "#include \"a.h\"\n\nvoid other() {}\n\nvoid Log::record(int a) {\n  one(a);\n  two(a);\n}\n");
  auto b = s.commit("head");
  auto e = s.explain(a, b);
  check_promises(e);
  CHECK_FALSE(says(words_of(e.tutorial), "**Added**"));
}

TEST_CASE("a method that leaves its class moves, and is neither removed nor added") {
  std::string body = "one(1)\n        two(2)\n        three(3)\n        four(4)\n        five(5, 6, 7)\n";
  std::string plain = body;
  for (auto at = plain.find("        "); at != std::string::npos; at = plain.find("        ", at)) plain.erase(at, 4);
  auto page = page_of("a.py", "class A:\n    def f(self, a, b, c):\n        " + body,
                      "class A:\n    pass\n\n\ndef f(a, b, c):\n    " + plain);
  CHECK(says(page, "`A.f`, now `f`, within `a.py`"));
  CHECK_FALSE(says(page, "**Added**"));
}

TEST_CASE("where the grammar could not read a definition, nothing is said to be gone") {
  auto page = page_of("a.cc", "class Limiter {\n public:\n  Limiter(int n) : n_(n) {}\n  int n_;\n};\n",
                      "class Limiter {\n public:\n  Limiter(int n)\n      :\n#if !defined(NDEBUG)\n        "
                      "most_(n),\n#endif\n        n_(n) {\n    assert(n >= 0);\n  }\n  int n_;\n};\n");
  CHECK_FALSE(says(page, "**Removed**"));
  CHECK_FALSE(says(page, "Remove Limiter"));
}

TEST_CASE("a shell function whose line stays is not gone because the grammar lost its way before it") {
  std::string start = "one() {\n  (( a >= 1 && (b * 1000 + c) >= 2 )) && d=1\n}\n",
              rest = "\ntwo() {\n  echo two\n}\n\nthree() {\n  echo three\n}\n";
  auto page = page_of("a.sh", start + rest,
                      "one() {\n  ((a >= 1 && (b * 1000 + c) >= 2)) && d=1\n  if [[ $x = ]]; then\n}\n" + rest);
  CHECK_FALSE(says(page, "**Removed**"));
  CHECK_FALSE(says(page, "Remove two"));
}

TEST_CASE("a test whose first line stays is not gone because the grammar reads its macro otherwise") {
  std::string one =
      "class A {\n  int a;\n};\n\nTEST_CASE_TEMPLATE(\"one of many\", T,\n                   n::x,\n                   "
      "n::y)\n{\n  T t;\n  CHECK(t.a);\n}\n";
  auto page = page_of("a_test.cpp", one,
                      one +
                          "\nTEST_CASE_TEMPLATE(\"two of many\", T,\n                   n::x,\n                   "
                          "n::y)\n{\n  T t;\n  CHECK(t.b);\n}\n");
  CHECK_FALSE(says(page, "**Removed**"));
}

TEST_CASE("a macro that was defined inside of a function is not new at the top") {
  auto page = page_of("a.c", "void f(void) {\n#define EVERY 50\n  g(EVERY);\n}\n",
                      "#define EVERY 50\nvoid f(void) {\n  g(EVERY);\n  h();\n}\n");
  CHECK_FALSE(says(page, "**Added**"));
}

TEST_CASE("a prototype that goes is told as one") {
  auto page = page_of("a.h", "int gone(void);\nint stays(void);\n", "int stays(void);\n");
  CHECK(says(page, "`int gone(void);`"));
}

TEST_CASE("a comment behind a declaration is no part of how it is declared") {
  auto page = page_of("a.py", "def main() -> None:\n    # TODO later\n    one()\n", "def main() -> None:\n    two()\n");
  CHECK_FALSE(says(page, "**Signature changed**"));
}

TEST_CASE("imports by require and several names at once are no variables of their own") {
  auto page = page_of("a.js", "const { a, b } = x;\nf(a, b);\n",
                      "const { a, b, c } = x;\nconst y = require('./y');\nf(a, b, c, y);\n");
  CHECK_FALSE(says(page, "**Added**"));
  CHECK_FALSE(says(page, "**Removed**"));
}

TEST_CASE("of a member it is said whose it is") {
  auto page = page_of("a.py", "class A:\n    def f(self):\n        return 1\n",
                      "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n");
  CHECK(says(page, "`def g(self)` of `A` (`a.py`, line 5)"));
}

TEST_CASE("where only comments or docstrings of a definition change, that is what is said") {
  auto page = page_of("a.py", "def f(a):\n    \"\"\"One.\"\"\"\n    # two\n    return a\n",
                      "def f(a):\n    \"\"\"One, in other words.\"\"\"\n    # three\n    # and four\n    return a\n");
  CHECK(says(page, "**Only comments or documentation changed**"));
  CHECK_FALSE(says(page, "**Changed**"));
  CHECK(says(page, "Reword the comments of f"));
  // A string that is a value is none.
  CHECK(says(page_of("a.py", "def f(a):\n    b = (\n        \"one\")\n    return a\n",
                     "def f(a):\n    b = (\n        \"two\")\n    return a\n"),
             "**Changed**"));
  CHECK(says(page_of("a.cpp", "int f() {\n  // one\n  return 1;\n}\n",
                     "int f() {\n  // two, and\n  // three\n  return 1;\n}\n"),
             "**Only comments or documentation changed**"));
}

TEST_CASE("a signature is what a function takes and gives: not a macro's value, a type's members or a comment") {
  auto page = page_of("a.h", "#define PATCH 0\n#define MAX(a, b) ((a) > (b) ? (a) : (b))\n",
                      "#define PATCH 1\n#define MAX(a, b) ((a) < (b) ? (b) : (a))\n");
  CHECK(says(page, "**Changed**\n\n- `#define PATCH 0` is now `#define PATCH 1`"));
  CHECK(says(page, "- `MAX` ("));
  CHECK_FALSE(says(page, "**Signature changed**"));
  CHECK(says(page_of("a.h", "#define MAX(a, b) f(a, b)\n", "#define MAX(a, b, c) f(a, b, c)\n"),
             "`#define MAX(a, b)` is now `#define MAX(a, b, c)`"));
  page = page_of("a.go", "package a\n\ntype Mouse struct {\n\tX int\n\tMod bool\n}\n",
                 "package a\n\ntype Mouse struct {\n\tX int\n\tCtrl bool\n\tAlt bool\n}\n");
  CHECK_FALSE(says(page, "**Signature changed**"));
  CHECK(says(page, "**Changed**\n\n- `Mouse`"));
  page = page_of("a.py", "class A:\n    @property\n    def f(self):\n        # First\n        return 1\n",
                 "class A:\n    @property\n    def f(self) -> int:\n        # Second\n        return 1\n");
  CHECK(says(page, "`def f(self)` of `A` is now `def f(self) -> int` (`a.py`, line 2)\n"));
}

TEST_CASE("where more than the signature changed, that is said") {
  auto page = [](const char* body) {
    return page_of("a.cc", "int f(int a) {\n  return a;\n}\n",
                   std::string("int f(int a, int b) {\n  ") + body + "\n}\n");
  };
  CHECK(says(page("return a + b;"), "; its body changed too"));
  CHECK_FALSE(says(page("return a;"), "its body changed too"));
  CHECK_FALSE(says(page("// b is for later\n  return a;"), "its body changed too"));
}

TEST_CASE("a specialisation goes by all of its name, and constants are told as such") {
  auto page = page_of(
      "a.h", "int a;\n",
      "int a;\ntemplate <typename... T>\nstruct Maker<std::variant<T...>> {\n  int convert() { return 1; }\n};\n");
  CHECK(says(page, "Add Maker<std::variant<T...>>"));
  CHECK(says(page_of("a.go", "package a\n\nvar x int\n", "package a\n\nvar x int\n\nconst (\n\tOne = iota\n\tTwo\n)\n"),
             "Adds 2 constants"));
  CHECK(says(page_of("a.rs", "static X: i32 = 1;\n", "static X: i32 = 1;\nconst MOST: i32 = 2;\n"), "1 constant"));
}

TEST_CASE("what many owners have is counted in a title") {
  std::string before, after;
  for (const char* name : {"One", "Two", "Three", "Four"}) {
    before += std::string("class ") + name + ":\n    def stays(self):\n        return 1\n\n";
    after += std::string("class ") + name +
             ":\n    def stays(self):\n        return 1\n\n    def create_one(self):\n        return " + name +
             "(2)\n\n";
  }
  CHECK(says(page_of("a.py", before, after), "Add create_one in 4 places"));
  CHECK(says(page_of("a.py", before,
                     after + "class Five:\n    def further_one(self):\n        return 3\n\n\ndef and_another():\n    "
                             "return 4\n\n\ndef and_yet_another():\n    return 5\n"),
             "5 others"));
}

TEST_CASE("what is added where the grammar did not fit is told when it stands more often than before") {
  std::string broken =
                  "class A {\n public:\n  A(int n)\n      :\n#if !defined(NDEBUG)\n        b(n),\n#endif\n        "
                  "n_(n) {\n  }\n  int n_;\n};\n",
              one = "std::string Maker<int>::convert(int a) {\n  return one(a);\n}\n",
              two = "std::string Maker<std::view>::convert(std::view a) {\n  return two(a);\n}\n";
  auto page = page_of("a.cc", broken + one, broken + one + two);
  CHECK(says(page, "**Added**"));
}
