// What a job finds in its workspace: the tree it was given, whole, and nothing of anybody else's.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "engine_support.hpp"
#include "exec/workspace.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

SnapshotRecord snapshot_of(TestEngine& engine, TestRepository& repo) {
  auto snapshot = engine->snapshot_commit(repo.path(), repo.commit());
  REQUIRE(snapshot.has_value());
  return *snapshot;
}

}  // namespace

TEST_CASE("chmod +x and nothing else: the next workspace has the new mode, and the one after has the old again") {
  TestEngine engine;
  TestRepository repo;
  repo.write("tool", "#!/bin/sh\necho ran\n");
  repo.write("other", "x");
  auto job = shell_job("test", "./tool 2>/dev/null || echo refused");
  CHECK(run(*engine, snapshot_of(engine, repo), {job}).logs["test"] == "refused\n");
  ::chmod((repo.path() / "tool").c_str(), 0755);
  CHECK(run(*engine, snapshot_of(engine, repo), {job}).logs["test"] == "ran\n");
  // The work tree too, against a checkout of either.
  ::chmod((repo.path() / "tool").c_str(), 0644);
  auto dirty = engine->snapshot_worktree(repo.path());
  REQUIRE(dirty.has_value());
  CHECK(dirty->dirty_files == std::vector<std::string>{"tool"});
  CHECK(run(*engine, *dirty, {job}).logs["test"] == "refused\n");
}

TEST_CASE("one job's edits leaked into later jobs and runs: they do not, whatever the job does to its workspace") {
  TestEngine engine;
  TestRepository repo;
  repo.write("a", "1");
  repo.write("d/b", "2");
  repo.write("d/sub/c", "3");
  repo.write("tool", "#!/bin/sh\n", 0755);
  fs::create_symlink("a", repo.path() / "link");
  auto snapshot = snapshot_of(engine, repo);
  const char* look =
      "find . | sort; cat a d/b d/sub/c; readlink link; stat -c '%a %Y' a d/b tool; ls -A $HOME /tmp | tr -d '\\n'";
  auto vandal = shell_job("vandal",
                          "echo evil > a; echo more >> d/b; rm -rf d/sub; mkdir d/sub; echo new > d/sub/new; "
                          "chmod 000 tool; ln -sfn d link; touch -d @1 d/b; mv d e; mkdir d; echo x > .hidden; "
                          "echo home > $HOME/f; echo tmp > /tmp/f; echo three > d/three");
  auto clean = run(*engine, snapshot, {shell_job("look", look)});
  REQUIRE(clean.record.status == Status::passed);
  auto after = shell_job("after", look);
  after.needs = {"vandal"};
  auto ran = run(*engine, snapshot, {vandal, after});
  CHECK(ran.record.status == Status::passed);
  CHECK(ran.logs["after"] == clean.logs["look"]);
  CHECK(run(*engine, snapshot, {shell_job("look", look)}).logs["look"] == clean.logs["look"]);
  // Also one that lies as a layer on what the vandal had.
  repo.write("z", "26");
  auto next = run(*engine, snapshot_of(engine, repo), {shell_job("look", "cat a d/b d/sub/c z; ls d; test -x tool")});
  CHECK(next.logs["look"] == "12326b\nsub\n");
  CHECK(next.record.status == Status::passed);
}

// The helper of the next test: an engine that git's filter kills while it writes the files of the tree.
TEST_CASE("half a checkout: the engine that dies") {
  const char* root = std::getenv("JCI_HALF_ROOT");
  if (!root) return;
  auto engine = Engine::open({.state_root = root});
  REQUIRE(engine.has_value());
  SnapshotRecord snapshot;
  snapshot.tree = *pika::git::Oid::parse(std::getenv("JCI_HALF_TREE"));
  (void)(*engine)->run_jobs({.target_id = "unit", .snapshot = snapshot, .jobs = {shell_job("test", "ls")}}, {}, {});
  FAIL("the engine was not killed");
}

TEST_CASE("a kill in the middle of writing a checkout: the next run has every file, not a part") {
  TestEngine engine;
  TestRepository repo;
  repo.write(".gitattributes", "* filter=kill\n");
  for (auto* name : {"a1", "a2", "m", "z1", "z2"}) repo.write(name, name);
  auto snapshot = snapshot_of(engine, repo);
  engine.close();
  // The store's own git runs this for each file: at the third it kills that git and the engine above it.
  auto store = engine.root() / "objects.git";
  auto config = *pika::read_file(store / "config");
  auto killer = engine.root().parent_path() / "kill.sh", seen = engine.root().parent_path() / "seen";
  pika::write_file_atomic(
      killer,
      "if [ \"$1\" != m ]; then exec cat; fi\n"
      "ls > " +
          seen.string() +
          "\n"
          "git=$PPID\n"
          "[ \"$(cat /proc/$git/comm)\" = git ] || git=$(awk '/^PPid/{print $2}' /proc/$git/status)\n"
          "kill -9 $(awk '/^PPid/{print $2}' /proc/$git/status) $git\n",
      0755);
  pika::write_file_atomic(store / "config",
                          config + "[filter \"kill\"]\n\tsmudge = sh " + killer.string() + " %f\n\trequired = true\n");
  pika::proc::Command c;
  c.argv = {"/proc/self/exe", "--test-case=half a checkout: the engine that dies"};
  c.argv[0] = fs::read_symlink("/proc/self/exe");
  c.env = {"JCI_HALF_ROOT=" + engine.root().string(), "JCI_HALF_TREE=" + snapshot.tree.hex()};
  auto died = pika::proc::run(c);
  CHECK_MESSAGE(died.exit_code == 128 + SIGKILL, died.out << died.err);
  CHECK(pika::read_file(seen) == "a1\na2\n");
  pika::write_file_atomic(store / "config", config);
  engine.reopen();
  CHECK(run(*engine, snapshot, {shell_job("test", "ls")}).logs["test"] == "a1\na2\nm\nz1\nz2\n");
}

TEST_CASE("a tree of 500 folders in one another: captured, run, edited at its end, run again") {
  TestEngine engine;
  TestRepository repo;
  std::string path;
  for (int i = 0; i < 500; ++i) path += "d/";
  repo.write(path + "file", "1");
  repo.write("top", "1");
  auto count = shell_job("test", "find . -type d -name d | wc -l; cat $(find . -name file)");
  CHECK(run(*engine, snapshot_of(engine, repo), {count}).logs["test"] == "500\n1");
  repo.write(path + "file", "22");
  repo.write(path + "new", "3");
  auto dirty = engine->snapshot_worktree(repo.path());
  REQUIRE_MESSAGE(dirty.has_value(), (dirty ? "" : dirty.error().text()));
  CHECK(dirty->dirty_files == std::vector<std::string>{path + "file", path + "new"});
  CHECK(run(*engine, *dirty, {count}).logs["test"] == "500\n22");
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("a workspace that is a copy is recorded as reflink where the file system shares extents, else as copy") {
  pika::TempDir folder("jci-reflink-");
  auto make = [&](const fs::path& state) {
    pika::make_dirs(state / "checkout");
    for (auto* name : {"a", "b"}) pika::write_file_atomic(state / "checkout" / name, std::string(5000, *name));
    auto job = shell_job("job", "true");
    Workspace workspace({state, {state / "checkout"}, "run", &job, WorkspaceKind::copy, {}});
    CHECK(pika::read_file(workspace.written().at(0) / "a") == std::string(5000, 'a'));
    return std::string(workspace.made_by());
  };
  if (::access("/dev/shm", W_OK) == 0) {
    pika::TempDir memory("jci-reflink-", "/dev/shm");  // tmpfs has no shared extents
    CHECK(make(memory.path()) == "copy");
  }
  auto image = folder.path() / "image", place = folder.path() / "place";
  fs::create_directory(place);
  {
    std::ofstream(image) << "";
  }
  fs::resize_file(image, 256u << 20);
  auto command = [](std::vector<std::string> words) {
    pika::proc::Command c;
    c.argv = std::move(words);
    c.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    return pika::proc::run(c);
  };
  if (::geteuid() != 0 || !command({"mkfs.btrfs", "-q", image}).ok() ||
      !command({"mount", "-o", "loop", image, place}).ok()) {
    MESSAGE("no btrfs can be made and mounted here: reflinks were not tried");
    return;
  }
  auto found = make(place);
  CHECK(command({"umount", place}).ok());
  CHECK(found == "reflink");
}
