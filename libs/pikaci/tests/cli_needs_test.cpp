// pikaci run: lanes in the order of their needs, cells, concurrency groups.
#include <doctest/doctest.h>

#include <functional>
#include <sstream>

#include "cli_support.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"

using namespace pikaci;

namespace {

// The status of each run, by its lanes, in order.
std::string runs_of(const pika::json::Value& summary) {
  std::string out;
  for (const auto& run : summary.at("runs").as_array())
    out +=
        std::string(run.at("labels").at("lanes").as_string()) + " " + std::string(run.at("status").as_string()) + "\n";
  return out;
}

std::string lane(const std::string& id, const std::string& command, const std::string& lines = "") {
  return "[[lane]]\nid = '" + id + "'\ncommand = ['sh', '-c', '" + command + "']\nruntime = 'host_process'\n" + lines +
         "\n";
}

}  // namespace

TEST_CASE("what a lane needs runs before it, whatever the order of the file") {
  Scratch scratch;
  scratch.write("ci/pikaci.toml", "version = 1\n" + lane("ship", "true", "needs = ['pack']") +
                                      lane("pack", "true", "needs = ['build']") + lane("build", "true") +
                                      lane("other", "true"));
  scratch.commit("begin");
  CHECK(cli_run(scratch.context(OutputFormat::json), {"ship"}, {}) == 0);
  CHECK(runs_of(scratch.json()) == "build passed\npack passed\nship passed\n");
  CHECK(scratch.json().at("selection").at(1).at("reason") == "lane ship needs it");
}

TEST_CASE("a need that failed skips what waits for it, with a reason, and that is not green") {
  Scratch scratch;
  scratch.write("ci/pikaci.toml", "version = 1\n" + lane("build", "exit 3") +
                                      lane("pack", "touch ran", "needs = ['build']") +
                                      lane("ship", "true", "needs = ['pack']") + lane("docs", "true"));
  scratch.commit("begin");
  CHECK(cli_run(scratch.context(OutputFormat::json), {}, {}) == 1);
  auto summary = scratch.json();
  CHECK(runs_of(summary) == "build failed\npack skipped\nship skipped\ndocs passed\n");
  CHECK(summary.at("runs").at(1).at("message") == "it needs the lane build, which failed");
  CHECK(summary.at("runs").at(2).at("message") == "it needs the lane pack, which was skipped");
  // The record is there for whoever looks for it later, and says that nothing ran.
  auto id = std::string(summary.at("runs").at(1).at("run_id").as_string());
  CHECK(cli_status(scratch.context(), id, true) == 3);
  CHECK(scratch.out().find("it needs the lane build, which failed") != std::string::npos);
}

TEST_CASE("a need that cannot run at all leaves nothing green") {
  Scratch scratch;
  scratch.write("ci/pikaci.toml", "version = 1\n" + lane("build", "true", "secrets = ['TOKEN']") +
                                      lane("pack", "true", "needs = ['build']"));
  scratch.commit("begin");
  CHECK(cli_run(scratch.context(OutputFormat::json), {}, {}) == 3);
  auto summary = scratch.json();
  CHECK(runs_of(summary) == "pack skipped\n");
  CHECK(summary.at("runs").at(0).at("message") == "it needs the lane build, which was not run");
  CHECK(summary.at("cannot_run").as_array().size() == 1);
}

TEST_CASE("a matrix runs all its cells, or the one that is named") {
  Scratch scratch;
  scratch.write("ci/pikaci.toml",
                "version = 1\n" + lane("unit", "test ${matrix.cc} != clang", "matrix = { cc = ['gcc', 'clang'] }"));
  scratch.commit("begin");
  CHECK(cli_run(scratch.context(OutputFormat::json), {"unit"}, {}) == 1);
  CHECK(runs_of(scratch.json()) == "unit-gcc passed\nunit-clang failed\n");
  CHECK(cli_run(scratch.context(OutputFormat::json), {"unit.gcc"}, {}) == 0);
  CHECK(runs_of(scratch.json()) == "unit-gcc passed\n");
  CHECK(cli_run(scratch.context(), {"unit.gc"}, {}) == 2);
  CHECK(cli_why(scratch.context(), "unit.clang", {}) == 0);
  CHECK(scratch.out().find("unit-clang is chosen") != std::string::npos);
}

TEST_CASE("lanes of one target that need different things run apart, each after its own") {
  Scratch scratch;
  scratch.write("ci/pikaci.toml",
                "version = 1\n[[targets.t.jobs]]\nid = 'j'\ncommand = ['true']\nruntime = 'host_process'\n"
                "[[lane]]\nid = 'b'\ntarget = 't'\nneeds = ['c']\n[[lane]]\nid = 'a'\ntarget = 't'\n" +
                    lane("c", "true", "needs = ['a']"));
  scratch.commit("begin");
  CHECK(cli_run(scratch.context(OutputFormat::json), {}, {}) == 0);
  CHECK(runs_of(scratch.json()) == "a passed\nc passed\nb passed\n");
}

TEST_CASE("a concurrency group that others hold is waited for, and a cancel ends the wait") {
  Scratch scratch;
  scratch.write("ci/pikaci.toml",
                "version = 1\n[concurrency_groups]\ndevice = 2\n" + lane("a", "true", "concurrency_group = 'device'"));
  scratch.commit("begin");
  auto context = scratch.context();
  auto folder = context.state_root / "concurrency-groups";
  pika::make_dirs(folder);
  auto slot = [&](int number) {
    return pika::FileLock::try_lock(folder / (pika::sha256_hex("device").substr(0, 32) + "." + std::to_string(number)));
  };
  auto first = slot(0);
  REQUIRE(first);
  CHECK(cli_run(context, {"a"}, {}) == 0);  // one of two is free
  auto second = slot(1);
  REQUIRE(second);
  context = scratch.context();
  context.cancel.cancel();
  CHECK(cli_run(context, {"a"}, {}) == 6);
  // When the wait is told of, the place becomes free.
  context = scratch.context();
  struct Told : std::stringbuf {
    std::function<void(const std::string&)> on_line;
    int sync() override { return on_line(str()), 0; }
  } told;
  told.on_line = [&](const std::string& text) {
    if (text.find("waits for the concurrency group 'device', of which 2 run at once") != std::string::npos)
      second.reset();
  };
  std::ostream err(&told);
  context.err = &err;
  CHECK(cli_run(context, {"a"}, {}) == 0);
  CHECK_FALSE(second);
}
