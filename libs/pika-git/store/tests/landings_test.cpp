#include <doctest/doctest.h>

#include "scene.hpp"

using namespace pika;
using namespace pika::store;

TEST_CASE("each landing holds the hash of the one before it, also of an abandoned one") {
  Scene s;
  auto a = s.landing(s.push("a", 'a', 10), '1', 20);
  s.store->complete_landing(a);
  auto b = s.landing(s.push("b", 'a', 30), '2', 40);
  s.store->abandon_landing(b, "the target moved");
  auto c = s.landing(s.push("c", 'a', 50), '3', 60);
  CHECK(a.record == 1);
  CHECK(a.previous_hash.empty());
  CHECK(b.previous_hash == a.hash);
  CHECK(c.previous_hash == b.hash);
  auto all = s.store->landings(s.repository.id);
  REQUIRE(all.size() == 3);
  for (const auto& d : all) CHECK(Store::landing_hash(s.repository.id, d) == d.hash);
  CHECK(all[0].state == "landed");
  CHECK(all[1].state == "abandoned");
  CHECK(all[2].state == "begun");
  REQUIRE(s.store->unfinished_landings().size() == 1);
  CHECK(s.store->unfinished_landings()[0].second.record == 3);
  CHECK(s.store->newest_landed(s.repository.id, 5).size() == 1);
  s.store->complete_landing(c);
  auto newest = s.store->newest_landed(s.repository.id, 1);
  REQUIRE(newest.size() == 1);
  CHECK(newest[0].record == 3);
  CHECK(s.store->newest_landed(s.repository.id, 5).size() == 2);
  CHECK(s.store->branch(b.branch)->state == BranchState::open);
  CHECK_FALSE(s.store->landing_of(b.branch));
}

TEST_CASE("every field of a landing counts in its hash") {
  Scene s;
  auto landing = s.landing(s.push("a", 'a', 10), '1', 20);
  auto hash = [&](auto change) {
    auto d = landing;
    change(d);
    return Store::landing_hash(s.repository.id, d);
  };
  CHECK(hash([](Landing&) {}) == landing.hash);
  CHECK(hash([](Landing& d) { d.commit = object('9'); }) != landing.hash);
  CHECK(hash([](Landing& d) { d.tree_tested = object('9'); }) != landing.hash);
  CHECK(hash([](Landing& d) { d.tree_landed = object('9'); }) != landing.hash);
  CHECK(hash([](Landing& d) { d.by = "eve"; }) != landing.hash);
  CHECK(hash([](Landing& d) { d.at += 1; }) != landing.hash);
  CHECK(hash([](Landing& d) { d.red_lanes = {"x"}; }) != landing.hash);
  CHECK(hash([](Landing& d) { d.override_reason = "y"; }) != landing.hash);
  CHECK(hash([](Landing& d) { d.policy_id = "z"; }) != landing.hash);
  CHECK(hash([](Landing& d) { d.target_before = object('9'); }) != landing.hash);
  CHECK(Store::landing_hash(RepositoryId(77), landing) != landing.hash);
}

TEST_CASE("a reason that is not UTF-8 is stored with the hash of what is stored") {
  Scene s;
  auto pushed = s.push("a", 'a', 10);
  auto wanted = s.landing(pushed, '1', 20);
  wanted.override_reason = "because \xff\n<b>";
  wanted.red_lanes = {"x", "\xfe"};
  s.store->begin_landing(wanted);
  auto stored = s.store->landings(s.repository.id).back();
  CHECK(stored.override_reason == "because \xef\xbf\xbd\n<b>");
  CHECK(stored.red_lanes == wanted.red_lanes);
  CHECK(Store::landing_hash(s.repository.id, stored) == stored.hash);
}
