#include <doctest/doctest.h>

#include "pika/proc/child.hpp"
#include "world.hpp"

using namespace pika;
using namespace pika::forge;
using domain::Role;

namespace {
Files project(const std::string& more = "override = [\"admin\"]\n") {
  return {{"a.txt", "1\n"},
          {"ci/pikaci.toml", catalogue({{"unit", {"make test", ""}}})},
          {"ci/policy.toml", policy("\"unit\"", more)}};
}
store::Branch ready(World& w, const std::string& name = "topic") {
  auto files = w.files;
  files[name + ".txt"] = name;
  auto b = w.pushed(name, w.commit(files, {w.at("main")}));
  w.run(b, Ran::passed);
  return b;
}
struct Killed {};
}  // namespace

TEST_CASE("what lands is the tree that was tested, and the branch is gone") {
  World w(project());
  auto b = ready(w);
  auto suite = w.suite(b);
  auto landed = w.merge(b);
  REQUIRE(landed);
  CHECK(landed->state == "landed");
  CHECK(landed->commit == suite.commit);
  CHECK(landed->tree_landed == suite.tree);
  CHECK(landed->tree_tested == suite.tree);
  CHECK(w.at("main").hex() == suite.commit);
  CHECK(w.open().tree_of(w.at("main")).hex() == suite.tree);
  auto parents = w.open().commit(w.at("main")).value().parents;
  REQUIRE(parents.size() == 2);
  CHECK(parents[0] == w.base);
  CHECK(parents[1].hex() == b.head);
  CHECK(w.at("topic").is_zero());
  CHECK(w.store->branch(b.id)->state == domain::BranchState::merged);
  CHECK(w.store->branch(b.id)->merge_commit == suite.commit);
  CHECK(verify_landings(*w.store, w.layout, w.repository).empty());
  auto again = w.merge(b);
  REQUIRE_FALSE(again);
  CHECK(again.error().kind == ErrorKind::conflict);
}

TEST_CASE("only the head that was seen lands") {
  World w(project());
  auto b = ready(w);
  auto seen = b.head;
  auto order = [&](const std::string& head) {
    return w.lander->merge(w.repository, *w.store->branch(b.id),
                           {.expected_head = head, .by = "ada", .override_reason = ""});
  };
  for (const auto& head : {std::string(), std::string("abc"), std::string(40, '0'), w.base.hex()})
    CHECK_FALSE(order(head));
  auto files = w.files;
  files["late.txt"] = "x";
  auto late = w.commit(files, {w.base});
  // git has moved and the forge has not heard of it yet.
  w.set_ref("topic", late);
  CHECK_FALSE(order(seen));
  CHECK_FALSE(order(late.hex()));
  w.push("topic", late);
  w.run(w.branch("topic"), Ran::passed);
  CHECK_FALSE(order(seen));
  CHECK(w.at("main") == w.base);
  CHECK(w.store->landings(w.repository.id).empty());
  CHECK(order(late.hex()));
}

TEST_CASE("landing over red is for those whom the target's policy names, with a reason") {
  World w(project("override = [\"lander\"]\n"));
  auto b = w.pushed("topic", w.commit({{"a.txt", "2\n"}, {"ci/pikaci.toml", w.files["ci/pikaci.toml"]}}, {w.base}));
  w.run(b, Ran::failed);
  CHECK_FALSE(w.merge(b));
  CHECK_FALSE(w.merge(b, "", Role::lander));
  auto writer = w.merge(b, "it is urgent", Role::writer);
  REQUIRE_FALSE(writer);
  CHECK(writer.error().kind == ErrorKind::forbidden);
  CHECK_FALSE(w.merge(b, "it is urgent", Role::admin));
  auto landed = w.merge(b, "it is urgent", Role::lander);
  REQUIRE(landed);
  CHECK(landed->override_reason == "it is urgent");
  CHECK(landed->red_lanes == std::vector<std::string>{"unit"});
  CHECK(w.verdict(b) == domain::VerdictState::landed_over_red);
  CHECK(verify_landings(*w.store, w.layout, w.repository).empty());
}

TEST_CASE("a reason given for a green branch is no override") {
  World w(project());
  auto b = ready(w);
  auto landed = w.merge(b, "just in case", Role::lander);
  REQUIRE(landed);
  CHECK(landed->override_reason.empty());
  CHECK(landed->red_lanes.empty());
}

TEST_CASE("killed after the record: not landed, and it can land afterwards") {
  World w(project());
  auto b = ready(w);
  w.lander->on_fault([](LandingFault at) {
    if (at == LandingFault::recorded) throw Killed{};
  });
  CHECK_THROWS_AS(w.merge(b), Killed);
  w.restart();
  w.lander->recover();
  CHECK(w.at("main") == w.base);
  CHECK(w.store->branch(b.id)->state == domain::BranchState::open);
  CHECK(w.store->landings(w.repository.id).at(0).state == "abandoned");
  REQUIRE(w.merge(b));
  CHECK(w.store->landings(w.repository.id).at(1).state == "landed");
  CHECK(verify_landings(*w.store, w.layout, w.repository).empty());
}

TEST_CASE("killed after the ref moved: landed, once, however often it is settled") {
  for (bool branch_ref_left : {false, true}) {
    World w(project());
    auto b = ready(w);
    w.lander->on_fault([](LandingFault at) {
      if (at == LandingFault::ref_moved) throw Killed{};
    });
    CHECK_THROWS_AS(w.merge(b), Killed);
    // git's transaction is not one step on disk: the branch's own ref may still be there.
    if (branch_ref_left) w.set_ref("topic", *git::Oid::parse(b.head));
    w.restart();
    CHECK(w.store->unfinished_landings().size() == 1);
    w.lander->recover();
    w.lander->recover();
    w.review->repair(w.repository);
    CHECK(w.store->unfinished_landings().empty());
    CHECK(w.store->landings(w.repository.id).size() == 1);
    CHECK(w.store->landings(w.repository.id)[0].state == "landed");
    CHECK(w.store->branch(b.id)->state == domain::BranchState::merged);
    CHECK(w.at("topic").is_zero());
    CHECK_FALSE(w.store->open_branch(w.repository.id, "topic"));
    CHECK(w.at("main").hex() == w.store->branch(b.id)->merge_commit);
    CHECK(verify_landings(*w.store, w.layout, w.repository).empty());
  }
}

TEST_CASE("a repository that cannot be read is not settled by a guess") {
  World w(project());
  auto b = ready(w);
  w.lander->on_fault([](LandingFault at) {
    if (at == LandingFault::ref_moved) throw Killed{};
  });
  CHECK_THROWS_AS(w.merge(b), Killed);
  w.restart();
  fs::rename(w.path(), w.folder.path() / "aside");
  w.lander->recover();
  CHECK(w.store->unfinished_landings().size() == 1);
  fs::rename(w.folder.path() / "aside", w.path());
  w.lander->recover();
  CHECK(w.store->branch(b.id)->state == domain::BranchState::merged);
}

TEST_CASE("a target that moves between the judgement and the move is not overwritten") {
  World w(project());
  auto b = ready(w);
  auto files = w.files;
  files["other.txt"] = "x";
  auto other = w.commit(files, {w.base});
  w.lander->on_fault([&](LandingFault at) {
    if (at == LandingFault::recorded) w.set_ref("main", other);
  });
  CHECK_FALSE(w.merge(b));
  CHECK(w.at("main") == other);
  CHECK(w.at("topic").hex() == b.head);
  CHECK(w.store->branch(b.id)->state == domain::BranchState::open);
  CHECK(w.store->landings(w.repository.id).at(0).state == "abandoned");
}

TEST_CASE("a landing record that was changed is found") {
  const char* changes[] = {"UPDATE land_landing SET by_user = 'eve' WHERE record = 1",
                           "UPDATE land_landing SET tree_tested = tree_landed || 'x' WHERE record = 1",
                           "UPDATE land_landing SET commit_id = target_before WHERE record = 2",
                           "UPDATE land_landing SET previous_hash = '' WHERE record = 2",
                           "UPDATE land_landing SET state = 'abandoned' WHERE record = 2",
                           "DELETE FROM land_landing WHERE record = 1"};
  for (const char* change : changes) {
    CAPTURE(change);
    World w(project());
    REQUIRE(w.merge(ready(w, "one")));
    REQUIRE(w.merge(ready(w, "two")));
    REQUIRE(verify_landings(*w.store, w.layout, w.repository).empty());
    w.store.reset();
    // Behind the store's back, as somebody with the file in his hands would do it.
    auto tampered = proc::run(
        {.argv = {"python3", "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])",
                  (w.folder.path() / "db/pika.sqlite").string(), change}});
    REQUIRE(tampered.ok());
    w.restart();
    CHECK_FALSE(verify_landings(*w.store, w.layout, w.repository).empty());
  }
}

TEST_CASE("a target that lost a landed commit is found") {
  World w(project());
  REQUIRE(w.merge(ready(w)));
  w.set_ref("main", w.base);
  CHECK_FALSE(verify_landings(*w.store, w.layout, w.repository).empty());
}
