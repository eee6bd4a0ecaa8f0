// What is refused or missing is said in words that tell what to do.
#include <doctest/doctest.h>
#include <unistd.h>

#include "cli_support.hpp"
#include "pika/base/text.hpp"

using namespace pikaci;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

void put_catalogue(Scratch& s, const std::string& job) {
  s.write("ci/pikaci.toml",
          "version = 1\n[[lane]]\nid = \"unit\"\ncommand = [\"sh\", \"-c\", \"touch there\"]\n"
          "runtime = \"host_process\"\n" +
              job);
  s.commit("begin");
}

}  // namespace

TEST_CASE("a secret that was not given is asked for by the option that gives it, before anything runs") {
  Scratch s;
  put_catalogue(s, "secrets = [\"TOKEN\"]\n");
  auto expect_refusal = [&](int exit_code) {
    CHECK(exit_code == 2);
    CHECK_MESSAGE(contains(s.err(), "job unit needs the secret TOKEN, which was not given"), s.err());
    CHECK_MESSAGE(contains(s.err(), "say --secret TOKEN, with its value in the variable TOKEN"), s.err());
  };
  expect_refusal(cli_run(s.context(), {"unit"}, {}));
  // What a change chose is left out, and then nothing is green.
  CHECK(cli_run(s.context(), {}, {}) == 3);
  CHECK_MESSAGE(contains(s.err() + s.out(), "say --secret TOKEN"), s.err());
  auto with = [&] {
    auto context = s.context();
    context.secrets["TOKEN"] = "hush";
    return context;
  };
  REQUIRE(cli_run(with(), {"unit"}, {}) == 0);
  expect_refusal(cli_rerun(s.context(), "last"));
  expect_refusal(cli_replay(s.context(), "last", ""));
  CHECK(cli_rerun(with(), "last") == 0);
}

TEST_CASE("a root filesystem that was not given is asked for by the option that gives it, before anything runs") {
  Scratch s;
  s.write("ci/pikaci.toml", "version = 1\n[[lane]]\nid = \"unit\"\ncommand = [\"true\"]\nroot = \"bookworm\"\n");
  s.commit("begin");
  CHECK(cli_run(s.context(), {"unit"}, {}) == 2);
  CHECK_MESSAGE(contains(s.err(), "job unit needs the root filesystem bookworm, which was not given"), s.err());
  CHECK_MESSAGE(contains(s.err(), "say --root bookworm=PATH"), s.err());
  CHECK(cli_run(s.context(), {}, {}) == 3);
}

TEST_CASE("an artifact that is not there is told of, and fails nothing") {
  Scratch s;
  put_catalogue(s, "artifacts = [\"there\", \"report/**\"]\n");
  CHECK(cli_run(s.context(), {"unit"}, {}) == 0);
  CHECK_MESSAGE(contains(s.out(), "artifacts: no file matches 'report/**'"), s.out());
  CHECK_FALSE(contains(s.out(), "'there'"));
}

TEST_CASE("a repository of another user is refused with what to do about it") {
  if (::geteuid() != 0) {
    MESSAGE("only root can give a folder to another user");
    return;
  }
  Scratch s;
  s.with_catalogue();
  REQUIRE(::chown(s.root().c_str(), 65534, 65534) == 0);
  REQUIRE(::chown((s.root() / ".git").c_str(), 65534, 65534) == 0);
  CHECK(cli_run(s.context(), {"docs"}, {}) == 2);
  CHECK_MESSAGE(contains(s.err(), "belongs to another user"), s.err());
  CHECK_MESSAGE(contains(s.err(), "git config --global --add safe.directory " + pika::shell_quote(s.root().string())),
                s.err());
  CHECK_FALSE(contains(s.err(), "dubious"));
}

TEST_CASE("repositories that share a state folder do not share caches of the same name") {
  Scratch mine, theirs;
  for (auto* s : {&mine, &theirs}) {
    s->write(
        "ci/pikaci.toml",
        "version = 1\n[[lane]]\nid = \"unit\"\ncaches = [\"deps\"]\nruntime = \"host_process\"\n"
        "command = [\"sh\", \"-c\", \"test ! -e $PIKA_CACHE_DEPS/f; new=$?; touch $PIKA_CACHE_DEPS/f; exit $new\"]\n");
    s->commit("begin");
  }
  auto context = theirs.context();
  context.state_root = mine.context().state_root;
  CHECK(cli_run(mine.context(), {"unit"}, {}) == 0);
  CHECK(cli_run(context, {"unit"}, {}) == 0);
  CHECK(cli_run(mine.context(), {"unit"}, {}) == 1);
}
