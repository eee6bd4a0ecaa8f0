#include <doctest/doctest.h>

#include "cli_support.hpp"

using namespace pikaci;
using pika::json::find_array;
using pika::json::find_int;
using pika::json::find_string;

TEST_CASE("gc says what goes and what stays, and a dry run removes nothing") {
  Scratch s;
  s.with_catalogue();
  REQUIRE(cli_run(s.context(), {"docs"}, {}) == 0);
  jerichoci::GcPolicy all{.keep_days = 0, .keep_runs = 0, .mode = jerichoci::GcPolicy::Mode::dry_run};
  CHECK(cli_gc(s.context(), all) == 0);
  CHECK(s.out().find("would go") != std::string::npos);
  CHECK(s.out().find("nothing was removed") != std::string::npos);
  CHECK(cli_gc(s.context(OutputFormat::json), all) == 0);
  auto dry = s.json();
  CHECK(find_array(dry, "removed_runs")->size() == 1);
  CHECK(cli_list(s.context(OutputFormat::json), 10) == 0);
  CHECK(find_array(s.json(), "runs")->size() == 1);
  all.mode = jerichoci::GcPolicy::Mode::remove;
  CHECK(cli_gc(s.context(OutputFormat::json), all) == 0);
  CHECK(find_array(s.json(), "classes")->size() == 13);
  CHECK(cli_list(s.context(OutputFormat::json), 10) == 0);
  CHECK(find_array(s.json(), "runs")->empty());
}

TEST_CASE("replay tells that the outcome is the same, for people and for programs, with the run's exit code") {
  Scratch s;
  s.with_catalogue();
  s.write("libs/broken", "x");
  REQUIRE(cli_run(s.context(), {"unit"}, {}) == 1);
  CHECK(cli_replay(s.context(), "last", "test") == 1);
  CHECK(s.out().find("test: the same") != std::string::npos);
  CHECK(cli_replay(s.context(OutputFormat::json), "last", "") == 1);
  CHECK(find_string(s.json(), "verdict") == "same");
  CHECK(find_int(s.json(), "exit_code") == 1);
  auto context = s.context();
  context.allow_host_process = false;
  CHECK(cli_replay(context, "last", "") == 2);
  CHECK(cli_replay(s.context(), "last", "tset") == 2);
}
