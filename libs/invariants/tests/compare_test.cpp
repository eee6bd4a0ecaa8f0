// What a branch adds and removes.
#include <doctest/doctest.h>

#include "rules_support.hpp"

using namespace pika::invariants;

namespace {

FindingChange changed(const Files& before, const Files& after, const InvariantsFile& rules,
                      const Renames& renames = {}) {
  const auto base = evaluated(before, rules), head = evaluated(after, rules);
  return compare(head.report, head.graph, base.report, base.graph, renames).findings.at(0);
}

}  // namespace

TEST_CASE("a violation that moved to another line stood before; one more of the same kind is new") {
  const auto rules = one_rule("must_not_depend_on = [\"b/**\"]", "a/**");
  const Files before = {{"a/x.c", "#include \"../b/y.h\"\n"}, {"b/y.h", ""}, {"b/z.h", ""}};
  auto after = before;
  after["a/x.c"] = "\n\n#include \"../b/y.h\"\n";
  CHECK(changed(before, after, rules).added() == 0);
  after["a/x.c"] += "#include \"../b/z.h\"\n";
  const auto more = changed(before, after, rules);
  CHECK(more.added() == 1);
  CHECK(more.is_new == std::vector<bool>{false, true});
  CHECK(more.removed.empty());
}

TEST_CASE("the same word once more in a file is one new violation, and once less is one removed") {
  const auto rules = one_rule("must_not_mention = [\"forge\"]", "a/**");
  const Files once = {{"a/x.c", "// forge\n"}}, twice = {{"a/x.c", "// forge\n// the forge\n"}};
  CHECK(changed(once, twice, rules).is_new == std::vector<bool>{false, true});
  const auto less = changed(twice, once, rules);
  CHECK(less.added() == 0);
  CHECK(less.removed.size() == 1);
}

TEST_CASE("a cycle is new when one of its dependencies is, also inside a knot that was there") {
  const auto rules = one_rule("no_cycle = true");
  const Files before = {{"a.h", "#include \"b.h\"\n"}, {"b.h", "#include \"a.h\"\n"}, {"c.h", ""}};
  auto after = before;
  after["b.h"] += "#include \"c.h\"\n";
  CHECK(changed(before, after, rules).added() == 0);
  after["c.h"] = "#include \"b.h\"\n";
  CHECK(changed(before, after, rules).is_new == std::vector<bool>{false, true});
  const auto gone = changed(after, {{"a.h", ""}, {"b.h", "#include \"a.h\"\n"}, {"c.h", ""}}, rules);
  CHECK(gone.added() == 0);
  CHECK(gone.removed.size() == 2);
}

TEST_CASE("what a branch does to the rules is told by their ids") {
  const auto with = [](const std::string& id, const std::string& word) {
    auto file = one_rule("must_not_mention = [\"" + word + "\"]");
    file.invariants[0].id = id;
    return file.invariants[0];
  };
  const auto changes = compare_rules({.name = "", .invariants = {with("a", "x"), with("b", "x"), with("c", "x")}},
                                     {.name = "", .invariants = {with("c", "y"), with("a", "x"), with("d", "x")}});
  CHECK(changes.added == std::vector<std::string>{"d"});
  CHECK(changes.removed == std::vector<std::string>{"b"});
  CHECK(changes.changed == std::vector<std::string>{"c"});
}

TEST_CASE("what stood in a file that was moved stood before, however the file writes it now") {
  const auto rules = one_rule("must_not_depend_on = [\"b/**\"]", "a/**");
  const Files before = {{"a/x.c", "#include \"../b/y.h\"\n"}, {"b/y.h", ""}};
  const Files after = {{"a/deep/w.c", "#include \"../../b/y.h\"\n"}, {"b/y.h", ""}};
  CHECK(changed(before, after, rules).added() == 1);
  const auto moved = changed(before, after, rules, {{"a/x.c", "a/deep/w.c"}});
  CHECK(moved.added() == 0);
  CHECK(moved.removed.empty());
  // The file that is depended on moved.
  const Files other = {{"a/x.c", "#include \"../b/z.h\"\n"}, {"b/z.h", ""}};
  CHECK(changed(before, other, rules, {{"b/y.h", "b/z.h"}}).added() == 0);
  // A move into the scope is what the branch adds.
  const Files outside = {{"c/x.c", "#include \"../b/y.h\"\n"}, {"b/y.h", ""}};
  CHECK(changed(outside, before, rules, {{"c/x.c", "a/x.c"}}).added() == 1);
  // One more in a moved file is one more.
  auto more = after;
  more["a/deep/w.c"] += "#include \"../../b/y.h\"\n";
  CHECK(changed(before, more, rules, {{"a/x.c", "a/deep/w.c"}}).is_new == std::vector<bool>{false, true});
}

TEST_CASE("a cycle whose file was moved stood before") {
  const auto rules = one_rule("no_cycle = true");
  const Files before = {{"a.h", "#include \"b.h\"\n"}, {"b.h", "#include \"a.h\"\n"}};
  const Files after = {{"a.h", "#include \"c.h\"\n"}, {"c.h", "#include \"a.h\"\n"}};
  CHECK(changed(before, after, rules).added() == 1);
  const auto moved = changed(before, after, rules, {{"b.h", "c.h"}});
  CHECK(moved.added() == 0);
  CHECK(moved.removed.empty());
}

TEST_CASE("a line more in CODEOWNERS makes no old violation a new one") {
  const auto rules = one_rule("owned_by = [\"@core\"]", "a/**");
  const Files before = {{"CODEOWNERS", "* @other\n"}, {"a/x.c", ""}};
  const Files after = {{"CODEOWNERS", "/docs/ @writers\n* @other\n"}, {"a/x.c", ""}};
  CHECK(changed(before, after, rules).added() == 0);
}
