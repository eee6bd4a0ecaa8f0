#include "pikaci/import.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "import/expression.hpp"
#include "import/matrix.hpp"

using namespace pikaci;

namespace {

const std::string kFile = ".github/workflows/ci.yml";

struct Result {
  Imported imported;
  std::map<std::string, Lane> lanes;
  std::map<std::string, jerichoci::JobSpec> jobs;

  explicit Result(const std::string& text) : imported(import_workflows({{kFile, text}})) {
    if (imported.text.empty()) return;
    auto loaded = load_catalogue([&](std::string_view path) -> std::optional<std::string> {
      return path == kCataloguePath ? std::optional(imported.text) : std::nullopt;
    });
    for (const auto& problem : loaded.problems) FAIL(problem.print() << "\n" << imported.text);
    for (const auto& lane : loaded.catalogue.lanes) {
      lanes[lane.id] = lane;
      jobs[lane.id] = loaded.catalogue.targets.at(lane.target).jobs.at(0);
    }
  }
  std::string script(const std::string& lane) const {
    REQUIRE(jobs.contains(lane));
    return jobs.at(lane).command.at(3);
  }
  bool left_out(std::string_view words) const {
    return std::any_of(imported.left_out.begin(), imported.left_out.end(),
                       [&](const auto& left) { return left.print().find(words) != std::string::npos; });
  }
};

std::string job(const std::string& rest) {
  return "on: [push, pull_request]\njobs:\n  test:\n    runs-on: ubuntu-latest\n" + rest;
}

}  // namespace

TEST_CASE("a job becomes a lane: its commands, variables, time, hosts, secrets and artifacts") {
  Result r(R"(name: CI
on:
  push: {branches: [main]}
  pull_request: {paths: ['src/**', '!src/**.md']}
env: {MODE: ci, LEVEL: 1}
defaults: {run: {working-directory: web}}
jobs:
  test:
    name: Test it
    runs-on: ubuntu-latest
    timeout-minutes: 7
    env: {LEVEL: 2, TOKEN: "${{ secrets.TOKEN }}"}
    steps:
      - uses: actions/checkout@v4
      - run: npm ci
      - name: Test
        run: npm test -- --mode ${{ env.MODE }}
        working-directory: "it's"
        env: {KEY: "${{ secrets.DEPLOY }}"}
      - uses: actions/upload-artifact@v4
        with: {path: web/report/}
)");
  REQUIRE(r.lanes.size() == 1);
  CHECK(r.lanes.at("test").title == "Test it");
  CHECK(r.lanes.at("test").paths == std::vector<std::string>{"src/**", "!src/**.md"});
  const auto& spec = r.jobs.at("test");
  CHECK(spec.command[0] == "bash");
  CHECK(spec.limits.time == 7 * 60 * pika::kSecond);
  CHECK(spec.env.at("MODE") == "ci");
  CHECK(spec.env.at("LEVEL") == "2");
  CHECK(spec.allow_hosts == std::vector<std::string>{"registry.npmjs.org"});
  REQUIRE(spec.secrets.size() == 2);
  CHECK(spec.artifacts->globs == std::vector<std::string>{"web/report/**"});
  CHECK(r.script("test") ==
        "(\ncd 'web'\nnpm ci\n)\n# Test\n(\nexport KEY=\"${DEPLOY}\"\ncd 'it'\\''s'\nnpm test -- --mode ci\n)\n");
  CHECK(r.imported.left_out.empty());
  CHECK(r.imported.unfinished == 0);
}

TEST_CASE("a matrix is a lane for each combination, with what it includes and excludes") {
  Result r(job(R"(    strategy:
      matrix:
        node: [18, 20]
        db: [pg, my]
        exclude: [{node: 18, db: my}]
        include: [{node: 20, extra: yes}, {node: 22, db: pg}]
    steps:
      - run: run ${{ matrix.node }} ${{ matrix.db }} ${{ matrix.extra }}
      - run: only
        if: matrix.db == 'my'
)"));
  CHECK(r.lanes.size() == 4);
  CHECK(r.script("test-pg-18") == "(\nrun 18 pg\n)\n");
  CHECK(r.script("test-my-yes-20") == "(\nrun 20 my yes\n)\n(\nonly\n)\n");
  CHECK(r.script("test-pg-22") == "(\nrun 22 pg\n)\n");
  CHECK(Result(job("    strategy: {matrix: \"${{ fromJSON(needs.a.outputs.b) }}\"}\n    steps: [{run: x}]\n"))
            .left_out("is computed"));
}

TEST_CASE("a lane is red where a step was left out, and says what belongs there") {
  Result r(
      job("    steps:\n      - run: make\n      - name: Publish\n        run: push ${{ github.sha }}\n      - run: "
          "make test\n"));
  CHECK(r.imported.unfinished == 1);
  CHECK(r.left_out("ci.yml:7: the step `Publish`: `github.sha` means nothing here"));
  auto script = r.script("test");
  auto red = script.find("echo 'left out by pikaci import: Publish' >&2; exit 1\n");
  CHECK(red != std::string::npos);
  CHECK(red > script.find("make\n"));
  CHECK(red < script.find("make test\n"));
  for (const char* step :
       {"{run: x, if: \"github.ref == 'a'\"}", "{run: x, shell: pwsh}", "{run: 'x >> $GITHUB_OUTPUT'}"})
    CHECK(Result(job("    steps:\n      - run: make\n      - " + std::string(step) + "\n")).imported.unfinished == 1);
}

TEST_CASE("what needs root, another system, another event or a deployment is left out with its reason") {
  Result r(
      job("    steps:\n      - run: |\n          sudo apt-get install -y x\n          make\n      - run: sudo tee "
          "/etc/x\n"));
  CHECK(r.script("test").starts_with("(\nmake\n)\n# Put in what belongs here: it uses sudo"));
  CHECK(r.left_out("`sudo apt-get install -y x` is for the host"));
  CHECK(r.left_out("it uses sudo"));
  CHECK(r.imported.unfinished == 1);
  CHECK(Result("on: release\njobs: {a: {steps: [{run: x}]}}\n").left_out("runs on release"));
  CHECK(Result("on: {push: {tags: ['v*']}}\njobs: {a: {steps: [{run: x}]}}\n").left_out("runs on tags"));
  CHECK(Result("on: push\njobs: {a: {runs-on: macos-14, steps: [{run: x}]}}\n").left_out("runs on macos-14"));
  CHECK(Result("on: push\njobs: {a: {environment: prod, steps: [{run: x}]}}\n").left_out("deploys"));
  CHECK(Result("on: push\njobs: {a: {if: \"github.ref == 'x'\", steps: [{run: x}]}}\n").imported.lanes.empty());
  CHECK(Result("on: push\njobs: {a: {uses: ./x.yml}}\n").left_out("calls the workflow ./x.yml"));
  CHECK(Result("on: push\njobs: {a: {services: {db: {image: pg}}, steps: [{run: x}]}}\n").left_out("the service db"));
  CHECK(Result("on: push\njobs: {a: {needs: [b], container: deb, steps: [{run: x}]}}\n")
            .left_out("the container image deb"));
  CHECK(Result("x: [").left_out("ci.yml:"));
  CHECK(Result("a: 1\n").left_out("it has no jobs"));
}

TEST_CASE("a script loses its installs and nothing else with them") {
  Result r(job(
      "    steps:\n      - run: |\n          sudo apt-get update && sudo apt-get install -y \\\n            x \\\n     "
      "     "
      "  y\n          if a; then\n            brew install z\n          fi\n          apt-get update; make test\n"));
  CHECK(r.script("test") == "(\nif a; then\n  :\nfi\napt-get update; make test\n)\n");
  CHECK(r.left_out("install -y"));
  CHECK(Result(job("    steps: [{run: 'sudo apt install x && sudo make test'}, {run: make}]\n")).imported.unfinished ==
        1);
}

TEST_CASE("what an action does is red until it is put in, unless it only reports or prepares") {
  Result r(job("    steps: [{run: make}, {uses: some/test-action@v1}]\n"));
  CHECK(r.imported.unfinished == 1);
  CHECK(r.script("test").find("left out by pikaci import: some/test-action@v1") != std::string::npos);
  for (const char* harmless : {"codecov/codecov-action@v4", "actions/setup-go@v5", "taiki-e/install-action@v2",
                               "actions/checkout@v4", "actions/cache@v4"})
    CHECK(Result(job("    steps: [{run: make}, {uses: " + std::string(harmless) + "}]\n")).imported.unfinished == 0);
  CHECK(
      Result(job("    steps: [{run: make}, {uses: a/b@v1, if: \"github.ref_type == 'tag'\"}]\n")).imported.unfinished ==
      0);
  CHECK(Result(job("    steps: [{uses: a/b@v1}]\n")).left_out("nothing that a lane could run is left"));
}

TEST_CASE("a failure in a pipe counts where it counts there, and one that is allowed does not") {
  Result r(job("    defaults: {run: {shell: bash}}\n    steps: [{run: 'make | tee log'}]\n"));
  CHECK(r.script("test") == "(\nset -o pipefail\nmake | tee log\n)\n");
  CHECK(Result(job("    steps: [{run: 'make | tee log'}]\n")).script("test") == "(\nmake | tee log\n)\n");
  CHECK(Result(job("    steps: [{run: x, continue-on-error: true}]\n")).script("test") ==
        "set +e\n(\nset -e\nx\n)\nset -e\n");
  Result lane(job("    continue-on-error: true\n    steps: [{run: x}]\n"));
  CHECK(lane.lanes.at("test").required == false);
}

TEST_CASE("a variable that a step sets is the shell's, not what the file says") {
  Result r(
      job("    env: {A: one}\n    steps:\n      - run: echo ${{ env.A }}\n      - run: echo A=two >> $GITHUB_ENV\n     "
          " - run: "
          "test ${{ env.A }} = two\n      - run: test ${{ env.B }} = three\n        env: {B: three}\n"));
  auto script = r.script("test");
  CHECK(script.find("echo one\n") != std::string::npos);
  CHECK(script.find("test ${A} = two\n") != std::string::npos);
  CHECK(script.find("test ${B} = three\n") != std::string::npos);
  // In single quotes no shell would put it in.
  CHECK(Result(job("    steps:\n      - run: echo A=b >> $GITHUB_ENV\n      - run: f '${{ env.A }}'\n"))
            .imported.unfinished == 1);
}

TEST_CASE("jobs that need jobs are lanes that need lanes") {
  Result r(
      "on: push\njobs:\n  b: {needs: [a, gone], steps: [{run: x}]}\n  a: {strategy: {matrix: {n: [1, 2]}}, steps: "
      "[{run: 'y ${{ matrix.n }}'}]}\n");
  CHECK(r.lanes.at("b").needs == std::vector<std::string>{"a-1", "a-2"});
  CHECK(r.lanes.at("a-1").title == "a (1)");
  CHECK(r.left_out("`needs: gone`: no lane came of that job"));
}

TEST_CASE("a job that calls a workflow of the repository is that workflow's jobs") {
  std::string called =
      "on: {workflow_call: {inputs: {level: {default: low}, word: {type: string}}}}\njobs:\n  one: {steps: [{run: 'x "
      "${{ inputs.level }} ${{ inputs.word }}'}]}\n"
      "  two: {needs: one, uses: ./.github/workflows/c.yml}\n";
  auto imported = import_workflows(
      {{kFile,
        "on: push\njobs:\n  call: {uses: ./.github/workflows/b.yml, with: {word: hi}}\n  after: {needs: call, steps: "
        "[{run: z}]}\n"},
       {".github/workflows/b.yml", called},
       // It calls itself, for ever.
       {".github/workflows/c.yml",
        "on: workflow_call\njobs: {again: {uses: ./.github/workflows/c.yml}, three: {steps: [{run: t}]}}\n"}});
  CHECK(imported.text.find("x low hi\n") != std::string::npos);
  CHECK(imported.text.find("id = \"call-one\"") != std::string::npos);
  CHECK(imported.text.find("id = \"call-two-three\"") != std::string::npos);
  CHECK(imported.text.find("needs = [\"call-one\", \"call-two-") != std::string::npos);
}

TEST_CASE("workflows that call one another in circles, many times each, come to an end") {
  std::string calls = "on: {push: , workflow_call: }\njobs:\n  s: {steps: [{run: x}]}\n";
  for (int i = 0; i < 30; ++i) calls += "  c" + std::to_string(i) + ": {uses: ./" + kFile + "}\n";
  auto imported = import_workflows({{kFile, calls}});
  CHECK(imported.lanes.size() <= 101);
  CHECK(std::any_of(imported.left_out.begin(), imported.left_out.end(),
                    [](const auto& left) { return left.text.find("which is not read") != std::string::npos; }));
}

TEST_CASE("what no catalogue may hold is told and never written") {
  Result r(
      job("    steps:\n      - run: make\n      - uses: actions/upload-artifact@v4\n        with: {path: "
          "\"/tmp/x\\n~/y\\nok/\\n../z\"}\n"));
  CHECK(r.jobs.at("test").artifacts->globs == std::vector<std::string>{"ok/**"});
  CHECK(r.left_out("/tmp/x is no path below the workspace"));
  Result odd("on: push\nenv: {'a b': 1}\njobs: {x: {name: \"n\\u0007\", steps: [{run: y}]}}\n");
  CHECK(odd.left_out("`a b`"));
  CHECK(Result(job("    steps: [{run: \"a\\0b\"}]\n")).lanes.empty());
  Result circle("on: push\njobs: {a: {needs: b, steps: [{run: x}]}, b: {needs: a, steps: [{run: y}]}}\n");
  CHECK(circle.lanes.at("a").needs.empty());
  CHECK(circle.left_out("wait for each other"));
}

TEST_CASE("a workflow by the clock is nightly, and filters that mean something else choose every change") {
  Result nightly("on: {schedule: [{cron: '0 3 * * *'}]}\njobs: {a: {steps: [{run: x}]}}\n");
  CHECK(nightly.lanes.at("a").nightly);
  Result odd("on: {push: {paths: ['**/*.yaml?']}}\njobs: {a: {steps: [{run: x}]}}\n");
  CHECK(odd.lanes.at("a").paths.empty());
  CHECK(odd.left_out("means something else here"));
  Result ignore("on: {push: {paths-ignore: ['docs/**']}}\njobs: {a: {steps: [{run: x}]}}\n");
  CHECK(ignore.lanes.at("a").paths == std::vector<std::string>{"**", "!docs/**"});
}

TEST_CASE("expressions are worked out as far as they are known here") {
  Names names{.matrix = {{"os", "ubuntu"}, {"gen", ""}, {"config.tox", "py"}}, .env = {{"A", "1"}}};
  std::string which;
  auto text = [&](const char* expression) {
    return replace_expressions(std::string("${{ ") + expression + " }}", names, false, which);
  };
  CHECK(text("matrix.os") == "ubuntu");
  CHECK(text("matrix.config.tox") == "py");
  CHECK(text("matrix.nothing") == "");
  CHECK(text("matrix.gen && '-G' || 'it''s'") == "it's");
  CHECK(text("matrix.os || format('a', 'b')") == "ubuntu");
  CHECK_FALSE(text("github.sha"));
  CHECK(text("startsWith(matrix.os, 'UBU')") == "true");
  CHECK(text("contains(matrix.os, 'mac') || endsWith(matrix.os, 'tu')") == "true");
  CHECK_FALSE(text("matrix.config"));  // no word
  CHECK_FALSE(text("github.event_name"));
  CHECK_FALSE(text("matrix.os ||"));
  CHECK_FALSE(text("'open"));
  CHECK_FALSE(text(std::string(5000, '(').c_str()));
  CHECK_FALSE(text(std::string(5000, '!').c_str()));
  CHECK(condition("matrix.os == 'UBUNTU' && !(runner.os != 'Linux')", names) == true);
  CHECK(condition("${{ failure() }}", names) == false);
  CHECK(condition("always()", names) == true);
  CHECK_FALSE(condition("github.event_name == 'push'", names).has_value());
  names.events = {"push", "pull_request"};
  CHECK_FALSE(condition("github.event_name == 'push'", names).has_value());
  CHECK(condition("github.event_name != 'schedule' && github.repository == 'a/b'", names) == true);
  CHECK(condition("startsWith(github.ref, 'refs/tags/v')", names) == false);
  CHECK_FALSE(condition("github.ref == 'refs/heads/main'", names).has_value());
  CHECK(condition("!contains(github.event.inputs.skip, 'x')", names) == true);
  names.events = {"schedule"};
  CHECK(condition("github.event_name == 'schedule'", names) == true);
  CHECK_FALSE(condition("hashFiles('x') != ''", names).has_value());
}
