#include "schema.hpp"

namespace pika::store {

namespace {
constexpr db::Sql kVersion1 = R"sql(
CREATE TABLE repo_repository (
  id INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  target TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  branches INTEGER NOT NULL DEFAULT 0,
  suites INTEGER NOT NULL DEFAULT 0,
  landings INTEGER NOT NULL DEFAULT 0,
  UNIQUE (owner, name)
) STRICT;

CREATE TABLE repo_branch (
  id INTEGER PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repo_repository,
  number INTEGER NOT NULL,
  name BLOB NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  author TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  versions INTEGER NOT NULL DEFAULT 0,
  head TEXT NOT NULL DEFAULT '',
  merge_commit TEXT NOT NULL DEFAULT '',
  closed_why TEXT NOT NULL DEFAULT '',
  UNIQUE (repository, number)
) STRICT;
CREATE UNIQUE INDEX repo_branch_open ON repo_branch (repository, name) WHERE state = 'open';
CREATE INDEX repo_branch_updated ON repo_branch (updated_at);
CREATE INDEX repo_branch_state ON repo_branch (repository, state, updated_at);

CREATE TABLE repo_version (
  id INTEGER PRIMARY KEY,
  branch INTEGER NOT NULL REFERENCES repo_branch,
  number INTEGER NOT NULL,
  head TEXT NOT NULL,
  merge_base TEXT NOT NULL,
  pushed_by TEXT NOT NULL,
  pushed_at INTEGER NOT NULL,
  tutorial TEXT NOT NULL DEFAULT 'pending',
  tutorial_error TEXT NOT NULL DEFAULT '',
  commits INTEGER NOT NULL DEFAULT 0,
  files INTEGER NOT NULL DEFAULT 0,
  added INTEGER NOT NULL DEFAULT 0,
  removed INTEGER NOT NULL DEFAULT 0,
  UNIQUE (branch, number)
) STRICT;
CREATE INDEX repo_version_pending ON repo_version (id) WHERE tutorial IN ('pending', 'generating');

CREATE TABLE land_candidate (
  id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL REFERENCES repo_version,
  target_tip TEXT NOT NULL,
  policy_id TEXT NOT NULL,
  tree TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  conflicts TEXT NOT NULL,
  problem TEXT NOT NULL,
  required TEXT NOT NULL,
  allow_nothing INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (version, target_tip, policy_id)
) STRICT;

CREATE TABLE ci_suite (
  id INTEGER PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repo_repository,
  number INTEGER NOT NULL,
  branch INTEGER NOT NULL REFERENCES repo_branch,
  version INTEGER NOT NULL REFERENCES repo_version,
  candidate INTEGER REFERENCES land_candidate,
  commit_id TEXT NOT NULL,
  tree TEXT NOT NULL,
  head TEXT NOT NULL,
  target_tip TEXT NOT NULL,
  queued_at INTEGER NOT NULL,
  catalogue_error TEXT NOT NULL,
  head_catalogue_error TEXT NOT NULL,
  why TEXT NOT NULL,
  not_chosen TEXT NOT NULL,
  UNIQUE (repository, number)
) STRICT;
CREATE INDEX ci_suite_branch ON ci_suite (branch, id);

CREATE TABLE ci_lane (
  id INTEGER PRIMARY KEY,
  suite INTEGER NOT NULL REFERENCES ci_suite,
  lane TEXT NOT NULL,
  title TEXT NOT NULL,
  position INTEGER NOT NULL,
  required INTEGER NOT NULL,
  gating INTEGER NOT NULL,
  lane_group TEXT NOT NULL,
  reason TEXT NOT NULL,
  target TEXT NOT NULL,
  jobs TEXT NOT NULL,
  unrunnable TEXT NOT NULL,
  UNIQUE (suite, position)
) STRICT;

CREATE TABLE ci_attempt (
  id INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL REFERENCES ci_lane,
  number INTEGER NOT NULL,
  status TEXT NOT NULL,
  failure TEXT NOT NULL DEFAULT '',
  message TEXT NOT NULL DEFAULT '',
  waiting_reason TEXT NOT NULL DEFAULT '',
  waiting_detail TEXT NOT NULL DEFAULT '',
  fence INTEGER NOT NULL DEFAULT 0,
  runner TEXT NOT NULL DEFAULT '',
  queued_at INTEGER NOT NULL,
  started_at INTEGER NOT NULL DEFAULT 0,
  finished_at INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL DEFAULT 0,
  exit_code INTEGER,
  run_id TEXT NOT NULL DEFAULT '',
  log_size INTEGER NOT NULL DEFAULT 0,
  cancel_why TEXT NOT NULL DEFAULT '',
  UNIQUE (lane, number)
) STRICT;
CREATE INDEX ci_attempt_busy ON ci_attempt (status) WHERE status IN ('queued', 'running');

CREATE TABLE ci_decision (
  id INTEGER PRIMARY KEY,
  suite INTEGER NOT NULL REFERENCES ci_suite,
  lane TEXT NOT NULL,
  at INTEGER NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX ci_decision_suite ON ci_decision (suite, id);

CREATE TABLE land_landing (
  id INTEGER PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repo_repository,
  record INTEGER NOT NULL,
  branch INTEGER NOT NULL REFERENCES repo_branch,
  version INTEGER NOT NULL REFERENCES repo_version,
  candidate INTEGER NOT NULL REFERENCES land_candidate,
  suite INTEGER REFERENCES ci_suite,
  target TEXT NOT NULL,
  target_before TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  tree_tested TEXT NOT NULL,
  tree_landed TEXT NOT NULL,
  by_user TEXT NOT NULL,
  at INTEGER NOT NULL,
  policy_id TEXT NOT NULL,
  red_lanes TEXT NOT NULL,
  override_reason TEXT NOT NULL,
  state TEXT NOT NULL,
  abandoned_why TEXT NOT NULL DEFAULT '',
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  UNIQUE (repository, record)
) STRICT;
CREATE INDEX land_landing_branch ON land_landing (branch);
CREATE INDEX land_landing_begun ON land_landing (id) WHERE state = 'begun';

CREATE TABLE auth_user (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE auth_login_link (
  hash TEXT PRIMARY KEY,
  user INTEGER NOT NULL REFERENCES auth_user,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE auth_session (
  hash TEXT PRIMARY KEY,
  user INTEGER NOT NULL REFERENCES auth_user,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE auth_token (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  user INTEGER NOT NULL REFERENCES auth_user,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL DEFAULT 0,
  revoked_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE admin_event (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  repository INTEGER NOT NULL,
  data TEXT NOT NULL
) STRICT;
)sql";

// Words of a model: what is asked for and what became of it, and what was sent where.
constexpr db::Sql kVersion2 = R"sql(
CREATE TABLE words_job (
  id INTEGER PRIMARY KEY,
  branch INTEGER NOT NULL REFERENCES repo_branch,
  version INTEGER NOT NULL REFERENCES repo_version,
  wish TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0,
  owner TEXT NOT NULL DEFAULT '',
  lease_until INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL DEFAULT 0,
  asked_at INTEGER NOT NULL,
  taken_at INTEGER NOT NULL DEFAULT 0,
  ended_at INTEGER NOT NULL DEFAULT 0,
  asked_by TEXT NOT NULL DEFAULT '',
  afresh INTEGER NOT NULL DEFAULT 0,
  why TEXT NOT NULL DEFAULT '',
  content_key TEXT NOT NULL DEFAULT '',
  told_at INTEGER NOT NULL DEFAULT 0,
  UNIQUE (version, wish)
) STRICT;
CREATE INDEX words_job_waiting ON words_job (id) WHERE state IN ('queued', 'running');
CREATE INDEX words_job_branch ON words_job (branch, taken_at);
CREATE INDEX words_job_content ON words_job (content_key) WHERE state = 'done';

CREATE TABLE words_sent (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job INTEGER NOT NULL REFERENCES words_job,
  fence INTEGER NOT NULL,
  under_way INTEGER NOT NULL,
  at INTEGER NOT NULL,
  host TEXT NOT NULL,
  model TEXT NOT NULL,
  purpose TEXT NOT NULL,
  bytes INTEGER NOT NULL DEFAULT 0,
  hunks INTEGER NOT NULL DEFAULT 0,
  status INTEGER NOT NULL DEFAULT 0,
  took INTEGER NOT NULL DEFAULT 0,
  tokens_in INTEGER NOT NULL DEFAULT 0,
  tokens_out INTEGER NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL
) STRICT;
CREATE INDEX words_sent_under_way ON words_sent (job) WHERE under_way = 1;
)sql";

// Parts of a branch as somebody chose them, by what a commit is called after a rebase too.
constexpr db::Sql kVersion3 = R"sql(
CREATE TABLE repo_part (
  branch INTEGER NOT NULL REFERENCES repo_branch,
  commit_key TEXT NOT NULL,
  part INTEGER NOT NULL,
  chosen_by TEXT NOT NULL,
  chosen_at INTEGER NOT NULL,
  PRIMARY KEY (branch, commit_key)
) STRICT, WITHOUT ROWID;
)sql";

// Lanes that wait for lanes, and groups of more than one.
constexpr db::Sql kVersion4 = R"sql(
ALTER TABLE ci_lane ADD COLUMN group_size INTEGER NOT NULL DEFAULT 1;
ALTER TABLE ci_lane ADD COLUMN needs TEXT NOT NULL DEFAULT '[]';
)sql";
}  // namespace

std::vector<db::Migration> migrations() {
  return {{1, kVersion1}, {2, kVersion2}, {3, kVersion3}, {4, kVersion4}};
}

}  // namespace pika::store
