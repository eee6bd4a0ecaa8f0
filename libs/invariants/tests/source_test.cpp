// Trees of real work trees and commits.
#include "pika/invariants/source.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <chrono>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"

using namespace pika::invariants;
namespace fs = std::filesystem;

namespace {

struct Work {
  pika::TempDir folder;
  fs::path root = folder.path() / "tree";
  Work() {
    fs::create_directories(root / "src");
    git({"init", "-q", "-b", "main"});
    write("src/a.c", "#include \"b.h\"\n");
    write("src/b.h", "// forge\n");
    write(".gitignore", "out/\n");
    write("out/c.c", "#include \"no.h\"\n");
  }
  void write(const std::string& path, std::string_view text) const {
    fs::create_directories((root / path).parent_path());
    pika::write_file_atomic(root / path, text);
  }
  // In place, so that the inode stays.
  void overwrite(const std::string& path, std::string_view text) const {
    FILE* file = std::fopen((root / path).c_str(), "r+");
    REQUIRE(file);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }
  void git(std::vector<std::string> words) const {
    words.insert(words.begin(), {"-c", "user.name=Ada", "-c", "user.email=ada@example.org"});
    const auto out = pika::git::run(root, words);
    REQUIRE_MESSAGE(out, (out ? "" : out.error().what));
  }
};

std::string paths(const TreeView& tree) {
  return pika::join(tree.paths(), " ");
}

std::int64_t in_an_hour() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
             .count() +
         3'600'000'000'000;
}

}  // namespace

TEST_CASE("a work tree is what git would add, as it lies there; a commit is what was added") {
  Work work;
  work.git({"add", "-A"});
  work.git({"commit", "-q", "-m", "one"});
  fs::create_symlink("a.c", work.root / "src/link.c");
  work.write("new\nline.c", "");
  fs::remove(work.root / "src/b.h");
  FactStore store;
  const auto now = open_work_tree(work.root, store);
  REQUIRE(now);
  CHECK(paths(**now) == ".gitignore new\nline.c src/a.c src/link.c");
  CHECK((*now)->references(3).empty());  // a symlink has no text
  const auto repository = pika::git::Repository::open(work.root / "src");
  REQUIRE(repository);
  const auto before = open_revision(*repository, *repository->resolve_commit("HEAD"), store);
  CHECK(paths(*before) == ".gitignore src/a.c src/b.h");
  CHECK(before->references(1) == (*now)->references(2));
  CHECK(before->mentions(2, {"forge"}).size() == 1);
  CHECK(before->text(0) == "out/\n");
}

TEST_CASE("a folder that is no repository is read like one") {
  Work work;
  fs::remove_all(work.root / ".git");
  FactStore store;
  const auto tree = open_work_tree(work.root, store, {.listing = Listing::of_folder});
  REQUIRE(tree);
  CHECK(paths(**tree) == ".gitignore src/a.c src/b.h");
  CHECK_FALSE(open_work_tree(work.root / "gone", store));
}

TEST_CASE("what has not changed is not read again, and a change of the same size is seen") {
  Work work;
  const auto file = work.folder.path() / "facts";
  const auto look = [&](std::int64_t now) {
    FactStore store;
    store.load(file);
    const auto tree = open_work_tree(work.root, store, {.listing = Listing::of_git, .now = now});
    REQUIRE(tree);
    const auto text = (*tree)->references(1).at(0).text;
    store.save(file);
    return std::pair(text, store.scanned());
  };
  using Seen = std::pair<std::string, std::size_t>;
  CHECK(look(in_an_hour()) == Seen("b.h", 2));
  CHECK(look(in_an_hour()) == Seen("b.h", 0));
  const auto time = fs::last_write_time(work.root / "src/a.c");
  work.overwrite("src/a.c", "#include \"x.h\"\n");
  fs::last_write_time(work.root / "src/a.c", time);
  CHECK(look(in_an_hour()) == Seen("x.h", 1));
}

TEST_CASE("the stamp of a file that is younger than two seconds is not believed") {
  Work work;
  const auto stamps = [&](std::int64_t now) {
    FactStore fresh;
    REQUIRE(open_work_tree(work.root, fresh, {.listing = Listing::of_git, .now = now}));
    struct stat status{};
    REQUIRE(::lstat((work.root / "src/a.c").c_str(), &status) == 0);
    const auto ns = [](const timespec& t) { return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; };
    return fresh
        .blob_of("src/a.c", {static_cast<std::uint64_t>(status.st_size), status.st_ino, status.st_dev,
                             ns(status.st_mtim), ns(status.st_ctim)})
        .has_value();
  };
  CHECK_FALSE(stamps(0));
  CHECK(stamps(in_an_hour()));
}
