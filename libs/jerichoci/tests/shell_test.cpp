// A shell in a job's world: what it is made of, and in each runtime that it has a terminal of its own.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <thread>

#include "engine_support.hpp"
#include "jerichoci/testing/image_fixture.hpp"
#include "replay/shell.hpp"
#include "run/job_runner.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

// The person's terminal: what is typed was typed beforehand.
struct Person {
  pika::UniqueFd keys{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)}, terminal;
  explicit Person(std::string_view typed) {
    REQUIRE(::grantpt(keys.get()) == 0);
    REQUIRE(::unlockpt(keys.get()) == 0);
    char name[64];
    REQUIRE(::ptsname_r(keys.get(), name, sizeof name) == 0);
    terminal = pika::UniqueFd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(terminal);
    pika::write_all(keys.get(), typed);
  }
  // Runs the shell and reads along; gives what was shown.
  std::string shown_by(Engine& engine, const std::string& run, pika::Result<ShellEnd>& end) {
    std::string shown;
    std::thread reader([&] {
      char piece[4096];
      for (ssize_t n; (n = ::read(keys.get(), piece, sizeof piece)) > 0;) shown.append(piece, static_cast<size_t>(n));
    });
    end = engine.shell(run, "", {.in = terminal.get(), .out = terminal.get(), .term = "dumb"}, {}, {});
    terminal.reset();
    reader.join();
    return shown;
  }
};

}  // namespace

TEST_CASE("shell: of the run's request stays the job's world; secrets, needs, artifacts and other jobs do not") {
  RunRequest request{.jobs = {shell_job("a", "true"), shell_job("b", "false")}, .secrets = {{"KEY", "hush"}}};
  auto& b = request.jobs[1];
  b.needs = {"a"};
  b.secrets = {{.name = "KEY", .env = "KEY"}};
  b.artifacts = ArtifactSpec{.globs = {"x"}};
  b.retries = {{FailureKind::test_failed, 2}};
  b.env = {{"A", "1"}};
  b.prepared = {{.output = "top", .path = "/top"}};
  request.prepares = {{.id = "other"}, {.id = "base"}, {.id = "top", .needs = {"base"}}};
  auto world = make_shell_request(request, "b", "xterm");
  CHECK(world.without == std::vector<std::string>{"KEY"});
  CHECK(world.job.command.back() == "false");
  REQUIRE(request.jobs.size() == 1);
  const auto& shell = request.jobs[0];
  CHECK(shell.id == "b");
  CHECK(shell.env == std::map<std::string, std::string>{{"A", "1"}, {"TERM", "xterm"}});
  CHECK(shell.prepared.size() == 1);
  CHECK(shell.needs.empty());
  CHECK(shell.secrets.empty());
  CHECK(shell.retries.empty());
  CHECK(!shell.artifacts);
  CHECK(request.secrets.empty());
  CHECK(!request.trust.may_save);
  CHECK(request.gate);  // neither takes nor doubts an earlier verdict
  REQUIRE(request.prepares.size() == 2);
  CHECK(request.prepares[0].id == "base");
}

TEST_CASE("shell: which job is meant is known, or asked for") {
  RunRecord run;
  CHECK(!shell_job_of(run, ""));
  run.jobs = {new_job_record(shell_job("a", "true")), new_job_record(shell_job("b", "true"))};
  CHECK(shell_job_of(run, "").error().advice == "name one of them with --job: a, b");
  CHECK(shell_job_of(run, "c").error().kind == pika::ErrorKind::not_found);
  CHECK(shell_job_of(run, "a").value() == "a");
  run.jobs[1].status = Status::failed;
  CHECK(shell_job_of(run, "").value() == "b");
}

TEST_CASE("shell: without a terminal there is none, and nothing is begun") {
  TestEngine engine;
  auto ran = run_script(*engine, "true");
  auto null = pika::UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  auto end = engine->shell(ran.record.run_id, "", {.in = null.get(), .out = null.get()}, {}, {});
  REQUIRE(!end.has_value());
  CHECK(end.error().what == "a shell needs a terminal, and this is none");
  CHECK(engine->list_runs(10, nullptr).size() == 1);
}

TEST_CASE("shell: in a sandbox and in an image it has a terminal of its own, an exit code, and leaves nothing") {
  auto layer = testing::busybox_layer();
  for (auto runtime : {Runtime::sandbox, Runtime::oci}) {
    CAPTURE(to_string(runtime));
    EngineConfig config;
    pika::TempDir image("jci-image-");
    if (runtime == Runtime::oci) {
      if (layer.empty() || !has_oci_runtime()) continue;
      testing::write_image_layout(image.path() / "layout", {layer});
      config.roots["small"] = image.path() / "layout";
    }
    TestEngine engine(config);
    auto job = shell_job("test", "cat file; exit 4");
    job.runtime = runtime;
    if (runtime == Runtime::oci) job.root = "small";
    auto ran = run_one(*engine, job);
    CHECK_MESSAGE(ran.record.jobs[0].exit_code == 4, ran.record.jobs[0].message);
    Person person("test -t 0 && echo on-a-$TERM-terminal; echo $PIKA_JOB > /dev/tty; exit 9\n");
    pika::Result<ShellEnd> end = pika::fail(pika::ErrorKind::internal, "");
    auto shown = person.shown_by(*engine, ran.record.run_id, end);
    REQUIRE_MESSAGE(end.has_value(), (end ? "" : end.error().text()));
    CHECK_MESSAGE(end->exit_code == 9, end->message << shown);
    CHECK_MESSAGE(shown.find("\non-a-dumb-terminal\r") != std::string::npos, shown);
    CHECK(shown.find("job itself: /tmp/job") != std::string::npos);
    CHECK(engine->list_runs(10, nullptr).size() == 1);
    CHECK(leftovers(engine.root()).empty());
  }
}
