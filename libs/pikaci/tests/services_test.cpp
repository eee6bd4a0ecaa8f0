// Services: what a catalogue says of them, and jobs that really run beside them.
#include <doctest/doctest.h>

#include "catalogue/service_script.hpp"
#include "catalogue_support.hpp"
#include "cli_support.hpp"
#include "pika/proc/child.hpp"

using namespace pikaci;

namespace {

const std::string kLane = "[[lane]]\nid = 'a'\ncommand = ['true']\n";

std::vector<std::string> sh(const std::string& script) {
  return {"sh", "-c", script};
}

Service service(const std::string& script, const std::string& ready = {}) {
  Service out;
  out.command = sh(script);
  if (!ready.empty()) out.ready = sh(ready);
  return out;
}

struct Ran {
  pika::proc::Outcome outcome;
  bool said(std::string_view words) const { return outcome.err.find(words) != std::string::npos; }
};

// The command with its services, by this shell.
Ran run(const std::string& shell, const std::vector<std::pair<std::string, Service>>& services,
        const std::string& script, const std::filesystem::path& folder) {
  pika::proc::Command command;
  command.argv = with_services(services, sh(script));
  command.argv[0] = shell;
  command.env = {"PATH=/usr/bin:/bin", "TMPDIR=" + folder.string()};
  command.cwd = folder;
  command.deadline = 20 * pika::kSecond;
  return {pika::proc::run(command)};
}

}  // namespace

TEST_CASE("a service that is wrong or not there is told with its place") {
  CHECK(problems_of("version = 1\n[services.db]\n" + kLane) == "ci/pikaci.toml:2:1: this service has no 'command'");
  CHECK(problems_of("version = 1\n[services.db]\ncommand = 'x'\n" + kLane).find(":3:11: 'command' must be a list") !=
        std::string::npos);
  CHECK(problems_of("version = 1\n[services.db]\ncommand = ['x']\nready_within = '5s'\n" + kLane)
            .find("waits for 'ready'") != std::string::npos);
  CHECK(problems_of("version = 1\n[services.db]\ncommand = ['x']\n" + kLane + "services = ['bd']\n") ==
        "ci/pikaci.toml:7:13: there is no service 'bd' in [services]; did you mean 'db'?");
  CHECK(problems_of("version = 1\n[services.db]\ncommand = ['x']\n" + kLane + "services = ['db', 'db']\n")
            .find("named twice") != std::string::npos);
  CHECK(problems_of("version = 1\n[services.'a b']\ncommand = ['x']\n" + kLane).find("is no service's name") !=
        std::string::npos);
}

TEST_CASE("a job with services is one command, which can be taken apart again") {
  auto loaded = load_catalogue(tree_of({{"ci/pikaci.toml", "version = 1\n[services.db]\ncommand = ['d b', \"it's\"]\n" +
                                                               kLane + "services = ['db']\n"}}));
  REQUIRE(loaded.problems.empty());
  const auto& command = loaded.catalogue.targets.at("a").jobs.at(0).command;
  CHECK(command[0] == "sh");
  CHECK(command[2].find("exec 'd b' 'it'\\''s'\n") != std::string::npos);
  auto served = without_services(command);
  REQUIRE(served);
  CHECK(served->command == std::vector<std::string>{"true"});
  CHECK(served->services == std::vector<std::string>{"db"});
  CHECK_FALSE(without_services({"sh", "-c", "x", "pika-services", "y"}));
}

TEST_CASE("services run while the command does, by every shell") {
  for (const std::string shell : {"/bin/dash", "/bin/bash"}) {
    CAPTURE(shell);
    pika::TempDir folder;
    // The second sees that the first was ready, and the command that both run.
    auto first = service("echo up > first.up; exec sleep 987", "test -e first.up");
    auto second =
        service("test -e first.up && touch second.up; echo $WORD > word; exec sleep 987", "test -e second.up");
    second.env["WORD"] = "it's";
    auto ran =
        run(shell, {{"first", first}, {"second", second}}, "test -e second.up && cat word; exit 7", folder.path());
    CHECK(ran.outcome.exit_code == 7);
    CHECK(ran.outcome.out == "it's\n");
    // Nothing of them is left, and nothing in the folder for temporary files.
    CHECK_FALSE(pika::proc::run({.argv = {"pgrep", "-f", "^sleep 987$"}}).ok());
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      CHECK(entry.path().filename().string().find("tmp.") == std::string::npos);
  }
}

TEST_CASE("a service that fails, is not ready in time, or ends too soon is red and says what it wrote") {
  for (const std::string shell : {"/bin/dash", "/bin/bash"}) {
    CAPTURE(shell);
    pika::TempDir folder;
    auto ran = run(shell, {{"db", service("echo no such disk; exit 3", "false")}}, "touch ran", folder.path());
    CHECK(ran.outcome.exit_code == 1);
    CHECK(ran.said("the service db ended before it was ready"));
    CHECK(ran.said("no such disk"));
    CHECK_FALSE(std::filesystem::exists(folder.path() / "ran"));
    auto late = service("echo starting; exec sleep 987", "false");
    late.ready_within = 1;  // a second at least
    ran = run(shell, {{"db", late}}, "touch ran", folder.path());
    CHECK(ran.outcome.exit_code == 1);
    CHECK(ran.said("was not ready within 1 s"));
    CHECK_FALSE(std::filesystem::exists(folder.path() / "ran"));
    // The command passes, and what it was to be tested against was gone.
    ran = run(shell,
              {{"db", service("echo $$ > up; while [ ! -e on ]; do sleep 0.01; done; echo oh; exit 0", "test -e up")}},
              "touch on; while kill -0 $(cat up) 2>&-; do sleep 0.01; done", folder.path());
    CHECK(ran.outcome.exit_code == 1);
    CHECK(ran.said("the service db ended before the command did"));
    CHECK_FALSE(pika::proc::run({.argv = {"pgrep", "-f", "^sleep 987$"}}).ok());
  }
}

TEST_CASE("a job that is ended while its services begin never begins its command") {
  for (const std::string shell : {"/bin/dash", "/bin/bash"}) {
    CAPTURE(shell);
    pika::TempDir folder;
    // The service ends its own job, as the deadline would, and is never ready.
    auto ran = run(shell, {{"db", service("kill -TERM $PPID; exec sleep 987", "false")}}, "touch ran", folder.path());
    CHECK(ran.outcome.exit_code == 143);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "ran"));
    CHECK_FALSE(pika::proc::run({.argv = {"pgrep", "-f", "^sleep 987$"}}).ok());
  }
}

TEST_CASE("a lane has its service in the sandbox, and is red when that is broken") {
  Scratch scratch;
  auto catalogue = [](const std::string& answer) {
    return "version = 1\n[services.web]\ncommand = ['sh', '-c', 'mkfifo pipe; touch ready; while true; do echo " +
           answer +
           " > pipe; done']\nready = ['test', '-e', 'ready']\n[[lane]]\nid = 'a'\ncommand = ['sh', '-c', 'read x < "
           "pipe; test $x = good']\n"
           "services = ['web']\n";
  };
  scratch.write("ci/pikaci.toml", catalogue("good"));
  scratch.commit("begin");
  CHECK(cli_run(scratch.context(), {"a"}, {}) == 0);
  scratch.write("ci/pikaci.toml", catalogue("bad"));
  CHECK(cli_run(scratch.context(), {"a"}, {}) == 1);
  CHECK(cli_targets(scratch.context()) == 0);
  CHECK(scratch.out().find("services web") != std::string::npos);
  CHECK(cli_status(scratch.context(), "last", false) == 0);
  CHECK(cli_plan(scratch.context(), {"a"}, {}) == 0);
  CHECK(scratch.out().find("pika-services") == std::string::npos);
}
