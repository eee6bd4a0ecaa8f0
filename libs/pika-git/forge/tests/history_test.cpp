// Random histories: pushes, ends of lanes, merges, moves of the target, kills. Whatever happens, what landed is what
// was tested, and it is what git makes of the two sides when asked anew.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <random>

#include "world.hpp"

using namespace pika;
using namespace pika::forge;

namespace {

struct Killed {};

class History {
 public:
  explicit History(unsigned seed) : random_(seed), world_(first()) {}

  void play(int steps) {
    for (int i = 0; i < steps; ++i) step();
    check();
  }
  int landed() const { return landed_; }

 private:
  static Files first() {
    return {{"f0", "0\n"},
            {"f1", "0\n"},
            {"f2", "0\n"},
            {"ci/pikaci.toml", catalogue({{"unit", {"make test", ""}}})},
            {"ci/policy.toml", policy("\"unit\"")}};
  }
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string name() { return "b" + std::to_string(below(3)); }

  void step() {
    auto b = world_.store->open_branch(world_.repository.id, name());
    switch (b ? below(8) : 0) {
      case 0:
      case 1:
        push();
        break;
      case 2:
        world_.run(*b, below(4) ? Ran::passed : Ran::failed);
        break;
      case 3:
        world_.run(*b, Ran::passed);
        merge(*b);
        break;
      case 4:
        merge(*b);
        break;
      case 5:
        world_.planner->plan_open_branches(world_.repository, "main moved");
        break;
      case 6:
        if (below(3) == 0) world_.push(b->name, {});
        break;
      default:
        world_.planner->plan_open_branches(world_.repository, "main moved");
        world_.run(*b, Ran::passed);
        merge(*b);
    }
  }

  // A change of one file, on the target's tip, on an older state of it, or on top of the branch.
  void push() {
    auto branch = name();
    auto at = world_.at(branch);
    auto from = below(3) == 0 ? world_.base : at.is_zero() || below(2) ? world_.at("main") : at;
    auto repository = world_.open();
    Files files;
    repository.walk(from, [&](const git::TreeEntry& entry) {
      files[entry.path] = repository.blob(entry.id).value();
      return true;
    });
    files[fmt::format("f{}", below(6))] = fmt::format("{}\n", random_());
    world_.push(branch, world_.commit(files, {from}, fmt::format("Change {}", ++changes_)));
  }

  void merge(const store::Branch& b) {
    auto fault = below(6);
    world_.lander->on_fault([&](LandingFault at) {
      if ((fault == 0 && at == LandingFault::recorded) || (fault == 1 && at == LandingFault::ref_moved)) throw Killed{};
    });
    try {
      (void)world_.merge(b, below(8) ? "" : "a reason", below(2) ? domain::Role::admin : domain::Role::lander);
    } catch (const Killed&) {
      world_.restart();
      world_.lander->recover();
      world_.review->repair(world_.repository);
    }
    world_.lander->on_fault({});
  }

  void check() {
    auto repository = world_.open();
    auto tip = world_.at("main");
    auto before = world_.base.hex();
    CHECK(world_.store->unfinished_landings().empty());
    for (const auto& d : world_.store->landings(world_.repository.id)) {
      auto branch = world_.store->branch(d.branch).value();
      if (d.state != "landed") continue;
      ++landed_;
      CAPTURE(d.record);
      CHECK(branch.state == domain::BranchState::merged);
      CHECK(branch.merge_commit == d.commit);
      auto commit = repository.commit(*git::Oid::parse(d.commit)).value();
      REQUIRE(commit.parents.size() == 2);
      CHECK(commit.parents[0].hex() == before);
      CHECK(commit.parents[1].hex() == branch.head);
      before = d.commit;
      auto merged = world_.git({"merge-tree", "--write-tree", commit.parents[0].hex(), commit.parents[1].hex()});
      CHECK(commit.tree.hex() == merged);
      CHECK(d.tree_landed == merged);
      REQUIRE(d.suite);
      auto suite = world_.store->suite(*d.suite).value();
      if (d.override_reason.empty()) {
        CHECK(suite.tree == merged);
        CHECK(suite.commit == d.commit);
        for (const auto& l : world_.store->lanes(suite.id)) CHECK(l.newest().status == Ran::passed);
      }
    }
    CHECK(before == tip.hex());
    CHECK(verify_landings(*world_.store, world_.layout, world_.repository).empty());
  }

  std::mt19937 random_;
  World world_;
  int changes_ = 0, landed_ = 0;
};

}  // namespace

TEST_CASE("in every history what landed is what was tested and what git merges") {
  const char* asked = std::getenv("PIKA_HISTORIES");
  int histories = asked ? std::atoi(asked) : 30;
  int landed = 0;
  for (int seed = 1; seed <= histories; ++seed) {
    CAPTURE(seed);
    History history(static_cast<unsigned>(seed));
    history.play(14);
    landed += history.landed();
  }
  CHECK(landed >= histories / 2);
}
