// What a capture gives, held against git itself over random histories of a work tree; and how objects come into the
// store: only what it lacks, each with everything below it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>

#include "engine_support.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/repository.hpp"
#include "pika/proc/child.hpp"

using namespace jerichoci;
using namespace jerichoci::test;
using pika::git::Oid;

namespace {

std::string git_in(const fs::path& folder, const std::vector<std::string>& args, const std::vector<std::string>& env,
                   std::string_view input = {}) {
  pika::proc::Command c;
  c.argv = {"git", "-C", folder.string()};
  c.argv.insert(c.argv.end(), args.begin(), args.end());
  c.env = {"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"};
  c.env.insert(c.env.end(), env.begin(), env.end());
  auto out = pika::proc::run(c, {.input = input});
  REQUIRE_MESSAGE(out.ok(), pika::join(args, " ") << ": " << out.err);
  return out.out;
}

// The tree that git makes of a work tree with an index that knows no times: every file is read.
std::string tree_by_git(const fs::path& repo, const fs::path& scratch) {
  fs::create_directories(scratch / "objects");
  fs::remove(scratch / "index");
  std::vector<std::string> env = {"GIT_INDEX_FILE=" + (scratch / "index").string(),
                                  "GIT_OBJECT_DIRECTORY=" + (scratch / "objects").string(),
                                  "GIT_ALTERNATE_OBJECT_DIRECTORIES=" + (repo / ".git/objects").string()};
  auto listed = git_in(repo, {"ls-files", "-s", "-z"}, {});
  git_in(repo, {"update-index", "-z", "--index-info"}, env, listed);
  git_in(repo, {"-c", "advice.addEmbeddedRepo=false", "add", "-A"}, env);
  auto tree = std::string(pika::trim(git_in(repo, {"write-tree"}, env)));
  auto names = git_in(repo, {"diff-tree", "-r", "-z", "--no-renames", "--name-only", "HEAD", tree}, env);
  return tree + "\n" + names;
}

std::string told_by(const SnapshotRecord& snapshot) {
  std::string names;
  for (const auto& name : snapshot.dirty_files) names += name + '\0';
  return snapshot.tree.hex() + "\n" + names;
}

std::string bytes_of(const fs::path& git) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(git))
    lines.push_back(entry.path().string() + (entry.is_regular_file() ? *pika::read_file(entry.path()) : ""));
  std::sort(lines.begin(), lines.end());
  return pika::join(lines, "\n");
}

// git finds everything below the tree in the store alone.
void check_whole(const fs::path& store, const Oid& tree) {
  git_in(store, {"rev-list", "--objects", "--quiet", tree.hex()}, {});
}

class RandomHistory {
 public:
  RandomHistory(TestRepository& repo, unsigned seed) : repo_(repo), random_(seed) {
    repo_.git({"config", "filter.upper.clean", "tr a-z A-Z"});
    repo_.git({"config", "filter.upper.smudge", "tr A-Z a-z"});
    repo_.write(".gitattributes", "*.up filter=upper\n*.crlf text eol=crlf\n*.auto text=auto\nn1/** -text\n");
    repo_.write(".gitignore", "*.log\nbuild/\n!keep.log\n");
    repo_.write("build/tracked", "1");
    repo_.commit();
  }

  void step() {
    for (unsigned i = 0, n = 1 + pick(5); i < n; ++i) edit();
  }

  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }

 private:
  void edit() {
    const char* names[] = {"a",        "b.up",        "c.crlf",   "d.auto", "e.log",
                           "keep.log", "caf\xc3\xa9", "\xff\n\"", "-f",     "g h"};
    auto path = repo_.path() / (pick(4) ? std::string("n") + std::to_string(pick(4)) : std::string("build"));
    if (pick(2)) path /= std::string("m") + std::to_string(pick(3));
    path /= names[pick(10)];
    for (auto parent = path.parent_path(); parent != repo_.path(); parent = parent.parent_path())
      if (auto status = fs::symlink_status(parent); fs::exists(status) && !fs::is_directory(status)) fs::remove(parent);
    auto content = pick(2) ? "text\r\nof " + std::to_string(pick(50)) + "\r\n" : "same size " + std::to_string(pick(9));
    switch (pick(12)) {
      case 0:
        return void(fs::remove_all(path));
      case 1:
        return void(fs::remove_all(path.parent_path() == repo_.path() ? path : path.parent_path()));
      case 2:
        fs::remove_all(path);
        fs::create_directories(path.parent_path());
        return fs::create_symlink("to " + std::to_string(pick(3)), path);
      case 3:
        if (fs::is_regular_file(fs::symlink_status(path))) ::chmod(path.c_str(), pick(2) ? 0755 : 0644);
        return;
      case 4:
        return administer();
      default:
        fs::remove_all(path);
        repo_.write(path.lexically_relative(repo_.path()).string(), content, pick(4) ? 0644 : 0755);
    }
  }

  // What people do with the index and its settings.
  void administer() {
    switch (pick(9)) {
      case 0:
        return void(repo_.git({"add", "-A"}));
      case 1:
        repo_.git({"add", "-A"});
        return void(repo_.git({"commit", "--quiet", "--allow-empty", "-m", "more"}));
      case 2:
        return void(repo_.git({"status"}));
      case 3:
        return void(repo_.git({"update-index", pick(2) ? "--split-index" : "--no-split-index"}));
      case 4:
        return void(repo_.git({"update-index", pick(2) ? "--index-version=4" : "--index-version=2"}));
      case 5:
        return void(repo_.git({"update-index", pick(2) ? "--force-untracked-cache" : "--no-untracked-cache"}));
      case 6:
        return void(repo_.git({"config", "core.fileMode", pick(2) ? "false" : "true"}));
      case 7:
        repo_.write("n0/intended", "x");
        return void(repo_.git({"add", "--intent-to-add", "n0/intended"}));
      default:
        if (fs::exists(repo_.path() / "inner/.git")) {
          git_in(repo_.path() / "inner", {"commit", "--quiet", "--allow-empty", "-m", "x"}, identity_);
          return;
        }
        fs::create_directories(repo_.path() / "inner");
        git_in(repo_.path() / "inner", {"init", "--quiet"}, {});
        git_in(repo_.path() / "inner", {"commit", "--quiet", "--allow-empty", "-m", "x"}, identity_);
    }
  }

  TestRepository& repo_;
  std::mt19937 random_;
  std::vector<std::string> identity_ = {"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@e", "GIT_COMMITTER_NAME=t",
                                        "GIT_COMMITTER_EMAIL=t@e"};
};

std::size_t packs_in(const fs::path& store) {
  std::size_t n = 0;
  for (const auto& entry : fs::directory_iterator(store / "objects/pack")) n += entry.path().extension() == ".pack";
  return n;
}

SnapshotRecord captured(TestEngine& engine, const fs::path& repo) {
  auto snapshot = engine->snapshot_worktree(repo);
  REQUIRE_MESSAGE(snapshot.has_value(), (snapshot ? "" : snapshot.error().text()));
  return *snapshot;
}

}  // namespace

// JCI_CAPTURE_ROUNDS=5000 for a longer look.
TEST_CASE("random histories of a work tree: a capture is what git add -A makes of it, whatever was captured before") {
  const char* wanted = std::getenv("JCI_CAPTURE_ROUNDS");
  const char* seeded = std::getenv("JCI_SEED");
  unsigned rounds = wanted ? pika::parse_number<unsigned>(wanted).value_or(12) : 12;
  unsigned seed = seeded ? pika::parse_number<unsigned>(seeded).value_or(1) : 1;
  TestEngine engine;
  TestRepository repo;
  pika::TempDir scratch("jci-reference-");
  RandomHistory history(repo, seed);
  for (unsigned round = 0; round < rounds; ++round) {
    CAPTURE(round);
    CAPTURE(seed);
    history.step();
    auto before = bytes_of(repo.path() / ".git");
    auto snapshot = captured(engine, repo.path());
    CHECK(bytes_of(repo.path() / ".git") == before);
    REQUIRE(told_by(snapshot) == tree_by_git(repo.path(), scratch.path()));
    CHECK(snapshot.dirty == !snapshot.dirty_files.empty());
    check_whole(engine.root() / "objects.git", snapshot.tree);
  }
}

TEST_CASE("a capture after a one-file edit brings that file and the trees above it, and no pack") {
  TestEngine engine;
  TestRepository repo;
  for (int i = 0; i < 40; ++i) repo.write("d" + std::to_string(i % 4) + "/f" + std::to_string(i), std::to_string(i));
  repo.commit();
  captured(engine, repo.path());
  auto store = engine.root() / "objects.git";
  auto packs = packs_in(store);
  repo.write("d1/f1", "edited");
  auto snapshot = captured(engine, repo.path());
  CHECK(packs_in(store) == packs);
  std::size_t single = 0;
  for (const auto& entry : fs::recursive_directory_iterator(store / "objects"))
    single += entry.is_regular_file() && entry.path().parent_path().filename().string().size() == 2;
  CHECK(single == 3);
  check_whole(store, snapshot.tree);
  // Many files come as one pack, which holds no more than them and the trees above.
  for (int i = 0; i < 40; ++i) repo.write("d" + std::to_string(i % 4) + "/f" + std::to_string(i), std::to_string(-i));
  check_whole(store, captured(engine, repo.path()).tree);
  CHECK(packs_in(store) == packs + 1);
}

TEST_CASE("a tree that a collection took apart and did not finish is made whole by the next capture") {
  TestEngine engine;
  TestRepository repo;
  repo.write("d/a", "1");
  repo.write("d/b", "2");
  repo.commit();
  auto snapshot = captured(engine, repo.path());
  auto store = engine.root() / "objects.git";
  auto blob = std::string(pika::trim(repo.git({"rev-parse", "HEAD:d/b"})));
  // What a kill in the middle of removing leaves: the tree and not all that it names.
  engine.close();
  REQUIRE(fs::remove(store / "objects" / blob.substr(0, 2) / blob.substr(2)));
  std::ofstream(store / "jerichoci-prune-due") << "";
  engine.reopen();
  CHECK(captured(engine, repo.path()).tree == snapshot.tree);
  check_whole(store, snapshot.tree);
  CHECK(run(*engine, snapshot, {shell_job("test", "cat d/a d/b")}).logs["test"] == "12");
}

TEST_CASE("a repository with objects elsewhere, and one whose contents are damaged") {
  TestEngine engine;
  TestRepository origin, repo;
  origin.write("a", "from elsewhere");
  origin.commit();
  std::ofstream(repo.path() / ".git/objects/info/alternates") << (origin.path() / ".git/objects").string() << "\n";
  repo.git({"reset", "--hard", "--quiet", std::string(pika::trim(origin.git({"rev-parse", "HEAD"})))});
  repo.write("b", "here");
  CHECK(run(*engine, captured(engine, repo.path()), {shell_job("test", "cat a b")}).logs["test"] ==
        "from elsewherehere");
  // A blob that holds something else than its name says is not taken for what it is not.
  origin.write("c", "good");
  auto commit = origin.commit();
  auto blob = std::string(pika::trim(origin.git({"rev-parse", "HEAD:c"})));
  origin.write("evil", "evil");
  auto other = std::string(pika::trim(origin.git({"hash-object", "-w", "evil"})));
  auto objects = origin.path() / ".git/objects";
  fs::remove(objects / blob.substr(0, 2) / blob.substr(2));
  fs::copy_file(objects / other.substr(0, 2) / other.substr(2), objects / blob.substr(0, 2) / blob.substr(2));
  CHECK(!engine->snapshot_commit(origin.path(), commit).has_value());
}

TEST_CASE("a folder that git cannot read is not left out of a capture: it is told of, with what to do") {
  TestEngine engine;
  TestRepository repo;
  repo.write("a", "1");
  repo.commit();
  // A path longer than the system takes in one piece: refused to root too.
  auto at = ::open(repo.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::string part(200, 'd');
  for (int i = 0; i < 25; ++i) {
    REQUIRE(::mkdirat(at, part.c_str(), 0755) == 0);
    auto below = ::openat(at, part.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ::close(at);
    REQUIRE(below >= 0);
    at = below;
  }
  ::close(::openat(at, "leaf", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ::close(at);
  auto refused = engine->snapshot_worktree(repo.path());
  REQUIRE(!refused.has_value());
  CHECK_MESSAGE(refused.error().what.starts_with("the work tree cannot be taken as it is: could not open directory 'd"),
                refused.error().what);
  CHECK(refused.error().advice.find(".gitignore") != std::string::npos);
  repo.write(".gitignore", "/d*\n");
  CHECK(captured(engine, repo.path()).dirty_files == std::vector<std::string>{".gitignore"});
}

TEST_CASE("a damaged index of the user's is called by its own path, and nothing of it is kept") {
  TestEngine engine;
  TestRepository repo;
  repo.write("a", "1");
  repo.commit();
  auto index = repo.path() / ".git/index";
  std::ofstream(index, std::ios::trunc) << "garbage";
  auto refused = engine->snapshot_worktree(repo.path());
  REQUIRE(!refused.has_value());
  CHECK_MESSAGE(refused.error().what.find(index.string()) != std::string::npos, refused.error().what);
  fs::remove(index);
  CHECK(!captured(engine, repo.path()).dirty);
}
