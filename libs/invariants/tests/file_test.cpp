#include "pika/invariants/file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

using namespace pika::invariants;

namespace {

const std::string kHead = "version = 1\nname = \"Pika\"\n";

// An invariant whose id stands on line 4, with these lines from line 8 on.
std::string with(const std::string& more) {
  return kHead + "[[invariant]]\nid = \"a\"\narea = \"layers\"\nkind = \"must\"\nstatement = \"Words.\"\n" + more;
}

std::vector<std::string> problems(const std::string& text) {
  std::vector<std::string> printed;
  for (const auto& problem : read_invariants(text, "i.toml").problems) printed.push_back(problem.print());
  return printed;
}

bool any_has(const std::vector<std::string>& lines, std::string_view words) {
  return std::any_of(lines.begin(), lines.end(), [&](const auto& l) { return l.find(words) != l.npos; });
}

}  // namespace

TEST_CASE("an invariant is read with its scope, rule and place") {
  auto result =
      read_invariants(with("scope = [\"libs/**\", \"!libs/x/**\"]\nhint = \"Ask.\"\n[invariant.rule]\n"
                           "must_not_depend_on = [\"apps/\"]\n"));
  REQUIRE(result.problems.empty());
  CHECK(result.file.name == "Pika");
  REQUIRE(result.file.invariants.size() == 1);
  const auto& invariant = result.file.invariants[0];
  CHECK(invariant.id == "a");
  CHECK(invariant.area == "layers");
  CHECK(invariant.kind == Kind::must);
  CHECK(invariant.statement == "Words.");
  CHECK(invariant.hint == "Ask.");
  CHECK(invariant.at.line == 4);
  CHECK(invariant.scope.choosing("libs/a.c"));
  CHECK_FALSE(invariant.scope.choosing("libs/x/a.c"));
  REQUIRE(invariant.rule);
  CHECK(invariant.rule->kind == RuleKind::must_not_depend_on);
  CHECK(invariant.rule->paths.choosing("apps/a/main.cpp"));
  CHECK(invariant.rule->at.line == 11);
}

TEST_CASE("without a rule a statement stays words, and without a scope it speaks of the whole tree") {
  auto result = read_invariants(with(""));
  REQUIRE(result.problems.empty());
  CHECK_FALSE(result.file.invariants[0].rule);
  CHECK(result.file.invariants[0].scope.choosing("any/file"));
}

TEST_CASE("every rule is read by its name") {
  struct Row {
    RuleKind kind;
    const char* value;
  };
  for (auto [kind, value] :
       {Row{RuleKind::depends_only_on, "[\"a/**\"]"}, Row{RuleKind::must_not_depend_on, "[\"a/\"]"},
        Row{RuleKind::must_not_mention, "[\"forge\"]"}, Row{RuleKind::must_exist, "[\"README.md\"]"},
        Row{RuleKind::no_cycle, "true"}, Row{RuleKind::public_api_only, "[\"include/**\"]"},
        Row{RuleKind::owned_by, "[\"@core\"]"}}) {
    CAPTURE(name_of(kind));
    auto result = read_invariants(with(fmt::format("rule.{} = {}\n", name_of(kind), value)));
    REQUIRE(result.problems.empty());
    REQUIRE(result.file.invariants[0].rule);
    const auto& rule = *result.file.invariants[0].rule;
    CHECK(rule.kind == kind);
    CHECK((kind == RuleKind::no_cycle || rule.words.size() + rule.paths.filters().size() == 1));
  }
}

TEST_CASE("all that is wrong is said in one pass, by line and column, with the nearest right word") {
  auto found = problems(
      "version = 1\nnam = \"x\"\n[[invariant]]\nid = \"A b\"\narea = \"l\"\nkind = \"mist\"\nstatement = \"\"\n"
      "scope = [\"[a\"]\n[invariant.rule]\nmust_exists = [\"a\"]\n");
  CHECK(any_has(found, "i.toml:2:1: unknown key 'nam'; did you mean 'name'?"));
  CHECK(any_has(found, "i.toml:4:6: 'A b' is no id"));
  CHECK(any_has(found, "i.toml:6:8: 'mist' is no kind, which is \"must\" or \"allowed\"; did you mean 'must'?"));
  CHECK(any_has(found, "i.toml:7:13: 'statement' is empty"));
  CHECK(any_has(found, "i.toml:8:10: the filter '[a' has a '[' without a ']'"));
  CHECK(any_has(found, "i.toml:10:1: unknown key 'must_exists'; did you mean 'must_exist'?"));
}

TEST_CASE("an id is there once, and an invariant has one rule") {
  CHECK(any_has(problems(with("[[invariant]]\nid = \"a\"\narea = \"l\"\nkind = \"allowed\"\nstatement = \"s\"\n")),
                "i.toml:9:6: there is an invariant 'a' already, at i.toml:4"));
  CHECK(any_has(problems(with("[invariant.rule]\nno_cycle = true\nmust_exist = [\"a\"]\n")),
                "an invariant has one rule"));
  CHECK(any_has(problems(with("rule = {}\n")), "the rule is empty"));
  CHECK(any_has(problems(with("rule.no_cycle = false\n")), "can only be true"));
  CHECK(any_has(problems(with("rule.must_exist = []\n")), "'must_exist' is empty"));
  CHECK(any_has(problems(with("scope = [\"!a\"]\n")), "only '!' filters"));
}

TEST_CASE("an unknown version is refused before anything else, and a missing one is named") {
  auto found = problems("version = 2\nfuture = true\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0] == "i.toml:1:11: version 2 is not known to this program, which reads version 1");
  CHECK(any_has(problems("name = \"x\"\n"), "i.toml:1:1: 'version = 1' is missing"));
}

TEST_CASE("complaints without end are cut") {
  std::string text = kHead;
  for (int i = 0; i < 300; ++i) text += fmt::format("wrong{} = 1\n", i);
  auto found = problems(text);
  REQUIRE(found.size() == 101);
  CHECK(found.back().find("and 200 more problems") != std::string::npos);
}
