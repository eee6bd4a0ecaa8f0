#include <doctest/doctest.h>

#include "pika/db/database.hpp"
#include "scene.hpp"
#include "schema.hpp"

using namespace pika;
using namespace pika::store;

namespace {

constexpr Micros kLease = 1000;
const std::string kWish = "p1 e3 openai 127.0.0.1:8080 small";

Pushed ready(Scene& s, const std::string& branch, char head, Micros at) {
  auto pushed = s.push(branch, head, at);
  s.store->set_tutorial(pushed.version.id, TutorialState::ready, "", nullptr);
  return pushed;
}

int tutorial_events(Scene& s) {
  int n = 0;
  for (const auto& e : s.store->events_after(0, 1000)) n += e.kind == "tutorial.changed";
  return n;
}

SentWords sent(const std::string& outcome) {
  SentWords out;
  out.at = 7;
  out.host = "127.0.0.1:8080";
  out.model = "small";
  out.purpose = "tell";
  out.bytes = 900;
  out.hunks = 3;
  out.status = 200;
  out.outcome = outcome;
  return out;
}

}  // namespace

TEST_CASE("words: the newest ready version of each open branch is asked for, once") {
  Scene s;
  ready(s, "a", 'a', 1);
  auto newer = ready(s, "a", 'b', 2);
  s.push("b", 'c', 3);  // not explained yet
  auto closed = ready(s, "c", 'd', 4);
  s.store->close_branch(closed.branch.id, "deleted", 5);
  CHECK(s.store->want_words({s.repository.id}, kWish, 0, 10) == 1);
  CHECK(s.store->want_words({s.repository.id}, kWish, 0, 11) == 0);
  CHECK(s.store->want_words({RepositoryId(77)}, kWish, 0, 11) == 0);
  auto jobs = s.store->words_of(newer.version.id);
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].state == WordsState::queued);
  CHECK(jobs[0].asked_at == 10);
  CHECK_FALSE(jobs[0].afresh);
  CHECK(s.store->next_words_at() == 0);
}

TEST_CASE("words: of what came before then nobody is asked unless a person says so") {
  Scene s;
  auto old = ready(s, "a", 'a', 100);
  ready(s, "b", 'b', 200);
  CHECK(s.store->want_words({s.repository.id}, kWish, 150, 300) == 1);
  CHECK(s.store->words_of(old.version.id).empty());
  CHECK(s.store->ask_words(old.version.id, kWish, "ada", 310).second);
}

TEST_CASE("words: taken with what it belongs to, ended once, and told") {
  Scene s;
  auto pushed = ready(s, "a", 'a', 1);
  s.store->want_words({s.repository.id}, kWish, 0, 10);
  auto before = tutorial_events(s);
  auto taken = s.store->take_words("me", kLease, 20);
  REQUIRE(taken);
  CHECK(taken->version.id == pushed.version.id);
  CHECK(taken->branch.name == "a");
  CHECK(taken->repository.full_name() == "ada/engine");
  CHECK(taken->job.lease_until == 20 + kLease);
  CHECK(s.store->words_still_wanted(taken->job.id, taken->job.fence));
  CHECK_FALSE(s.store->take_words("me", kLease, 21));
  REQUIRE(s.store->begin_sending_words(taken->job.id, taken->job.fence, "127.0.0.1:8080", "small", 22));
  REQUIRE(s.store->sent_words(0, 10).size() == 1);
  CHECK(s.store->sent_words(0, 10)[0].outcome == "under way");
  Store::WordsResult result{
      .end = WordsEnd::told, .content_key = "k", .told_at = 30, .sent = {sent("answered"), sent("answered")}};
  CHECK(s.store->end_words(taken->job.id, taken->job.fence, result, 30));
  CHECK_FALSE(s.store->end_words(taken->job.id, taken->job.fence, result, 31));
  CHECK(tutorial_events(s) > before);
  auto job = s.store->words_of(pushed.version.id).at(0);
  CHECK(job.state == WordsState::done);
  CHECK(job.told_at == 30);
  CHECK(s.store->words_told("k")->id == job.id);
  CHECK_FALSE(s.store->words_told("other"));
  auto log = s.store->sent_words(0, 10);
  REQUIRE(log.size() == 2);
  CHECK(log[0].repository == "ada/engine");
  CHECK(log[0].branch == pushed.branch.number);
  CHECK(log[0].version == 1);
  CHECK(log[0].bytes == 900);
  CHECK(log[0].hunks == 3);
  CHECK(s.store->sent_words(log[0].id, 10).size() == 1);
  CHECK_FALSE(s.store->next_words_at());
}

TEST_CASE("words: what a killed server held is taken up again, and its trace stays in the log") {
  Scene s;
  auto pushed = ready(s, "a", 'a', 1);
  s.store->want_words({s.repository.id}, kWish, 0, 10);
  auto first = s.store->take_words("before", 1'000'000, 20);
  s.store->begin_sending_words(first->job.id, first->job.fence, "127.0.0.1:8080", "small", 21);
  s.reopen();
  CHECK_FALSE(s.store->take_words("after", kLease, 22));
  s.store->end_leases_of_other_words("after", 22);
  auto second = s.store->take_words("after", kLease, 23);
  REQUIRE(second);
  CHECK(second->job.attempts == 2);
  CHECK(second->job.fence > first->job.fence);
  // What the first one brings after all is not taken.
  CHECK_FALSE(s.store->end_words(first->job.id, first->job.fence, {.end = WordsEnd::told, .told_at = 9}, 24));
  CHECK_FALSE(s.store->begin_sending_words(first->job.id, first->job.fence, "h", "m", 24));
  CHECK_FALSE(s.store->words_still_wanted(first->job.id, first->job.fence));
  REQUIRE(s.store->sent_words(0, 10).size() == 1);
  CHECK(s.store->sent_words(0, 10)[0].outcome.find("the server stopped") == 0);
  // A lease of its own that ran out is no better.
  auto third = s.store->take_words("after", kLease, 23 + kLease);
  REQUIRE(third);
  CHECK(third->job.attempts == 3);
  CHECK_FALSE(s.store->take_words("after", kLease, 23 + 2 * kLease + 1));
  auto job = s.store->words_of(pushed.version.id).at(0);
  CHECK(job.state == WordsState::failed);
  CHECK(job.why == "the server stopped 3 times while it asked");
}

TEST_CASE("words: a newer version makes the older one's job needless, queued or running") {
  Scene s;
  auto one = ready(s, "a", 'a', 1);
  s.store->want_words({s.repository.id}, kWish, 0, 10);
  auto two = ready(s, "a", 'b', 11);
  auto old = s.store->words_of(one.version.id).at(0);
  CHECK(old.state == WordsState::dropped);
  CHECK(old.why == "version 2 came");
  s.store->want_words({s.repository.id}, kWish, 0, 12);
  auto taken = s.store->take_words("me", kLease, 13);
  REQUIRE(taken);
  CHECK(taken->version.id == two.version.id);
  ready(s, "a", 'c', 14);
  CHECK_FALSE(s.store->words_still_wanted(taken->job.id, taken->job.fence));
  CHECK(s.store->end_words(taken->job.id, taken->job.fence, {.end = WordsEnd::superseded}, 15));
  CHECK(s.store->words_of(two.version.id).at(0).state == WordsState::dropped);
}

TEST_CASE("words: a branch that closed or landed is not asked about") {
  Scene s;
  auto a = ready(s, "a", 'a', 1), b = ready(s, "b", 'b', 2);
  s.store->want_words({s.repository.id}, kWish, 0, 10);
  s.store->close_branch(a.branch.id, "deleted", 11);
  s.store->complete_landing(s.landing(b, '1', 12));
  CHECK_FALSE(s.store->take_words("me", kLease, 20));
  CHECK(s.store->words_of(a.version.id).at(0).state == WordsState::dropped);
  CHECK(s.store->words_of(b.version.id).at(0).state == WordsState::dropped);
}

TEST_CASE("words: a version whose tutorial is being made anew waits for it") {
  Scene s;
  auto pushed = ready(s, "a", 'a', 1);
  s.store->want_words({s.repository.id}, kWish, 0, 10);
  s.store->set_tutorial(pushed.version.id, TutorialState::pending, "", nullptr);
  CHECK_FALSE(s.store->take_words("me", kLease, 20));
  CHECK_FALSE(s.store->next_words_at());
  s.store->set_tutorial(pushed.version.id, TutorialState::ready, "", nullptr);
  CHECK(s.store->take_words("me", kLease, 30));
}

TEST_CASE("words: a person asks again, and a second press changes nothing") {
  Scene s;
  auto pushed = ready(s, "a", 'a', 1);
  auto [first, made] = s.store->ask_words(pushed.version.id, kWish, "ada", 5);
  CHECK(made);
  CHECK(first.afresh);
  CHECK_FALSE(s.store->ask_words(pushed.version.id, kWish, "bob", 6).second);
  auto taken = s.store->take_words("me", kLease, 7);
  CHECK_FALSE(s.store->ask_words(pushed.version.id, kWish, "bob", 8).second);
  s.store->end_words(taken->job.id, taken->job.fence, {.end = WordsEnd::told, .content_key = "k", .told_at = 9}, 9);
  auto [again, changed] = s.store->ask_words(pushed.version.id, kWish, "bob", 10);
  CHECK(changed);
  CHECK(again.asked_by == "bob");
  CHECK(again.told_at == 9);
  CHECK_FALSE(s.store->words_told("k"));  // being asked anew: its words are shown, and not handed on
}

TEST_CASE("words: another model configured drops what waits for the one before") {
  Scene s;
  auto pushed = ready(s, "a", 'a', 1);
  s.store->want_words({s.repository.id}, kWish, 0, 10);
  s.store->drop_other_words("another wish", 11);
  CHECK(s.store->words_of(pushed.version.id).at(0).state == WordsState::dropped);
  CHECK(s.store->want_words({s.repository.id}, "another wish", 0, 12) == 1);
  CHECK(s.store->words_of(pushed.version.id).size() == 2);
  // And back again: what was dropped for that alone is asked for after all.
  s.store->drop_other_words(kWish, 13);
  CHECK(s.store->want_words({s.repository.id}, kWish, 0, 14) == 1);
  auto job = s.store->words_of(pushed.version.id).at(0);
  CHECK(job.state == WordsState::queued);
  CHECK_FALSE(job.afresh);
}

TEST_CASE("words: a data folder of the version before is migrated with all it has") {
  TempDir folder("pika-store-");
  make_dirs(folder.path() / "db");
  make_dirs(folder.path() / "backup");
  {
    std::vector<db::Migration> old = {migrations().front()};
    auto db = db::Database::open({.path = folder.path() / "db/pika.sqlite", .migrations = old});
    REQUIRE(db);
    (*db)->write([](db::Connection& c) {
      c.run("INSERT INTO repo_repository (owner, name, target, created_at) VALUES ('ada', 'engine', 'main', 1)");
    });
  }
  auto store = Store::open(folder.path());
  REQUIRE(store);
  CHECK((*store)->repository("ada", "engine"));
  CHECK((*store)->sent_words(0, 10).empty());
  CHECK(fs::exists(folder.path() / "backup/pika.v1.sqlite"));
}
