#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "engine_support.hpp"
#include "pika/base/text.hpp"
#include "snapshot/checkouts.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

// Every name below the repository's git folder with its content: what must not change.
std::string git_folder_state(const fs::path& git) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(git))
    lines.push_back(entry.path().string() + (entry.is_regular_file() ? *pika::read_file(entry.path()) : ""));
  std::sort(lines.begin(), lines.end());
  return pika::join(lines, "\n");
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

SnapshotRecord worktree(TestEngine& engine, const fs::path& path) {
  auto snapshot = engine->snapshot_worktree(path);
  REQUIRE_MESSAGE(snapshot.has_value(), (snapshot ? "" : snapshot.error().text()));
  return *snapshot;
}

}  // namespace

TEST_CASE("a commit's snapshot is its tree, and a tree that was seen needs the repository no more") {
  TestEngine engine;
  TestRepository repo;
  repo.write("a/b", "1");
  auto commit = repo.commit();
  auto snapshot = engine->snapshot_commit(repo.path(), commit);
  REQUIRE(snapshot.has_value());
  CHECK(snapshot->tree == repo.tree_of("HEAD"));
  CHECK(snapshot->head == commit);
  CHECK(!snapshot->dirty);
  fs::rename(repo.path(), repo.path().string() + "-gone");
  auto ran = run(*engine, *snapshot, {shell_job("test", "cat a/b")});
  CHECK(ran.logs["test"] == "1");
  fs::rename(repo.path().string() + "-gone", repo.path());
}

TEST_CASE("a commit that is not there is said with its id") {
  TestEngine engine;
  TestRepository repo;
  auto snapshot =
      engine->snapshot_commit(repo.path(), *pika::git::Oid::parse("1234567890123456789012345678901234567890"));
  REQUIRE(!snapshot);
  CHECK(snapshot.error().kind == pika::ErrorKind::not_found);
  CHECK(!engine->snapshot_commit("/nonexistent", pika::git::Oid()).has_value());
}

TEST_CASE("a run of commit A stays a run of commit A when branch and work tree move on") {
  TestEngine engine;
  TestRepository repo;
  repo.write("f", "old");
  auto old_commit = repo.commit();
  auto old_snapshot = *engine->snapshot_commit(repo.path(), old_commit);
  auto first = run(*engine, old_snapshot, {shell_job("test", "cat f")});
  repo.write("f", "new");
  auto new_snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  CHECK(run(*engine, new_snapshot, {shell_job("test", "cat f")}).logs["test"] == "new");
  auto again = engine->rerun_jobs(first.record.run_id, {}, {});
  REQUIRE(again.has_value());
  CHECK(again->snapshot.tree == old_snapshot.tree);
  CHECK(again->rerun_of == first.record.run_id);
  CHECK(*pika::read_file(engine->log_file(again->run_id, "test")) == "old");
}

TEST_CASE(
    "a work tree is captured exactly: edits, modes, links, any byte in a name, tracked files below ignored ones") {
  TestEngine engine;
  TestRepository repo;
  repo.write(".gitignore", "build/\n.env\n");
  repo.write("plain", "1");
  repo.write("caf\xc3\xa9", "1");
  repo.write("build/tracked", "1");
  repo.write("script", "1");
  repo.write("gone", "1");
  repo.git({"add", "-A"});
  repo.git({"add", "-f", "build/tracked"});
  repo.git({"commit", "--quiet", "-m", "x"});
  repo.write("caf\xc3\xa9", "2");
  worktree(engine, repo.path());
  repo.write("caf\xc3\xa9", "3");
  repo.write("build/tracked", "2");
  repo.write("build/junk", "no");
  repo.write(".env", "secret");
  repo.write("new\n\xff<script>", "new");
  ::chmod((repo.path() / "script").c_str(), 0755);
  fs::create_symlink("plain", repo.path() / "link");
  fs::remove(repo.path() / "gone");
  auto before = git_folder_state(repo.path() / ".git");
  auto snapshot = worktree(engine, repo.path());
  CHECK(git_folder_state(repo.path() / ".git") == before);
  CHECK(snapshot.dirty);
  CHECK(snapshot.head.has_value());
  for (auto* name : {"caf\xc3\xa9", "build/tracked", "new\n\xff<script>", "script", "link", "gone"})
    CHECK_MESSAGE(contains(snapshot.dirty_files, name), name);
  CHECK(snapshot.dirty_files.size() == 6);
  auto ran = run(*engine, snapshot,
                 {shell_job("test",
                            "cat caf*; cat build/tracked; ls build; test -x script && echo exec; readlink link; "
                            "ls .env gone plain 2>/dev/null; cat new*")});
  CHECK(ran.logs["test"] == "32tracked\nexec\nplain\nplain\nnew");
}

TEST_CASE("a clean work tree is the tree of its head, and says so") {
  TestEngine engine;
  TestRepository repo;
  repo.write("a", "1");
  auto commit = repo.commit();
  auto snapshot = worktree(engine, repo.path());
  CHECK(!snapshot.dirty);
  CHECK(snapshot.dirty_files.empty());
  CHECK(snapshot.tree == repo.tree_of("HEAD"));
  CHECK(snapshot.head == commit);
}

TEST_CASE("an edit of the same size in the instant of the last commit is seen") {
  TestEngine engine;
  TestRepository repo;
  for (int i = 0; i < 5; ++i) {
    repo.write("a", "1" + std::to_string(i));
    repo.commit();
    repo.write("a", "2" + std::to_string(i));
    CHECK(worktree(engine, repo.path()).dirty);
  }
}

TEST_CASE("a repository without a commit, a linked work tree and a folder inside one can be captured") {
  TestEngine engine;
  TestRepository repo;
  repo.write("d/a", "1");
  auto unborn = worktree(engine, repo.path() / "d");
  CHECK(!unborn.head);
  CHECK(unborn.dirty_files == std::vector<std::string>{"d/a"});
  repo.commit();
  auto linked = repo.path().parent_path() / "linked";
  repo.git({"worktree", "add", "--quiet", linked.string(), "-b", "other"});
  {
    std::ofstream(linked / "d/a") << "22";
  }
  auto snapshot = worktree(engine, linked);
  CHECK(snapshot.dirty_files == std::vector<std::string>{"d/a"});
  CHECK(run(*engine, snapshot, {shell_job("test", "cat d/a; ls -a | grep -c git")}).logs["test"] == "220\n");
}

TEST_CASE("a folder that is no work tree is refused with advice") {
  TestEngine engine;
  pika::TempDir folder("jci-none-");
  auto snapshot = engine->snapshot_worktree(folder.path());
  REQUIRE(!snapshot);
  CHECK(snapshot.error().kind == pika::ErrorKind::invalid);
  CHECK(!snapshot.error().advice.empty());
}

TEST_CASE("many snapshots leave few packs") {
  TestEngine engine;
  TestRepository repo;
  for (int i = 0; i < 21; ++i) {
    for (int n = 0; n < 20; ++n) repo.write("a" + std::to_string(n), std::to_string(n * 100 + i));
    REQUIRE(engine->snapshot_commit(repo.path(), repo.commit()).has_value());
  }
  int packs = 0;
  for (const auto& entry : fs::directory_iterator(engine.root() / "objects.git/objects/pack"))
    packs += entry.path().extension() == ".pack";
  CHECK(packs < 20);
}

TEST_CASE("a checkout grown from another one is the same as one made alone") {
  TestEngine engine;
  TestRepository repo;
  for (int i = 0; i < 20; ++i) repo.write("d" + std::to_string(i % 4) + "/f" + std::to_string(i), std::to_string(i));
  repo.write("was-file", "x");
  repo.write("was-folder/a", "x");
  auto first = *engine->snapshot_commit(repo.path(), repo.commit());
  run(*engine, first, {shell_job("test", "true")});
  for (int i = 0; i < 20; i += 4) fs::remove(repo.path() / ("d0/f" + std::to_string(i)));
  repo.write("d1/f1", "changed");
  fs::remove(repo.path() / "was-file");
  fs::remove_all(repo.path() / "was-folder");
  repo.write("was-file/a", "y");
  repo.write("was-folder", "y", 0755);
  repo.write("new/deep/file", "z");
  auto second = *engine->snapshot_commit(repo.path(), repo.commit());
  auto list = "find . -printf '%p %M %l\\n' | sort; find . -type f | sort | xargs cat";
  auto grown = run(*engine, second, {shell_job("test", list)}).logs["test"];
  TestEngine fresh;
  auto alone = *fresh->snapshot_commit(repo.path(), repo.commit());
  CHECK(run(*fresh, alone, {shell_job("test", list)}).logs["test"] == grown);
  CHECK(grown.find("./d0 ") == std::string::npos);
}

TEST_CASE("a half-made checkout is never taken for one") {
  TestEngine engine;
  TestRepository repo;
  repo.write("a", "1");
  auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  // what a kill in the middle of making one leaves
  fs::create_directories(engine.root() / "checkouts/.new-dead/files");
  // and what a copy in place would leave: a part of the files under the tree's own name
  fs::create_directories(engine.root() / "checkouts" / snapshot.tree.hex() / "files/part");
  std::ofstream(engine.root() / "checkouts" / snapshot.tree.hex() / "lock") << "";
  engine.reopen();
  CHECK(run(*engine, snapshot, {shell_job("test", "cat a; ls")}).logs["test"] == "1a\n");
}

TEST_CASE("a file that was edited and not committed is read by the first capture and not by the next") {
  TestEngine engine;
  TestRepository repo;
  for (int i = 0; i < 20; ++i) repo.write("f" + std::to_string(i), "1");
  repo.commit();
  for (int i = 0; i < 20; ++i) repo.write("f" + std::to_string(i), "22");
  repo.git({"config", "filter.count.clean", "echo x >> ../reads; cat"});
  repo.write(".gitattributes", "f* filter=count\n");
  // Older than the index that will hold them: else git reads once more what might have changed in the same instant.
  for (const auto& entry : fs::directory_iterator(repo.path()))
    if (entry.is_regular_file()) fs::last_write_time(entry, fs::file_time_type::clock::now() - std::chrono::hours(1));
  auto first = worktree(engine, repo.path());
  auto reads = fs::file_size(repo.path() / "../reads");
  CHECK(worktree(engine, repo.path()).tree == first.tree);
  CHECK(fs::file_size(repo.path() / "../reads") == reads);
  // Whatever the user does to the index counts, also with files that are ignored.
  repo.write(".git/info/exclude", "ignored\n");
  repo.write("ignored", "1");
  CHECK(!contains(worktree(engine, repo.path()).dirty_files, "ignored"));
  repo.git({"add", "-f", "ignored"});
  CHECK(contains(worktree(engine, repo.path()).dirty_files, "ignored"));
  repo.git({"rm", "--cached", "--quiet", "ignored"});
  CHECK(!contains(worktree(engine, repo.path()).dirty_files, "ignored"));
}

TEST_CASE("a kept index that is damaged, or names contents that are gone, is made anew") {
  TestEngine engine;
  TestRepository repo;
  repo.write("a", "1");
  repo.commit();
  repo.write("a", "22");
  auto first = worktree(engine, repo.path());
  for (const auto& entry : fs::directory_iterator(engine.root() / "indexes")) {
    std::ofstream(entry.path() / "index") << "DIRC but no more";
    std::ofstream(entry.path() / "index.lock") << "";
  }
  CHECK(worktree(engine, repo.path()).tree == first.tree);
  engine.close();
  fs::remove_all(engine.root() / "objects.git");
  engine.reopen();
  CHECK(worktree(engine, repo.path()).tree == first.tree);
  CHECK(run(*engine, first, {shell_job("test", "cat a")}).logs["test"] == "22");
}
