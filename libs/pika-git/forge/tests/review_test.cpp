#include <doctest/doctest.h>

#include "pika/base/log.hpp"
#include "world.hpp"

using namespace pika;
using namespace pika::forge;

namespace {
const std::string kZero(40, '0');

ErrorKind refused(World& w, const std::string& ref, const std::string& from, const std::string& to) {
  auto checked = w.review->check_push(w.repository, {{ref, from, to}});
  if (checked) FAIL("it was let through: " << ref);
  CHECK_FALSE(checked.error().what.empty());
  CHECK_FALSE(checked.error().advice.empty());
  return checked.error().kind;
}

Files with(Files files, const std::string& name, const std::string& text) {
  files[name] = text;
  return files;
}
}  // namespace

TEST_CASE("a push writes branches and tags, and nothing else") {
  World w({{"a.txt", "1\n"}});
  auto head = w.commit({{"a.txt", "2\n"}}, {w.base}).hex();
  for (const char* ref : {"refs/heads/topic", "refs/heads/caf\xc3\xa9/<script>", "refs/tags/v1"})
    CHECK(w.review->check_push(w.repository, {{ref, kZero, head}}));
  for (const char* ref : {"refs/pika/keep", "refs/heads", "refs/notes/x", "HEAD", "refs/changes/1"})
    CHECK(refused(w, ref, kZero, head) == ErrorKind::forbidden);
  CHECK(refused(w, "refs/heads/a..b", kZero, head) == ErrorKind::forbidden);
  CHECK(refused(w, "refs/heads/" + std::string(201, 'x'), kZero, head) == ErrorKind::forbidden);
}

TEST_CASE("the target is made by the first push and never moved or deleted by another") {
  World w({});
  auto first = w.commit({{"a.txt", "1\n"}}, {});
  CHECK(w.review->check_push(w.repository, {{"refs/heads/main", kZero, first.hex()}}));
  w.push("main", first);
  auto second = w.commit({{"a.txt", "2\n"}}, {first});
  CHECK(refused(w, "refs/heads/main", first.hex(), second.hex()) == ErrorKind::forbidden);
  CHECK(refused(w, "refs/heads/main", first.hex(), kZero) == ErrorKind::forbidden);
  // One bad ref refuses the whole push.
  CHECK_FALSE(w.review->check_push(
      w.repository, {{"refs/heads/topic", kZero, second.hex()}, {"refs/heads/main", first.hex(), second.hex()}}));
}

TEST_CASE("the first branch of an empty repository is its target") {
  World w({});
  w.push("trunk", w.commit({{"a.txt", "1\n"}}, {}));
  CHECK(w.repository.target == "trunk");
  CHECK(w.git({"symbolic-ref", "HEAD"}) == "refs/heads/trunk");
  CHECK(w.store->branches({.repository = w.repository.id}).empty());
  w.push("main", w.commit({{"a.txt", "2\n"}}, {w.at("trunk")}));
  CHECK(w.repository.target == "trunk");
  CHECK(w.branch("main").versions == 1);
}

TEST_CASE("a push is a version; its title is the first commit's") {
  World w({{"a.txt", "1\n"}});
  auto one = w.commit({{"a.txt", "2\n"}}, {w.base}, "First words\n\nWhy it is done.");
  auto two = w.commit({{"a.txt", "3\n"}}, {one}, "Second words");
  auto b = w.pushed("topic", two);
  CHECK(b.title == "First words");
  CHECK(b.description == "Why it is done.");
  CHECK(b.author == "ada");
  CHECK(w.explained == 1);
  auto version = w.store->newest_version(b.id).value();
  CHECK(version.head == two.hex());
  CHECK(version.merge_base == w.base.hex());
  // Told twice, as after a hook that was killed: nothing new.
  auto lines = w.review->record_push(w.repository, {{"refs/heads/topic", kZero, two.hex()}}, {}, "ada");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].find("nothing new") != std::string::npos);
  CHECK(w.store->versions(b.id).size() == 1);
  CHECK(w.explained == 1);
  w.push("topic", one);
  CHECK(w.branch("topic").versions == 2);
  CHECK(w.branch("topic").title == "First words");
  w.push("topic", two, {.title = "Given <b>\xff"});
  CHECK(w.branch("topic").versions == 3);
  CHECK(w.branch("topic").title == "Given <b>\xef\xbf\xbd");
}

TEST_CASE("a branch whose name is not UTF-8 is recorded by its bytes") {
  World w({{"a.txt", "1\n"}});
  std::string name = "caf\xff'\"<script>";
  auto b = w.pushed(name, w.commit({{"a.txt", "2\n"}}, {w.base}, "\xff title"));
  CHECK(b.name == name);
  CHECK(w.store->newest_candidate(w.store->newest_version(b.id)->id)->tree.size() == 40);
}

TEST_CASE("deleting a branch closes it; pushing its name again makes another") {
  World w({{"a.txt", "1\n"}});
  auto head = w.commit({{"a.txt", "2\n"}}, {w.base});
  auto b = w.pushed("topic", head);
  w.push("topic", {});
  CHECK(w.store->branch(b.id)->state == domain::BranchState::closed);
  CHECK(w.store->branch(b.id)->closed_why == "deleted by ada");
  CHECK(w.pushed("topic", head).id != b.id);
}

TEST_CASE("closing deletes the ref only when it is where it was seen") {
  World w({{"a.txt", "1\n"}});
  auto b = w.pushed("topic", w.commit({{"a.txt", "2\n"}}, {w.base}));
  auto moved = w.commit({{"a.txt", "3\n"}}, {w.base});
  w.set_ref("topic", moved);
  CHECK_FALSE(w.review->close(w.repository, b, "ada"));
  CHECK(w.at("topic") == moved);
  CHECK(w.store->branch(b.id)->state == domain::BranchState::open);
  b = w.pushed("topic", moved);
  w.push("topic", w.commit({{"a.txt", "4\n"}}, {w.base}));
  b = w.branch("topic");
  CHECK(w.review->close(w.repository, b, "ada"));
  CHECK(w.at("topic").is_zero());
  CHECK_FALSE(w.review->close(w.repository, *w.store->branch(b.id), "ada"));
}

TEST_CASE("every version's head and every candidate outlive a forced push and a collection") {
  World w({{"a.txt", "1\n"}});
  std::vector<git::Oid> heads;
  std::vector<std::string> candidates;
  for (int i = 0; i < 4; ++i) {
    heads.push_back(w.commit({{"a.txt", std::to_string(i) + " forced\n"}}, {w.base}));
    auto b = w.pushed("topic", heads.back());
    candidates.push_back(w.store->newest_candidate(w.store->newest_version(b.id)->id)->commit);
  }
  // One that does not merge has no candidate that holds it.
  heads.push_back(w.commit({{"a.txt", "a stranger's\n"}}, {}));
  w.push("topic", heads.back());
  auto stray = w.commit({{"a.txt", "nobody's\n"}}, {w.base});
  w.push("topic", {});
  w.git({"reflog", "expire", "--expire=now", "--all"});
  w.git({"gc", "--quiet", "--prune=now"});
  auto repository = w.open();
  CHECK_FALSE(repository.exists(stray));
  for (const auto& head : heads) CHECK(repository.exists(head));
  for (const auto& commit : candidates) CHECK(repository.exists(*git::Oid::parse(commit)));
  w.git({"fsck", "--connectivity-only", "--no-dangling"});
}

TEST_CASE("the repair scan records what a killed hook did not tell") {
  World w({{"a.txt", "1\n"}});
  auto known = w.pushed("known", w.commit({{"a.txt", "2\n"}}, {w.base}));
  auto removed = w.pushed("removed", w.commit({{"a.txt", "3\n"}}, {w.base}));
  auto moved_head = w.commit({{"a.txt", "4\n"}}, {w.base});
  auto fresh_head = w.commit({{"a.txt", "5\n"}}, {w.base}, "Fresh");
  w.set_ref("known", moved_head);
  w.set_ref("removed", {});
  w.set_ref("fresh", fresh_head);
  w.review->repair(w.repository);
  CHECK(w.store->branch(known.id)->head == moved_head.hex());
  CHECK(w.store->branch(known.id)->versions == 2);
  CHECK(w.store->branch(removed.id)->state == domain::BranchState::closed);
  CHECK(w.branch("fresh").title == "Fresh");
  auto told = w.store->last_event();
  w.review->repair(w.repository);
  CHECK(w.store->last_event() == told);
}

TEST_CASE("the repair scan does not close many branches at once") {
  World w({{"a.txt", "1\n"}});
  for (int i = 0; i < 6; ++i)
    w.push("b" + std::to_string(i), w.commit({{"a.txt", std::to_string(i) + "x\n"}}, {w.base}));
  for (int i = 0; i < 5; ++i) w.set_ref("b" + std::to_string(i), {});
  w.review->repair(w.repository);
  CHECK(w.store->branch_counts(w.repository.id).open == 6);
}

TEST_CASE("refs that are gone with their target close nothing, however few") {
  World w({{"a.txt", "1\n"}});
  auto b = w.pushed("topic", w.commit({{"a.txt", "2\n"}}, {w.base}));
  w.set_ref("topic", {});
  w.set_ref("main", {});
  w.review->repair(w.repository);
  CHECK(w.store->branch(b.id)->state == domain::BranchState::open);
}

TEST_CASE("a folder that is gone changes nothing in the store") {
  World w({{"a.txt", "1\n"}});
  auto b = w.pushed("topic", w.commit(with(w.files, "b.txt", "2\n"), {w.base}));
  fs::rename(w.path(), w.folder.path() / "elsewhere");
  auto told = w.store->last_event();
  w.review->repair(w.repository);
  CHECK(w.store->branch(b.id)->state == domain::BranchState::open);
  CHECK(w.store->last_event() == told);
}
