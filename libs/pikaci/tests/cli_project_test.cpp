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

TEST_CASE("init writes below the repository or not at all") {
  Scratch scratch;
  scratch.write("Makefile", "test:\n\ttrue\n");
  fs::create_directory(scratch.root().parent_path() / "outside");
  fs::create_directory_symlink("../outside", scratch.root() / "ci");
  CHECK(cli_init(scratch.context(), "", false) == 2);
  CHECK(scratch.err().find("ci is a symbolic link") != std::string::npos);
  CHECK(fs::is_empty(scratch.root().parent_path() / "outside"));
  fs::remove(scratch.root() / "ci");
  scratch.write("ci", "a file\n");
  CHECK(cli_init(scratch.context(), "", false) == 2);
  CHECK(cli_init(scratch.context(), "", true) == 0);
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

TEST_CASE("what a sparse checkout leaves out is no emptied filter, and a broken commit is told") {
  Scratch scratch;
  scratch.write("ci/pikaci.toml", "version = 1\n[[lane]]\nid = 'a'\npaths = ['src/**', 'ci/**']\ncommand = ['true']\n");
  scratch.write("src/x", "x\n");
  auto commit = scratch.commit("begin");
  scratch.git({"sparse-checkout", "set", "--no-cone", "ci"});
  REQUIRE_FALSE(fs::exists(scratch.root() / "src/x"));
  CHECK(cli_lint(scratch.context(), {}) == 0);
  scratch.git({"sparse-checkout", "disable"});
  scratch.remove("src/x");
  CHECK(cli_lint(scratch.context(), {}) == 1);
  auto object = scratch.root() / ".git/objects" / commit.substr(0, 2) / commit.substr(2);
  fs::permissions(object, fs::perms::owner_all);
  fs::resize_file(object, 0);
  scratch.clear();
  CHECK(cli_select(scratch.context(), {}) == 4);
  CHECK(scratch.err().find("cannot be read") != std::string::npos);
}
