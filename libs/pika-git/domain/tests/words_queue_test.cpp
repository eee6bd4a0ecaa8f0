#include "pika/domain/words_queue.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace pika;
using namespace pika::domain;

namespace {

WaitingWords waiting(std::int64_t version, std::int64_t branch, Micros asked, Micros served = 0) {
  WaitingWords w;
  w.job.id = WordsJobId(version);
  w.job.version = VersionId(version);
  w.job.branch = BranchId(branch);
  w.job.asked_at = asked;
  w.branch_served = served;
  return w;
}

WordsJob running(int attempts) {
  WordsJob job;
  for (int i = 0; i < attempts; ++i) {
    if (i > 0) job = ended(job, WordsEnd::later, "503", 10);
    job = taken(job, "me", 1000, job.not_before);
  }
  return job;
}

}  // namespace

TEST_CASE("words: states have names that read back") {
  for (auto state :
       {WordsState::queued, WordsState::running, WordsState::done, WordsState::failed, WordsState::dropped})
    CHECK(parse_words_state(to_string(state)) == state);
  CHECK_FALSE(parse_words_state("generating"));
}

TEST_CASE("words: newest version first, and the branch that was served longest ago") {
  std::vector<WaitingWords> all = {waiting(1, 1, 5), waiting(3, 2, 5), waiting(2, 3, 5)};
  CHECK(next_words(all, 10) == 1);
  all[1].branch_served = 9;  // it pushes again and again
  CHECK(next_words(all, 10) == 2);
  all[2].branch_served = 8;
  CHECK(next_words(all, 10) == 0);
  all[0].branch_served = 10;
  CHECK(next_words(all, 10) == 2);
}

TEST_CASE("words: who waited for long comes first, the longest first") {
  std::vector<WaitingWords> all = {waiting(9, 1, 5000 * kSecond), waiting(1, 2, 300 * kSecond, 7),
                                   waiting(2, 3, 200 * kSecond, 8)};
  CHECK(next_words(all, 5000 * kSecond) == 2);
  CHECK(next_words(all, 3700 * kSecond) == 0);
}

TEST_CASE("words: what is superseded, pauses or runs is not taken") {
  std::vector<WaitingWords> all = {waiting(1, 1, 5), waiting(2, 2, 5), waiting(3, 3, 5)};
  all[0].superseded = true;
  all[1].job.not_before = 20;
  all[2].job.state = WordsState::running;
  all[2].job.lease_until = 30;
  CHECK_FALSE(next_words(all, 10));
  CHECK(next_words_at(all) == 20);
  CHECK(next_words(all, 20) == 1);
  all[1].explained = false;
  CHECK_FALSE(next_words(all, 20));
  all[1].explained = true;
  all[1].superseded = true;
  CHECK(next_words(all, 30) == 2);  // its lease ran out
  CHECK(next_words_at(all) == 30);
  all[2].job.state = WordsState::failed;
  CHECK_FALSE(next_words(all, 30));
  CHECK_FALSE(next_words_at(all));
}

TEST_CASE("words: a failure that may pass is tried three times with longer pauses, then it is told") {
  auto job = ended(running(1), WordsEnd::later, "the model is overloaded", 100);
  CHECK(job.state == WordsState::queued);
  CHECK(job.not_before == 100 + 30 * kSecond);
  job = ended(running(2), WordsEnd::later, "the model is overloaded", 100);
  CHECK(job.not_before == 100 + 120 * kSecond);
  job = ended(running(3), WordsEnd::later, "the model is overloaded", 100);
  CHECK(job.state == WordsState::failed);
  CHECK(job.why == "the model is overloaded");
  CHECK(job.lease_until == 0);
  CHECK(words_pause(1000) == 600 * kSecond);
}

TEST_CASE("words: a lease that ran out is taken up again, and not for ever") {
  CHECK(lost(running(1), 50).state == WordsState::queued);
  CHECK(lost(running(1), 50).not_before == 0);
  auto job = lost(running(3), 50);
  CHECK(job.state == WordsState::failed);
  CHECK(job.why == "the server stopped 3 times while it asked");
}

TEST_CASE("words: a stop on purpose costs no attempt, and every taking is a new fence") {
  auto job = running(1);
  auto back = ended(job, WordsEnd::given_back, "", 60);
  CHECK(back.state == WordsState::queued);
  CHECK(back.attempts == 0);
  auto again = taken(back, "you", 2000, 70);
  CHECK(again.attempts == 1);
  CHECK(again.fence == job.fence + 1);
  CHECK(again.owner == "you");
}

TEST_CASE("words: ended for good") {
  CHECK(ended(running(1), WordsEnd::told, "", 9).state == WordsState::done);
  auto refused = ended(running(1), WordsEnd::refused, "the key is not known there", 9);
  CHECK(refused.state == WordsState::failed);
  CHECK(refused.why == "the key is not known there");
  CHECK(ended(running(1), WordsEnd::superseded, "version 2 came", 9).state == WordsState::dropped);
}

TEST_CASE("words: asked again by a person, once") {
  auto done = ended(running(2), WordsEnd::told, "", 9);
  done.told_at = 9;
  auto again = asked_again(done, "ada", 20);
  CHECK(again.state == WordsState::queued);
  CHECK(again.afresh);
  CHECK(again.attempts == 0);
  CHECK(again.asked_by == "ada");
  CHECK(again.told_at == 9);  // what is there stays
  auto twice = asked_again(again, "bob", 30);
  CHECK(twice.asked_by == "ada");
  CHECK(twice.asked_at == 20);
  auto runs = taken(again, "me", 100, 40);
  CHECK(asked_again(runs, "bob", 50).state == WordsState::running);
  CHECK(ended(runs, WordsEnd::later, "x", 60).afresh);
  CHECK_FALSE(ended(runs, WordsEnd::told, "", 60).afresh);
}
