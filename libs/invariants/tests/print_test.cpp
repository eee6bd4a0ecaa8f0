// Golden output: what people and programs see of one report, byte by byte.
#include "pika/invariants/print.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "pika/base/files.hpp"
#include "rules_support.hpp"

using namespace pika::invariants;

namespace {

const char* kRules = R"(version = 1
name = "Rocket"
[[invariant]]
id = "engine-alone"
area = "layers"
kind = "must"
statement = "The engine knows nothing of the pages."
scope = ["engine/**"]
hint = "Hand it a value."
rule.must_not_depend_on = ["pages/**", "old/**"]
[[invariant]]
id = "no-circles"
area = "layers"
kind = "must"
statement = "Nothing depends on itself."
rule.no_cycle = true
[[invariant]]
id = "owned"
area = "people"
kind = "must"
statement = "Somebody answers for the engine."
scope = ["engine/**"]
rule.owned_by = ["@core"]
[[invariant]]
id = "readme"
area = "docs"
kind = "must"
statement = "There is a way in."
rule.must_exist = ["README.md"]
[[invariant]]
id = "pages-see-engine"
area = "layers"
kind = "allowed"
statement = "Pages use the engine."
scope = ["pages/**"]
rule.must_not_depend_on = ["engine/**"]
[[invariant]]
id = "kind-words"
area = "style"
kind = "must"
statement = "Names are kind."
)";

const Files kBefore = {{"engine/run.c", "#include \"../pages/a.h\"\n#include \"run.h\"\n"},
                       {"engine/run.h", ""},
                       {"engine/odd \x1b[31m.c", "#include \"../pages/b.h\"\n"},
                       {"pages/a.h", "#include \"../engine/run.h\"\n"},
                       {"pages/b.h", ""},
                       {"CODEOWNERS", "engine/ @core\nengine/run.h @other\n"}};

struct Both {
  Evaluated base, head;
  Checked checked;
};
std::unique_ptr<Both> made(bool with_base) {
  auto both = std::make_unique<Both>();
  const auto rules = read_invariants(kRules);
  REQUIRE(rules.problems.empty());
  auto after = kBefore;
  after["engine/run.c"] = "// new\n#include \"run.h\"\n#include \"../pages/b.h\"\n";
  after["engine/run.h"] = "#include \"../pages/a.h\"\n";
  both->base = evaluated(kBefore, rules.file);
  both->head = evaluated(after, rules.file);
  both->checked.report = both->head.report;
  both->checked.tree = "work tree";
  if (with_base)
    both->checked.base =
        Checked::Base{.revision = "main",
                      .commit = "0123456789012345678901234567890123456789",
                      .comparison = compare(both->head.report, both->head.graph, both->base.report, both->base.graph),
                      .rules = RuleChanges{.added = {"readme"}, .removed = {"gone", "away"}, .changed = {"owned"}}};
  return both;
}

// Held against tests/golden/NAME; PIKA_ACCEPT=1 writes it anew.
void golden(const std::string& name, const std::string& text) {
  const auto file = std::filesystem::path(PIKA_SOURCE_DIR) / "libs/invariants/tests/golden" / name;
  if (const char* accept = std::getenv("PIKA_ACCEPT"); accept && *accept) pika::write_file_atomic(file, text);
  CHECK(text == pika::read_file(file).value_or("there is no such file"));
}

}  // namespace

TEST_CASE("golden: a check, and one against a base, as people see them") {
  golden("check.txt", print_human(made(false)->checked));
  golden("check-base.txt", print_human(made(true)->checked));
  golden("check-colour.txt", print_human(made(false)->checked, {.colour = Colour::on, .most_places = 1}));
}

TEST_CASE("golden: the same as JSON") {
  golden("check.json", pika::json::print_pretty(print_json(made(false)->checked)));
  golden("check-base.json", pika::json::print_pretty(print_json(made(true)->checked)));
}

TEST_CASE("what stood before fails a check, unless only what is new is asked for") {
  auto both = made(true);
  CHECK(both->checked.exit_code() == 1);
  both->checked.only_new = OnlyNew::yes;
  CHECK(both->checked.fails(0));        // it has a new one
  CHECK_FALSE(both->checked.fails(2));  // owned: stood before
  for (auto& change : both->checked.base->comparison.findings) change.is_new.assign(change.is_new.size(), false);
  CHECK(both->checked.exit_code() == 0);
  both->checked.only_new = OnlyNew::no;
  CHECK(both->checked.exit_code() == 1);
}

TEST_CASE("nothing that was checked is exit code 3, and not green") {
  CHECK(Checked{.report = evaluated({{"a", ""}}, one_rule("")).report, .tree = {}, .base = {}}.exit_code() == 3);
  CHECK(Checked{.report = evaluated({{"a.c", ""}}, one_rule("no_cycle = true", "**", "kind = \"allowed\"\n")).report,
                .tree = {},
                .base = {}}
            .exit_code() == 3);
  CHECK(Checked{.report = evaluated({{"a.c", ""}}, one_rule("no_cycle = true")).report, .tree = {}, .base = {}}
            .exit_code() == 0);
}

TEST_CASE("names and texts of a tree reach no terminal as control characters") {
  CHECK(printable("a\x1b[31mb\n\xc2\x9b\xff") == "a\\x1b[31mb\\x0a?\xef\xbf\xbd");
  CHECK(print_human(made(false)->checked).find('\x1b') == std::string::npos);
}

TEST_CASE("every rule is explained in a sentence that names what it is about") {
  for (auto rule : {"depends_only_on = [\"q/**\"]", "must_not_depend_on = [\"q/**\"]", "must_not_mention = [\"q/**\"]",
                    "must_exist = [\"q/**\"]", "public_api_only = [\"q/**\"]", "owned_by = [\"q/**\"]"}) {
    CAPTURE(rule);
    const auto file = one_rule(rule);
    CHECK(explain_rule(*file.invariants[0].rule).find("q/**") != std::string::npos);
    CHECK(print_rule(*file.invariants[0].rule).ends_with(" q/**"));
  }
}
