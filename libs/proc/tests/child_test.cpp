#include "pika/proc/child.hpp"

#include <doctest/doctest.h>
#include <signal.h>

using namespace pika;

TEST_CASE("output, error and exit code come back, input goes in") {
  auto out = proc::run({.argv = {"sh", "-c", "cat; echo oops >&2; exit 3"}}, {.input = "hello"});
  CHECK(out.out == "hello");
  CHECK(out.err == "oops\n");
  CHECK(out.exit_code == 3);
}

TEST_CASE("a program that is not there is said, not thrown") {
  auto out = proc::run({.argv = {"no-such-program-here"}});
  CHECK(out.exit_code == 127);
  CHECK(out.start_error.find("no-such-program-here") != std::string::npos);
}

TEST_CASE("a deadline holds although a grandchild keeps the pipe open") {
  auto start = monotonic_now();
  auto out = proc::run({.argv = {"sh", "-c", "sleep 60 & sleep 60"}, .deadline = kSecond / 5, .grace = kSecond / 10});
  CHECK(out.timed_out);
  CHECK(monotonic_now() - start < 20 * kSecond);
}

TEST_CASE("a finished program is not waited for because a background child holds its output") {
  auto out = proc::run({.argv = {"sh", "-c", "sleep 60 & echo done"}});
  CHECK(out.out == "done\n");
  CHECK(out.exit_code == 0);
}

TEST_CASE("a clean environment has only what was given") {
  auto out = proc::run({.argv = {"/usr/bin/env"}, .env = {"A=1"}, .clean_env = true});
  CHECK(out.out == "A=1\n");
}

TEST_CASE("output above the cap is read and thrown away") {
  auto out = proc::run({.argv = {"sh", "-c", "head -c 1000000 /dev/zero"}}, {.out_cap = 1000});
  CHECK(out.truncated);
  CHECK(out.out.size() == 1000);
  CHECK(out.exit_code == 0);
}

TEST_CASE("a signal ends as 128 plus its number") {
  CHECK(proc::run({.argv = {"sh", "-c", "kill -9 $$"}}).exit_code == 128 + SIGKILL);
}
