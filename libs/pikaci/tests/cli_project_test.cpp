// Odd repositories: the command line sees in them what git and the forge see, and says what it cannot see.
#include <doctest/doctest.h>

#include "cli_support.hpp"

using namespace pikaci;
namespace fs = std::filesystem;

TEST_CASE("a catalogue that is a link, a pipe or a folder is none, here as on the forge") {
  Scratch scratch;
  scratch.write("elsewhere/pikaci.toml", "version = 1\n[[lane]]\nid = 'a'\ncommand = ['true']\n");
  fs::create_directory_symlink("elsewhere", scratch.root() / "ci");
  CHECK(cli_lanes(scratch.context()) == 7);
  CHECK(scratch.err().find("ci is a symbolic link") != std::string::npos);
  fs::remove(scratch.root() / "ci");
  fs::create_directory(scratch.root() / "ci");
  for (const char* target : {"../elsewhere/pikaci.toml", "/proc/self/environ", "pikaci.toml"}) {
    CAPTURE(target);
    scratch.clear();
    fs::create_symlink(target, scratch.root() / "ci/pikaci.toml");
    CHECK(cli_lanes(scratch.context()) == 7);
    CHECK(scratch.err().find("ci/pikaci.toml is a symbolic link") != std::string::npos);
    fs::remove(scratch.root() / "ci/pikaci.toml");
  }
  fs::create_directory(scratch.root() / "ci/policy.toml");
  scratch.write("ci/pikaci.toml", "version = 1\n[[lane]]\nid = 'a'\ncommand = ['true']\n");
  CHECK(cli_lint(scratch.context(), {}) == 7);
  CHECK(scratch.err().find("ci/policy.toml is a folder") != std::string::npos);
}

TEST_CASE("a shallow clone without the base's history says that it is one") {
  Scratch upstream;
  upstream.write("ci/pikaci.toml", "version = 1\n[[lane]]\nid = 'a'\ncommand = ['true']\n");
  upstream.commit("begin");
  Scratch scratch;
  scratch.git({"remote", "add", "origin", "file://" + upstream.root().string()});
  scratch.git({"fetch", "-q", "--depth", "1", "origin", "main"});
  scratch.git({"checkout", "-q", "-b", "topic", "FETCH_HEAD"});
  upstream.git({"commit", "-q", "--allow-empty", "-m", "more"});
  scratch.git({"fetch", "-q", "--depth", "1", "origin", "+main:refs/remotes/origin/main"});
  CHECK(cli_select(scratch.context(), {}) == 2);
  CHECK(scratch.err().find("git fetch --unshallow") != std::string::npos);
}

TEST_CASE("jobs see no submodules, and whoever runs them is told") {
  Scratch inner;
  inner.write("file", "x\n");
  inner.commit("begin");
  Scratch scratch;
  scratch.write("ci/pikaci.toml", "version = 1\n[[lane]]\nid = 'a'\ncommand = ['sh', '-c', '! test -e mod/file']\n");
  scratch.git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.root().string(), "mod"});
  scratch.commit("with a submodule");
  CHECK(cli_run(scratch.context(), {}, {}) == 0);
  CHECK(scratch.err().find("jobs get the tree without 1 submodule: mod") != std::string::npos);
}
