// White space that hides an edit: the tokens are the same, and the meaning is not.
#include "layout_guard.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "token_rule.hpp"

using namespace pika::explain;
using pika::syntax::Language;

namespace {

struct Relaid {
  const char* name;
  Language language;
  const char *before, *after;
};

std::string rule(const Relaid& edit, const RenameMap& renames = {}) {
  auto a = make_side(edit.language, edit.before), b = make_side(edit.language, edit.after);
  REQUIRE(a.file);
  REQUIRE(b.file);
  auto lines = [](const Side& side) { return static_cast<int>(side.starts.size()) - 1; };
  return token_rule(a, 1, lines(a), b, 1, lines(b), edit.language, renames);
}

constexpr auto kGo = Language::go;
constexpr auto kCpp = Language::cpp;
constexpr auto kScript = Language::javascript;
constexpr auto kPython = Language::python;

const Relaid kHidden[] = {
    // Who reads comments
    {"directive leaves its column", kGo, "package p\n\n//go:noinline\nfunc f() {}\n",
     "package p\n\n //go:noinline\nfunc f() {}\n"},
    {"embed leaves its column", kGo, "package p\n\n//go:embed x\nvar a string\n",
     "package p\n\n\t//go:embed x\nvar a string\n"},
    {"build tag joins the package", kGo, "// +build linux\n\npackage p\n\nvar a int\n",
     "// +build linux\npackage p\n\nvar a int\n"},
    {"cgo's preamble leaves its import", kGo, "package p\n\n// #cgo LDFLAGS: -lx\nimport \"C\"\n\nvar a int\n",
     "package p\n\n// #cgo LDFLAGS: -lx\n\nimport \"C\"\n\nvar a int\n"},
    {"export leaves its function", kGo, "package p\n\n//export f\nfunc f() {}\n",
     "package p\n\n//export f\n\nfunc f() {}\n"},
    {"ignored line moves away", Language::typescript, "// @ts-ignore\nf();\n", "// @ts-ignore\n\nf();\n"},
    {"lint's line moves away", kCpp, "  f(a); // NOLINT\n", "  f(\n    a); // NOLINT\n"},
    {"lint's next line moves away", kCpp, "// NOLINTNEXTLINE\nf(a);\n", "// NOLINTNEXTLINE\n\nf(a);\n"},
    // Line ends that are not ours
    {"return and a carriage return", kScript, "function f() {\n  return g();\n}\n",
     "function f() {\n  return\rg();\n}\n"},
    {"return and a line separator", kScript, "function f() {\n  return g();\n}\n",
     "function f() {\n  return\xE2\x80\xA8g();\n}\n"},
    {"statement leaves its condition", kPython, "if a: b(); c()\n", "if a: b();\rc()\n"},
    {"vertical tab", kPython, "x = a\ny = b\n", "x = a\x0b\ny = b\n"},
    {"comment ends early", kCpp, "// a evil();\nint x;\n", "// a \revil();\nint x;\n"},
    {"Java's escape becomes code", Language::java, "// \\u000a\n// evil();\nclass A {}\n",
     "// \\u000a evil();\nclass A {}\n"},
    {"bidirectional control", kCpp, "int x = a + b;\n",
     "int x = a + \xE2\x80\xAE"
     "b;\n"},
    // The file's first lines
    {"#! is no longer first", kPython, "#!/usr/bin/env python3\nx = 1\n", "\n#!/usr/bin/env python3\nx = 1\n"},
    {"#! gets a carriage return", kPython, "#!/usr/bin/env python3\nx = 1\n", "#!/usr/bin/env python3\r\nx = 1\n"},
    {"encoding is no longer read", kPython, "# -*- coding: latin-1 -*-\nx = 1\n",
     "\n\n# -*- coding: latin-1 -*-\nx = 1\n"},
    // White space that is content
    {"JSX text", kScript, "const a = <b>x {y}</b>;\n", "const a = <b>x{y}</b>;\n"},
    {"JSX, between two values", kScript, "const a = <b>{x} {y}</b>;\n", "const a = <b>{x}{y}</b>;\n"},
    {"template type", Language::typescript, "type A = `x ${B} y`;\n", "type A = `x ${B}y`;\n"},
    // Tokens that melt, and the preprocessor
    {"HTML's comment", kScript, "x = a < ! --b\n", "x = a <!--b\n"},
    {"digraph", kCpp, "int x = a < ::b;\n", "int x = a <::b;\n"},
    {"condition behind a comment", kCpp, "/* c */ #if A\n+B;\nint x;\n#endif\n",
     "/* c */ #if A +B\n;\nint x;\n#endif\n"},
};

}  // namespace

TEST_CASE("layout: white space and comments that mean something are refused") {
  for (const auto& edit : kHidden) {
    CAPTURE(edit.name);
    CHECK(rule(edit).empty());
  }
}

TEST_CASE("layout: what a formatter does beside comments and tags still folds") {
  const Relaid kPlain[] = {
      {"gofmt", kGo, "package p\n\n// Adds.\nfunc f(a int)int{\n  return a+1 // one\n}\n",
       "package p\n\n// Adds.\nfunc f(a int) int {\n\treturn a + 1 // one\n}\n"},
      {"trailing comment", kCpp, "int f(int a,int b); // Adds.\n", "int f(int a, int b);  // Adds.\n"},
      {"comment above", kCpp, "  // Adds.\n  int f(int a,\n        int b);\n", "// Adds.\nint f(int a, int b);\n"},
      {"script without tags", kScript, "const a = f(b,c);\n", "const a = f(b, c);\n"},
      {"not the first lines", kPython, "#!/bin/x\n\na = 1\nx = f(a,b)\n", "#!/bin/x\n\na = 1\nx = f(a, b)\n"},
      {"line ends of Windows", kCpp, "int a;\nint b;\n", "int a;\r\nint b;\r\n"},
  };
  for (const auto& edit : kPlain) {
    CAPTURE(edit.name);
    CHECK(rule(edit) == "layout: the same tokens");
  }
}

TEST_CASE("rename: a word for a tool is no name") {
  const RenameMap renames = {{"checkAll", "checkNone"}};
  CHECK(!rule({"", kCpp, "// See checkAll.\nint a;\n", "// See checkNone.\nint a;\n"}, renames).empty());
  CHECK(rule({"", kCpp, "// NOLINT(checkAll)\nint a;\n", "// NOLINT(checkNone)\nint a;\n"}, renames).empty());
  CHECK(rule({"", kGo, "package p\n//go:linkname x y.checkAll\nfunc x()\n",
              "package p\n//go:linkname x y.checkNone\nfunc x()\n"},
             renames)
            .empty());
}

TEST_CASE("characters that no reader sees are odd; a line's end and letters of the world are not") {
  for (const char* line :
       {"a\rb", "a\x0c", "a\x7f", "a\xC2\xA0", "a\xC2\x85", "a\xC2\xAD", "\xE2\x80\x8B", "\xE2\x80\xA8", "\xE2\x80\xAE",
        "\xE2\x81\xA6", "\xEF\xBB\xBF", "\xE3\x80\x80", "\xE1\x9A\x80", "\xD8\x9C", "\xF3\xA0\x80\xA0"}) {
    CAPTURE(line);
    CHECK(has_odd_characters(line));
  }
  for (const char* line : {"a\r", "\tint a;",
                           "// Gr\xC3\xB6\xC3\x9F"
                           "e \xE2\x80\x9Cx\xE2\x80\x9D \xE2\x80\xA6",
                           "\xE6\x97\xA5", "\xF0\x9F\x98\x80"}) {
    CAPTURE(line);
    CHECK(!has_odd_characters(line));
  }
}
