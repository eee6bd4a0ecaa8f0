// Store: the forge's durable state, as domain operations. Thread-safe. Every method that changes something returns
// after it is durable, with the events that tell of it; a db::Error (busy, disk full, read-only) is thrown.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/domain/scheduler.hpp"
#include "pika/domain/types.hpp"
#include "pika/domain/words_queue.hpp"

namespace pika::db {
class Database;
}

namespace pika::store {

using namespace pika::domain;
namespace fs = std::filesystem;

struct PushRecord {
  RepositoryId repository;
  std::string branch;  // name
  std::string head, merge_base;
  std::string title, description, author;  // used when the branch is new; a given title renames it later
  std::string pushed_by;
  bool title_given = false;  // by a push option
  Micros at = 0;
};
struct Pushed {
  Branch branch;
  Version version;
  bool new_branch = false, new_version = false;
};

struct NewLane {
  std::string lane, title, group, reason, target, jobs, unrunnable;
  bool required = false, gating = false;
  int group_size = 1;
  std::vector<std::string> needs{};  // lanes of this suite
};
struct NewSuite {
  Suite suite;                 // ids and number are given by the store
  std::vector<NewLane> lanes;  // catalogue order
};

struct RunningLease {  // an attempt that a runner holds
  AttemptId attempt;
  std::int64_t fence = 0;
  std::string runner;
  Micros lease_until = 0;
};

struct AttemptContext {  // an attempt with all that it belongs to
  Attempt attempt;
  Lane lane;
  Suite suite;
  Branch branch;
  Repository repository;
};

struct AttemptEnd {
  AttemptId attempt;
  std::int64_t fence = 0;
  jerichoci::Status status = jerichoci::Status::failed;
  jerichoci::FailureKind failure = jerichoci::FailureKind::none;
  std::string message{};
  std::optional<int> exit_code{};
  std::string run_id{};
  Micros started_at = 0, at = 0;
  // Another attempt in the same transaction, should the end be recorded, the suite be its open branch's newest, and
  // fewer than `most` attempts in a row have ended for this reason, this one included.
  struct Again {
    int most = 0;
    Micros backoff = 0;  // times the number of attempts that ended so
    std::string why{};
  };
  std::optional<Again> again{};
};
enum class EndOutcome { recorded, already_ended, stale_fence, unknown };

struct BranchQuery {
  std::optional<RepositoryId> repository{};
  std::optional<BranchState> state{};
  std::optional<std::string> name{};
  Micros before = 0;  // updated before this; 0: newest
  int limit = 50;
};
struct BranchCounts {
  int open = 0, merged = 0, closed = 0;
};

// A job of the words' queue that was taken, with what it belongs to.
struct TakenWords {
  WordsJob job;
  Version version;
  Branch branch;
  Repository repository;
};
// One request to a model, or one that is under way; never with a key in it.
struct SentWords {
  std::int64_t id = 0;  // grows
  Micros at = 0;
  std::string repository{};  // "owner/name"
  std::int64_t branch = 0;   // number
  int version = 0;           // number
  std::string host{}, model{}, purpose{};
  std::int64_t bytes = 0;
  int hunks = 0, status = 0;
  Micros took = 0;
  std::int64_t tokens_in = 0, tokens_out = 0;
  std::string outcome{};
};

struct TokenRow {
  std::int64_t id = 0;
  std::string name, user;
  Micros created_at = 0, used_at = 0, revoked_at = 0;
};

class Store {
 public:
  // Opens DATA/db/pika.sqlite, migrating with a backup into DATA/backup.
  static Result<std::unique_ptr<Store>> open(const fs::path& data);
  ~Store();

  // --- repositories and branches (branches.cpp)
  Result<Repository> create_repository(const std::string& owner, const std::string& name, const std::string& target,
                                       Micros at);
  std::optional<Repository> repository(const std::string& owner, const std::string& name);
  std::optional<Repository> repository(RepositoryId id);
  std::vector<Repository> repositories();
  void set_target(RepositoryId repository, const std::string& target);  // of an empty repository, at its first push

  // Idempotent: the newest version's own head again is no new version.
  Pushed record_push(const PushRecord& push);
  void close_branch(BranchId branch, const std::string& why, Micros at);
  std::optional<Branch> branch(RepositoryId repository, std::int64_t number);
  std::optional<Branch> branch(BranchId id);
  std::optional<Branch> open_branch(RepositoryId repository, const std::string& name);
  std::vector<Branch> branches(const BranchQuery& query);
  BranchCounts branch_counts(RepositoryId repository);
  std::vector<Version> versions(BranchId branch);
  std::optional<Version> version(VersionId id);
  std::optional<Version> newest_version(BranchId branch);
  std::vector<Version> pending_tutorials(int limit);
  void set_tutorial(VersionId version, TutorialState state, const std::string& error, const Version* figures);
  // Parts of a branch that somebody chose: key of a commit (forge/parts.hpp) to the number of its part. Empty: nobody
  // did. set_parts puts these in the place of what was chosen before; this version waits for its tutorial again.
  std::map<std::string, int> parts(BranchId branch);
  void set_parts(VersionId version, const std::map<std::string, int>& parts, const std::string& by, Micros at);

  // --- candidates and suites (suites.cpp)
  Candidate save_candidate(const Candidate& candidate);  // the one that is there, for equal (version, tip, policy)
  std::optional<Candidate> newest_candidate(VersionId version);
  std::optional<Candidate> candidate(CandidateId id);
  // Queues its attempts; queued ones of the branch's older suites are cancelled, running ones are given back in
  // `superseded` for the runners to stop.
  Suite create_suite(const NewSuite& suite, std::vector<RunningLease>* superseded);
  std::optional<Suite> suite(SuiteId id);
  std::optional<Suite> suite(RepositoryId repository, std::int64_t number);
  std::optional<Suite> newest_suite(BranchId branch);
  std::vector<Suite> suites(BranchId branch, int limit);
  std::vector<LaneWithAttempts> lanes(SuiteId suite);
  std::vector<Decision> decisions(SuiteId suite, const std::string& lane);

  // --- attempts (attempts.cpp)
  ScheduleInput schedule_input();  // queued and running; runners are the caller's
  // The new fence, or nothing when it is not queued any more.
  std::optional<std::int64_t> assign(AttemptId attempt, const std::string& runner, const std::string& why,
                                     Micros lease_until, Micros at);
  // Of what is queued still: it ends as skipped, which is not green.
  void skip(const std::vector<Skip>& skipped, Micros at);
  void set_waiting(const std::vector<Waiting>& waiting);  // only what changed is written and told
  bool mark_started(AttemptId attempt, std::int64_t fence, const std::string& run_id, Micros at);
  // Renews leases of what the runner says it runs; gives those it should stop (stale fence, cancelled, ended).
  std::vector<RunningLease> heartbeat(const std::string& runner, const std::vector<RunningLease>& running,
                                      Micros lease_until);
  EndOutcome end_attempt(const AttemptEnd& end);
  void set_log_size(AttemptId attempt, std::uint64_t size);  // told as log.appended
  std::vector<RunningLease> expired_leases(Micros now);
  void renew_leases(Micros until);  // of everything that runs
  // What this runner holds and was told to stop, with the reason.
  std::vector<std::pair<RunningLease, std::string>> cancelled_running(const std::string& runner);
  // Drops events and used-up sign-in secrets from before then.
  void forget_before(Micros at);
  // A new attempt of the lane, behind the newest; nothing when that one has not ended.
  std::optional<Attempt> add_attempt(LaneId lane, const std::string& why, Micros not_before, Micros at);
  // Cancels what is queued; gives what runs.
  std::vector<RunningLease> cancel_suite(SuiteId suite, const std::string& why, Micros at);
  std::optional<AttemptContext> attempt_context(AttemptId id);
  std::optional<Attempt> attempt(AttemptId id);

  // --- landings (landings.cpp)
  Landing begin_landing(Landing landing);         // state "begun"; number, previous hash and hash are given here
  void complete_landing(const Landing& landing);  // "landed": the branch is merged
  void abandon_landing(const Landing& landing, const std::string& why);
  std::vector<std::pair<RepositoryId, Landing>> unfinished_landings();
  std::optional<Landing> landing_of(BranchId branch);
  std::vector<Landing> landings(RepositoryId repository);                  // oldest first, landed and abandoned
  std::vector<Landing> newest_landed(RepositoryId repository, int limit);  // newest first, only "landed"
  static std::string landing_hash(RepositoryId repository, const Landing& landing);

  // --- a model's words (words.cpp); the rules are those of domain/words_queue.hpp. Changes of state are told as
  // tutorial.changed.
  // Queues a job for the newest version of each open branch of these repositories, where its tutorial is ready, it
  // was pushed at `since` or later, and there is none for this wish, or only one that was dropped. Gives how many.
  int want_words(const std::set<RepositoryId>& repositories, const std::string& wish, Micros since, Micros at);
  // A person asks again, or for the first time; gives the job, and whether anything changed.
  std::pair<WordsJob, bool> ask_words(VersionId version, const std::string& wish, const std::string& by, Micros at);
  // Jobs of other wishes that wait are dropped: whoever is configured now is asked.
  void drop_other_words(const std::string& wish, Micros at);
  // What other owners hold: the data folder is ours, so they are gone. Their leases end now.
  void end_leases_of_other_words(const std::string& owner, Micros at);
  // Settles leases that ran out and what is superseded, then takes the next.
  std::optional<TakenWords> take_words(const std::string& owner, Micros lease, Micros now);
  std::optional<Micros> next_words_at();                        // when there may be one to take
  bool words_still_wanted(WordsJobId job, std::int64_t fence);  // it runs, and is not superseded
  // Written before anything leaves this host, so that a kill leaves a trace of it.
  bool begin_sending_words(WordsJobId job, std::int64_t fence, const std::string& host, const std::string& model,
                           Micros at);
  // False: the fence is stale, nothing was changed. `sent` takes the place of what begin_sending_words wrote.
  // content_key and told_at are written where they are given.
  struct WordsResult {
    WordsEnd end = WordsEnd::later;
    std::string why{}, content_key{};
    Micros told_at = 0;
    std::vector<SentWords> sent{};
  };
  bool end_words(WordsJobId job, std::int64_t fence, const WordsResult& result, Micros at);
  std::vector<WordsJob> words_of(VersionId version);                   // oldest first
  std::optional<WordsJob> words_told(const std::string& content_key);  // the newest that is done
  std::vector<SentWords> sent_words(std::int64_t before, int limit);   // newest first; before 0: from the newest

  // --- people (people.cpp). Secrets are kept as SHA-256 only.
  Result<User> create_user(const std::string& name, Role role, Micros at);
  std::optional<User> user(const std::string& name);
  int user_count();
  std::string create_login_link(const std::string& user, Micros expires, Micros at);  // gives the secret
  std::optional<User> use_login_link(const std::string& secret, Micros at);           // once
  std::string create_session(UserId user, Micros expires, Micros at);
  std::optional<User> session_user(const std::string& secret, Micros at);
  void end_session(const std::string& secret);
  std::string create_token(UserId user, const std::string& name, Micros at);
  std::optional<User> token_user(const std::string& secret, Micros at);
  std::vector<TokenRow> tokens(UserId user);
  bool revoke_token(UserId user, std::int64_t id, Micros at);

  // --- the journal of events for people
  std::int64_t last_event();
  std::vector<Event> events_after(std::int64_t sequence, int limit);
  // Called after every durable change that tells something, on the thread that made it; must be quick.
  void on_event(std::function<void()> listener);

  // The reason why nothing can be written, when so.
  std::optional<std::string> poisoned() const;

 private:
  Store();
  void told();
  std::unique_ptr<db::Database> db_;
  std::function<void()> listener_;
};

}  // namespace pika::store
