#include "pika/domain/words_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "pika/base/check.hpp"

namespace pika::domain {

namespace {

constexpr WordsState kStates[] = {WordsState::queued, WordsState::running, WordsState::done, WordsState::failed,
                                  WordsState::dropped};

WordsJob settled(WordsJob job, WordsState state, const std::string& why, Micros now) {
  job.state = state;
  job.why = why;
  job.owner.clear();
  job.lease_until = job.not_before = 0;
  job.ended_at = now;
  if (state != WordsState::queued) job.afresh = false;
  return job;
}

}  // namespace

std::string_view to_string(WordsState state) {
  switch (state) {
    case WordsState::queued:
      return "queued";
    case WordsState::running:
      return "running";
    case WordsState::done:
      return "done";
    case WordsState::failed:
      return "failed";
    case WordsState::dropped:
      return "dropped";
  }
  return "queued";
}

std::optional<WordsState> parse_words_state(std::string_view word) {
  for (auto state : kStates)
    if (word == to_string(state)) return state;
  return std::nullopt;
}

Micros words_pause(int attempts) {
  constexpr Micros kFirst = 30 * kSecond, kMost = 600 * kSecond;
  Micros pause = kFirst;
  for (int i = 1; i < attempts && pause < kMost; ++i) pause *= 4;
  return std::min(pause, kMost);
}

bool may_take(const WordsJob& job, Micros now) {
  if (job.state == WordsState::queued) return job.not_before <= now;
  return job.state == WordsState::running && job.lease_until <= now;
}

std::optional<std::size_t> next_words(std::span<const WaitingWords> waiting, Micros now) {
  std::optional<std::size_t> best;
  auto rank = [&](const WaitingWords& w) {
    bool long_wait = now - w.job.asked_at > kLongWait;
    return std::tuple(!long_wait, long_wait ? w.job.asked_at : 0, w.branch_served, -w.job.version.value());
  };
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const auto& w = waiting[i];
    if (w.superseded || !w.explained || !may_take(w.job, now)) continue;
    if (!best || rank(w) < rank(waiting[*best])) best = i;
  }
  return best;
}

std::optional<Micros> next_words_at(std::span<const WaitingWords> waiting) {
  std::optional<Micros> out;
  for (const auto& w : waiting) {
    if (w.superseded || !w.explained) continue;
    if (w.job.state != WordsState::queued && w.job.state != WordsState::running) continue;
    auto at = w.job.state == WordsState::queued ? w.job.not_before : w.job.lease_until;
    out = out ? std::min(*out, at) : at;
  }
  return out;
}

WordsJob taken(WordsJob job, const std::string& owner, Micros lease_until, Micros now) {
  PIKA_CHECK(may_take(job, now), "a job of the words' queue is taken when it may be");
  job.state = WordsState::running;
  job.owner = owner;
  job.lease_until = lease_until;
  job.not_before = 0;
  job.taken_at = now;
  ++job.fence;
  ++job.attempts;
  return job;
}

WordsJob ended(WordsJob job, WordsEnd end, const std::string& why, Micros now) {
  PIKA_CHECK(job.state == WordsState::running, "a job of the words' queue ends while it runs");
  switch (end) {
    case WordsEnd::told:
      return settled(std::move(job), WordsState::done, "", now);
    case WordsEnd::refused:
      return settled(std::move(job), WordsState::failed, why, now);
    case WordsEnd::superseded:
      return settled(std::move(job), WordsState::dropped, why, now);
    case WordsEnd::given_back:
      --job.attempts;
      return settled(std::move(job), WordsState::queued, "", now);
    case WordsEnd::later:
      break;
  }
  if (job.attempts >= kMostWordsAttempts) return settled(std::move(job), WordsState::failed, why, now);
  job = settled(std::move(job), WordsState::queued, why, now);
  job.not_before = now + words_pause(job.attempts);
  return job;
}

WordsJob lost(WordsJob job, Micros now) {
  if (job.attempts >= kMostWordsAttempts) {
    auto why = fmt::format("the server stopped {} times while it asked", job.attempts);
    return settled(std::move(job), WordsState::failed, why, now);
  }
  return settled(std::move(job), WordsState::queued, "the server stopped while it asked", now);
}

WordsJob asked_again(WordsJob job, const std::string& by, Micros now) {
  if (job.state == WordsState::queued || job.state == WordsState::running) return job;
  job = settled(std::move(job), WordsState::queued, "", now);
  job.attempts = 0;
  job.asked_at = now;
  job.asked_by = by;
  job.afresh = !by.empty();
  return job;
}

WordsJob dropped(WordsJob job, const std::string& why, Micros now) {
  return settled(std::move(job), WordsState::dropped, why, now);
}

}  // namespace pika::domain
