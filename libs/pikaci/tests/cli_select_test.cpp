#include <doctest/doctest.h>

#include "cli/console.hpp"
#include "cli_support.hpp"
#include "pika/gitx/diff.hpp"
#include "pika/gitx/repository.hpp"
#include "pikaci/lint.hpp"
#include "pikaci/selection.hpp"

using namespace pikaci;
using pika::json::find_bool;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> changed(const pika::json::Value& value) {
  std::vector<std::string> paths;
  for (const auto& path : value.at("changed").as_array()) paths.push_back(jerichoci::bytes_from_json(path).value());
  return paths;
}

}  // namespace

TEST_CASE("the command line's change set between commits is the forge's: both sides of a rename, any byte in a name") {
  Scratch s;
  s.with_catalogue();
  auto base = pika::git::Oid::parse(s.git({"rev-parse", "HEAD"})).value();
  s.git({"checkout", "-q", "-b", "feature"});
  s.git({"mv", "docs/a.md", "docs/b.md"});
  s.write("libs/ sp \"q\" \n\xff\xc3\xa9<script>", "x");
  s.git({"update-index", "--chmod=+x", "other.txt"});
  auto head = pika::git::Oid::parse(s.commit("all sorts")).value();
  CHECK(cli_select(s.context(OutputFormat::json), {.base = "main", .head = "feature"}) == 0);
  auto paths = changed(s.json());
  CHECK(paths == pika::git::changed_paths(s.root(), base, head).value());
  CHECK(paths.size() == 3 + (s.git({"diff", "--name-only", "main", "feature", "--", "other.txt"}).empty() ? 0 : 1));
  // The clean work tree is the head.
  CHECK(cli_select(s.context(OutputFormat::json), {}) == 0);
  CHECK(changed(s.json()) == paths);
}

TEST_CASE("the change set is measured from the merge base, so that the target's own news select nothing") {
  Scratch s;
  s.with_catalogue();
  s.git({"checkout", "-q", "-b", "feature"});
  s.write("docs/b.md", "b");
  s.commit("docs");
  s.git({"checkout", "-q", "main"});
  s.write("libs/news.cpp", "n");
  s.commit("news");
  s.git({"checkout", "-q", "feature"});
  CHECK(cli_select(s.context(OutputFormat::json), {}) == 0);
  CHECK(changed(s.json()) == std::vector<std::string>{"docs/b.md"});
}

TEST_CASE("committed, staged, modified, deleted and untracked files count, ignored ones never") {
  Scratch s;
  s.with_catalogue();
  s.write(".gitignore", "*.o\n");
  s.commit("ignore");
  s.git({"checkout", "-q", "-b", "feature"});
  s.write("committed", "1");
  s.commit("one");
  s.write("staged", "1");
  s.git({"add", "staged"});
  s.write("libs/a.cpp", "changed");
  s.remove("docs/a.md");
  s.write("untracked", "1");
  s.write("ignored.o", "1");
  cli_select(s.context(OutputFormat::json), {});
  CHECK(changed(s.json()) == std::vector<std::string>{"committed", "docs/a.md", "libs/a.cpp", "staged", "untracked"});
}

TEST_CASE("a remote's default branch goes before a local main") {
  Scratch s;
  s.with_catalogue();
  s.git({"update-ref", "refs/remotes/origin/trunk", "HEAD"});
  s.git({"symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"});
  s.write("docs/b.md", "b");
  s.commit("on main, not pushed");
  CHECK(cli_select(s.context(OutputFormat::json), {}) == 0);
  CHECK(s.json().at("base").as_string() == "origin/trunk");
  CHECK(changed(s.json()) == std::vector<std::string>{"docs/b.md"});
}

TEST_CASE("the repository is found from any folder and in linked work trees") {
  Scratch s;
  s.with_catalogue();
  auto context = s.context();
  context.folder = s.root() / "libs";
  CHECK(cli_lanes(context) == 0);
  CHECK(contains(s.out(), "unit"));
  auto linked = s.root().parent_path() / "linked";
  s.git({"worktree", "add", "-q", "-b", "other", linked.string()});
  pika::write_file_atomic(linked / "docs/new.md", "n");
  context = s.context(OutputFormat::json);
  context.folder = linked / "docs";
  CHECK(cli_select(context, {}) == 0);
  CHECK(changed(s.json()) == std::vector<std::string>{"docs/new.md"});
  context.folder = s.root().parent_path();
  CHECK(cli_lanes(context) == 2);
}

TEST_CASE("the gating view uses the base's catalogue: a branch cannot drop what it must pass") {
  Scratch s;
  s.with_catalogue();
  s.git({"checkout", "-q", "-b", "feature"});
  s.write("ci/pikaci.toml", "version = 1\n[[lane]]\nid = 'docs'\npaths = ['docs/']\ncommand = ['true']\n");
  s.write("libs/a.cpp", "x");
  s.commit("gut it");
  CHECK(cli_select(s.context(OutputFormat::json), {.base = "main", .head = "feature", .gating = true}) == 0);
  CHECK(s.json().at("lanes").as_array().size() == 2);
  CHECK(cli_select(s.context(OutputFormat::json), {.base = "main", .head = "feature"}) == 0);
  CHECK(s.json().at("lanes").as_array().size() == 1);
}

TEST_CASE("wrong revisions get a sentence and exit 2") {
  Scratch s;
  s.with_catalogue();
  for (const char* name : {"nope", "--help", "-x", "HEAD~99", "a..b", "\xff"}) {
    CHECK(cli_select(s.context(), {.base = name}) == 2);
    CHECK(contains(s.err(), "there is no commit"));
  }
  s.git({"checkout", "-q", "--orphan", "alone"});
  s.commit("no history");
  CHECK(cli_select(s.context(), {.base = "main"}) == 2);
  CHECK(contains(s.err(), "no common history"));
}

TEST_CASE("why names each path and its filter") {
  Scratch s;
  s.with_catalogue();
  s.write("libs/b.cpp", "x");
  CHECK(cli_why(s.context(), "unit", {}) == 0);
  CHECK(contains(s.out(), "libs/b.cpp matches libs/**"));
  CHECK(cli_why(s.context(), "docs", {}) == 3);
  CHECK(contains(s.out(), "docs is not chosen: no path matches"));
  CHECK(cli_why(s.context(), "dosc", {}) == 2);
  CHECK(contains(s.err(), "did you mean 'docs'?"));
}

TEST_CASE("lint finds filters without files, files without lanes, and lanes that are asked for in vain") {
  Scratch s;
  s.with_catalogue();
  s.write("ci/policy.toml", "version = 1\n[target.main]\nrequired_lanes = ['unit', 'gone']\n");
  s.git({"mv", "docs", "manual"});
  CHECK(cli_lint(s.context(), {}) == 7);
  CHECK(contains(s.out(), "ci/policy.toml:3:1: 'main' requires the lane 'gone'"));
  CHECK(
      contains(s.out(),
               "ci/pikaci.toml:8:10: lane docs: the filter docs/ matches no file any more; these left it, was a folder "
               "renamed? docs/a.md"));
  CHECK(contains(s.out(), "manual/a.md selects no lane"));
  CHECK(contains(s.out(), "other.txt selects no lane"));
  CHECK(contains(s.out(), "lane docs is required by no target"));
  s.remove("ci/policy.toml");
  CHECK(cli_lint(s.context(), {}) == 1);
}

TEST_CASE("a rename that empties a filter is told with the filter, its line and the files that left it") {
  Scratch s;
  s.write("ci/pikaci.toml", R"(version = 1
[groups]
code = [
  "lib/**",
  "app/**",
]
[[lane]]
id = "unit"
command = ["true"]
paths = ["@code", "Makefile"]
[[lane]]
id = "again"
command = ["true"]
paths = ["**", "lib/**"]
)");
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g"})
    s.write(std::string("lib/") + name, std::string(name) + "\n");
  s.write("app/x", "x\n");
  s.write("Makefile", "all:\n");
  s.commit("begin");
  s.git({"checkout", "-q", "-b", "topic"});
  s.git({"mv", "lib", "libs"});
  s.commit("Rename a folder");
  CHECK(cli_lint(s.context(), {}) == 1);
  // Once, although two lanes have it; at its line in the group.
  CHECK(s.out() ==
        "\u2717 ci/pikaci.toml:4:3: lane unit: the filter lib/** matches no file any more; these left it, was a folder "
        "renamed? lib/a, lib/b, lib/c, lib/d, lib/e and 2 more\n1 fault\n");
  CHECK(cli_lint(s.context(OutputFormat::json), {}) == 1);
  auto finding = s.json().at("findings").at(0);
  CHECK(finding.at("kind") == "filter_emptied");
  CHECK(finding.at("file") == "ci/pikaci.toml");
  CHECK(finding.at("line") == 4);
  CHECK(finding.at("left").as_array().size() == 7);
}

TEST_CASE("lint is content with a catalogue that covers its tree") {
  Scratch s;
  s.with_catalogue();
  s.write("ci/pikaci.toml", "version = 1\n[[lane]]\nid = 'a'\ncommand = ['true']\n");
  CHECK(cli_lint(s.context(), {}) == 0);
}

TEST_CASE("a catalogue without lanes checks nothing, and lint says so") {
  Scratch s;
  s.write("ci/pikaci.toml", "version = 1\n");
  s.commit("begin");
  CHECK(cli_lint(s.context(), {}) == 1);
  CHECK(s.out().find("ci/pikaci.toml has no lanes, so nothing is ever checked") != std::string::npos);
  CHECK(cli_run(s.context(), {}, {}) == 3);
}

TEST_CASE("words for a terminal hold no control characters and no escape sequences") {
  CHECK(printable("a\x1b[31mred\x1b[0m b\x1b]0;title\a c\x1b]8;;http://x\x1b\\link") == "ared b clink");
  CHECK(printable("10%\r100%\r\nnext\b\x01\x7f") == "100%\nnext");
  CHECK(printable("\xff\xc2\x9b"
                  "31m") ==
        "\xef\xbf\xbd"
        "31m");
  CHECK(printable("\x1b") == "");
  CHECK(printable("\x1b]unterminated\nstill here") == "\nstill here");
  CHECK(last_lines("a\nb\nc\n", 2) == "b\nc");
  CHECK(last_lines("a", 2) == "a");
  CHECK(last_lines("", 2) == "");
  CHECK(last_lines("\n\n\n", 2) == "\n");
  CHECK(clip("déjà vu", 4) == "déj…");
}

TEST_CASE("a piece of a log is cut neither in a character nor in an escape sequence") {
  CHECK(whole_prefix("abc") == 3);
  CHECK(whole_prefix("ab\xc3") == 2);
  CHECK(whole_prefix("ab\xc3\xa9") == 4);
  CHECK(whole_prefix("ab\xe2\x82") == 2);
  CHECK(whole_prefix("ab\xf0\x9f\x98") == 2);
  CHECK(whole_prefix("ab\xff") == 3);
  CHECK(whole_prefix("\x80\x80\x80\x80") == 4);
  CHECK(whole_prefix("ab\x1b[3") == 2);
  CHECK(whole_prefix("ab\x1b[31m") == 7);
  CHECK(whole_prefix("ab\x1b") == 2);
  CHECK(whole_prefix("ab\x1b[3\nc") == 7);
  CHECK(whole_prefix("") == 0);
}
