// What the forge knows, as plain values. Object ids are 40 hex digits, empty where there is none. Times are
// microseconds UTC, 0 where it has not happened.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jerichoci/status.hpp"
#include "pika/base/clock.hpp"
#include "pika/base/strong_id.hpp"

namespace pika::domain {

using RepositoryId = StrongId<struct RepositoryIdTag, std::int64_t>;
using BranchId = StrongId<struct BranchIdTag, std::int64_t>;
using VersionId = StrongId<struct VersionIdTag, std::int64_t>;
using CandidateId = StrongId<struct CandidateIdTag, std::int64_t>;
using SuiteId = StrongId<struct SuiteIdTag, std::int64_t>;
using LaneId = StrongId<struct LaneIdTag, std::int64_t>;
using AttemptId = StrongId<struct AttemptIdTag, std::int64_t>;
using UserId = StrongId<struct UserIdTag, std::int64_t>;

struct Repository {
  RepositoryId id;
  std::string owner, name;
  std::string target;  // branch name: "main"
  Micros created_at = 0;
  std::string full_name() const { return owner + "/" + name; }
  std::string target_ref() const { return "refs/heads/" + target; }
};

enum class BranchState { open, merged, closed };

struct Branch {
  BranchId id;
  RepositoryId repository;
  std::int64_t number = 0;
  std::string name;  // without refs/heads/
  std::string title, description, author;
  BranchState state = BranchState::open;
  Micros created_at = 0, updated_at = 0;
  int versions = 0;          // how many, and the newest one's number
  std::string head;          // of the newest version
  std::string merge_commit;  // when merged
  std::string closed_why;    // "deleted by alice", when closed
  std::string ref() const { return "refs/heads/" + name; }
};

enum class TutorialState { pending, generating, ready, failed };

struct Version {
  VersionId id;
  BranchId branch;
  int number = 0;
  std::string head;
  std::string merge_base;  // with the target when it was pushed; empty: no common history
  std::string pushed_by;
  Micros pushed_at = 0;
  TutorialState tutorial = TutorialState::pending;
  std::string tutorial_error;
  int commits = 0, files = 0, added = 0, removed = 0;  // known once explained
};

// What could land: (version, target tip, policy, merge tree). The unit of the gate.
struct Candidate {
  CandidateId id;
  VersionId version;
  std::string target_tip;
  std::string policy_id;     // hash of the policy read at the target tip
  std::string tree, commit;  // empty when it conflicts
  std::vector<std::string> conflicts;
  std::string problem;                // one sentence when it cannot be built: "no common history with main"
  std::vector<std::string> required;  // lanes the policy at the target asks for
  bool allow_nothing_to_run = false;
  Micros created_at = 0;
};

struct Suite {
  SuiteId id;
  RepositoryId repository;
  std::int64_t number = 0;
  BranchId branch;
  VersionId version;
  std::optional<CandidateId> candidate;  // none: a head suite (the version does not merge), never counts for landing
  std::string commit, tree;              // what runs
  std::string head, target_tip;
  Micros queued_at = 0;
  std::string catalogue_error;                                  // of the target: nothing can gate
  std::string head_catalogue_error;                             // of the head: its own lanes do not run
  std::string why;                                              // "push of version 2", "main moved", "rerun by alice"
  std::vector<std::pair<std::string, std::string>> not_chosen;  // lane id, reason
};

struct Lane {
  LaneId id;
  SuiteId suite;
  std::string lane;  // id in the catalogue
  std::string title;
  int position = 0;  // catalogue order
  bool required = false;
  bool gating = false;             // defined by the target; false: the head's own, advisory
  std::string group;               // concurrency group
  std::string reason;              // why it was chosen
  std::string target;              // id of the catalogue's target
  std::string jobs;                // JSON array of JobSpec
  std::string unrunnable;          // sentence: there is nothing to run
  int group_size = 1;              // lanes of the group at once
  std::vector<std::string> needs;  // lanes of the suite that must have passed
};

struct Attempt {
  AttemptId id;
  LaneId lane;
  int number = 1;
  jerichoci::Status status = jerichoci::Status::queued;
  jerichoci::FailureKind failure = jerichoci::FailureKind::none;
  std::string message;
  std::string waiting_reason;  // contracts: capacity concurrency_group dependency no_isolation approval paused backoff
  std::string waiting_detail;  // sentence
  std::int64_t fence = 0;      // grows with every assignment; a stale one is refused
  std::string runner;
  Micros queued_at = 0, started_at = 0, finished_at = 0, lease_until = 0, not_before = 0;
  std::optional<int> exit_code;
  std::string cancel_why;  // while it runs: it was told to stop, and why
  std::string run_id;      // the engine's
  std::uint64_t log_size = 0;
};

struct LaneWithAttempts {
  Lane lane;
  std::vector<Attempt> attempts;  // oldest first, never empty
  const Attempt& newest() const { return attempts.back(); }
};

struct Decision {
  Micros at = 0;
  std::string lane;  // empty: about the whole suite
  std::string text;  // sentence
};

struct Landing {
  std::int64_t record = 0;  // counts per repository
  BranchId branch;
  VersionId version;
  CandidateId candidate;
  std::optional<SuiteId> suite;
  std::string target, target_before, commit;
  std::string tree_tested;  // tree of the suite that counted; empty: none had run
  std::string tree_landed;
  std::string by;
  Micros at = 0;
  std::string policy_id;
  std::vector<std::string> red_lanes;
  std::string override_reason;
  std::string state;  // begun, landed, abandoned
  std::string previous_hash, hash;
};

enum class Role { reader, writer, lander, admin };
std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view word);

struct User {
  UserId id;
  std::string name;
  Role role = Role::reader;
};

struct Event {
  std::int64_t sequence = 0;
  std::string kind;  // branch.changed suite.changed lane.changed log.appended tutorial.changed
  RepositoryId repository;
  std::string data;  // JSON with ids only
};

std::string_view to_string(BranchState state);
std::optional<BranchState> parse_branch_state(std::string_view word);
std::string_view to_string(TutorialState state);
std::optional<TutorialState> parse_tutorial_state(std::string_view word);

// `[A-Za-z0-9._-]{1,64}`, not "." or "..", not ending in ".git" or ".lock", and no reserved first word for an owner.
bool valid_name(std::string_view name);
bool reserved_owner(std::string_view name);

}  // namespace pika::domain
