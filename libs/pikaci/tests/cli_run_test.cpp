// The predecessor's faults: it looked only at uncommitted files, found none in a clean work tree, recorded `skipped`,
// exited 0, and broken code was green; an explicit run skipped itself.
#include <doctest/doctest.h>

#include <algorithm>

#include "cli_support.hpp"
#include "pika/base/text.hpp"

using namespace pikaci;
using pika::json::find_bool;
using pika::json::find_int;

namespace {
bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
}  // namespace

TEST_CASE("broken code in a clean work tree is red") {
  Scratch s;
  s.with_catalogue();
  s.git({"checkout", "-q", "-b", "feature"});
  s.write("libs/broken", "x");
  s.commit("break it");
  REQUIRE(s.git({"status", "--porcelain"}).empty());
  CHECK(cli_run(s.context(), {}, {}) == 1);
  CHECK(contains(s.out(), "unit: libs/broken matches libs/**"));
  CHECK(contains(s.out(), "│ one"));
}

TEST_CASE("what is changed and not committed is run as it stands") {
  Scratch s;
  s.with_catalogue();
  s.write("libs/broken", "x");  // not even tracked
  CHECK(cli_run(s.context(), {}, {}) == 1);
  s.remove("libs/broken");
  s.write("libs/a.cpp", "int b;\n");
  CHECK(cli_run(s.context(), {}, {}) == 0);
}

TEST_CASE("nothing selected is 'nothing to run' with exit code 3, and not green") {
  Scratch s;
  s.with_catalogue();
  s.git({"checkout", "-q", "-b", "feature"});
  s.write("other.txt", "changed\n");
  s.commit("elsewhere");
  CHECK(cli_run(s.context(), {}, {}) == 3);
  CHECK(contains(s.out(), "nothing to run"));
  CHECK(cli_run(s.context(OutputFormat::json), {}, {}) == 3);
  CHECK(find_bool(s.json(), "nothing_to_run") == true);
  CHECK(find_int(s.json(), "exit_code") == 3);
}

TEST_CASE("an explicit run never skips itself") {
  Scratch s;
  s.with_catalogue();
  s.git({"checkout", "-q", "-b", "feature"});
  s.write("other.txt", "changed\n");
  s.write("libs/broken", "x");
  s.commit("break it");
  s.git({"checkout", "-q", "-B", "main"});  // main is here too: nothing differs
  CHECK(cli_run(s.context(), {"unit"}, {}) == 1);
  CHECK(cli_run(s.context(), {"docs"}, {}) == 0);
}

TEST_CASE("to fail fast is a choice: the other jobs are cancelled, and no further target begins") {
  Scratch s;
  s.write("ci/pikaci.toml",
          "version = 1\n"
          "[[targets.first.jobs]]\nid = \"bad\"\ncommand = [\"false\"]\n"
          "[[targets.first.jobs]]\nid = \"long\"\ncommand = [\"sleep\", \"600\"]\n"
          "[[targets.second.jobs]]\nid = \"good\"\ncommand = [\"true\"]\n");
  s.commit("a target that fails");
  auto context = s.context(OutputFormat::json);
  context.fail_fast = true;
  CHECK(cli_run(context, {"first", "second"}, {}) == 1);
  auto answer = s.json();
  const auto* runs = pika::json::find_array(answer, "runs");
  REQUIRE(runs->size() == 1);
  const auto* jobs = pika::json::find_array((*runs)[0], "jobs");
  CHECK(pika::json::find_string((*jobs)[0], "status") == "failed");
  CHECK(pika::json::find_string((*jobs)[1], "status") == "cancelled");
}

TEST_CASE("an empty change set runs everything") {
  Scratch s;
  s.with_catalogue();
  CHECK(cli_run(s.context(OutputFormat::json), {}, {}) == 0);
  CHECK(pika::json::find_array(s.json(), "runs")->size() == 2);
}

TEST_CASE("without a target branch every lane runs, and the user is told why") {
  Scratch s;
  s.with_catalogue();
  s.git({"branch", "-m", "main", "trunk"});
  s.write("other.txt", "changed\n");
  CHECK(cli_run(s.context(), {}, {}) == 0);
  CHECK(contains(s.err(), "no target branch was found"));
  CHECK(contains(s.out(), "docs passed"));
}

TEST_CASE("a repository without any commit runs everything") {
  Scratch s;
  s.write("ci/pikaci.toml",
          "version = 1\n[[lane]]\nid = 'a'\npaths = ['x']\ncommand = ['true']\nruntime = 'host_process'\n");
  CHECK(cli_run(s.context(), {}, {}) == 0);
  CHECK(contains(s.err(), "no commit yet"));
}

TEST_CASE("a target that two lanes name runs once") {
  Scratch s;
  s.with_catalogue();
  s.write("ci/pikaci.toml",
          "version = 1\n[[lane]]\nid = 'a'\ntarget = 't'\n[[lane]]\nid = 'b'\ntarget = 't'\n"
          "[[targets.t.jobs]]\nid = 'j'\ncommand = ['true']\nruntime = 'host_process'\n");
  CHECK(cli_run(s.context(OutputFormat::json), {"a", "b", "t", "a"}, {}) == 0);
  CHECK(pika::json::find_array(s.json(), "runs")->size() == 1);
}

TEST_CASE("a lane that cannot run is visible and never green") {
  Scratch s;
  s.write("ci/forge-lanes.toml", "version = 1\n[[branch.lanes]]\nid = 'rmp'\nstaged_linux_target = 'pre-merge-rmp'\n");
  s.commit("older form");
  CHECK(cli_run(s.context(), {"rmp"}, {}) == 3);
  CHECK(contains(s.err(), "staged target 'pre-merge-rmp' is not in ci/pikaci.toml"));
  CHECK(cli_run(s.context(), {}, {}) == 3);
}

TEST_CASE("host_process needs the user's own word") {
  Scratch s;
  s.with_catalogue();
  auto context = s.context();
  context.allow_host_process = false;
  CHECK(cli_run(context, {"docs"}, {}) == 2);
  CHECK(contains(s.err(), "--allow-host-process"));
  CHECK(cli_run(context, {}, {}) == 3);  // chosen by the change: left out, told of, not green
}

TEST_CASE("the target's catalogue is named when it differs") {
  Scratch s;
  s.with_catalogue();
  s.git({"checkout", "-q", "-b", "feature"});
  s.write("libs/a.cpp", "x\n");
  CHECK(cli_run(s.context(), {}, {}) == 0);
  CHECK_FALSE(contains(s.err(), "gates"));
  s.write("ci/pikaci.toml",
          "version = 1\n[[lane]]\nid = 'unit'\npaths = ['libs/**']\ncommand = ['true']\nruntime = 'host_process'\n");
  CHECK(cli_run(s.context(), {}, {}) == 0);
  CHECK(contains(s.err(), "ci/pikaci.toml differs from that of main, which is what gates a branch"));
}

TEST_CASE("a wrong catalogue is exit 7 with every place, in words and as JSON") {
  Scratch s;
  s.write("ci/pikaci.toml", "version = 1\n[[lane]]\nid = 'a'\ncomand = ['true']\n");
  CHECK(cli_run(s.context(), {}, {}) == 7);
  CHECK(contains(s.err(), "ci/pikaci.toml:4:1: unknown key 'comand'; did you mean 'command'?"));
  CHECK(cli_run(s.context(OutputFormat::json), {}, {}) == 7);
  auto v = s.json();
  auto& problems = v.at("error").at("problems").as_array();
  CHECK(problems.at(0).at("line").as_int64() == 2);
  CHECK(problems.at(1).at("line").as_int64() == 4);
  CHECK(find_int(v, "exit_code") == 7);
  s.remove("ci");
  CHECK(cli_run(s.context(), {}, {}) == 7);
  CHECK(contains(s.err(), "there is no catalogue"));
}

TEST_CASE("an unknown name is exit 2 with the nearest known one") {
  Scratch s;
  s.with_catalogue();
  CHECK(cli_run(s.context(), {"unti"}, {}) == 2);
  CHECK(contains(s.err(), "there is no lane and no target 'unti'; did you mean 'unit'?"));
}

TEST_CASE("a run is found again: list, status, logs, rerun on the same tree") {
  Scratch s;
  s.with_catalogue();
  s.write("libs/broken", "x");
  REQUIRE(cli_run(s.context(OutputFormat::json), {"unit"}, {}) == 1);
  auto run = s.json().at("runs").at(0);
  auto id = std::string(run.at("run_id").as_string());
  s.remove("libs/broken");

  CHECK(cli_list(s.context(), 10) == 0);
  CHECK(contains(s.out(), id));
  CHECK(cli_status(s.context(), "last", false) == 0);
  CHECK(cli_status(s.context(), id.substr(0, 20), true) == 1);
  CHECK(cli_logs(s.context(), id, "test", false) == 0);
  CHECK(s.out() == "one\n");
  CHECK(cli_logs(s.context(OutputFormat::jsonl), id, "", true) == 0);
  CHECK(s.json().at("text").as_string() == "one\n");
  CHECK(cli_logs(s.context(), id, "nope", false) == 2);
  CHECK(cli_cancel(s.context(), id) == 2);

  CHECK(cli_rerun(s.context(OutputFormat::json), id) == 1);  // as it was, though the work tree is mended
  auto again = s.json().at("runs").at(0);
  CHECK(again.at("rerun_of").as_string() == id);
  CHECK(again.at("snapshot").at("tree") == run.at("snapshot").at("tree"));
  CHECK(cli_status(s.context(), "no such run\n", false) == 2);
}

TEST_CASE("jsonl is one object a line: the engine's events, then the outcome") {
  Scratch s;
  s.with_catalogue();
  CHECK(cli_run(s.context(OutputFormat::jsonl), {"unit"}, {}) == 0);
  std::vector<std::string> events;
  auto text = s.out();
  for (auto line : pika::split(pika::trim(text), '\n')) {
    auto value = pika::json::parse(line, "line");
    REQUIRE(value);
    events.push_back(pika::json::find_string(*value, "event").value_or(""));
  }
  CHECK(events.front() == "run_started");
  CHECK(std::count(events.begin(), events.end(), "job_finished") == 1);
  CHECK(events.back() == "command_finished");
}

TEST_CASE("a run that was cancelled before it began is exit 6") {
  Scratch s;
  s.with_catalogue();
  auto context = s.context();
  context.cancel.cancel();
  CHECK(cli_run(context, {"unit"}, {}) == 6);
}

TEST_CASE("a state folder that would be part of the tree is refused, and an ignored one is not") {
  Scratch s;
  s.with_catalogue();
  auto context = s.context();
  context.state_root = s.root() / "build/state";
  CHECK(cli_run(context, {"unit"}, {}) == 2);
  CHECK(contains(s.err(), "lies in the work tree"));
  s.write(".gitignore", "/build/\n");
  CHECK(cli_run(context, {"unit"}, {}) == 0);
}

TEST_CASE("each further attempt is told, and the last one's number") {
  Scratch s;
  s.with_catalogue();
  s.write("ci/pikaci.toml",
          "version = 1\n[[lane]]\nid = 'flaky'\ncommand = ['sh', '-c', 'exit 7']\nretries = { test_failed = 2 }\n");
  s.commit("a lane that fails");
  CHECK(cli_run(s.context(), {"flaky"}, {}) == 1);
  CHECK(contains(s.out(), "attempt 1 failed"));
  CHECK(contains(s.out(), "attempt 2 failed"));
  CHECK(contains(s.out(), "exit code 7; trying again"));
  CHECK(contains(s.out(), "exit code 7, attempt 3"));
}
