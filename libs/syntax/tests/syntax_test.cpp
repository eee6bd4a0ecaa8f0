#include "pika/syntax/syntax.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

using namespace pika::syntax;

namespace {

const Symbol* find(const File& file, std::string_view qualified) {
  auto at =
      std::find_if(file.symbols.begin(), file.symbols.end(), [&](const Symbol& s) { return s.qualified == qualified; });
  return at == file.symbols.end() ? nullptr : &*at;
}

std::string spaceless(std::string_view text) {
  std::string out;
  for (char c : text)
    if (!std::string_view(" \t\n\r\f\v").contains(c)) out += c;
  return out;
}

// The promise that folds stand on: tokens in order, and no byte but white space outside them.
void check_tokens(std::string_view text, const File& file) {
  std::string joined;
  std::uint32_t at = 0;
  int line = 1;
  for (const auto& token : file.tokens) {
    bool ordered = token.begin >= at && token.end > token.begin && token.end <= text.size();
    if (!ordered) FAIL("tokens out of order");
    line += static_cast<int>(std::count(text.begin() + at, text.begin() + token.begin, '\n'));
    bool lines_right = token.line == line;
    line += static_cast<int>(std::count(text.begin() + token.begin, text.begin() + token.end, '\n'));
    if (!lines_right || token.last_line != line) FAIL_CHECK("a token on the wrong line");
    at = token.end;
    joined += spaceless(text.substr(token.begin, token.end - token.begin));
  }
  CHECK(joined == spaceless(text));
}

std::map<Language, std::string> samples() {
  return {
      {Language::cpp,
       "// doc\nnamespace a::b {\ntemplate <class T>\nstruct S : B {\n  int x = 1;\n  // runs\n  void run(int n) "
       "const;\n};\n"
       "}\nvoid a::b::S::run(int n) const { f(n, \"s\"); }\n#define M(x) \\\n  (x)\nTEST_CASE(\"it runs\") {\n  "
       "CHECK(1);\n}\n"},
      {Language::python,
       "import os\n\n# why\n@deco\nclass A(B):\n    \"\"\"doc\"\"\"\n    def go(self, x=1):\n        return f'{x}' + "
       "os.sep\n\nLIMIT = 3\ndef test_it():\n    pass\n"},
      {Language::rust,
       "/// doc\n#[derive(Debug)]\npub struct P<T> { a: T }\nimpl<T> P<T> {\n    pub fn new(a: T) -> Self { P { a } "
       "}\n}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn works() { assert_eq!(1, 1); }\n}\n"},
      {Language::go,
       "package p\n\nimport \"fmt\"\n\n// R runs.\nfunc (s *Server) R(x int) error { fmt.Println(`a`); return nil "
       "}\n\ntype T struct{ A int }\nconst C = 1\n"},
      {Language::java, "package p;\nimport a.B;\nclass A { int f = 1; void m(int x) { String s = \"x\"; } }\n"},
      {Language::javascript, "export function f(a) { return `x${a}` }\nclass K { m() {} }\nconst z = 1, w = /re/;\n"},
      {Language::typescript, "export interface I { a: number }\ntype U = I | null;\nfunction g(x: I): void {}\n"},
      {Language::tsx, "const A = () => <div class=\"x\">hello {name}</div>;\n"},
      {Language::bash, "#!/bin/bash\nset -e\nrun() { echo \"$1\" 'x'; }\nX=3\ncat <<EOF\nhi $X\nEOF\n"},
      {Language::json, "{\"a\": [1, true, null, \"x\\n\"]}\n"},
      {Language::toml, "# c\n[package]\nname = \"x\"\n[[lane]]\nid = 1\n"},
      {Language::c,
       "#include <stdio.h>\nstatic int f(void) { return 'x' + 0x1F; }\nstruct s { int a; };\ntypedef struct s s_t;\n"},
  };
}

}  // namespace

TEST_CASE("symbols have names, ranges with their leading comments, and headers") {
  auto text = samples()[Language::cpp];
  auto file = parse(Language::cpp, text);
  REQUIRE(file);
  auto* s = find(*file, "a::b::S");
  REQUIRE(s);
  CHECK(s->header == "template <class T> struct S : B");
  CHECK(s->first_line == 3);
  CHECK(s->last_line == 8);
  auto* declared = find(*file, "a::b::S::run");
  REQUIRE(declared);
  CHECK(!declared->definition);
  CHECK(declared->first_line == 6);
  CHECK(declared->line == 7);
  CHECK(declared->header == "void run(int n) const");
  auto defined = std::count_if(file->symbols.begin(), file->symbols.end(),
                               [](const Symbol& x) { return x.qualified == "a::b::S::run" && x.definition; });
  CHECK(defined == 1);
  CHECK(find(*file, "M"));
  auto* test = find(*file, "TEST_CASE(\"it runs\")");
  REQUIRE(test);
  CHECK(test->test);
  CHECK(test->last_line == 15);
}

TEST_CASE("Python: decorators and comments lead a class, methods hang below it, module variables are symbols") {
  auto file = parse(Language::python, samples()[Language::python]);
  REQUIRE(file);
  auto* a = find(*file, "A");
  REQUIRE(a);
  CHECK(a->first_line == 3);
  CHECK(a->last_line == 8);
  auto* go = find(*file, "A.go");
  REQUIRE(go);
  CHECK(go->header == "def go(self, x=1)");
  CHECK(find(*file, "LIMIT"));
  CHECK(find(*file, "test_it")->test);
}

TEST_CASE("other languages give their top symbols") {
  auto has = [](Language language, std::string_view name) {
    auto file = parse(language, samples()[language]);
    return file && find(*file, name) != nullptr;
  };
  CHECK(has(Language::rust, "P<T>::new"));
  CHECK(has(Language::rust, "tests::works"));
  CHECK(has(Language::go, "Server.R"));
  CHECK(has(Language::go, "T"));
  CHECK(has(Language::go, "C"));
  CHECK(has(Language::java, "A.m"));
  CHECK(has(Language::javascript, "f"));
  CHECK(has(Language::javascript, "K.m"));
  CHECK(has(Language::javascript, "w"));
  CHECK(has(Language::typescript, "I"));
  CHECK(has(Language::bash, "run"));
  CHECK(has(Language::toml, "package"));
  CHECK(has(Language::c, "f"));
}

TEST_CASE("no byte but white space is outside the tokens, in every language and for any bytes") {
  std::mt19937 random(7);
  for (const auto& [language, sample] : samples()) {
    CAPTURE(language_name(language));
    auto file = parse(language, sample);
    REQUIRE(file);
    check_tokens(sample, *file);
    for (int round = 0; round < 150; ++round) {
      auto text = sample;
      for (unsigned n = random() % 12; n > 0 && !text.empty(); --n) {
        auto at = random() % text.size();
        switch (random() % 4) {
          case 0:
            text[at] = static_cast<char>(random());
            break;
          case 1:
            text.erase(at, random() % 20);
            break;
          case 2:
            text.insert(at, sample.substr(random() % sample.size(), random() % 30));
            break;
          default:
            text.insert(at, 1, "\0\xFF(){}[]\"'`\\\n#<"[random() % 15]);
        }
      }
      if (auto odd = parse(language, text)) check_tokens(text, *odd);
      std::uint32_t end = 0;
      for (const auto& span : highlight(language, text)) {
        REQUIRE(span.begin >= end);
        REQUIRE(span.end <= text.size());
        end = span.end;
      }
    }
  }
}

TEST_CASE("hostile depth and size end in an answer or in none") {
  for (auto language : {Language::cpp, Language::python, Language::json, Language::rust, Language::bash}) {
    for (const auto& piece : std::vector<std::string>{"(", "{", "[", "\"", "<", "a(", "if (x) {\n", "((((\xFF",
                                                      std::string("\0", 1), "namespace a {", "f'{"}) {
      CAPTURE(piece);
      std::string text;
      while (text.size() < 20000) text += piece;
      if (auto file = parse(language, text)) check_tokens(text, *file);
    }
  }
  CHECK(!parse(Language::cpp, std::string(kMostBytes + 1, ' ')));
  CHECK(!parse(Language::none, "x"));
}

TEST_CASE("colours tell keywords, types, calls, strings, numbers and comments") {
  std::string text = "// c\nint f() { return g(1, \"s\"); }\n";
  std::map<std::string, Paint> paints;
  for (const auto& span : highlight(Language::cpp, text))
    paints[text.substr(span.begin, span.end - span.begin)] = span.paint;
  CHECK(paints["// c"] == Paint::comment);
  CHECK(paints["int"] == Paint::type);
  CHECK(paints["f"] == Paint::function);
  CHECK(paints["g"] == Paint::function);
  CHECK(paints["return"] == Paint::keyword);
  CHECK(paints["1"] == Paint::number);
  CHECK(paints["\"s\""] == Paint::string);
}

TEST_CASE("a language is known by ending or by its first line") {
  CHECK(language_of("a/b.hpp") == Language::cpp);
  CHECK(language_of("x.py") == Language::python);
  CHECK(language_of("script/run", "#!/usr/bin/env python3\n") == Language::python);
  CHECK(language_of("script/run", "#!/bin/bash\n") == Language::bash);
  CHECK(language_of("README") == Language::none);
  CHECK(language_of(".cpp") == Language::none);
}

TEST_CASE("C++: a type that a declaration spells out is a type with members, and its members are no part of a header") {
  auto file = parse(Language::cpp,
                    "class Outer {\n class Inner : public Base {\n  void run();\n };\n int n;\n};\n"
                    "typedef struct Point {\n int x;\n} Point;\nstatic struct {\n int a;\n} config;\n");
  REQUIRE(file);
  auto symbol = [&](std::string_view qualified, SymbolKind kind) -> const Symbol* {
    for (const auto& s : file->symbols)
      if (s.qualified == qualified && s.kind == kind) return &s;
    return nullptr;
  };
  const auto* inner = symbol("Outer::Inner", SymbolKind::type);
  REQUIRE(inner);
  CHECK(inner->definition);
  CHECK(inner->header == "class Inner : public Base");
  CHECK(symbol("Outer::Inner::run", SymbolKind::function));
  const auto* alias = symbol("Point", SymbolKind::alias);
  REQUIRE(alias);
  CHECK(alias->header == "typedef struct Point {…} Point");
  const auto* variable = symbol("config", SymbolKind::variable);
  REQUIRE(variable);
  CHECK(variable->header == "static struct {…} config");
}

TEST_CASE("C++: a class behind a macro that exports it is a class, with its members") {
  auto file =
      parse(Language::cpp,
            "class EXPORT Stream : private Buffer<char> {\n public:\n  Stream(int n);\n  void close();\n private:\n"
            "  int n_;\n};\nclass EXPORT Plain {\n public:\n  void run();\n};\n");
  REQUIRE(file);
  for (auto name : {"Stream", "Plain"}) {
    const auto* type = find(*file, name);
    REQUIRE(type);
    CHECK(type->kind == SymbolKind::type);
    CHECK(type->definition);
  }
  CHECK(find(*file, "Stream")->header.starts_with("class EXPORT Stream"));
  CHECK(find(*file, "Stream::close"));
  CHECK(find(*file, "Plain::run"));
}
