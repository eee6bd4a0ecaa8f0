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
  CHECK(r.script("test") == "(\nmake\n)\n");
  CHECK(r.left_out("`sudo apt-get install -y x` is for the host"));
  CHECK(r.left_out("it uses sudo"));
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
  CHECK_FALSE(text("matrix.os ||"));
  CHECK_FALSE(text("'open"));
  CHECK_FALSE(text(std::string(5000, '(').c_str()));
  CHECK_FALSE(text(std::string(5000, '!').c_str()));
  CHECK(condition("matrix.os == 'UBUNTU' && !(runner.os != 'Linux')", names) == true);
  CHECK(condition("${{ failure() }}", names) == false);
  CHECK(condition("always()", names) == true);
  CHECK_FALSE(condition("github.event_name == 'push'", names).has_value());
  CHECK_FALSE(condition("hashFiles('x') != ''", names).has_value());
}
