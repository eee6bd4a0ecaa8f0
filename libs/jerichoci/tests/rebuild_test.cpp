// Build tools over a restored build folder: nothing unchanged is built again, and nothing that changed is skipped.
#include <doctest/doctest.h>

#include "engine_support.hpp"
#include "pika/base/text.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

constexpr const char* kMakefile = R"(all: build/one build/two build/three
build/one: one common
	@echo one; cat one common > $@
build/two: two common
	@echo two; cat two common > $@
build/three: three
	@echo three; cat three > $@
)";

constexpr const char* kNinja = R"(rule cat
  command = echo $name; cat $in > $out
build build/one: cat one common
  name = one
build build/two: cat two common
  name = two
build build/three: cat three
  name = three
builddir = build
)";

struct Project {
  TestEngine engine{{.allow_host_process = true}};
  TestRepository repo;
  std::string command;
  Runtime runtime;

  Project(std::string tool, Runtime how) : command(tool == "make" ? "make -s" : "ninja --quiet"), runtime(how) {
    repo.write("Makefile", kMakefile);
    repo.write("build.ninja", kNinja);
    for (auto* name : {"one", "two", "three", "common"}) repo.write(name, "0\n");
  }

  // What was built, in order of names; then the products must be what the sources say.
  std::string build(const std::string& targets = "") {
    auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
    auto job = shell_job(
        "build", command + " " + targets + " > log; sort log | grep -v 'no work'; cat one common | cmp - build/one");
    job.runtime = runtime;
    CacheSpec cache("build");
    cache.path = "build";
    job.caches = {cache};
    auto ran = run(*engine, snapshot, {job});
    CHECK_MESSAGE(ran.record.status == Status::passed, ran.logs["build"]);
    return std::string(pika::trim(ran.logs["build"]));
  }
};

std::string words(std::string text) {
  for (auto& c : text)
    if (c == '\n') c = ' ';
  return text;
}

}  // namespace

TEST_CASE("make and ninja over a restored build folder build what changed and nothing else, also when it goes back") {
  for (auto* tool : {"make", "ninja"}) {
    for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
      INFO(tool << " " << to_string(runtime));
      Project p(tool, runtime);
      CHECK(words(p.build()) == "one three two");
      CHECK(words(p.build()) == "");
      p.repo.write("unrelated", "1");
      CHECK(words(p.build()) == "");
      p.repo.write("one", "1\n");
      CHECK(words(p.build()) == "one");
      CHECK(words(p.build()) == "");
      p.repo.write("one", "0\n");  // back to the content of the first run
      CHECK(words(p.build()) == "one");
      p.repo.write("common", "1\n");
      CHECK(words(p.build()) == "one two");
    }
  }
}

TEST_CASE("what changed while only a part was built is still new for the job that builds the rest") {
  Project p("make", Runtime::sandbox);
  p.build();
  p.repo.write("one", "1\n");
  p.repo.write("two", "1\n");
  CHECK(words(p.build("build/one")) == "one");  // saves a cache whose build/two is of the old content
  CHECK(words(p.build()) == "two");
}
