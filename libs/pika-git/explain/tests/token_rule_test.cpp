// Every rule holds for what it is for, and for nothing that was changed in passing.
#include "token_rule.hpp"

#include <doctest/doctest.h>

#include "scratch.hpp"

using namespace pika;
using namespace pika::explain;
using syntax::Language;

namespace {

int folded(const Explained& e) {
  return e.tutorial.lines_folded;
}

int lines(std::string_view text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

std::string rule(Language language, const std::string& before, const std::string& after,
                 const RenameMap& renames = {}) {
  auto a = make_side(language, before), b = make_side(language, after);
  REQUIRE(a.file);
  REQUIRE(b.file);
  return token_rule(a, 1, lines(before), b, 1, lines(after), language, renames);
}

void replace(std::string& text, std::string_view from, std::string_view to) {
  auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
}

const std::string kBefore =
    "// Runs the OldEngine once.\n"
    "int run(OldEngine& e, int limit) {\n"
    "  if (!e.allowed(limit)) return -1;\n"
    "  e.start(limit, 42, \"OldEngine\");\n"
    "  return e.count + limit * 2;\n"
    "}\n";
const std::string kAfter =
    "// Runs the NewEngine once.\n"
    "int run(NewEngine& e, int limit) {\n"
    "  if (!e.allowed(limit)) return -1;\n"
    "  e.start(limit, 42, \"OldEngine\");\n"
    "  return e.count + limit * 2;\n"
    "}\n";
const RenameMap kRenames = {{"OldEngine", "NewEngine"}};

struct Mutation {
  const char* name;
  const char* from;
  const char* to;
};

// Each is a change of meaning that hides well in a mechanical one.
const Mutation kMutations[] = {
    {"identifier", "e.allowed", "e.ignored"},
    {"other identifier of the file", "int limit", "int count"},
    {"operator", "+ limit", "- limit"},
    {"negation", "!e.allowed", "e.allowed"},
    {"number", "42", "43"},
    {"string", "\"OldEngine\"", "\"NewEngine\""},
    {"sign", "-1", "1"},
    {"dropped argument", "limit, 42", "limit"},
    {"swapped arguments", "limit, 42", "42, limit"},
    {"dropped line", "  if (!e.allowed(limit)) return -1;\n", ""},
    {"doubled line", "  return e.count", "  return 0;\n  return e.count"},
    {"wrong target", "NewEngine& e", "NewerEngine& e"},
    {"comment's other word", "once", "twice"},
    {"added qualifier", "int limit", "const int limit"},
    {"precedence", "e.count + limit * 2", "(e.count + limit) * 2"},
    {"member access", "e.count", "e->count"},
};

}  // namespace

TEST_CASE("rename: tokens equal but for the rule's, in code and comments") {
  CHECK(rule(Language::cpp, kBefore, kAfter, kRenames) == "rename `OldEngine` to `NewEngine`, checked token by token");
  CHECK(rule(Language::cpp, kBefore, kAfter, {}).empty());
  CHECK(rule(Language::cpp, kAfter, kBefore, kRenames).empty());
}

TEST_CASE("rename: every smuggled edit is refused") {
  for (const auto& m : kMutations) {
    CAPTURE(m.name);
    auto after = kAfter;
    replace(after, m.from, m.to);
    CHECK(rule(Language::cpp, kBefore, after, kRenames).empty());
  }
}

TEST_CASE("layout: every smuggled edit is refused, whatever else moved") {
  auto spread = [](std::string text) {
    replace(text, "int run(", "int run(\n    ");
    replace(text, ") return -1;", ")\n    return -1;");
    return text;
  };
  CHECK(rule(Language::cpp, kBefore, spread(kBefore)) == "layout: the same tokens");
  CHECK(rule(Language::cpp, kBefore, spread(kAfter), kRenames) ==
        "rename `OldEngine` to `NewEngine`, checked token by token, and laid out anew");
  for (const auto& m : kMutations) {
    CAPTURE(m.name);
    auto text = kAfter;
    replace(text, m.from, m.to);
    if (text.find(") return -1;") != std::string::npos && text.find("int run(") != std::string::npos)
      text = spread(text);
    CHECK(rule(Language::cpp, kBefore, text, kRenames).empty());
  }
}

TEST_CASE(
    "layout: a comment of the same words on other lines; never one that a tool reads, or that stands behind code") {
  const std::string text = "// One two three\n// four five.\nint a;\n";
  const std::string words = "layout: the same tokens, and comments of the same words";
  CHECK(rule(Language::cpp, text, "// One two\n// three four\n// five.\nint a;\n") == words);
  CHECK(rule(Language::cpp, text, "// One two three four five.\nint a;\n") == words);
  CHECK(rule(Language::cpp, text, "// One two three four six.\nint a;\n").empty());
  CHECK(rule(Language::cpp, text, "// One two three four.\nint a;\n").empty());
  CHECK(rule(Language::cpp, text, "int a;  // One two three four five.\n").empty());
  CHECK(rule(Language::cpp, text, "// One two three four five.\nint b;\n").empty());
  // The same above it, with something between: the one that differs is another comment.
  CHECK(rule(Language::cpp, "// a\n\n// b\nint a;\n", "// a\n\n// c\nint a;\n").empty());
  CHECK(rule(Language::cpp, "// a\n\n// b\n// c\nint a;\n", "// a\n\n// b c\nint a;\n") == words);
  CHECK(rule(Language::cpp, "// a\n// NOLINT b\nint a;\n", "// a NOLINT b\nint a;\n").empty());
  CHECK(rule(Language::cpp, "// a\n// b\nint a;\n", "// a b \\\nint a;\n").empty());
  // A line's end means something in these, and what a doc comment says is Markdown.
  CHECK(rule(Language::go, "package p\n// a\n// b\nvar x int\n", "package p\n// a b\nvar x int\n").empty());
  CHECK(rule(Language::rust, "/// a\n/// b\nfn f() {}\n", "/// a b\nfn f() {}\n").empty());
}

TEST_CASE("two runs that moved side by side, from places apart, are two pieces of evidence") {
  auto run = [](char c) {
    std::string out;
    for (int i = 0; i < 5; ++i) out += std::string("word_") + c + std::to_string(i) + " = value;\n";
    return out;
  };
  auto kept = [](const std::string& word) {
    std::string out;
    for (int i = 0; i < 12; ++i) out += word + " stays " + std::to_string(i) + "\n";
    return out;
  };
  Scratch s;
  s.write("a.cfgx", run('x') + kept("one") + run('y') + kept("two"));
  auto a = s.commit("base");
  s.write("a.cfgx", kept("one") + kept("two") + run('x') + run('y'));
  auto e = s.explain(a, s.commit("head"));
  check_promises(e);
  std::vector<int> from;
  for (const auto& hunk : e.diff.files[0].hunks)
    for (const auto& step : e.tutorial.steps)
      for (const auto& evidence : step.evidence)
        if (evidence.hunk == hunk.id && evidence.moved_line &&
            std::any_of(hunk.lines.begin() + evidence.first, hunk.lines.begin() + evidence.last + 1,
                        [](const auto& line) { return line.kind == '+'; }))
          from.push_back(evidence.moved_line);
  CHECK(from == std::vector<int>{1, 18});
}

TEST_CASE("moved text is shown and never folded, behind what was written; an edit inside it comes first") {
  std::string text;
  for (int i = 0; i < 8; ++i) text += "  call" + std::to_string(i) + "(x, y);\n";
  auto explain = [&](const std::string& moved) {
    Scratch s;
    s.write("a.cpp", "void a(int x, int y) {\n" + text + "}\n\nint keep;\n");
    s.write("b.cpp", "void b(int x, int y) {\n  first();\n}\n");
    auto a = s.commit("base");
    s.write("a.cpp", "void a(int x, int y) {\n}\n\nint keep;\n");
    s.write("b.cpp", "void b(int x, int y) {\n  first();\n" + moved + "}\n");
    auto b = s.commit("head");
    auto e = s.explain(a, b);
    check_promises(e);
    CHECK(folded(e) == 0);
    return e;
  };
  auto whole = explain(text);
  std::vector<Evidence> moved;
  for (const auto& step : whole.tutorial.steps)
    for (const auto& e : step.evidence)
      if (e.moved_line) moved.push_back(e);
  REQUIRE(moved.size() == 2);
  CHECK((moved[0].file == "a.cpp" && moved[0].moved_file == "b.cpp" && moved[0].moved_line == 3));
  CHECK((moved[1].file == "b.cpp" && moved[1].moved_file == "a.cpp" && moved[1].moved_line == 2));
  auto edited = text;
  replace(edited, "call4(x, y)", "call4(y, x)");
  auto e = explain(edited);
  std::vector<std::string> order;  // what the steps show first
  for (const auto& step : e.tutorial.steps)
    for (const auto& evidence : step.evidence) order.push_back(evidence.file + (evidence.moved_line ? " moved" : ""));
  CHECK(order == std::vector<std::string>{"a.cpp", "b.cpp", "a.cpp moved", "b.cpp moved"});
  // What stands behind a blank line behind moved text did not move with it.
  auto longer = explain(text + "\n  smuggled();\n");
  for (const auto& step : longer.tutorial.steps)
    for (const auto& evidence : step.evidence)
      if (evidence.moved_line)
        for (const auto& file : longer.diff.files)
          for (const auto& hunk : file.hunks)
            for (int i = evidence.first; hunk.id == evidence.hunk && i <= evidence.last; ++i)
              CHECK(hunk.lines[static_cast<std::size_t>(i)].text.find("smuggled") == std::string_view::npos);
  // Three lines that are alike in two places moved nowhere.
  auto short_text = text.substr(0, text.find("call3"));
  CHECK(explain(short_text.substr(0, short_text.rfind('\n') + 1)).tutorial.steps.at(0).evidence.at(0).moved_line == 0);
}

TEST_CASE("layout: a brace that a formatter moved across a line that stayed folds both places, and no edit beside it") {
  auto explain = [](const std::string& check) {
    Scratch s;
    s.write("a.cpp", "void f(int a) {\n  if (a) {\n    g(a);\n    if (a > 2) h(a);\n  }\n  i(a);\n}\n");
    auto a = s.commit("base");
    s.write("a.cpp", "void f(int a) {\n  if (a)\n    {\n      g(a);\n      if (a > " + check +
                         ")\n        h(a);\n  }\n  i(a);\n}\n");
    auto b = s.commit("head");
    auto e = s.explain(a, b);
    check_promises(e);
    return folded(e);
  };
  CHECK(explain("2") > 0);
  CHECK(explain("3") == 0);
  // The header of a symbol that was laid out anew is no other signature, and its body no other body.
  Scratch s;
  s.write("a.cpp", "int f(const int& a, int b) {\n  return a + b;\n}\n");
  auto a = s.commit("base");
  s.write("a.cpp", "int f (const int &a,\n       int b) {\n  return a\n    + b;\n}\n");
  auto b = s.commit("head");
  auto e = s.explain(a, b);
  CHECK(e.tutorial.lines_to_read == 0);
  CHECK(e.tutorial.steps.at(0).body_markdown.find("is now") == std::string::npos);
}

TEST_CASE("layout: white space that means something is refused") {
  // Python: indentation and line ends.
  CHECK(rule(Language::python, "x = f(a,b)\n", "x = f(a, b)\n") == "layout: the same tokens");
  CHECK(rule(Language::python, "if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n").empty());
  CHECK(rule(Language::python, "a = 1\nb = 2\n", "a = 1\n\n\nb = 2\n") == "layout: the same tokens");
  // Strings keep every byte.
  CHECK(rule(Language::python, "x = '''a\n  b'''\n", "x = '''a\n b'''\n").empty());
  CHECK(rule(Language::cpp, "auto x = \"a b\";\n", "auto x = \"a  b\";\n").empty());
  // A line's end can end a statement.
  CHECK(rule(Language::javascript, "function f() { return g() }\n", "function f() { return\n g() }\n").empty());
  CHECK(rule(Language::go, "package p\nvar x = a +\n b\n", "package p\nvar x = a + b\n").empty());
  // The preprocessor reads lines.
  CHECK(rule(Language::cpp, "#define A b\nint c;\n", "#define A\nb int c;\n").empty());
  CHECK(rule(Language::cpp, "#define A (b)\n", "#define A(b)\n").empty());
  CHECK(rule(Language::cpp, "// a \\\nint x;\n", "// a\nint x;\n").empty());
  CHECK(rule(Language::cpp, "int x; // c\nint y;\n", "int x; // c int y;\n").empty());
  // Between a shell's words, and in JSX, white space is content.
  CHECK(rule(Language::bash, "rm -rf a/b\n", "rm -rf a /b\n").empty());
  CHECK(rule(Language::bash, "echo  a\n", "echo a\n").empty());
  CHECK(rule(Language::tsx, "const a = <b>x  y</b>;\n", "const a = <b>x y</b>;\n").empty());
  // Operators that melt together.
  CHECK(rule(Language::cpp, "int x = a+ +b;\n", "int x = a++ b;\n").empty());
  CHECK(rule(Language::cpp, "int x = a - -b;\n", "int x = a -- b;\n").empty());
}

TEST_CASE("a range inside a string or comment is never a layout") {
  std::string before = "x = '''\na\n\nb\n'''\n", after = "x = '''\na\n\n\nb\n'''\n";
  auto a = make_side(Language::python, before), b = make_side(Language::python, after);
  CHECK(token_rule(a, 3, 2, b, 3, 3, Language::python, {}).empty());
  std::string blank = "int a;\n\nint b;\n", none = "int a;\nint b;\n";
  auto c = make_side(Language::cpp, blank), d = make_side(Language::cpp, none);
  CHECK(token_rule(c, 2, 2, d, 2, 1, Language::cpp, {}) == "layout: the same tokens");
}

namespace {

const char* kLibrary =
    "struct OldEngine {\n  int count = 0;\n  bool allowed(int limit) const { return limit > count; }\n"
    "  void start(int a, int b, const char* name);\n  int stop(int why) { return why + count; }\n};\n";

// A repository in which OldEngine becomes NewEngine everywhere, but for what `mutate` does to the user.
Explained renamed(std::string user_after, bool keep_old_use = false, bool clash = false) {
  Scratch s;
  s.write("lib/engine.hpp", kLibrary);
  s.write("app/user.cpp", kBefore + (clash ? "int NewEngine = 3;\n" : ""));
  auto a = s.commit("base");
  std::string library = kLibrary;
  replace(library, "struct OldEngine", "struct NewEngine");
  s.write("lib/engine.hpp", library);
  s.write("app/user.cpp",
          user_after + (keep_old_use ? "OldEngine* left;\n" : "") + (clash ? "int NewEngine = 3;\n" : ""));
  auto b = s.commit("Rename OldEngine to NewEngine");
  auto e = s.explain(a, b);
  check_promises(e);
  return e;
}

}  // namespace

TEST_CASE("a rename needs a witness and folds only what it maps") {
  auto e = renamed(kAfter);
  CHECK(folded(e) == 6);
  CHECK(e.tutorial.summary.find("`OldEngine` to `NewEngine`") != std::string::npos);
  // No definition renamed: no rule.
  Scratch s;
  s.write("app/user.cpp", kBefore);
  auto a = s.commit("base");
  s.write("app/user.cpp", kAfter);
  auto b = s.commit("head");
  CHECK(folded(s.explain(a, b)) == 0);
}

TEST_CASE("a rename to a name that was there, or from one that stays, folds nothing") {
  CHECK(folded(renamed(kAfter, true)) == 0);
  CHECK(folded(renamed(kAfter, false, true)) == 0);
}

TEST_CASE("smuggled edits in a real rename stay to be read") {
  for (const auto& m : kMutations) {
    CAPTURE(m.name);
    auto after = kAfter;
    replace(after, m.from, m.to);
    auto e = renamed(after);
    // The line with the edit is in no folded atom; a dropped line leaves none.
    auto place = kAfter.find(m.from);
    auto begin = after.rfind('\n', place) + 1;
    auto at = *m.to ? std::string_view(after).substr(begin, after.find('\n', place) - begin) : std::string_view();
    for (const auto& h : e.tutorial.hunks)
      for (const auto& atom : h.atoms) {
        if (atom.rule.empty()) continue;
        for (const auto& f : e.diff.files)
          for (const auto& hunk : f.hunks)
            if (hunk.id == h.id && f.new_path == "app/user.cpp")
              for (int i = atom.first; i <= atom.last; ++i) {
                const auto& line = hunk.lines[static_cast<std::size_t>(i)];
                if (line.kind == '+' && !at.empty()) CHECK(line.text.find(at) == std::string_view::npos);
              }
      }
    CHECK(e.tutorial.lines_to_read > 0);
  }
}

TEST_CASE("imports: another order is folded where it means nothing, never elsewhere") {
  auto explain = [](const std::string& name, const std::string& before, const std::string& after) {
    Scratch s;
    s.write(name, before);
    auto a = s.commit("base");
    s.write(name, after);
    auto b = s.commit("head");
    return folded(s.explain(a, b));
  };
  CHECK(explain("a.rs", "use a::b;\nuse c::d;\nfn f() {}\n", "use c::d;\nuse a::b;\nfn f() {}\n") > 0);
  CHECK(explain("a.rs", "use a::b;\nuse c::d;\nfn f() {}\n", "use c::d;\nuse a::x;\nfn f() {}\n") == 0);
  CHECK(explain("a.rs", "#[cfg(x)]\nuse a::b;\nuse c::d;\nfn f() {}\n",
                "#[cfg(x)]\nuse c::d;\nuse a::b;\nfn f() {}\n") == 0);
  CHECK(explain("a.rs", "#[cfg(x)]\n\nuse a::b;\nuse c::d;\nfn f() {}\n",
                "#[cfg(x)]\n\nuse c::d;\nuse a::b;\nfn f() {}\n") == 0);
  CHECK(explain("A.java", "import a.B;\nimport c.D;\nclass A {}\n", "import c.D;\nimport a.B;\nclass A {}\n") > 0);
  CHECK(explain("a.py", "import a\nimport b\n", "import b\nimport a\n") == 0);
  CHECK(explain("a.cpp", "#include <a>\n#include <b>\n", "#include <b>\n#include <a>\n") == 0);
}

TEST_CASE(
    "moved declarations: whole and unchanged in another file; an edit inside, a lost guard or another scope is shown") {
  const std::string guard =
      "/// Deletes it.\nfn delete(x: u8) -> bool {\n    if !allowed(x) {\n        return false;\n    }\n    "
      "erase(x)\n}\n";
  auto explain = [&](const std::string& moved, const std::string& to = "src/b.rs", const std::string& wrap = "") {
    Scratch s;
    s.write("src/a.rs", "fn keep() {}\n\n" + guard + "\nfn keep_too() {}\n");
    s.write(to, "fn other() {}\n");
    auto a = s.commit("base");
    s.write("src/a.rs", "fn keep() {}\n\nfn keep_too() {}\n");
    s.write(to, "fn other() {}\n\n" + wrap + moved + (wrap.empty() ? "" : "}\n"));
    auto b = s.commit("head");
    auto e = s.explain(a, b);
    check_promises(e);
    for (const auto& place : e.tutorial.hunks)
      for (const auto& atom : place.atoms)
        if (!atom.rule.empty())
          for (const auto& file : e.diff.files)
            for (const auto& hunk : file.hunks)
              for (int i = atom.first; hunk.id == place.id && i <= atom.last; ++i)
                CHECK(hunk.lines[static_cast<std::size_t>(i)].text.find("smuggled") == std::string_view::npos);
    return folded(e);
  };
  CHECK(explain(guard) > 0);
  auto edited = guard;
  replace(edited, "!allowed", "allowed");
  CHECK(explain(edited) == 0);
  auto dropped = guard;
  replace(dropped, "        return false;\n", "");
  CHECK(explain(dropped) == 0);
  auto comment = guard;
  replace(comment, "Deletes", "Keeps");
  CHECK(explain(comment) == 0);
  CHECK(explain(guard, "src/b.rs", "mod inner {\n") == 0);
  // What comes with it is read.
  CHECK(explain(guard + "fn smuggled() { erase(1); }\n") == explain(guard));
  CHECK(explain("#[smuggled]\n" + guard) == 0);
  // C++ and Python read from the top: shown as moved, never folded.
  Scratch s;
  s.write("a.py", "x = 1\n\n\ndef f():\n    return x\n");
  s.write("b.py", "y = 1\n");
  auto a = s.commit("base");
  s.write("a.py", "x = 1\n");
  s.write("b.py", "y = 1\n\n\ndef f():\n    return x\n");
  auto b = s.commit("head");
  CHECK(folded(s.explain(a, b)) == 0);
}
