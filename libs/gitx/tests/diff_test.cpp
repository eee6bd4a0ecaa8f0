#include "pika/gitx/diff.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"
#include "pika/gitx/repository.hpp"

using namespace pika;

namespace {

struct Scratch {
  TempDir dir{"gitx-"};
  fs::path path = dir.path() / "r";
  Scratch() {
    fs::create_directories(path);
    git({"init", "-q", "-b", "main"});
  }
  std::string git(std::vector<std::string> args) {
    args.insert(args.begin(), {"-c", "user.name=t", "-c", "user.email=t@x", "-c", "commit.gpgsign=false"});
    auto r = git::run(path, std::move(args));
    if (!r) FAIL(r.error().what);
    return r ? *r : "";
  }
  void write(const std::string& name, std::string_view bytes) {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << bytes;
  }
  git::Oid commit(const std::string& message = "c") {
    git({"add", "-A"});
    git({"commit", "-q", "--allow-empty", "-m", message});
    return git::Repository::open(path)->resolve_commit("HEAD").value();
  }
};

}  // namespace

TEST_CASE("hostile names, renames, binaries, modes and missing newlines are parsed as git means them") {
  Scratch s;
  s.write("plain.txt", "one\ntwo\nthree\n");
  s.write("moved.txt", "a\nb\nc\nd\ne\nf\ng\n");
  s.write("bin", std::string("\0\1\2", 3));
  s.write("exec.sh", "x\n");
  s.write("gone.txt", "bye\n");
  auto a = s.commit();
  s.write("plain.txt", "one\n2\nthree");
  fs::create_directories(s.path / "dir");
  fs::rename(s.path / "moved.txt", s.path / "dir/new\nname \"q\" \xFF.txt");
  s.write("bin", std::string("\0\1\3", 3));
  fs::permissions(s.path / "exec.sh", fs::perms::all);
  fs::remove(s.path / "gone.txt");
  s.write("empty", "");
  s.write("sp ace\t.txt", "+++ b/x\n--- a/y\n@@ -1 +1 @@\ndiff --git a/x b/x\n");
  auto b = s.commit();
  auto diff = git::make_diff(s.path, a, b);
  REQUIRE(diff);
  REQUIRE(diff->files.size() == 7);
  std::map<std::string, const git::FileChange*> by;
  for (const auto& f : diff->files) by[f.path()] = &f;
  CHECK(by.at("bin")->binary);
  CHECK(by.at("bin")->pseudo_id.starts_with("B"));
  CHECK(by.at("empty")->pseudo_id.starts_with("E"));
  CHECK(by.at("exec.sh")->pseudo_id.starts_with("M"));
  CHECK(by.at("exec.sh")->mode_changed());
  CHECK(by.at("gone.txt")->kind == git::ChangeKind::deleted);
  auto* moved = by.at("dir/new\nname \"q\" \xFF.txt");
  CHECK(moved->kind == git::ChangeKind::renamed);
  CHECK(moved->old_path == "moved.txt");
  CHECK(moved->similarity == 100);
  CHECK(moved->pseudo_id.starts_with("R"));
  auto* odd = by.at("sp ace\t.txt");
  CHECK(odd->added == 4);
  auto* plain = by.at("plain.txt");
  REQUIRE(plain->hunks.size() == 1);
  CHECK(plain->hunks[0].header() == "@@ -1,3 +1,3 @@");
  CHECK(plain->hunks[0].lines.back().no_newline);
  CHECK(plain->hunks[0].lines[1].text == "two");
  CHECK(plain->hunks[0].lines[1].old_line == 2);
}

TEST_CASE("a file that becomes a symlink is one record with both patches") {
  Scratch s;
  s.write("x", "content\n");
  s.write("y", "1\n");
  auto a = s.commit();
  fs::remove(s.path / "x");
  fs::create_symlink("y", s.path / "x");
  s.write("y", "2\n");
  auto b = s.commit();
  auto diff = git::make_diff(s.path, a, b);
  REQUIRE(diff);
  CHECK(diff->files.size() == 2);
  CHECK(diff->files[0].kind == git::ChangeKind::type_changed);
  CHECK(diff->files[0].hunks.size() == 2);
  CHECK(diff->files[1].hunks.size() == 1);
}

TEST_CASE("the first commit is shown against nothing, and equal trees give an empty diff") {
  Scratch s;
  s.write("a", "1\n");
  auto a = s.commit();
  auto first = git::make_diff(s.path, git::Oid(), a);
  REQUIRE(first);
  CHECK(first->files.size() == 1);
  auto none = git::make_diff(s.path, a, a);
  REQUIRE(none);
  CHECK(none->files.empty());
}

TEST_CASE("a stored diff cut at any byte is refused or shorter, and never read beyond its end") {
  Scratch s;
  s.write("a", "1\n2\n3\n");
  s.write("b", "x\n");
  auto a = s.commit();
  s.write("a", "1\n2\n4\n");
  fs::rename(s.path / "b", s.path / "c");
  auto b = s.commit();
  auto bytes = git::make_diff_bytes(s.path, a, b).value();
  for (std::size_t n = 0; n <= bytes.size(); ++n) {
    auto r = git::parse_diff(bytes.substr(0, n), a, b);
    if (r) CHECK(r->files.size() <= 2);
  }
}

TEST_CASE("changed paths name both sides of a rename") {
  Scratch s;
  s.write("old/\xC3\xA9", "1\n2\n3\n");
  auto a = s.commit();
  fs::create_directories(s.path / "new");
  fs::rename(s.path / "old/\xC3\xA9", s.path / "new/\xC3\xA9");
  auto b = s.commit();
  CHECK(git::changed_paths(s.path, a, b).value() == std::vector<std::string>{"new/\xC3\xA9", "old/\xC3\xA9"});
}

TEST_CASE("changed paths are those of git diff-tree: modes, types, folders that became files, submodules, any byte") {
  Scratch s;
  s.write("a", "1\n");
  s.write("exec", "1\n");
  s.write("link", "a");
  s.write("folder/inner", "1\n");
  s.write("Case", "1\n");
  s.write("same/deep/file", "1\n");
  auto first = s.commit();
  fs::permissions(s.path / "exec", fs::perms(0755));
  fs::remove(s.path / "link");
  fs::create_symlink("a", s.path / "link");
  fs::remove_all(s.path / "folder");
  s.write("folder", "now a file\n");
  fs::remove(s.path / "Case");
  s.write("case", "1\n");
  s.write("\xFF\n\t", "1\n");
  git::run(s.path, {"update-index", "--add", "--cacheinfo", "160000," + first.hex() + ",sub"}).value();
  auto second = s.commit();
  for (auto [from, to] : {std::pair{first, second}, {second, first}, {git::Oid(), second}, {first, first}}) {
    auto out = git::run(s.path, {"diff-tree", "-r", "-z", "--name-only", "--no-renames",
                                 from.is_zero() ? git::kEmptyTree : from.hex(), to.hex()})
                   .value();
    std::vector<std::string> expected;
    for (auto name : split(out, '\0'))
      if (!name.empty()) expected.emplace_back(name);
    std::sort(expected.begin(), expected.end());
    CHECK(git::changed_paths(s.path, from, to).value() == expected);
  }
  CHECK(!git::changed_paths(s.path, first, *git::Oid::parse(std::string(40, '1'))).has_value());
}

TEST_CASE("merge-tree gives the tree, or the conflicting paths by name") {
  Scratch s;
  s.write("a b", "1\n");
  s.write("c", "1\n");
  auto base = s.commit();
  s.write("c", "2\n");
  auto ours = s.commit();
  s.git({"checkout", "-q", "-b", "x", base.hex()});
  s.write("a b", "2\n");
  auto theirs = s.commit();
  auto clean = git::merge_tree(s.path, ours, theirs);
  REQUIRE(clean);
  CHECK(clean->clean());
  auto repo = git::Repository::open(s.path).value();
  CHECK(repo.file(clean->tree, "a b").value() == "2\n");
  s.write("c", "3\n");
  auto clash = s.commit();
  auto conflict = git::merge_tree(s.path, ours, clash);
  REQUIRE(conflict);
  CHECK(conflict->conflicts == std::vector<std::string>{"c"});
  s.git({"checkout", "-q", "--orphan", "o"});
  auto orphan = s.commit();
  auto none = git::merge_tree(s.path, ours, orphan);
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::conflict);
}

TEST_CASE("a ref moves only from where it was expected, all or none") {
  Scratch s;
  auto a = s.commit("a");
  auto b = s.commit("b");
  REQUIRE(git::update_refs(s.path, {{"refs/heads/n", {}, a}}, "t"));
  auto stale = git::update_refs(s.path, {{"refs/heads/n", b, a}}, "t");
  REQUIRE_FALSE(stale);
  CHECK(stale.error().kind == ErrorKind::conflict);
  auto both = git::update_refs(s.path, {{"refs/heads/k", {}, a}, {"refs/heads/n", b, a}}, "t");
  CHECK_FALSE(both);
  auto repo = git::Repository::open(s.path).value();
  CHECK_FALSE(repo.ref("refs/heads/k"));
  REQUIRE(git::update_refs(s.path, {{"refs/heads/n", a, {}}}, "t"));
  CHECK_FALSE(git::Repository::open(s.path)->ref("refs/heads/n"));
}

TEST_CASE("branch names that git refuses are refused") {
  for (const char* bad : {"", "a..b", "a b", "-a", "a.lock", "a/.b", "a~1", "@", "a//b", "x.", "a\nb"})
    CHECK_FALSE(git::valid_branch_name(bad));
  for (const char* good : {"main", "feature/x", "\xC3\xA9", "a-b_c.d"}) CHECK(git::valid_branch_name(good));
}

TEST_CASE("git's variables of our caller name no repository to us") {
  Scratch s;
  s.write("a", "1\n");
  auto commit = s.commit();
  ::setenv("GIT_DIR", "/nonexistent", 1);
  ::setenv("GIT_INDEX_FILE", "/nonexistent/index", 1);
  auto out = git::run(s.path, {"rev-parse", "HEAD"});
  ::unsetenv("GIT_DIR");
  ::unsetenv("GIT_INDEX_FILE");
  REQUIRE(out);
  CHECK(trim(*out) == commit.hex());
}
