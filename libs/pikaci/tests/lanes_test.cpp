// Lanes that need others, that are several, that say what is required of them.
#include <doctest/doctest.h>

#include "catalogue_support.hpp"
#include "pikaci/catalogue.hpp"
#include "pikaci/lint.hpp"
#include "pikaci/selection.hpp"

using namespace pikaci;

namespace {

Catalogue read(const std::string& text) {
  auto result = load_catalogue(tree_of({{"ci/pikaci.toml", "version = 1\n" + text}}));
  for (const auto& problem : result.problems) FAIL_CHECK(problem.print());
  return result.catalogue;
}

Policy policy_of(const std::string& text) {
  auto result = load_policy(tree_of({{"ci/policy.toml", "version = 1\n" + text}}));
  for (const auto& problem : result.problems) FAIL_CHECK(problem.print());
  return result.policy;
}

std::string lane(const std::string& id, const std::string& lines = "") {
  return "[[lane]]\nid = '" + id + "'\ncommand = ['x']\n" + lines + "\n";
}

std::vector<std::string> ids(const Catalogue& catalogue) {
  std::vector<std::string> out;
  for (const auto& each : catalogue.lanes) out.push_back(each.id);
  return out;
}

using Words = std::vector<std::string>;

const std::string kMatrix = R"([[lane]]
id = "unit"
command = ["make", "CC=${matrix.cc}", "${matrix.mode}-${matrix.cc}"]
root = "${matrix.cc}-12"
env = { MODE = "${matrix.mode}" }
limits = { time = "5m" }
matrix = { cc = ["gcc", "Clang 19"], mode = ["debug", "release"], exclude = [{ cc = "gcc", mode = "debug" }] }
)";

}  // namespace

TEST_CASE("a matrix makes a lane of each combination, with its values in command, environment and root") {
  auto text = kMatrix;
  text.replace(text.find("\"Clang 19\""), 10, "\"clang\"");
  auto c = read(text);
  CHECK(ids(c) == Words{"unit-gcc-release", "unit-clang-debug", "unit-clang-release"});
  CHECK(c.lanes[1].title == "unit (cc clang, mode debug)");
  CHECK(c.lanes[1].values == std::map<std::string, std::string>{{"cc", "clang"}, {"mode", "debug"}});
  const auto& job = c.targets.at("unit-clang-debug").jobs.at(0);
  CHECK(job.command == Words{"make", "CC=clang", "debug-clang"});
  CHECK(job.root == "clang-12");
  CHECK(job.env.at("MODE") == "debug");

  auto names = [&](std::string_view name) {
    Words out;
    for (const auto* each : c.find_lanes(name)) out.push_back(each->id);
    return out;
  };
  CHECK(names("unit") == ids(c));
  CHECK(names("unit.clang-debug") == Words{"unit-clang-debug"});
  CHECK(names("unit-clang-debug") == Words{"unit-clang-debug"});
  CHECK(names("unit.").empty());
  CHECK(names("unit.debug").empty());
}

TEST_CASE(
    "values of any kind become ids and titles; a title may tell of them itself; included cells are further ones") {
  auto c = read(
      "[[lane]]\nid = 'py'\ntitle = 'Python ${matrix.python}'\ncommand = ['python${matrix.python}', '${matrix.fast}', "
      "'${matrix.n}']\nmatrix = { python = ['3.10', '3.11'], fast = [true], n = [1], include = [{ python = '2.7 Old', "
      "fast = false, n = -2 }] }\n");
  CHECK(ids(c) == Words{"py-3-10-true-1", "py-3-11-true-1", "py-2-7-old-false--2"});
  CHECK(c.lanes[2].title == "Python 2.7 Old");
  CHECK(c.targets.at("py-2-7-old-false--2").jobs[0].command == Words{"python2.7 Old", "false", "-2"});
}

TEST_CASE("a target with placeholders is run by each cell, and is no target by itself") {
  auto c = read(R"(
[[targets.build.jobs]]
id = "make"
command = ["make", "CC=${matrix.cc}"]
[[targets.build.jobs]]
id = "test"
command = ["make", "test"]
needs = ["make"]
[[lane]]
id = "build"
target = "build"
timeout = "10m"
retries = { lost = 2 }
matrix = { cc = ["gcc", "clang"] }
)");
  CHECK_FALSE(c.targets.contains("build"));
  REQUIRE(c.targets.contains("build-gcc"));
  const auto& jobs = c.targets.at("build-gcc").jobs;
  REQUIRE(jobs.size() == 2);
  CHECK(jobs[0].command == Words{"make", "CC=gcc"});
  CHECK(jobs[0].limits.time == 600 * pika::kSecond);
  CHECK(jobs[1].retries.at(jerichoci::FailureKind::lost) == 2);
}

TEST_CASE("a lane's timeout and retries are its own: the target of others stays as it is") {
  auto c = read(R"(
[[targets.unit.jobs]]
id = "test"
command = ["x"]
limits = { time = "2m" }
retries = { lost = 5 }
[[targets.unit.jobs]]
id = "long"
command = ["x"]
[[lane]]
id = "unit"
target = "unit"
timeout = "10m"
retries = { infrastructure = 1 }
[[lane]]
id = "other"
target = "unit"
)");
  CHECK(c.lanes[0].target == "unit-lane");
  CHECK(c.lanes[1].target == "unit");
  const auto& mine = c.targets.at("unit-lane").jobs;
  CHECK(mine[0].limits.time == 120 * pika::kSecond);
  CHECK(mine[1].limits.time == 600 * pika::kSecond);
  CHECK(mine[0].retries.at(jerichoci::FailureKind::lost) == 5);
  CHECK(mine[1].retries.at(jerichoci::FailureKind::infrastructure) == 1);
  CHECK(c.targets.at("unit").jobs[1].limits.time == 30 * 60 * pika::kSecond);
  CHECK(read(lane("a", "timeout = '3m'")).targets.at("a").jobs[0].limits.time == 180 * pika::kSecond);
}

TEST_CASE("a lane that is chosen brings what it needs, and what that needs") {
  auto c = read(lane("build", "paths = ['src/**']") + lane("pack", "paths = ['pack/**']\nneeds = ['build']") +
                lane("ship", "paths = ['ship/**']\nneeds = ['pack']") + lane("docs", "paths = ['docs/**']"));
  CHECK(c.lanes[2].needs == Words{"pack"});
  auto choices = select_lanes(c, {"ship/a"});
  REQUIRE(choices.size() == 4);
  CHECK(choices[2].reason == "ship/a matches ship/**");
  CHECK((choices[1].selected && choices[1].reason == "lane ship needs it"));
  CHECK((choices[0].selected && choices[0].reason == "lane pack needs it"));
  CHECK_FALSE(choices[3].selected);
  // Not the other way: what needs a chosen lane has its own paths.
  CHECK_FALSE(select_lanes(c, {"src/a"})[1].selected);
}

TEST_CASE("a need that is a matrix is all its cells") {
  auto c = read(kMatrix.substr(0, kMatrix.find("\"Clang 19\"")) + "\"clang\"" +
                kMatrix.substr(kMatrix.find("\"Clang 19\"") + 10) + lane("all", "needs = ['unit']") +
                lane("one", "needs = ['unit.clang-debug', 'unit-clang-debug']"));
  CHECK(c.find_lane("all")->needs == Words{"unit-gcc-release", "unit-clang-debug", "unit-clang-release"});
  CHECK(c.find_lane("one")->needs == Words{"unit-clang-debug"});
}

TEST_CASE("required is the lane's word where the policy has none for the branch; else the policy's") {
  auto c = read(lane("a") + lane("b", "required = false") + lane("c", "required = true") +
                lane("night", "nightly = true\nnightly_schedule_utc = '03:30'"));
  CHECK(required_lanes({}, c, "main") == Words{"a", "c"});
  auto policy = policy_of("[target.main]\nrequired_lanes = ['b']\n");
  CHECK(required_lanes(policy, c, "main") == Words{"b"});
  CHECK(required_lanes(policy, c, "other") == Words{"a", "c"});
  CHECK(c.find_lane("night")->schedules_utc == Words{"03:30"});

  Words told;
  for (const auto& finding : lint(c, policy, {}, std::nullopt))
    if (finding.fault()) told.push_back(finding.text);
  CHECK(told == Words{"lane b says required = false, and ci/policy.toml requires it; the policy wins",
                      "lane c says required = true, and ci/policy.toml requires it for no branch; the policy wins"});
}

TEST_CASE("a policy that requires a matrix requires every cell of it") {
  auto c = read("[[lane]]\nid = 'u'\ncommand = ['${matrix.a}']\nmatrix = { a = ['x', 'y'] }\n" + lane("v"));
  auto policy = policy_of("[target.main]\nrequired_lanes = ['u']\n[target.one]\nrequired_lanes = ['u.y', 'gone']\n");
  CHECK(required_lanes(policy, c, "main") == Words{"u-x", "u-y"});
  // One that is not there stays required, and can never pass.
  CHECK(required_lanes(policy, c, "one") == Words{"u-y", "gone"});
  auto problems = check_policy(policy, c);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].text == "'one' requires the lane 'gone', which the catalogue does not have");
}

TEST_CASE("concurrency groups have a size, images a digest that jobs are held to") {
  auto digest = "sha256:" + std::string(64, 'a');
  auto c = read("[concurrency_groups]\napple-host = 2\n[images.bookworm]\ndescription = 'x'\ndigest = '" + digest +
                "'\n[images.any]\n" + lane("a", "concurrency_group = 'apple-host'\nroot = 'bookworm'") +
                lane("b", "concurrency_group = 'other'\nroot = 'any'"));
  CHECK(c.group_size("apple-host") == 2);
  CHECK(c.group_size("other") == 1);
  CHECK(c.targets.at("a").jobs[0].root_digest == digest);
  CHECK(c.targets.at("b").jobs[0].root_digest.empty());
  CHECK(jerichoci::check_jobs(c.targets.at("a").jobs));
}

TEST_CASE("each mistake of a lane's keys has its sentence, with the nearest right word") {
  struct Case {
    std::string text, says;
  };
  auto matrix = [](const std::string& value, const std::string& command = "['${matrix.a}']") {
    return "[[lane]]\nid = 'u'\ncommand = " + command + "\nmatrix = " + value + "\n";
  };
  std::string sixty = "l" + std::string(60, 'x');
  for (const auto& [text, says] : std::vector<Case>{
           {lane("build") + lane("b", "needs = ['biuld']"),
            "ci/pikaci.toml:9:10: lane 'b' needs 'biuld', and there is no such lane; did you mean 'build'?"},
           {lane("a", "needs = ['b']") + lane("b", "needs = ['a']"),
            "ci/pikaci.toml:5:10: lanes wait for each other for ever: a needs b needs a"},
           {lane("a", "needs = ['a']"), "ci/pikaci.toml:5:10: lanes wait for each other for ever: a needs a"},
           {lane("a", "nightly = true") + lane("b", "needs = ['a']"),
            "ci/pikaci.toml:9:10: lane 'b' needs 'a', which runs at night only"},
           {lane("a", "needs = 'b'"), "ci/pikaci.toml:5:9: 'needs' must be a list of strings, and this is a string"},
           {lane("a", "neeeds = []"), "ci/pikaci.toml:5:1: unknown key 'neeeds'; did you mean 'needs'?"},
           {lane("a", "required = 'yes'"),
            "ci/pikaci.toml:5:12: 'required' must be true or false, and this is a string"},
           {lane("a", "nightly = true\nrequired = true"),
            "ci/pikaci.toml:6:1: a nightly lane is not chosen by changes, and so none could ever land"},
           {lane("a", "nightly_schedule_utc = '03:30'"),
            "ci/pikaci.toml:5:1: this lane has times of the night and is not 'nightly = true'"},
           {lane("a", "nightly = true\nnightly_schedule_utc = ['03:30', '24:00']"),
            "ci/pikaci.toml:6:34: '24:00' is no time of day; write it like \"08:00\""},
           {lane("a", "timeout = '10'"),
            "ci/pikaci.toml:5:11: '10' is no span of time; write it like \"20m\", \"1h30m\", \"90s\""},
           {lane("a", "timeout = '10m'\nlimits = { time = '5m' }"),
            "ci/pikaci.toml:5:1: 'timeout' and 'limits.time' say the same; leave one away"},
           {matrix("{ a = [] }"), "ci/pikaci.toml:5:16: 'a' must be a list of values, as in [\"gcc\", \"clang\"]"},
           {matrix("{}"), "ci/pikaci.toml:5:10: 'matrix' has no values; write cc = [\"gcc\", \"clang\"]"},
           {matrix("{ a = [3.10] }"),
            "ci/pikaci.toml:5:17: a value of 'a' is a number with a point, where 3.10 would be 3.1; write it in "
            "quotes"},
           {matrix("{ a = ['x', 'x'] }"), "ci/pikaci.toml:5:22: 'a' has the value 'x' twice"},
           {matrix("{ a = ['x.y', 'x-y'] }"), "ci/pikaci.toml:5:10: two cells of the matrix would have the id 'x-y'"},
           {matrix("{ a = ['x'], exclude = [{ b = 'x' }] }", "['${matrix.a}']"),
            "ci/pikaci.toml:5:36: the matrix has no 'b'; did you mean 'a'?"},
           {matrix("{ a = ['x'], exclude = [{ a = 'y' }] }"), "ci/pikaci.toml:5:33: no cell has a y, to be left out"},
           {matrix("{ a = ['x'], exclude = [{ a = 'x' }] }"), "ci/pikaci.toml:5:10: the matrix has no cell left"},
           {matrix("{ a = ['x'], b = ['y'], include = [{ a = 'z' }] }", "['${matrix.a}${matrix.b}']"),
            "ci/pikaci.toml:5:45: this cell has no value for 'b'"},
           {matrix("{ compiler = ['x'] }", "['${matrix.compilr}']"),
            "ci/pikaci.toml:4:12: the matrix has no 'compilr'; did you mean 'compiler'?"},
           {matrix("{ a = ['x'], b = ['y'] }"),
            "ci/pikaci.toml:5:23: 'b' is used nowhere: write ${matrix.b} where its value is meant"},
           {"[[lane]]\nid = 'u'\ncommand = ['${matrix.a}']\n",
            "ci/pikaci.toml:4:12: '${matrix.a}' stands here, and this lane has no 'matrix'"},
           {matrix("{ a = ['x'] }", "['${matrix.a}']\nneeds = ['${matrix.a}']"),
            "ci/pikaci.toml:5:9: 'needs' cannot have a placeholder in it\n"
            "ci/pikaci.toml:5:10: lane 'u-x' needs '${matrix.a}', and there is no such lane"},
           {"[[targets.t.jobs]]\nid = 'j'\ncommand = ['${matrix.a}']\n[[lane]]\nid = 'u'\ntarget = 't'\n",
            "ci/pikaci.toml:2:1: the target 't' has ${matrix…} in it, and no lane with a 'matrix' runs it\n"
            "ci/pikaci.toml:7:10: the target 't' has ${matrix…} in it, and this lane has no 'matrix'"},
           {"[[lane]]\nid = '" + sixty + "'\ncommand = ['${matrix.a}']\nmatrix = { a = ['longer'] }\n",
            "ci/pikaci.toml:5:1: a cell would have the id '" + (sixty + "-longer").substr(0, 60) +
                "…', of more than 64 letters"},
           {"[concurrency_groups]\nhots = 2\n" + lane("a", "concurrency_group = 'host'"),
            "ci/pikaci.toml:3:1: no lane is in the concurrency group 'hots'; did you mean 'host'?"},
           {"[concurrency_groups]\nhost = 0\n" + lane("a", "concurrency_group = 'host'"),
            "ci/pikaci.toml:3:8: 'host' must be how many lanes of the group run at once, from 1 to 1000"},
           {"[images.bookworm]\n" + lane("a", "root = 'bokworm'"),
            "ci/pikaci.toml:6:8: there is no image 'bokworm' in [images]; did you mean 'bookworm'?"},
           {"[images.b]\ndigest = 'sha256:12'\n",
            "ci/pikaci.toml:3:10: 'sha256:12' is no digest; write \"sha256:\" and 64 of 0-9 and a-f"},
           {"[images.b]\ndigset = 'x'\n", "ci/pikaci.toml:3:1: unknown key 'digset'; did you mean 'digest'?"},
       }) {
    CAPTURE(text);
    CHECK(problems_of("version = 1\n" + text) == says);
  }
}

TEST_CASE("a matrix that would be too large is refused before it is made") {
  std::string values = "[";
  for (int i = 0; i < 60; ++i) values += "'v" + std::to_string(i) + "',";
  values += "]";
  auto text =
      "version = 1\n[[lane]]\nid = 'u'\ncommand = ['${matrix.a}${matrix.b}${matrix.c}']\nmatrix = { a = " + values +
      ", b = " + values + ", c = " + values + " }\n";
  CHECK(problems_of(text) == "ci/pikaci.toml:5:10: the matrix has more than 64 cells");
  std::string many = "version = 1\n";
  for (int i = 0; i < 20; ++i)
    many += "[[lane]]\nid = 'u" + std::to_string(i) + "'\ncommand = ['${matrix.a}']\nmatrix = { a = " + values + " }\n";
  CHECK(problems_of(many).find("the matrices have more than 1000 cells together") != std::string::npos);
}

TEST_CASE("what is wrong in a lane with a matrix is told once, not once a cell") {
  CHECK(
      problems_of("version = 1\n[[lane]]\nid = 'u'\ncommand = ['${matrix.a}']\nmatrix = { a = ['x', 'y'] }\nrun_time = "
                  "1\n") == "ci/pikaci.toml:6:1: unknown key 'run_time'; did you mean 'runtime'?");
}
