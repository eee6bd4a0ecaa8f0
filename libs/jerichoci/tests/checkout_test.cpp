// Checkouts as layers: the same files as one made alone, at the cost of the change.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <random>

#include "engine_support.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"
#include "snapshot/checkouts.hpp"
#include "snapshot/tree_copy.hpp"
#include "snapshot/tree_walk.hpp"

using namespace jerichoci;
using namespace jerichoci::test;
using pika::git::Oid;

namespace {

// Path -> kind, mode and content of everything in a folder.
std::map<std::string, std::string> content_of(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    auto path = entry.path().lexically_relative(folder).string();
    struct stat st{};
    REQUIRE(::lstat(entry.path().c_str(), &st) == 0);
    auto& line = out[path];
    line = std::to_string(st.st_mode) + " " + std::to_string(st.st_mtim.tv_sec) + " ";
    if (entry.is_symlink()) {
      line = "-> " + fs::read_symlink(entry.path()).string();
    } else if (entry.is_regular_file()) {
      line += *pika::read_file(entry.path());
    }
  }
  return out;
}

std::size_t files_in(const fs::path& folder) {
  std::size_t n = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) n += !entry.is_directory();
  return n;
}

// In memory where that is possible: some tests make tens of thousands of files.
fs::path quick_folder() {
  return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "";
}

// A store and its checkouts, without an engine around them.
struct Bench {
  pika::TempDir folder{"jci-checkouts-", quick_folder()};
  ObjectStore store = *ObjectStore::open(folder.path());
  TestRepository repo;

  Oid commit() {
    repo.commit();
    auto tree = repo.tree_of("HEAD");
    REQUIRE(store.import_tree(repo.path(), tree).has_value());
    return tree;
  }
  Checkouts checkouts(const std::string& name, CheckoutPolicy policy = {}) {
    pika::make_dirs(folder.path() / name);
    return Checkouts(folder.path() / name, {}, {}, policy);
  }
  Checkout ensure(Checkouts& checkouts, const Oid& tree) {
    auto made = checkouts.ensure(store, tree, folder.path() / "scratch");
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().text()));
    return std::move(*made);
  }
  std::map<std::string, std::string> merged(const Checkout& checkout) {
    auto to = folder.path() / "merged";
    pika::remove_tree(to);
    materialise(checkout.layers(), to, {});
    return content_of(to);
  }
};

// One to six edits of every kind, also a folder where a file was and the other way round.
void edit(const fs::path& repo, std::mt19937& random) {
  auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  for (unsigned i = 0, n = 1 + pick(6); i < n; ++i) {
    auto path = repo / ("n" + std::to_string(pick(6)));
    for (unsigned depth = pick(3); depth > 0; --depth) path /= "n" + std::to_string(pick(4));
    // Something on the way may be a file.
    for (auto parent = path.parent_path(); parent != repo; parent = parent.parent_path())
      if (auto status = fs::symlink_status(parent); fs::exists(status) && !fs::is_directory(status)) fs::remove(parent);
    switch (pick(6)) {
      case 0:
      case 1:
        fs::remove_all(path);
        break;
      case 2:
        fs::remove_all(path);
        fs::create_directories(path.parent_path());
        fs::create_symlink("somewhere", path);
        break;
      default:
        fs::remove_all(path);
        fs::create_directories(path.parent_path());
        pika::write_file_atomic(path, std::to_string(random()), pick(3) ? 0644 : 0755);
    }
  }
}

}  // namespace

TEST_CASE("a checkout after a one-file edit writes that file and no other") {
  Bench bench;
  for (int i = 0; i < 200; ++i)
    bench.repo.write("d" + std::to_string(i % 10) + "/f" + std::to_string(i), std::to_string(i));
  auto checkouts = bench.checkouts("c");
  auto first = bench.commit();
  CHECK(bench.ensure(checkouts, first).layers().size() == 1);
  bench.repo.write("d3/f13", "edited");
  auto second = bench.ensure(checkouts, bench.commit());
  REQUIRE(second.layers().size() == 2);
  CHECK(files_in(second.layers()[0]) == 1);
  CHECK(*pika::read_file(second.layers()[0] / "d3/f13") == "edited");
  // and the next edit lies on the same full one, not on a stack that grows with every edit
  bench.repo.write("d4/f14", "edited");
  auto third = bench.ensure(checkouts, bench.commit());
  CHECK(third.layers().size() == 2);
  CHECK(files_in(third.layers()[0]) == 2);
}

TEST_CASE("layers over layers hold the same files as a checkout made alone, whatever was edited") {
  Bench bench;
  std::mt19937 random(7);
  CheckoutPolicy stacked;
  stacked.few_changes = 0;
  auto checkouts = bench.checkouts("stacked", stacked);
  CheckoutPolicy whole;
  whole.many_changes = 0;
  auto alone = bench.checkouts("alone", whole);
  std::size_t deepest = 0;
  for (int i = 0; i < 25; ++i) {
    edit(bench.repo.path(), random);
    auto tree = bench.commit();
    auto layered = bench.ensure(checkouts, tree);
    deepest = std::max(deepest, layered.layers().size());
    auto plain = bench.ensure(alone, tree);
    CHECK(plain.layers().size() == 1);
    CHECK_MESSAGE(bench.merged(layered) == content_of(plain.layers()[0]), "step " << i);
  }
  CHECK(deepest == stacked.deepest_stack);
}

TEST_CASE("a job over a stack of layers sees the tree, with files deleted, replaced and come back") {
  TestEngine engine;
  TestRepository repo;
  std::mt19937 random(3);
  auto list =
      "find . -mindepth 1 ! -type d -printf '%p %M %l ' -exec sh -c 'test -L \"$1\" || cat \"$1\"; echo' - {} "
      "\\; | sort; find . -type d | sort";
  for (int i = 0; i < 5; ++i) {
    for (int k = 0; k < 3; ++k) edit(repo.path(), random);
    auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
    auto seen = run(*engine, snapshot, {shell_job("test", list)}).logs["test"];
    pika::TempDir plain("jci-plain-");
    ::chmod(plain.path().c_str(), 0755);
    repo.git({"worktree", "add", "--quiet", "--detach", (plain.path() / "w").string()});
    pika::proc::Command command;
    command.argv = {"sh", "-c", std::string("rm .git; ") + list};
    command.cwd = plain.path() / "w";
    CHECK(pika::proc::run(command).out == seen);
    repo.git({"worktree", "prune"});
  }
}

TEST_CASE("every file of a checkout has one fixed time, however the checkout came to be") {
  TestEngine engine;
  TestRepository repo;
  repo.write("a", "1");
  repo.write("d/b", "1");
  auto all = "find . -printf '%T@\\n' | sort -u";
  auto first = *engine->snapshot_commit(repo.path(), repo.commit());
  CHECK(run(*engine, first, {shell_job("test", all)}).logs["test"] == "946684800.0000000000\n");
  repo.write("d/b", "2");
  repo.write("d/c", "2");
  auto second = *engine->snapshot_commit(repo.path(), repo.commit());
  CHECK(run(*engine, second, {shell_job("test", all)}).logs["test"] == "946684800.0000000000\n");
}

TEST_CASE("attributes say how files are written, in a layer as in a whole checkout") {
  Bench bench;
  bench.repo.write(".gitattributes", "*.txt text eol=crlf\n");
  bench.repo.write("d/a.txt", "1\n");
  bench.repo.write("d/b", "1\n");
  auto checkouts = bench.checkouts("c");
  auto first = bench.ensure(checkouts, bench.commit());
  CHECK(*pika::read_file(first.layers()[0] / "d/a.txt") == "1\r\n");
  bench.repo.write("d/a.txt", "2\n");
  bench.repo.write("d/b", "2\n");
  auto second = bench.ensure(checkouts, bench.commit());
  REQUIRE(second.layers().size() == 2);
  CHECK(*pika::read_file(second.layers()[0] / "d/a.txt") == "2\r\n");
  CHECK(*pika::read_file(second.layers()[0] / "d/b") == "2\n");
  CHECK(files_in(second.layers()[0]) == 2);
  bench.repo.write(".gitattributes", "");  // now every file is another, though no other object changed
  auto third = bench.ensure(checkouts, bench.commit());
  CHECK(bench.merged(third)["d/a.txt"].ends_with(" 2\n"));
}

TEST_CASE("a tree with names that lead out of its folder is refused, and nothing is written outside") {
  Bench bench;
  bench.repo.write("a/b", "1");
  auto checkouts = bench.checkouts("c");
  bench.ensure(checkouts, bench.commit());
  auto blob = std::string(pika::trim(bench.repo.git({"hash-object", "-w", "a/b"})));
  auto hash = [&](const std::string& bytes) {
    auto file = bench.folder.path() / "bytes";
    pika::write_file_atomic(file, bytes);
    return *Oid::parse(pika::trim(bench.repo.git({"hash-object", "-t", "tree", "-w", "--literally", file.string()})));
  };
  auto entry = [](std::string mode_and_name, const Oid& id) {
    mode_and_name += '\0';
    mode_and_name.append(reinterpret_cast<const char*>(id.bytes().data()), 20);
    return mode_and_name;
  };
  auto file = *Oid::parse(blob);
  auto outside = bench.folder.path() / "outside";
  pika::make_dirs(outside);
  pika::write_file_atomic(bench.folder.path() / "target", outside.string());
  auto target =
      *Oid::parse(pika::trim(bench.repo.git({"hash-object", "-w", (bench.folder.path() / "target").string()})));
  auto inner = hash(entry("100644 out", file));
  for (const auto& bad : {entry("100644 ..", file), entry("40000 ..", inner), entry("40000 .git", inner),
                          entry("100644 a/../../out", file), entry("120000 x", target) + entry("40000 x", inner)}) {
    INFO(pika::quote_name(bad));
    auto tree = hash(bad);
    (void)bench.store.import_tree(bench.repo.path(), tree);
    auto before = files_in(bench.folder.path() / "c");
    CHECK(!checkouts.ensure(bench.store, tree, bench.folder.path() / "scratch").has_value());
    CHECK(fs::is_empty(outside));
    CHECK(!fs::exists(bench.folder.path() / "out"));
    CHECK(files_in(bench.folder.path() / "c") == before);
    CHECK(fs::is_empty(bench.folder.path() / "scratch"));
  }
}

TEST_CASE("a checkout that somebody reads or that another lies on is not removed") {
  Bench bench;
  auto checkouts = bench.checkouts("c");
  bench.repo.write("a", "1");
  auto first = bench.commit();
  auto held = std::optional(bench.ensure(checkouts, first));
  CHECK(!checkouts.remove(first));
  held.reset();
  bench.repo.write("b", "1");
  auto second = bench.commit();
  held = bench.ensure(checkouts, second);
  held.reset();
  CHECK(!checkouts.remove(first));
  REQUIRE(checkouts.list().size() == 2);
  CHECK(checkouts.remove(second));
  CHECK(checkouts.remove(first));
  CHECK(checkouts.list().empty());
  CHECK(bench.merged(bench.ensure(checkouts, second)).size() == 2);
}

TEST_CASE("a tree 2,000 folders deep is checked out, copied and laid over with few descriptors") {
  Bench bench;
  std::string path;
  for (int i = 0; i < 1990; ++i) path += "d/";
  auto tree_with = [&](const std::string& content) {
    pika::proc::Command import;
    import.argv = {"git", "-C", bench.repo.path().string(), "fast-import", "--quiet", "--force"};
    auto stream = "commit refs/heads/" + content + "\ncommitter T <t@example.org> 0 +0000\ndata 0\nM 100644 inline " +
                  path + "f\ndata 1\n" + content + "\n";
    REQUIRE(pika::proc::run(import, {.input = stream}).ok());
    auto tree = bench.repo.tree_of(content);
    REQUIRE(bench.store.import_tree(bench.repo.path(), tree).has_value());
    return tree;
  };
  auto checkouts = bench.checkouts("c");
  bench.ensure(checkouts, tree_with("a"));
  auto second = bench.ensure(checkouts, tree_with("b"));
  CHECK(second.layers().size() == 2);
  auto to = bench.folder.path() / "merged";
  materialise(second.layers(), to, {});
  auto again = bench.folder.path() / "again";
  copy_tree(to, again, CopyFiles::link);
  FolderCursor at(pika::UniqueFd(::open(again.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), "again");
  for (int i = 0; i < 1990; ++i) at.down("d");
  pika::UniqueFd file(::openat(at.fd(), "f", O_RDONLY | O_CLOEXEC));
  char content = 0;
  CHECK(::read(file.get(), &content, 1) == 1);
  CHECK(content == 'b');
}
