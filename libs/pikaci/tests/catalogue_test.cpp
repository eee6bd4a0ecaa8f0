#include "pikaci/catalogue.hpp"

#include <doctest/doctest.h>

#include "catalogue_support.hpp"
#include "pika/base/files.hpp"

using namespace pikaci;

namespace {
const std::string kTarget = "[targets.unit]\n[[targets.unit.jobs]]\nid = 'test'\ncommand = ['true']\n";
std::string with_job_line(const std::string& line) {
  return "version = 1\n" + kTarget + line + "\n";
}
}  // namespace

TEST_CASE("the native form is read with all that a job can say") {
  auto result = load_catalogue(tree_of({{"ci/pikaci.toml", R"(version = 1
[groups]
cpp = ["libs/**", "CMakeLists.txt"]
[[lane]]
id = "unit"
title = "check-unit"
paths = ["@cpp", "!libs/**/*.md"]
target = "unit"
concurrency_group = "host"
[targets.unit]
description = "Build and unit tests"
[[targets.unit.jobs]]
id = "build"
description = "compile"
command = ["make", "-j2"]
placement = "local"
runtime = "host_process"
network = "on"
limits = { memory = "8GiB", time = "1h30m", cpus = 1.5, pids = 512, grace = "2s" }
env = { LANG = "C" }
env_allow = ["HOME"]
caches = ["npm"]
[[targets.unit.jobs]]
id = "test"
command = ["make", "test"]
needs = ["build"]
)"}}));
  REQUIRE(result.problems.empty());
  const auto& c = result.catalogue;
  CHECK(c.present);
  CHECK(c.source == "ci/pikaci.toml");
  REQUIRE(c.lanes.size() == 1);
  CHECK(c.lanes[0].title == "check-unit");
  CHECK(c.lanes[0].paths == std::vector<std::string>{"libs/**", "CMakeLists.txt", "!libs/**/*.md"});
  CHECK(c.lanes[0].concurrency_group == "host");
  const auto& jobs = c.targets.at("unit").jobs;
  REQUIRE(jobs.size() == 2);
  CHECK(c.targets.at("unit").description == "Build and unit tests");
  CHECK(jobs[0].command == std::vector<std::string>{"make", "-j2"});
  CHECK(jobs[0].runtime == jerichoci::Runtime::host_process);
  CHECK(jobs[0].network == jerichoci::Network::on);
  CHECK(jobs[0].limits.memory_bytes == 8ull << 30);
  CHECK(jobs[0].limits.time == 5400 * pika::kSecond);
  CHECK(jobs[0].limits.grace == 2 * pika::kSecond);
  CHECK(jobs[0].limits.cpus == 1.5);
  CHECK(jobs[0].limits.pids == 512);
  CHECK(jobs[0].env.at("LANG") == "C");
  CHECK(jobs[0].env_allow == std::vector<std::string>{"HOME"});
  CHECK(jobs[0].caches == std::vector<jerichoci::CacheSpec>{"npm"});
  CHECK(jobs[1].needs == std::vector<std::string>{"build"});
  CHECK(jobs[1].runtime == jerichoci::Runtime::sandbox);
  CHECK(jobs[1].network == jerichoci::Network::off);
}

TEST_CASE("what a job keeps and is given is read in its short and its long form") {
  auto job_of = [](const std::string& lines) {
    auto result = load_catalogue(tree_of({{"ci/pikaci.toml", with_job_line(lines)}}));
    for (const auto& problem : result.problems) MESSAGE(problem.print());
    REQUIRE(result.problems.empty());
    return result.catalogue.targets.at("unit").jobs.at(0);
  };
  auto job = job_of(
      "network = ['registry.npmjs.org', '*.debian.org', '10.0.0.7:8080']\n"
      "limits = { disk = '2GiB' }\n"
      "caches = ['npm', { name = 'build', path = 'build', key_files = ['CMakeLists.txt'] }]\n"
      "secrets = ['NPM_TOKEN', { name = 'deploy', env = 'KEY_FILE', file = true }]\n"
      "artifacts = { paths = ['report/**'], when = 'passed', keep = '48h' }\n"
      "reuse = { inputs = ['libs/', 'Makefile'], audit = 0.5 }\n"
      "retries = { lost = 2, infrastructure = 1 }\nweight = 2\n");
  CHECK(job.network == jerichoci::Network::allow_list);
  CHECK(job.allow_hosts == std::vector<std::string>{"registry.npmjs.org", "*.debian.org", "10.0.0.7:8080"});
  CHECK(job.limits.disk_bytes == 2ull << 30);
  REQUIRE(job.caches.size() == 2);
  CHECK(job.caches[1].path == "build");
  CHECK(job.caches[1].key_files == std::vector<std::string>{"CMakeLists.txt"});
  CHECK(job.secrets ==
        std::vector<jerichoci::SecretUse>{{"NPM_TOKEN", "NPM_TOKEN", false}, {"deploy", "KEY_FILE", true}});
  REQUIRE(job.artifacts);
  CHECK(job.artifacts->when == jerichoci::ArtifactSpec::When::passed);
  CHECK(job.artifacts->retention == 48 * 3600 * pika::kSecond);
  REQUIRE(job.reuse);
  CHECK(job.reuse->audit == 0.5);
  CHECK(job.retries.at(jerichoci::FailureKind::lost) == 2);
  CHECK(job.weight == 2);
  CHECK(job_of("artifacts = ['report/**']").artifacts->globs == std::vector<std::string>{"report/**"});
  // What the catalogue accepts the engine does too.
  CHECK(jerichoci::check_jobs({job}));
}

TEST_CASE("a lane's own command is a target with one job of the lane's id") {
  auto result = load_catalogue(tree_of({{"ci/pikaci.toml",
                                         "version = 1\n[[lane]]\nid = 'fmt'\ncommand = ['script/fmt', '--check']\n"
                                         "limits = { time = '2m' }\ncaches = ['ccache']\n"}}));
  REQUIRE(result.problems.empty());
  CHECK(result.catalogue.lanes[0].target == "fmt");
  CHECK(result.catalogue.lanes[0].title == "fmt");
  const auto& job = result.catalogue.targets.at("fmt").jobs.at(0);
  CHECK(job.id == "fmt");
  CHECK(job.command == std::vector<std::string>{"script/fmt", "--check"});
  CHECK(job.limits.time == 120 * pika::kSecond);
  CHECK(job.caches == std::vector<jerichoci::CacheSpec>{"ccache"});
}

TEST_CASE("the older form is read as it is") {
  std::string older = R"(version = 1
nightly_schedule_utc = "08:00"
[[branch.lanes]]
id = "apple_host_sanity"
title = "check-apple-host-sanity"
entrypoint = "./scripts/x.sh run"
command = ["./scripts/x.sh", "run"]
concurrency_group = "apple-host"
paths = ["Cargo.toml", "crates/**"]
[[branch.lanes]]
id = "rmp"
staged_linux_target = "pre-merge-rmp"
[[nightly.lanes]]
id = "night"
staged_linux_target = "pre-merge-linux"
)";
  auto alone = load_catalogue(tree_of({{"ci/forge-lanes.toml", older}}));
  REQUIRE(alone.problems.empty());
  CHECK(alone.catalogue.source == "ci/forge-lanes.toml");
  CHECK(alone.catalogue.nightly_schedule_utc == "08:00");
  REQUIRE(alone.catalogue.lanes.size() == 3);
  CHECK(alone.catalogue.lanes[0].target == "apple_host_sanity");
  CHECK(alone.catalogue.lanes[0].entrypoint == "./scripts/x.sh run");
  CHECK(alone.catalogue.lanes[1].target.empty());
  CHECK(alone.catalogue.lanes[1].unrunnable == "staged target 'pre-merge-rmp' is not in ci/pikaci.toml");
  CHECK(alone.catalogue.lanes[2].nightly);

  auto both = load_catalogue(
      tree_of({{"ci/forge-lanes.toml", older},
               {"ci/pikaci.toml", "version = 1\n[[targets.pre-merge-rmp.jobs]]\nid = 'a'\ncommand = ['true']\n"}}));
  REQUIRE(both.problems.empty());
  CHECK(both.catalogue.lanes[1].target == "pre-merge-rmp");
  CHECK(both.catalogue.lanes[1].unrunnable.empty());
  CHECK_FALSE(both.catalogue.lanes[2].unrunnable.empty());
}

TEST_CASE("lanes in both files are an error") {
  auto result =
      load_catalogue(tree_of({{"ci/forge-lanes.toml", "version = 1\n[[branch.lanes]]\nid = 'a'\ncommand = ['true']\n"},
                              {"ci/pikaci.toml", "version = 1\n[[lane]]\nid = 'b'\ncommand = ['true']\n"}}));
  REQUIRE(result.problems.size() == 1);
  CHECK(result.problems[0].print().starts_with("ci/forge-lanes.toml:1:1: lanes are in ci/pikaci.toml too"));
}

TEST_CASE("a tree without a catalogue is no error, and known as such") {
  auto result = load_catalogue(tree_of({}));
  CHECK(result.problems.empty());
  CHECK_FALSE(result.catalogue.present);
}

TEST_CASE("an unknown key names file, line, column and the nearest right word") {
  CHECK(problems_of(with_job_line("comand = 1")) ==
        "ci/pikaci.toml:6:1: unknown key 'comand'; did you mean 'command'?");
  CHECK(problems_of("version = 1\n[[lane]]\nid = 'a'\ncommand = ['x']\npahts = ['y']\n") ==
        "ci/pikaci.toml:5:1: unknown key 'pahts'; did you mean 'paths'?");
  CHECK(problems_of("version = 1\n[group]\n") == "ci/pikaci.toml:2:2: unknown key 'group'; did you mean 'groups'?");
  CHECK(problems_of(with_job_line("limits = { memroy = '1GiB' }")) ==
        "ci/pikaci.toml:6:12: unknown key 'memroy'; did you mean 'memory'?");
}

TEST_CASE("every problem is found in one pass, in the order of the file") {
  auto result = load_catalogue(tree_of({{"ci/pikaci.toml", R"(version = 1
[[lane]]
id = "Unit"
command = "make test"
[[lane]]
id = "a"
target = "untit"
paths = ["@cp", "[x"]
[groups]
cpp = ["**"]
[[targets.unit.jobs]]
id = "t"
command = ["x"]
limits = { time = "20 minutes", memory = "8" }
runtime = "incus"
placement = "lokal"
)"}}));
  std::vector<int> lines;
  for (const auto& problem : result.problems) lines.push_back(problem.line);
  CHECK(lines == std::vector<int>{3, 4, 7, 8, 8, 14, 14, 15, 16});
}

TEST_CASE("each mistake has its sentence") {
  struct Case {
    std::string text, says;
  };
  for (
      const auto& [text, says] : std::vector<Case>{
          {"", "ci/pikaci.toml:1:1: 'version = 1' is missing; write it as the first line"},
          {"version = 2\n[nonsense]\n",
           "ci/pikaci.toml:1:11: version 2 is not known to this program, which reads version 1"},
          {"version = 1\n[[lane]]\nid = 'a'\n",
           "ci/pikaci.toml:2:1: this lane has neither a 'target' nor a 'command', so that it could never run"},
          {"version = 1\n" + kTarget + "[[lane]]\nid = 'a'\ntarget = 'untit'\n",
           "ci/pikaci.toml:8:10: there is no target 'untit'; did you mean 'unit'?"},
          {"version = 1\n[groups]\ncpp = ['a']\n[[lane]]\nid = 'a'\ncommand = ['x']\npaths = ['@cp']\n",
           "ci/pikaci.toml:7:10: there is no group '@cp' in [groups]; did you mean '@cpp'?"},
          {"version = 1\n[[lane]]\nid = 'a'\ncommand = ['x']\n[[lane]]\nid = 'a'\ncommand = ['y']\n",
           "ci/pikaci.toml:6:6: there is a lane 'a' already, at ci/pikaci.toml:3"},
          {"version = 1\n" + kTarget + "[[lane]]\nid = 'unit'\ncommand = ['x']\n",
           "ci/pikaci.toml:8:1: lane 'unit' has a command of its own, and there is a target 'unit' too; say target = "
           "\"unit\" or rename one"},
          {"version = 1\n" + kTarget + "[[lane]]\nid = 'a'\ntarget = 'unit'\ncommand = ['x']\n",
           "ci/pikaci.toml:9:1: a lane has a 'target' or a 'command', not both"},
          {"version = 1\n" + kTarget + "[[lane]]\nid = 'a'\ntarget = 'unit'\nnetwork = 'on'\n",
           "ci/pikaci.toml:9:1: 'network' belongs on the jobs of the target, not on a lane that names one"},
          {with_job_line("runtime = 'incus'"),
           "ci/pikaci.toml:6:11: runtime 'incus' is not available in this build, which has sandbox, host_process, oci"},
          {with_job_line("runtime = 'sandbx'"),
           "ci/pikaci.toml:6:11: there is no runtime 'sandbx', only sandbox, host_process, oci; did you mean "
           "'sandbox'?"},
          {with_job_line("network = false"),
           "ci/pikaci.toml:6:11: 'network' must be \"off\", \"on\" or a list of hosts, and this is true or false"},
          {with_job_line("network = 'allow_list'"),
           "ci/pikaci.toml:6:11: there is no network 'allow_list', only off, on, or a list of hosts: "
           "[\"registry.npmjs.org\"]"},
          {with_job_line("network = ['http://x/']"),
           "ci/pikaci.toml:6:12: 'http://x/' is no host to allow; write a name, with * for what is before a dot, and a "
           "port if it is not 80 or 443: \"registry.npmjs.org\", \"*.debian.org\", \"10.0.0.7:8080\""},
          {with_job_line("caches = [{ name = 'b', path = '../x' }]"),
           "ci/pikaci.toml:6:32: 'path': ../x is no path below the workspace; write it relative, without '..'"},
          {with_job_line("caches = [{ name = 'b', path = './' }]"),
           "ci/pikaci.toml:6:32: 'path': ./ is the workspace itself; name a folder of its own below it, like "
           "\"build\""},
          {with_job_line("limits = { pids = 1 }"),
           "ci/pikaci.toml:3:1: its process limit is under 4; the sandbox itself takes two"},
          {with_job_line("caches = [{ name = 'b', path = 'x' }, { name = 'c', path = 'x/y' }]"),
           "ci/pikaci.toml:3:1: cache 'b' is declared twice, or lies in another one; give every cache a name and a "
           "folder of its own"},
          {with_job_line("artifacts = ['/etc/*']"),
           "ci/pikaci.toml:6:14: 'artifacts': /etc/* is no path below the workspace; write it relative, without "
           "'..'"},
          {with_job_line("retries = { los = 1 }"),
           "ci/pikaci.toml:6:13: there is no failure 'los', only test_failed, timed_out, out_of_memory, setup_failed, "
           "infrastructure, lost; did you mean 'lost'?"},
          {with_job_line("secrets = ['a b']"),
           "ci/pikaci.toml:6:12: 'a b' is no name of a variable: letters, digits and '_', not a digit first; name one "
           "with env"},
          {with_job_line("reuse = { audit = 1 }"),
           "ci/pikaci.toml:6:9: 'reuse' names no 'inputs': the paths that decide the verdict"},
          {with_job_line("limits = { time = '20' }"),
           "ci/pikaci.toml:6:19: '20' is no span of time; write it like \"20m\", \"1h30m\", \"90s\""},
          {with_job_line("limits = { memory = '8 apples' }"),
           "ci/pikaci.toml:6:21: '8 apples' is no size; write it like \"8GiB\" or \"512MiB\""},
          {with_job_line("needs = ['tset']"),
           "ci/pikaci.toml:6:10: job 'test' needs 'tset', which is no job of this target; did you mean 'test'?"},
          {with_job_line("needs = ['test']"), "ci/pikaci.toml:2:1: jobs wait for each other for ever: test needs test"},
          {with_job_line("env = { '1A' = 'x' }"),
           "ci/pikaci.toml:6:9: '1A' is no name of a variable: letters, digits and '_', not a digit first"},
          {with_job_line("caches = ['a-b', 'a_b']"),
           "ci/pikaci.toml:6:18: the cache 'a_b' would share its variable with another of this job"},
          {with_job_line("[[targets.unit.jobs]]\nid = 'test'\ncommand = ['x']"),
           "ci/pikaci.toml:7:6: target 'unit' has a job 'test' already"},
          {"version = 1\n[targets.unit]\n",
           "ci/pikaci.toml:2:1: target 'unit' has no jobs; add a [[targets.unit.jobs]]"},
          {"version = 1\n[[lane]]\nid = 'a'\ncommand = 'make test'\n",
           "ci/pikaci.toml:4:11: 'command' must be a list of words, as in [\"make\", \"test\"]; no shell reads it"},
          {"version = 1\n[[lane]]\nid = 'a'\ncommand = []\n", "ci/pikaci.toml:4:11: 'command' is empty"},
          {"version = 1\n[[lane]]\nid = 'a'\ncommand = ['x']\npaths = []\n",
           "ci/pikaci.toml:5:9: 'paths' is empty; leave it out for a lane that always runs"},
          {"version = 1\n[[lane]]\nid = 'a'\ncommand = ['x']\npaths = ['!docs/']\n",
           "ci/pikaci.toml:5:9: only '!' filters, so that no path is ever chosen; begin with \"**\""},
          {"version = 1\n[[lane]]\nid = 'a'\ncommand = ['x']\npaths = ['/libs/**']\n",
           "ci/pikaci.toml:5:10: the filter '/libs/**' begins with '/', and no path does; filters begin at the root "
           "of the repository: leave the beginning away"},
          {"version = 1\nnightly_schedule_utc = '25:00'\n",
           "ci/pikaci.toml:2:24: '25:00' is no time of day; write it like \"08:00\""},
          {"version = 1\n[lane]\nid = 'a'\n",
           "ci/pikaci.toml:2:1: 'lane' must be a list of tables: write [[lane]] where this is a table"},
      }) {
    CAPTURE(text);
    CHECK(problems_of(text) == says);
  }
}

TEST_CASE("spans and sizes are read exactly") {
  auto limits_of = [](const std::string& line) {
    auto result = load_catalogue(tree_of({{"ci/pikaci.toml", with_job_line("limits = { " + line + " }")}}));
    REQUIRE(result.problems.empty());
    return result.catalogue.targets.at("unit").jobs.at(0).limits;
  };
  CHECK(limits_of("time = '1h2m3s4ms'").time == ((3600 + 120 + 3) * pika::kSecond + 4000));
  CHECK(limits_of("time = '90s'").time == 90 * pika::kSecond);
  CHECK(limits_of("memory = '1.5GiB'").memory_bytes == 1610612736);
  CHECK(limits_of("memory = '2 MB'").memory_bytes == 2'000'000);
  CHECK(limits_of("cpus = 2").cpus == 2.0);
  for (const char* bad : {"time = '0s'", "time = '200h'", "time = '1s1h'", "time = ''", "time = '-5m'",
                          "time = '99999999999999999999h'", "memory = '1kB'", "memory = '99999TiB'", "memory = '-1GiB'",
                          "cpus = 0", "cpus = nan", "pids = 0", "pids = -1", "time = 20"})
    CHECK_FALSE(problems_of(with_job_line("limits = { " + std::string(bad) + " }")).empty());
}

TEST_CASE("a cycle of jobs is told by its way") {
  auto job = [](const char* id, const char* need) {
    return std::string("[[targets.x.jobs]]\nid = '") + id + "'\ncommand = ['x']\nneeds = ['" + need + "']\n";
  };
  auto text = problems_of("version = 1\n[targets.x]\n" + job("a", "b") + job("b", "c") + job("c", "b"));
  CHECK(text == "ci/pikaci.toml:2:1: jobs wait for each other for ever: b needs c needs b");
}

TEST_CASE("a hostile catalogue is refused, quickly and in few words") {
  std::string many = "version = 1\n";
  for (int i = 0; i < 5000; ++i) many += "x" + std::to_string(i) + " = 1\n";
  auto result = load_catalogue(tree_of({{"ci/pikaci.toml", many}}));
  CHECK(result.problems.size() == 101);
  std::string bomb = "version = 1\n[groups]\ng = [";
  for (int i = 0; i < 2000; ++i) bomb += "'a',";
  bomb += "]\n";
  for (int i = 0; i < 5000; ++i)
    bomb += "[[lane]]\nid = 'l" + std::to_string(i) + "'\ncommand = ['x']\npaths = ['@g','@g','@g']\n";
  result = load_catalogue(tree_of({{"ci/pikaci.toml", bomb}}));
  CHECK_FALSE(result.problems.empty());
  CHECK(problems_of("version = 1\n\"" + std::string(100'000, 'k') + "\" = 1\n").size() < 300);
  CHECK(problems_of("version = 1\n\"a\\nb<script>\" = 1\n") == "ci/pikaci.toml:2:1: unknown key 'a\\nb<script>'");
}

TEST_CASE("the policy says what is required, who may override, and its hash is of its bytes") {
  std::string text = R"(version = 1
[target.main]
required_lanes = ["unit", "fmt"]
override = ["admin"]
[target."release/1"]
required_lanes = []
allow_nothing_to_run = true
)";
  auto result = load_policy(tree_of({{"ci/policy.toml", text}}));
  REQUIRE(result.problems.empty());
  CHECK(result.policy.present);
  CHECK(result.policy.hash.size() == 64);
  CHECK(result.policy.targets.at("main").override_roles == std::vector<std::string>{"admin"});
  CHECK_FALSE(result.policy.targets.at("main").allow_nothing_to_run);
  CHECK(result.policy.targets.at("release/1").allow_nothing_to_run);
  CHECK(load_policy(tree_of({{"ci/policy.toml", text + "#"}})).policy.hash != result.policy.hash);

  auto catalogue =
      load_catalogue(tree_of({{"ci/pikaci.toml",
                               "version = 1\n[[lane]]\nid = 'unit'\ncommand = ['x']\n[[lane]]\nid = 'night'\n"
                               "nightly = true\ncommand = ['x']\n"}}));
  CHECK(required_lanes(result.policy, catalogue.catalogue, "main") == std::vector<std::string>{"unit", "fmt"});
  CHECK(required_lanes(result.policy, catalogue.catalogue, "release/1").empty());
  CHECK(required_lanes(result.policy, catalogue.catalogue, "other") == std::vector<std::string>{"unit"});
  CHECK(required_lanes({}, catalogue.catalogue, "main") == std::vector<std::string>{"unit"});

  auto missing = check_policy(result.policy, catalogue.catalogue);
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].print() == "ci/policy.toml:3:1: 'main' requires the lane 'fmt', which the catalogue does not have");
}

TEST_CASE("a tree without a policy has the hash 'default'") {
  auto result = load_policy(tree_of({}));
  CHECK_FALSE(result.policy.present);
  CHECK(result.policy.hash == "default");
}

TEST_CASE("mistakes in a policy are found in one pass") {
  auto result = load_policy(tree_of(
      {{"ci/policy.toml", "version = 1\n[target.main]\nrequired = ['unit']\noverride = ['admn']\n[targets]\n"}}));
  std::string all;
  for (const auto& p : result.problems) all += p.print() + "\n";
  CHECK(all ==
        "ci/policy.toml:2:1: the target 'main' has no 'required_lanes'; write [] where none is\n"
        "ci/policy.toml:3:1: unknown key 'required'\n"
        "ci/policy.toml:4:13: there is no role 'admn' that could override, only admin, lander, writer; did you mean "
        "'admin'?\n"
        "ci/policy.toml:5:2: unknown key 'targets'; did you mean 'target'?\n");
}

TEST_CASE("this repository's own catalogue and policy are in order") {
  FileReader read = [](std::string_view path) -> std::optional<std::string> {
    auto text = pika::read_file(std::filesystem::path(PIKA_SOURCE_DIR) / path);
    return text ? std::optional(*text) : std::nullopt;
  };
  auto catalogue = load_catalogue(read);
  for (const auto& problem : catalogue.problems) FAIL_CHECK(problem.print());
  CHECK(catalogue.catalogue.lanes.size() >= 3);
  auto policy = load_policy(read);
  for (const auto& problem : policy.problems) FAIL_CHECK(problem.print());
  CHECK(check_policy(policy.policy, catalogue.catalogue).empty());
  CHECK(policy.policy.targets.contains("main"));
}
