// The queue of a model's words: one job for each (version, wish), as a state machine without clock, thread or disk.
// A wish is what would be asked and whom, in one line (forge/model_loop.hpp makes it); another one is another job.
//
//            wanted ──> queued ──taken──> running ──told────────> done      words are kept
//                         ^  ^              │ ├──refused────────> failed    asking again would not help
//                         │  └─given back───┘ │                             (stopped on purpose: not counted)
//                         ├──later, with a pause──┤ 3 attempts ──> failed    with the reason of the last one
//                         └──lease ran out────────┘                         (the server was killed: counted)
//   queued or running ──superseded──> dropped: a newer version came, the branch closed, the forge asks for other words
//   done, failed or dropped ──asked again──> queued, attempts from 0; words that are there stay until new ones come
//
// Nothing is "generating" for ever: running holds a lease, and who finds it run out takes the job up again. The derived
// tutorial does not wait for any of this.
//
// Order: of the jobs that may run now, first those that waited for longer than kLongWait, the longest first; then the
// branch that was served longest ago (fair between branches: who pushes every minute does not keep the others
// waiting); then the newest version.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "pika/domain/types.hpp"

namespace pika::domain {

using WordsJobId = StrongId<struct WordsJobIdTag, std::int64_t>;

inline constexpr int kMostWordsAttempts = 3;
inline constexpr Micros kLongWait = 3600 * kSecond;

enum class WordsState { queued, running, done, failed, dropped };
std::string_view to_string(WordsState state);
std::optional<WordsState> parse_words_state(std::string_view word);

struct WordsJob {
  WordsJobId id;
  BranchId branch;
  VersionId version;
  std::string wish;
  WordsState state = WordsState::queued;
  int attempts = 0;        // taken up, and not given back, since it was asked for
  std::int64_t fence = 0;  // grows whenever it is taken: what an earlier owner brings is refused
  std::string owner;       // who has it, while it runs
  Micros lease_until = 0;  // while it runs
  Micros not_before = 0;   // while it is queued after an attempt
  Micros asked_at = 0, taken_at = 0, ended_at = 0;  // of the newest time
  std::string asked_by;                             // a person, by regenerate; empty: the forge
  bool afresh = false;      // a person asked again: what was kept of an equal change does not do
  std::string why;          // sentence: why it failed, was dropped, or waits after an attempt
  std::string content_key;  // digest of all that the words depend on; known once done
  Micros told_at = 0;       // when the kept words came; 0: none are kept
};

// Between attempts: 30 s after the first, then longer, never above 10 minutes.
Micros words_pause(int attempts);

// A job that waits or runs, with what the order looks at.
struct WaitingWords {
  WordsJob job;
  bool superseded = false;   // not the newest version of an open branch
  bool explained = true;     // its derived tutorial stands; else it waits until it does
  Micros branch_served = 0;  // when a job of its branch was last taken; 0: never
};
// May it be taken: queued and not before its time, or its lease ran out.
bool may_take(const WordsJob& job, Micros now);
// The place of the one to take now.
std::optional<std::size_t> next_words(std::span<const WaitingWords> waiting, Micros now);
// When the next may be taken, should nothing happen until then; nothing: never.
std::optional<Micros> next_words_at(std::span<const WaitingWords> waiting);

enum class WordsEnd {
  told,        // words are kept
  refused,     // nothing is kept, and asking again would give the same
  later,       // nothing is kept, for a reason that may pass
  given_back,  // stopped on purpose
  superseded,
};
// Each gives the job as it is afterwards. Checked: `taken` of one that may be taken, `ended` of one that runs.
WordsJob taken(WordsJob job, const std::string& owner, Micros lease_until, Micros now);
WordsJob ended(WordsJob job, WordsEnd end, const std::string& why, Micros now);
// Its lease ran out: queued for now, or failed after the last attempt.
WordsJob lost(WordsJob job, Micros now);
// By a person, or (`by` empty) by the forge. While it is queued or running nothing changes.
WordsJob asked_again(WordsJob job, const std::string& by, Micros now);
WordsJob dropped(WordsJob job, const std::string& why, Micros now);

}  // namespace pika::domain
