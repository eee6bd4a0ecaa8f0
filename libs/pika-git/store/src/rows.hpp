// Reads domain values out of rows. Each value has one column list here and one reader, in the same order.
#pragma once
#include <string>
#include <vector>

#include "pika/db/connection.hpp"
#include "pika/db/database.hpp"
#include "pika/domain/types.hpp"
#include "pika/store/store.hpp"

#define PIKA_REPOSITORY_COLUMNS "r.id, r.owner, r.name, r.target, r.created_at"
#define PIKA_BRANCH_COLUMNS                                                                                       \
  "b.id, b.repository, b.number, b.name, b.title, b.description, b.author, b.state, b.created_at, b.updated_at, " \
  "b.versions, b.head, b.merge_commit, b.closed_why"
#define PIKA_VERSION_COLUMNS                                                                                 \
  "v.id, v.branch, v.number, v.head, v.merge_base, v.pushed_by, v.pushed_at, v.tutorial, v.tutorial_error, " \
  "v.commits, v.files, v.added, v.removed"
#define PIKA_CANDIDATE_COLUMNS                                                                            \
  "c.id, c.version, c.target_tip, c.policy_id, c.tree, c.commit_id, c.conflicts, c.problem, c.required, " \
  "c.allow_nothing, c.created_at"
#define PIKA_SUITE_COLUMNS                                                                                      \
  "s.id, s.repository, s.number, s.branch, s.version, s.candidate, s.commit_id, s.tree, s.head, s.target_tip, " \
  "s.queued_at, s.catalogue_error, s.head_catalogue_error, s.why, s.not_chosen"
#define PIKA_LANE_COLUMNS                                                                                        \
  "l.id, l.suite, l.lane, l.title, l.position, l.required, l.gating, l.lane_group, l.reason, l.target, l.jobs, " \
  "l.unrunnable, l.group_size, l.needs"
#define PIKA_ATTEMPT_COLUMNS                                                                                 \
  "a.id, a.lane, a.number, a.status, a.failure, a.message, a.waiting_reason, a.waiting_detail, a.fence, "    \
  "a.runner, a.queued_at, a.started_at, a.finished_at, a.lease_until, a.not_before, a.exit_code, a.run_id, " \
  "a.log_size, a.cancel_why"
#define PIKA_WORDS_COLUMNS                                                                                  \
  "w.id, w.branch, w.version, w.wish, w.state, w.attempts, w.fence, w.owner, w.lease_until, w.not_before, " \
  "w.asked_at, w.taken_at, w.ended_at, w.asked_by, w.afresh, w.why, w.content_key, w.told_at"
#define PIKA_LANDING_COLUMNS                                                                                     \
  "d.record, d.branch, d.version, d.candidate, d.suite, d.target, d.target_before, d.commit_id, d.tree_tested, " \
  "d.tree_landed, d.by_user, d.at, d.policy_id, d.red_lanes, d.override_reason, d.state, d.previous_hash, d.hash"

namespace pika::store {

using namespace pika::domain;

std::string print_list(const std::vector<std::string>& items);  // JSON array; broken UTF-8 is kept as \u00XX bytes
std::vector<std::string> read_list(std::string_view json);

Repository read_repository(const db::Rows& rows, int at = 0);
Branch read_branch(const db::Rows& rows, int at = 0);
Version read_version(const db::Rows& rows, int at = 0);
Candidate read_candidate(const db::Rows& rows, int at = 0);
Suite read_suite(const db::Rows& rows, int at = 0);
Lane read_lane(const db::Rows& rows, int at = 0);
Attempt read_attempt(const db::Rows& rows, int at = 0);
Landing read_landing(const db::Rows& rows, int at = 0);
WordsJob read_words(const db::Rows& rows, int at = 0);

// Adds an event of the journal; `data` is a JSON object with ids only.
void tell(db::Connection& c, Micros at, std::string_view kind, RepositoryId repository, const std::string& data);
void tell_branch(db::Connection& c, Micros at, BranchId branch, std::string_view kind = "branch.changed");
void tell_attempt(db::Connection& c, Micros at, AttemptId attempt, std::string_view kind = "lane.changed");

// Jobs of the branch for a model's words that are queued are dropped: they are needless now.
void drop_queued_words(db::Connection& c, BranchId branch, const std::string& why, Micros at);

// Queued attempts of the branch's suites (or of one suite) are cancelled; what runs is given back.
std::vector<RunningLease> cancel_attempts(db::Connection& c, std::optional<BranchId> branch,
                                          std::optional<SuiteId> suite, const std::string& why, Micros at);

}  // namespace pika::store
