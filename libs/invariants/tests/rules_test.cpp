// Each rule with a tree that keeps it and one that breaks it, in each language.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "rules_support.hpp"

using namespace pika::invariants;

namespace {

// Three parts, base, db and ui, each with a file for others (api) and one of its own (inner).
struct Dialect {
  const char* name;
  Files manifests;
  std::string (*path)(const std::string& part, const std::string& file);
  // A statement by which a file of another part depends on that file. It stands on line 3, because two lines of traps
  // come before it.
  std::string (*use)(const std::string& part, const std::string& file);
  const char* comment;      // begins one
  const char* quote_begin;  // a statement that holds text in a string
  const char* quote_end;
  const char* head;  // what a file begins with, without a newline
};

const std::vector<Dialect> kDialects = {
    {"C",
     {},
     [](const std::string& p, const std::string& f) { return "src/" + p + "/" + f + ".h"; },
     [](const std::string& p, const std::string& f) { return "#include \"" + p + "/" + f + ".h\""; },
     "// ",
     "static const char *s = \"\\\n",
     "\";",
     "/* head */"},
    {"C++",
     {},
     [](const std::string& p, const std::string& f) { return "src/" + p + "/" + f + ".hpp"; },
     [](const std::string& p, const std::string& f) { return "#include <" + p + "/" + f + ".hpp>"; },
     "/* a */ // ",
     "auto s = R\"(\n",
     ")\";",
     "/* head */"},
    {"Rust",
     {{"Cargo.toml", "[package]\nname = \"app\"\nedition = \"2021\"\n"},
      {"src/lib.rs", "mod base;\nmod db;\nmod ui;\n"},
      {"src/base/mod.rs", "pub mod api;\npub mod inner;\n"},
      {"src/db/mod.rs", "pub mod api;\npub mod inner;\n"},
      {"src/ui/mod.rs", "pub mod api;\npub mod inner;\n"}},
     [](const std::string& p, const std::string& f) { return "src/" + p + "/" + f + ".rs"; },
     [](const std::string& p, const std::string& f) { return "use crate::" + p + "::" + f + "::Thing;"; },
     "// ",
     "const S: &str = r#\"\n",
     "\"#;",
     "/* a /* b */ */"},
    {"Python",
     {{"pyproject.toml", ""},
      {"src/__init__.py", ""},
      {"src/base/__init__.py", ""},
      {"src/db/__init__.py", ""},
      {"src/ui/__init__.py", ""}},
     [](const std::string& p, const std::string& f) { return "src/" + p + "/" + f + ".py"; },
     [](const std::string& p, const std::string& f) { return "from src." + p + " import " + f; },
     "# ",
     "s = \"\"\"\n",
     "\"\"\"",
     "# head"},
    {"TypeScript",
     {},
     [](const std::string& p, const std::string& f) { return "src/" + p + "/" + f + ".ts"; },
     [](const std::string& p, const std::string& f) { return "import { a } from '../" + p + "/" + f + ".js';"; },
     "// ",
     "const s = `\n",
     "`;",
     "/* head */"},
    {"JavaScript",
     {},
     [](const std::string& p, const std::string& f) { return "src/" + p + "/" + f + ".js"; },
     [](const std::string& p, const std::string& f) { return "const a = require(\"../" + p + "/" + f + "\");"; },
     "// ",
     "const s = `${ { a: 1 }.a }\n",
     "`;",
     "/* head */"},
    {"Go",
     {{"go.mod", "module example.org/app\n"}},
     [](const std::string& p, const std::string& f) { return "src/" + p + "/" + f + "/" + f + ".go"; },
     [](const std::string& p, const std::string& f) { return "import \"example.org/app/src/" + p + "/" + f + "\""; },
     "// ",
     "/* \n",
     "*/",
     "package x"},
};

struct Tree {
  const Dialect& dialect;
  Files files;
  explicit Tree(const Dialect& d) : dialect(d), files(d.manifests) {
    for (auto part : {"base", "db", "ui"})
      for (auto file : {"api", "inner"}) files[dialect.path(part, file)] = std::string(dialect.head) + "\n";
  }
  // The file of one part depends on that of another.
  Tree& link(const std::string& part, const std::string& file, const std::string& to, const std::string& to_file) {
    auto& text = files[dialect.path(part, file)];
    text = std::string(dialect.head) + "\n" + dialect.comment + dialect.use(to, to_file) + "\n" +
           dialect.use(to, to_file) + "\n";
    return *this;
  }
  // The same in a comment and in a string only.
  Tree& pretend(const std::string& part, const std::string& file, const std::string& to, const std::string& to_file) {
    auto& text = files[dialect.path(part, file)];
    text = std::string(dialect.head) + "\n" + dialect.comment + dialect.use(to, to_file) + "\n" + dialect.quote_begin +
           dialect.use(to, to_file) + "\n" + dialect.quote_end + "\n";
    return *this;
  }
  Evaluated run(const std::string& rule, const std::string& scope) const {
    return evaluated(files, one_rule(rule, scope));
  }
};

void passes(const Evaluated& all) {
  CHECK(places(all.only()) == "");
  CHECK(all.only().outcome == Outcome::passed);
}
// The one violation is on line 3 of that file.
void fails_at(const Evaluated& all, const std::string& path) {
  CHECK(all.only().outcome == Outcome::failed);
  REQUIRE(all.only().violations.size() == 1);
  CHECK(all.only().violations[0].path == path);
  CHECK(all.only().violations[0].line == 3);
}

#define EACH_LANGUAGE \
  for (const auto& d : kDialects) SUBCASE(d.name)

}  // namespace

TEST_CASE("depends_only_on: a part that keeps to its list, and one that does not, in each language") {
  EACH_LANGUAGE {
    passes(Tree(d)
               .link("ui", "api", "base", "api")
               .pretend("ui", "inner", "db", "api")
               .run("depends_only_on = [\"src/base/**\"]", "src/ui/**"));
    fails_at(Tree(d).link("ui", "api", "db", "api").run("depends_only_on = [\"src/base/**\"]", "src/ui/**"),
             d.path("ui", "api"));
  }
}

TEST_CASE("must_not_depend_on: nothing of the forbidden, and something of it, in each language") {
  EACH_LANGUAGE {
    passes(Tree(d)
               .link("base", "api", "ui", "api")
               .pretend("base", "inner", "db", "inner")
               .run("must_not_depend_on = [\"src/db/**\"]", "src/base/**"));
    const auto all =
        Tree(d).link("base", "api", "db", "inner").run("must_not_depend_on = [\"src/db/**\"]", "src/base/**");
    fails_at(all, d.path("base", "api"));
    CHECK(all.only().violations[0].target.starts_with("src/db/inner"));
  }
}

TEST_CASE("public_api_only: by the door, and past it, in each language") {
  const std::string rule = "public_api_only = [\"src/base/{api.*,api/**,mod.rs,__init__.py}\"]";
  EACH_LANGUAGE {
    const std::string scope = "src/base/**";
    passes(Tree(d)
               .link("ui", "api", "base", "api")
               .link("base", "api", "base", "inner")
               .pretend("db", "api", "base", "inner")
               .run(rule, scope));
    fails_at(Tree(d).link("ui", "api", "base", "inner").run(rule, scope), d.path("ui", "api"));
  }
}

TEST_CASE("no_cycle: a chain, and a circle with its shortest way, in each language") {
  EACH_LANGUAGE {
    passes(Tree(d)
               .link("ui", "api", "base", "api")
               .link("db", "api", "base", "api")
               .pretend("base", "api", "ui", "api")
               .run("no_cycle = true", "src/**"));
    const auto all = Tree(d)
                         .link("ui", "api", "base", "api")
                         .link("base", "api", "db", "api")
                         .link("db", "api", "ui", "api")
                         .run("no_cycle = true", "src/**");
    fails_at(all, d.path("base", "api"));
    std::string walk;
    for (const auto& step : all.only().violations[0].cycle)
      if (step.line > 0) walk += step.path + ":" + std::to_string(step.line) + " ";
    CHECK(walk == fmt::format("{}:3 {}:3 {}:3 ", d.path("base", "api"), d.path("db", "api"), d.path("ui", "api")));
  }
}

TEST_CASE("must_not_mention: a word that is not there as a word, and one that is, in each language") {
  EACH_LANGUAGE {
    Tree tree(d);
    tree.files[d.path("base", "api")] = std::string(d.head) + "\n" + d.comment + "forgery of ui\n";
    passes(tree.run("must_not_mention = [\"forge\"]", "src/base/**"));
    tree.files[d.path("base", "api")] += std::string(d.comment) + "like ForgeClient\n";
    fails_at(tree.run("must_not_mention = [\"forge\"]", "src/base/**"), d.path("base", "api"));
  }
}

TEST_CASE("must_exist: a file that is there, and one that is gone, in each language") {
  EACH_LANGUAGE {
    const auto rule = fmt::format("must_exist = [\"{}\", \"**/*api*\"]", d.path("base", "api"));
    Tree tree(d);
    passes(tree.run(rule, "**"));
    tree.files.erase(d.path("base", "api"));
    const auto all = tree.run(rule, "**");
    CHECK(all.only().outcome == Outcome::failed);
    CHECK(places(all.only()) ==
          fmt::format("invariants/invariants.toml:9:6 no file matches '{0}' -> {0}", d.path("base", "api")));
  }
}

TEST_CASE("owned_by: files that somebody owns, and one that another owns, in each language") {
  EACH_LANGUAGE {
    Tree tree(d);
    tree.files["CODEOWNERS"] = "* @all\n/src/base/ @core @all\n";
    passes(tree.run("owned_by = [\"@core\"]", "src/base/**"));
    tree.files["CODEOWNERS"] += d.path("base", "inner") + " @other\n";
    const auto all = tree.run("owned_by = [\"@core\"]", "src/base/**");
    CHECK(all.only().outcome == Outcome::failed);
    CHECK(places(all.only()) ==
          fmt::format("{}:0:0 owned by @other (CODEOWNERS:3) -> @other", d.path("base", "inner")));
  }
}

TEST_CASE("a rule that looks at nothing fails, and does not pass in silence") {
  for (auto rule : {"depends_only_on = [\"a/**\"]", "must_not_depend_on = [\"a/**\"]", "must_not_mention = [\"x\"]",
                    "must_exist = [\"a\"]", "no_cycle = true", "public_api_only = [\"a/**\"]", "owned_by = [\"@a\"]"}) {
    CAPTURE(rule);
    const auto all = evaluated({{"a/b.c", ""}, {"CODEOWNERS", "* @a"}}, one_rule(rule, "gone/**"));
    CHECK(all.only().outcome == Outcome::failed);
    REQUIRE(all.only().violations.size() == 1);
    CHECK(all.only().violations[0].path == "invariants/invariants.toml");
    CHECK(all.only().violations[0].line == 9);
  }
  const auto words = evaluated({{"docs/a.md", "see b"}}, one_rule("no_cycle = true", "docs/**"));
  CHECK(places(words.only()).find("dependencies are read from none of the 1 file in the scope 'docs/**'") !=
        std::string::npos);
}

TEST_CASE("what is allowed is documented with its places and fails nothing; words alone are not checked") {
  const Files files = {{"a/x.c", "#include \"../b/y.h\"\n"}, {"b/y.h", ""}};
  const auto allowed = evaluated(files, one_rule("must_not_depend_on = [\"b/**\"]", "a/**", "kind = \"allowed\"\n"));
  CHECK(allowed.only().outcome == Outcome::allowed);
  CHECK(allowed.only().violations.size() == 1);
  CHECK(evaluated(files, one_rule("")).only().outcome == Outcome::not_checked);
}

TEST_CASE("a filter of a rule that matches nothing is told, because it is mostly a folder that was renamed") {
  const auto all = evaluated({{"a/x.c", ""}}, one_rule("must_not_depend_on = [\"old/**\"]", "a/**"));
  CHECK(all.only().outcome == Outcome::passed);
  REQUIRE(all.only().notes.size() == 1);
  CHECK(all.only().notes[0] == "no file matches 'old/**' of the rule");
}
