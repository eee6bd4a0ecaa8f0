#include <doctest/doctest.h>

#include <algorithm>

#include "world.hpp"

using namespace pika;
using namespace pika::forge;
using domain::VerdictState;

namespace {
const std::string kLanes = catalogue({{"unit", {"make test", ""}}, {"docs", {"make docs", "[\"docs/**\"]"}}});

Files project() {
  return {{"a.txt", "1\n"},
          {"docs/x.md", "x\n"},
          {"ci/pikaci.toml", kLanes},
          {"ci/policy.toml", policy("\"unit\", \"docs\"")}};
}
Files with(Files files, const std::string& name, const std::string& text) {
  files[name] = text;
  return files;
}
const store::LaneWithAttempts* find(const std::vector<store::LaneWithAttempts>& lanes, const std::string& id,
                                    bool gating) {
  auto at = std::find_if(lanes.begin(), lanes.end(),
                         [&](const auto& l) { return l.lane.lane == id && l.lane.gating == gating; });
  return at == lanes.end() ? nullptr : &*at;
}
}  // namespace

TEST_CASE("the lanes of the target gate what its filters choose") {
  World w(project());
  auto b = w.pushed("topic", w.commit(with(w.files, "a.txt", "2\n"), {w.base}));
  auto lanes = w.lanes(b);
  REQUIRE(lanes.size() == 1);
  CHECK(lanes[0].lane.lane == "unit");
  CHECK(lanes[0].lane.gating);
  CHECK(lanes[0].lane.required);
  auto suite = w.suite(b);
  REQUIRE(suite.not_chosen.size() == 1);
  CHECK(suite.not_chosen[0].first == "docs");
  CHECK(suite.tree == w.open().tree_of(*git::Oid::parse(suite.commit)).hex());
  w.run(b, Ran::passed);
  CHECK(w.verdict(b) == VerdictState::ready);
}

TEST_CASE("a branch that guts, narrows or drops a lane is tested by the target's") {
  World w(project());
  struct Attack {
    const char* name;
    std::string text;
  };
  const Attack attacks[] = {
      {"gutted", catalogue({{"unit", {"true", ""}}, {"docs", {"make docs", "[\"docs/**\"]"}}})},
      {"narrowed", catalogue({{"unit", {"make test", "[\"nothing/**\"]"}}, {"docs", {"make docs", "[\"docs/**\"]"}}})},
      {"deleted", catalogue({{"docs", {"make docs", "[\"docs/**\"]"}}})}};
  for (const auto& attack : attacks) {
    CAPTURE(attack.name);
    auto files = with(w.files, "ci/pikaci.toml", attack.text);
    files["ci/policy.toml"] = policy("", "allow_nothing_to_run = true\noverride = [\"writer\"]\n");
    auto b = w.pushed(attack.name, w.commit(files, {w.base}));
    auto lanes = w.lanes(b);
    const auto* gate = find(lanes, "unit", true);
    REQUIRE(gate);
    CHECK(gate->lane.required);
    CHECK(gate->lane.jobs.find("make test") != std::string::npos);
    // Its own lanes all pass; that opens nothing.
    for (const auto& l : lanes)
      if (!l.lane.gating) CHECK(l.lane.reason.find("advisory") != std::string::npos);
    w.run(b, Ran::failed, "unit");
    w.run(b, Ran::passed);
    CHECK(w.verdict(b) == VerdictState::refused);
    CHECK_FALSE(w.merge(b));
    CHECK_FALSE(w.merge(b, "please", domain::Role::lander));
  }
  CHECK(find(w.lanes(w.branch("gutted")), "unit~head", false));
  CHECK(w.at("main") == w.base);
}

TEST_CASE("a lane that is new in a branch runs beside the gate and does not count") {
  World w(project());
  auto lanes_there =
      catalogue({{"unit", {"make test", ""}}, {"docs", {"make docs", "[\"docs/**\"]"}}, {"fresh", {"make fresh", ""}}});
  auto b = w.pushed("topic", w.commit(with(w.files, "ci/pikaci.toml", lanes_there), {w.base}));
  auto lanes = w.lanes(b);
  const auto* fresh = find(lanes, "fresh", false);
  REQUIRE(fresh);
  CHECK_FALSE(fresh->lane.required);
  w.run(b, Ran::failed, "fresh");
  w.run(b, Ran::passed);
  CHECK(w.verdict(b) == VerdictState::ready);
}

TEST_CASE("a conflict names its paths, runs on the head alone, and cannot land") {
  World w(project());
  auto first = w.pushed("first", w.commit(with(w.files, "a.txt", "mine\n"), {w.base}));
  auto b = w.pushed("second", w.commit(with(w.files, "a.txt", "theirs\n"), {w.base}));
  w.run(first, Ran::passed);
  REQUIRE(w.merge(first));
  w.planner->plan_open_branches(w.repository, "main moved");
  auto candidate = w.store->newest_candidate(w.store->newest_version(b.id)->id).value();
  CHECK(candidate.conflicts == std::vector<std::string>{"a.txt"});
  CHECK(candidate.commit.empty());
  CHECK_FALSE(w.suite(b).candidate);
  CHECK(w.suite(b).commit == b.head);
  w.run(b, Ran::passed);
  CHECK(w.verdict(b) == VerdictState::conflicts);
  CHECK_FALSE(w.merge(b));
  CHECK_FALSE(w.merge(b, "please", domain::Role::admin));
}

TEST_CASE("no common history, and nothing new, are said and cannot land") {
  World w(project());
  auto stranger = w.pushed("stranger", w.commit(w.files, {}, "From nowhere"));
  CHECK(w.verdict(stranger) == VerdictState::conflicts);
  CHECK_FALSE(w.merge(stranger, "please", domain::Role::admin));
  auto same = w.pushed("same", w.base);
  CHECK(w.verdict(same) == VerdictState::conflicts);
  CHECK_FALSE(w.merge(same, "please", domain::Role::admin));
}

TEST_CASE("after the target moved nothing lands on the old test; the new merge is tested") {
  World w(project());
  auto first = w.pushed("first", w.commit(with(w.files, "one.txt", "1\n"), {w.base}));
  auto second = w.pushed("second", w.commit(with(w.files, "two.txt", "2\n"), {w.base}));
  w.run(first, Ran::passed);
  w.run(second, Ran::passed);
  auto old_suite = w.suite(second);
  REQUIRE(w.merge(first));
  CHECK(w.verdict(second) == VerdictState::target_moved);
  auto refused = w.merge(second);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::conflict);
  w.planner->plan_open_branches(w.repository, "main moved");
  CHECK(w.suite(second).id != old_suite.id);
  CHECK(w.suite(second).target_tip == w.at("main").hex());
  CHECK(w.verdict(second) == VerdictState::waiting);
  CHECK_FALSE(w.merge(second));
  w.run(second, Ran::passed);
  auto landed = w.merge(second);
  REQUIRE(landed);
  CHECK(landed->tree_landed == w.suite(second).tree);
}

TEST_CASE("the same candidate is not tested twice") {
  World w(project());
  auto b = w.pushed("topic", w.commit(with(w.files, "a.txt", "2\n"), {w.base}));
  auto first = w.suite(b);
  auto planned = w.planner->plan(w.repository, b, "again");
  REQUIRE(planned);
  CHECK_FALSE(planned->suite);
  CHECK(w.suite(b).id == first.id);
}

TEST_CASE("a new version stops what still runs of the one before") {
  World w(project());
  auto b = w.pushed("topic", w.commit(with(w.files, "a.txt", "2\n"), {w.base}));
  auto attempt = w.lanes(b)[0].newest();
  w.store->assign(attempt.id, "r", "why", INT64_MAX, 10);
  w.push("topic", w.commit(with(w.files, "a.txt", "3\n"), {w.base}));
  REQUIRE(w.cancelled.size() == 1);
  CHECK(w.cancelled[0].attempt == attempt.id);
}

TEST_CASE("a result of an older version does not count for the newer one") {
  World w(project());
  auto b = w.pushed("topic", w.commit(with(w.files, "a.txt", "2\n"), {w.base}));
  w.run(b, Ran::passed);
  w.push("topic", w.commit(with(w.files, "a.txt", "3\n"), {w.base}));
  CHECK(w.verdict(b) == VerdictState::waiting);
  CHECK_FALSE(w.merge(b));
}

TEST_CASE("a catalogue or a policy that does not parse lands nothing") {
  for (const char* name : {"ci/pikaci.toml", "ci/policy.toml"}) {
    CAPTURE(name);
    World w(with(project(), name, "version = [broken\n"));
    auto b = w.pushed("topic", w.commit(with(w.files, "a.txt", "2\n"), {w.base}));
    w.run(b, Ran::passed);
    CHECK_FALSE(w.merge(b));
  }
  World w(project());
  auto b = w.pushed("topic", w.commit(with(w.files, "ci/pikaci.toml", "version = [broken\n"), {w.base}));
  for (const auto& l : w.lanes(b)) CHECK(l.lane.gating);
  CHECK(find(w.lanes(b), "unit", true));
  w.run(b, Ran::passed);
  CHECK(w.verdict(b) == VerdictState::catalogue_error);
  CHECK_FALSE(w.merge(b));
}

TEST_CASE("a lane that ran nothing or was skipped is not green") {
  for (auto end : {Ran::nothing_ran, Ran::skipped, Ran::cancelled, Ran::failed}) {
    World w(project());
    auto b = w.pushed("topic", w.commit(with(w.files, "a.txt", "2\n"), {w.base}));
    w.run(b, end);
    CHECK(w.verdict(b) == VerdictState::refused);
    CHECK_FALSE(w.merge(b));
  }
}

TEST_CASE("when what changed cannot be read, no lane is left out for it") {
  World w(project());
  auto b = w.pushed("topic", w.commit(with(w.files, "docs/x.md", "changed\n"), {w.base}));
  CHECK(w.lanes(b).size() == 2);
  // The version's merge base is lost from the object store.
  auto version = w.store->newest_version(b.id).value();
  store::PushRecord push;
  push.repository = w.repository.id;
  push.branch = "topic";
  push.head = w.commit(with(w.files, "docs/x.md", "again\n"), {w.base}).hex();
  push.merge_base = std::string(40, 'e');
  push.at = 99;
  w.store->record_push(push);
  CHECK_FALSE(w.planner->plan(w.repository, w.branch("topic"), "push"));
  CHECK_FALSE(w.merge(b));
}

TEST_CASE("a branch whose merge has a policy or a catalogue that does not parse cannot land") {
  World w(project());
  auto files = w.files;
  files["ci/policy.toml"] = "version = 1\nnonsense\n";
  auto b = w.pushed("broken", w.commit(files, {w.base}));
  w.run(b, Ran::passed);
  CHECK(w.verdict(b) == VerdictState::catalogue_error);
  CHECK_FALSE(w.merge(b));
}

TEST_CASE("needs, groups with a size, cells and what a lane says of being required have their effect in the forge") {
  auto files = project();
  files.erase("ci/policy.toml");
  files["ci/pikaci.toml"] = R"(version = 1
[concurrency_groups]
device = 2
[[lane]]
id = "build"
paths = ["src/**"]
command = ["make"]
[[lane]]
id = "pack"
paths = ["a.txt"]
needs = ["build"]
concurrency_group = "device"
command = ["make", "${matrix.kind}"]
matrix = { kind = ["deb", "rpm"] }
[[lane]]
id = "advice"
required = false
command = ["true"]
)";
  World w(files);
  auto b = w.pushed("topic", w.commit(with(w.files, "a.txt", "2\n"), {w.base}));
  auto lanes = w.lanes(b);
  REQUIRE(lanes.size() == 4);
  const auto* pack = find(lanes, "pack-rpm", true);
  REQUIRE(pack);
  CHECK(pack->lane.needs == std::vector<std::string>{"build"});
  CHECK(pack->lane.group_size == 2);
  CHECK(pack->lane.required);
  CHECK(pack->lane.jobs.find("rpm") != std::string::npos);
  CHECK(find(lanes, "build", true)->lane.reason == "lane pack-rpm needs it");
  CHECK_FALSE(find(lanes, "advice", true)->lane.required);
  // The one that may fail fails: that does not hold the branch up.
  w.run(b, Ran::failed, "advice");
  w.run(b, Ran::passed);
  CHECK(w.verdict(b) == VerdictState::ready);
}

TEST_CASE("a branch's own lane needs the branch's own, where they differ from the target's") {
  auto text = [](const std::string& build) {
    return "version = 1\n[[lane]]\nid = \"build\"\ncommand = [\"" + build + "\"]\n";
  };
  auto files = project();
  files["ci/pikaci.toml"] = text("make") + "[[lane]]\nid = \"lint\"\npaths = [\"lint/**\"]\ncommand = [\"lint\"]\n";
  files["ci/policy.toml"] = policy("\"build\"");
  World w(files);
  auto own = text("gutted") + "[[lane]]\nid = \"lint\"\npaths = [\"lint/**\"]\ncommand = [\"lint\"]\n" +
             "[[lane]]\nid = \"pack\"\nneeds = [\"build\", \"lint\"]\ncommand = [\"pack\"]\n";
  auto b = w.pushed("topic", w.commit(with(w.files, "ci/pikaci.toml", own), {w.base}));
  const auto lanes = w.lanes(b);
  const auto* pack = find(lanes, "pack", false);
  REQUIRE(pack);
  CHECK(pack->lane.needs == std::vector<std::string>{"build~head", "lint"});
  CHECK(find(lanes, "lint", true));
}
