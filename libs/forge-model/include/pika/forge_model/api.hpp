// The JSON API of the forge, as its handlers write it and its clients read it (docs/api.md).
//
// Words (status, state, failure, kind, reason codes) are strings: a reader keeps one that it does not know, and shows
// it. Unknown fields are passed over, absent ones read as empty. Times are integer microseconds UTC, 0 for "not yet".
// Ids of commits and trees are 40 hex digits. Every text is UTF-8.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/base/result.hpp"
#include "pika/base/strong_id.hpp"
#include "pika/json/json.hpp"

namespace pika::forge_model {

using BranchNumber = StrongId<struct BranchNumberTag, std::int64_t>;  // per repository: branch #133
using SuiteNumber = StrongId<struct SuiteNumberTag, std::int64_t>;    // per repository: run #168

// Statuses of contracts.md that mean "it has ended".
bool is_final_status(std::string_view status);
// "success" for passed, as pages and chips say; any other word as it is, with spaces for underscores.
std::string status_label(std::string_view status);

struct LaneAttempt {
  int number = 0;  // 1, 2, ... within the lane of the suite
  std::string status, failure, message;
  std::string run_id;  // the engine's; empty until it began
  std::string runner;  // name of the runner that has or had it
  Micros queued_at = 0, started_at = 0, finished_at = 0;
  std::uint64_t log_bytes = 0;
  std::string url;  // page with the log
};

struct LaneState {
  std::string id, title;
  std::string kind;       // "gating": defined by the target and counted by the gate; "advisory": the head's own
  bool required = false;  // by the policy
  std::string status, failure, message;  // of the newest attempt
  std::string waiting_reason;  // capacity concurrency_group dependency no_isolation approval paused backoff; or empty
  std::string waiting_detail;  // one sentence: which lane holds the group, which command mends the host
  std::vector<LaneAttempt> attempts;  // oldest first
  const LaneAttempt* newest() const { return attempts.empty() ? nullptr : &attempts.back(); }
};

struct Suite {
  std::optional<SuiteNumber> number;  // none: no suite was made yet
  std::string status;                 // empty when there is no suite
  std::string commit, tree;           // what ran: the candidate's, or the version's
  Micros queued_at = 0, started_at = 0, finished_at = 0;
  std::string message;  // why there are no lanes, when there are none: a catalogue error, say
  std::string url;
  std::vector<LaneState> lanes;  // in catalogue order
};

struct VersionInfo {
  int number = 0;
  std::string head, merge_base;
};

struct CandidateInfo {
  std::string commit, tree, target_tip;
  std::vector<std::string> conflicts;  // paths; not empty: nothing can land
};

struct Reason {
  std::string code;     // lane_not_green, conflict, head_moved, no_candidate, not_open ...
  std::string message;  // one sentence
};

struct VerdictInfo {
  bool can_land = false;
  std::string state;            // ready waiting blocked merged closed
  std::vector<Reason> reasons;  // why not
};

struct Branch {
  BranchNumber number;
  std::string name, title;
  std::string state;  // open merged closed
  std::string target, url, author;
  VersionInfo version;
  std::optional<CandidateInfo> candidate;
  std::string tutorial;  // pending generating ready failed
  Suite ci;
  VerdictInfo verdict;
  std::string merge_commit, merged_by, override_reason;
  Micros created_at = 0, updated_at = 0, merged_at = 0;
};

struct MergeRequest {
  std::string expected_head;    // 40 hex digits: the head the page showed
  std::string override_reason;  // empty: no override is asked for
};

struct MergeAnswer {
  std::string merge_commit;
};

struct WhoAmI {
  std::string name;
  std::vector<std::string> roles;  // reader writer lander admin runner
};

// The body of every answer that is not 2xx: {"error": {...}}.
struct ApiError {
  std::string code, message, advice;
  std::vector<Reason> reasons;
};

json::Value to_json(const LaneAttempt& attempt);
json::Value to_json(const LaneState& lane);
json::Value to_json(const Suite& suite);
json::Value to_json(const Branch& branch);
json::Value to_json(const MergeRequest& request);
json::Value to_json(const MergeAnswer& answer);
json::Value to_json(const WhoAmI& who);
json::Value to_json(const ApiError& error);                         // with the "error" around it
json::Value branches_to_json(const std::vector<Branch>& branches);  // {"branches": [...]}

// Readers: invalid only when the value is not an object or lacks what names it (number, id).
Result<Suite> suite_from_json(const json::Value& value);
Result<Branch> branch_from_json(const json::Value& value);
Result<std::vector<Branch>> branches_from_json(const json::Value& value);
Result<MergeRequest> merge_request_from_json(const json::Value& value);  // checks expected_head
Result<MergeAnswer> merge_answer_from_json(const json::Value& value);
Result<WhoAmI> whoami_from_json(const json::Value& value);
ApiError api_error_from_json(const json::Value& value);  // of whatever there is

// The code that stands for an error of ours: invalid unauthorised forbidden not_found conflict too_large unavailable
// internal.
std::string_view error_code(ErrorKind kind);
ApiError api_error(const Error& error);

}  // namespace pika::forge_model
