#include <doctest/doctest.h>

#include <algorithm>

#include "engine_support.hpp"
#include "pika/base/text.hpp"
#include "snapshot/subset_tree.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

// A repository, its snapshot in a store, and the names below a subset of it as git tells them.
struct Store {
  TestRepository repo;
  pika::TempDir root{"jci-subset-"};
  ObjectStore objects = ObjectStore::open(root.path()).value();
  pika::git::Oid tree;

  void capture() {
    repo.commit();
    tree = repo.tree_of("HEAD");
    REQUIRE(objects.import_tree(repo.path(), tree).has_value());
  }
  Subset subset(const std::vector<std::string>& inputs) {
    auto out = subset_tree(objects, tree, inputs);
    REQUIRE_MESSAGE(out.has_value(), (out ? "" : out.error().text()));
    return *out;
  }
  std::vector<std::string> names(const pika::git::Oid& of) {
    auto text = repo.git({"--git-dir", objects.path(), "ls-tree", "-r", "-z", "--name-only", of.hex()});
    std::vector<std::string> out;
    for (auto name : pika::split(text, '\0'))
      if (!name.empty()) out.emplace_back(name);
    return out;
  }
  std::vector<std::string> names(const std::vector<std::string>& inputs) { return names(subset(inputs).tree); }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a subset holds its inputs where they were, and nothing else of the tree") {
  Store s;
  s.repo.write("src/a.c", "a");
  s.repo.write("src/deep/b.c", "b");
  s.repo.write("src-not/c.c", "c");
  s.repo.write("lock", "l", 0755);
  s.repo.write("other/d", "d");
  s.capture();
  CHECK(s.names({"src"}) == Names{"src/a.c", "src/deep/b.c"});
  CHECK(s.names({"src/deep/", "./lock"}) == Names{"lock", "src/deep/b.c"});
  CHECK(s.names({"src//deep/./b.c", "src/a.c"}) == Names{"src/a.c", "src/deep/b.c"});
  CHECK(s.names({"src", "src/a.c"}) == Names{"src/a.c", "src/deep/b.c"});
  CHECK(s.subset({}).tree == s.tree);
  CHECK(s.subset({"other", "."}).tree == s.tree);
  CHECK(s.subset({"src", "src-not", "lock", "other"}).tree == s.tree);
  auto listed = s.repo.git({"--git-dir", s.objects.path(), "ls-tree", s.subset({"lock"}).tree.hex()});
  CHECK(listed.starts_with("100755 blob"));
  s.repo.git({"--git-dir", s.objects.path(), "fsck", "--strict"});
}

TEST_CASE("a subset's id changes with its inputs' bytes and modes, and with nothing else") {
  Store s;
  s.repo.write("in/a", "a");
  s.repo.write("out", "1");
  s.capture();
  auto first = s.subset({"in"}).tree;
  s.repo.write("out", "2");
  s.capture();
  CHECK(s.subset({"in"}).tree == first);
  s.repo.write("in/a", "b");
  s.capture();
  CHECK(s.subset({"in"}).tree != first);
  s.repo.write("in/a", "a", 0755);
  s.capture();
  CHECK(s.subset({"in"}).tree != first);
}

TEST_CASE("inputs that are not there are named, and what lies behind a symlink is not there") {
  Store s;
  s.repo.write("a/b", "b");
  fs::create_symlink("a", s.repo.path() / "link");
  s.capture();
  auto out = s.subset({"none", "a/b/c", "a/x", "link/b", "link"});
  std::sort(out.missing.begin(), out.missing.end());
  CHECK(out.missing == Names{"a/b/c", "a/x", "link/b", "none"});
  CHECK(s.names(out.tree) == Names{"link"});
  auto nothing = s.subset({"none"});
  CHECK(nothing.tree.hex() == "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  CHECK(s.objects.has_tree(nothing.tree));
}

TEST_CASE("the attributes that say how an input's bytes are written come along") {
  Store s;
  s.repo.write(".gitattributes", "*.txt text eol=crlf\n");
  s.repo.write("in/deep/a.txt", "a\n");
  s.repo.write("in/.gitattributes", "b binary\n");
  s.repo.write("out/.gitattributes", "c binary\n");
  s.capture();
  CHECK(s.names({"in/deep"}) == Names{".gitattributes", "in/.gitattributes", "in/deep/a.txt"});
}

TEST_CASE("any byte of a name may be in an input, a pattern is only a name, and no path leaves the tree") {
  Store s;
  s.repo.write("caf\xc3\xa9/\xff", "1");
  s.repo.write("*", "2");
  s.repo.write("x", "3");
  s.capture();
  CHECK(s.names({"caf\xc3\xa9/\xff"}) == Names{"caf\xc3\xa9/\xff"});
  CHECK(s.names({"*"}) == Names{"*"});
  for (const auto& bad :
       {std::string("../x"), std::string("/x"), std::string("a/../../x"), std::string("a\0b", 3), std::string()})
    CHECK(subset_tree(s.objects, s.tree, {bad}).error().kind == pika::ErrorKind::invalid);
  auto none = *pika::git::Oid::parse("1234567890123456789012345678901234567890");
  CHECK(subset_tree(s.objects, none, {"x"}).error().kind == pika::ErrorKind::not_found);
}
