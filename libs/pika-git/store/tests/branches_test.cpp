#include <doctest/doctest.h>

#include "scene.hpp"

using namespace pika;
using namespace pika::store;

TEST_CASE("the same push told again is no new version; A-B-A is three") {
  Scene s;
  auto first = s.push("topic", 'a', 10);
  CHECK(first.new_branch);
  CHECK(first.new_version);
  auto again = s.push("topic", 'a', 20);
  CHECK_FALSE(again.new_branch);
  CHECK_FALSE(again.new_version);
  CHECK(again.version.id == first.version.id);
  CHECK(again.branch.updated_at == 10);
  CHECK(s.push("topic", 'b', 30).version.number == 2);
  auto back = s.push("topic", 'a', 40);
  CHECK(back.version.number == 3);
  CHECK(back.branch.head == object('a'));
  CHECK(s.store->versions(first.branch.id).size() == 3);
}

TEST_CASE("a name used again after its branch ended is another branch") {
  Scene s;
  auto merged = s.push("topic", 'a', 10);
  s.store->complete_landing(s.landing(merged, 'c', 11));
  CHECK_FALSE(s.store->open_branch(s.repository.id, "topic"));
  auto second = s.push("topic", 'b', 20);
  CHECK(second.new_branch);
  CHECK(second.branch.id != merged.branch.id);
  CHECK(second.branch.number == merged.branch.number + 1);
  CHECK(second.version.number == 1);
  CHECK(s.store->branch(merged.branch.id)->state == BranchState::merged);
  CHECK(s.store->branch(merged.branch.id)->merge_commit == object('c'));
  s.store->close_branch(second.branch.id, "closed by ada", 30);
  CHECK(s.store->branch(second.branch.id)->closed_why == "closed by ada");
  CHECK(s.push("topic", 'b', 40).branch.number == 3);
}

TEST_CASE("what is merged or closed is not closed again") {
  Scene s;
  auto merged = s.push("topic", 'a', 10);
  s.store->complete_landing(s.landing(merged, 'c', 11));
  s.store->close_branch(merged.branch.id, "its ref is gone", 20);
  CHECK(s.store->branch(merged.branch.id)->state == BranchState::merged);
  auto closed = s.push("other", 'a', 30);
  s.store->close_branch(closed.branch.id, "first", 40);
  s.store->close_branch(closed.branch.id, "second", 50);
  CHECK(s.store->branch(closed.branch.id)->closed_why == "first");
  auto counts = s.store->branch_counts(s.repository.id);
  CHECK(counts.open == 0);
  CHECK(counts.merged == 1);
  CHECK(counts.closed == 1);
}

TEST_CASE("a title that was given renames; one guessed from a commit does not") {
  Scene s;
  s.push("topic", 'a', 10);
  PushRecord push;
  push.repository = s.repository.id;
  push.branch = "topic";
  push.head = object('a');
  push.title = "Guessed";
  CHECK(s.store->record_push(push).branch.title == "A title");
  push.title = "Given";
  push.title_given = true;
  CHECK(s.store->record_push(push).branch.title == "Given");
}

TEST_CASE("names that are not UTF-8 are found by their bytes, and titles become readable") {
  Scene s;
  std::string name = "caf\xff/\"<script>";
  PushRecord push;
  push.repository = s.repository.id;
  push.branch = name;
  push.head = object('a');
  push.title = "broken \xff title";
  push.author = push.pushed_by = "\xfe";
  auto pushed = s.store->record_push(push);
  s.reopen();
  auto found = s.store->open_branch(s.repository.id, name);
  REQUIRE(found);
  CHECK(found->name == name);
  CHECK(found->title == "broken \xef\xbf\xbd title");
  CHECK_FALSE(s.store->open_branch(s.repository.id, "caf\xfe/\"<script>"));
  REQUIRE(s.store->branches({.repository = s.repository.id, .name = name}).size() == 1);

  Candidate candidate;
  candidate.version = pushed.version.id;
  candidate.conflicts = {"a b", "\xff\xfe", "new\nline", "caf\xc3\xa9", "//hex:00"};
  CHECK(s.store->save_candidate(candidate).conflicts == candidate.conflicts);
}

TEST_CASE("branches are listed newest first, in pages") {
  Scene s;
  for (int i = 0; i < 5; ++i) s.push("b" + std::to_string(i), 'a', 100 + i);
  auto page = s.store->branches({.repository = s.repository.id, .limit = 2});
  REQUIRE(page.size() == 2);
  CHECK(page[0].name == "b4");
  auto next = s.store->branches({.repository = s.repository.id, .before = page[1].updated_at, .limit = 10});
  REQUIRE(next.size() == 3);
  CHECK(next[0].name == "b2");
}

TEST_CASE("every change is told, in the journal's order, after it can be read") {
  Scene s;
  int told = 0;
  std::int64_t seen = s.store->last_event();
  s.store->on_event([&] {
    ++told;
    auto now = s.store->last_event();
    CHECK(now >= seen);
    seen = now;
  });
  auto pushed = s.push("topic", 'a', 10);
  CHECK(told == 1);
  auto suite = s.suite(pushed, {"x"}, 20);
  auto attempt = s.newest(suite);
  s.store->assign(attempt.id, "r", "why", 1000, 30);
  s.store->end_attempt({.attempt = attempt.id, .fence = 1, .status = jerichoci::Status::passed, .at = 40});
  s.store->set_tutorial(pushed.version.id, TutorialState::ready, "", nullptr);
  s.store->close_branch(pushed.branch.id, "x", 50);
  std::vector<std::string> kinds;
  std::int64_t last = 0;
  for (const auto& e : s.store->events_after(0, 100)) {
    CHECK(e.sequence > last);
    last = e.sequence;
    CHECK(e.repository == s.repository.id);
    kinds.push_back(e.kind);
  }
  CHECK(kinds == std::vector<std::string>{"branch.changed", "suite.changed", "lane.changed", "lane.changed",
                                          "tutorial.changed", "branch.changed"});
  CHECK(s.store->events_after(last, 10).empty());
  CHECK(s.store->events_after(0, 2).size() == 2);
  CHECK(told >= 6);
}
