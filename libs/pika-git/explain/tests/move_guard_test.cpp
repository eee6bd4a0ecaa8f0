// A declaration that moved as it is and means something else in its new place is shown; so is a use of a renamed name
// that may be another's.
#include <doctest/doctest.h>

#include "scratch.hpp"

using namespace pika;
using namespace pika::explain;

namespace {

const std::string kRust =
    "fn guard(u: &User) -> bool {\n    if !allowed(u) {\n        return false;\n    }\n    erase(u);\n    true\n}\n";
const std::string kGo =
    "func guard(u *User) bool {\n\tif !auth.Allowed(u) {\n\t\treturn false\n\t}\n\terase(u)\n\treturn true\n}\n";

std::string indented(const std::string& text) {
  std::string out;
  for (auto line : split(text, '\n'))
    if (!line.empty()) out += "    " + std::string(line) + "\n";
  return out;
}

// A place: what stands around the declaration.
struct Place {
  std::string file, above, below;
  std::string text(const std::string& declaration) const { return above + declaration + below; }
};

// Whether the lines of `declaration` are folded when it moves from one place to the other.
bool folds(const std::string& declaration, const Place& from, const Place& to) {
  Scratch s;
  s.write(from.file, from.text(declaration + "\n"));
  s.write(to.file, to.text(""));
  auto a = s.commit("base");
  s.write(from.file, from.text(""));
  s.write(to.file, to.text(declaration + "\n"));
  auto e = s.explain(a, s.commit("head"));
  check_promises(e);
  return e.tutorial.lines_folded > 2;
}

bool folds_rust(const std::string& above, const std::string& above_there, const std::string& there = "src/b.rs") {
  return folds(kRust, {"src/a.rs", above, "fn keep() {}\n"}, {there, above_there, "fn other() {}\n"});
}

bool folds_go(const std::string& above, const std::string& above_there, const std::string& there = "b.go") {
  return folds(kGo, {"a.go", above + "\n", "func keep() {}\n"}, {there, above_there + "\n", "func other() {}\n"});
}

bool folds_member(const std::string& opening, const std::string& opening_there) {
  return folds(indented(kRust), {"src/a.rs", opening, "    fn keep() {}\n}\n"},
               {"src/b.rs", opening_there, "    fn other() {}\n}\n"});
}

}  // namespace

TEST_CASE("moved declarations: a name that is bound otherwise in the new file is shown") {
  CHECK(folds_rust("use x::allowed;\n\n", "use x::allowed;\n\n"));
  CHECK(!folds_rust("use strict::allowed;\n\n", "use loose::allowed;\n\n"));
  CHECK(!folds_rust("use strict::*;\n\n", "use loose::*;\n\n"));
  CHECK(!folds_rust("fn allowed(u: &User) -> bool {\n    u.ok\n}\n\n",
                    "fn allowed(_: &User) -> bool {\n    true\n}\n\n"));
  CHECK(!folds_rust("use x::allowed;\n\n", ""));
  CHECK(!folds("fn guard(u: &User) -> bool {\n    super::allowed(u)\n}\n", {"src/a.rs", "", "fn keep() {}\n"},
               {"src/b/c.rs", "", "fn other() {}\n"}));
  const std::string strict = "package p\n\nimport auth \"strict\"\n", loose = "package p\n\nimport auth \"loose\"\n";
  CHECK(folds_go(strict, strict));
  CHECK(folds_go(strict, "package p\n\nimport (\n\t\"os\"\n\tauth \"strict\"\n)\n"));
  CHECK(!folds_go(strict, loose));
  CHECK(!folds_go("package p\n\nimport \"strict/auth\"\n", "package p\n\nimport \"loose/auth\"\n"));
}

TEST_CASE("moved declarations: another condition of the file, another package or another kind of file is shown") {
  CHECK(!folds_go("package p\n", "//go:build debug\n\npackage p\n"));
  CHECK(!folds_go("package p\n", "package p_test\n"));
  CHECK(!folds_go("package p\n", "package p\n", "b_windows.go"));
  CHECK(!folds_go("package p\n", "package p\n", "b_test.go"));
  CHECK(!folds_go("package p\n", "package p\n", "q/b.go"));
  CHECK(folds_go("package p\n", "package p\n", "b_store.go"));
  CHECK(!folds_rust("", "#![cfg(test)]\n\n"));
  CHECK(!folds_rust("#[cfg(x)]\n\n", ""));
}

TEST_CASE("moved declarations: another enclosing scope, or another condition of it, is shown") {
  CHECK(folds_member("impl B {\n", "impl B {\n"));
  CHECK(!folds_member("impl Drop for B {\n", "impl B {\n"));
  CHECK(!folds_member("impl B {\n", "#[cfg(test)]\nimpl B {\n"));
  CHECK(!folds_member("impl B {\n", "#[cfg(test)]\n// Why.\n\nimpl B {\n"));
  CHECK(!folds_member("mod m {\n", "#[cfg(x)]\nmod m {\n"));
  const std::string method = "  int guard(int u) {\n    if (!ok(u)) return 1;\n    erase(u);\n    return 0;\n  }\n";
  CHECK(!folds(method, {"A.java", "class A {\n", "  int keep;\n}\n"},
               {"B.java", "interface A {\n", "  int other = 1;\n}\n"}));
}

TEST_CASE("rename: a name that unchanged code knows folds nothing") {
  auto explain = [](const std::string& elsewhere, const std::string& file = "other/auth.py") {
    auto helper = [](const std::string& name) {
      return "def " + name +
             "(user, what):\n    if user is None:\n        return False\n"
             "    if what in user.rights:\n        return True\n    return user.admin and not what.secret\n";
    };
    auto use = [](const std::string& name) {
      return "def handle(user):\n    if not auth." + name + "(user):\n        raise Denied()\n    return secret()\n";
    };
    Scratch s;
    s.write(file, elsewhere);
    s.write("util.py", helper("allow"));
    s.write("handler.py", use("allow"));
    auto a = s.commit("base");
    s.write("util.py", helper("permit"));
    s.write("handler.py", use("permit"));
    auto e = s.explain(a, s.commit("head"));
    check_promises(e);
    return e.tutorial.lines_folded;
  };
  CHECK(explain("x = 1\n") == 4);
  CHECK(explain("# permit, allow\nx = 'permit allow'\n") == 4);  // words, not names
  CHECK(explain("def permit(user):\n    return True\n") == 0);
  CHECK(explain("def allow(user):\n    return user.ok\n") == 0);
  CHECK(explain("#define GUARD(x) permit(x)\n", "other/auth.h") == 0);
}

TEST_CASE("imports: an attribute above a comment that ends like a statement still belongs to what comes first") {
  for (const std::string above : {"#[cfg(test)]\n// note;\n", "use x::y;\n#[cfg(test)] // }\n"}) {
    Scratch s;
    s.write("a.rs", above + "use a::b;\nuse c::d;\nfn f() {}\n");
    auto a = s.commit("base");
    s.write("a.rs", above + "use c::d;\nuse a::b;\nfn f() {}\n");
    CHECK(s.explain(a, s.commit("head")).tutorial.lines_folded == 0);
  }
}
