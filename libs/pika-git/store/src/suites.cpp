#include <map>

#include "pika/base/text.hpp"
#include "pika/store/store.hpp"
#include "rows.hpp"

namespace pika::store {

namespace {

std::optional<Suite> suite_by_id(db::Connection& c, SuiteId id) {
  auto rows = c.query("SELECT " PIKA_SUITE_COLUMNS " FROM ci_suite s WHERE s.id = ?", id);
  if (!rows.next()) return std::nullopt;
  return read_suite(rows);
}

std::optional<Candidate> candidate_for(db::Connection& c, const Candidate& wanted) {
  auto rows = c.query("SELECT " PIKA_CANDIDATE_COLUMNS
                      " FROM land_candidate c WHERE c.version = ? AND c.target_tip = ? AND c.policy_id = ?",
                      wanted.version, wanted.target_tip, wanted.policy_id);
  if (!rows.next()) return std::nullopt;
  return read_candidate(rows);
}

}  // namespace

std::vector<RunningLease> cancel_attempts(db::Connection& c, std::optional<BranchId> branch,
                                          std::optional<SuiteId> suite, const std::string& why, Micros at) {
  std::vector<RunningLease> running;
  std::vector<AttemptId> queued;
  {
    auto rows = c.query(
        "SELECT a.id, a.status, a.fence, a.runner, a.lease_until FROM ci_attempt a JOIN ci_lane l ON l.id = a.lane "
        "JOIN ci_suite s ON s.id = l.suite WHERE a.status IN ('queued', 'running') AND (?1 IS NULL OR s.branch = ?1) "
        "AND "
        "(?2 IS NULL OR s.id = ?2)",
        branch, suite);
    while (rows.next()) {
      if (rows.text_view(1) == "queued")
        queued.push_back(rows.get<AttemptId>(0));
      else
        running.push_back({rows.get<AttemptId>(0), rows.int64(2), rows.text(3), rows.int64(4)});
    }
  }
  for (const auto& lease : running)
    c.run("UPDATE ci_attempt SET cancel_why = ? WHERE id = ?", to_utf8(why), lease.attempt);
  for (auto id : queued) {
    c.run(
        "UPDATE ci_attempt SET status = 'cancelled', message = ?, finished_at = ?, waiting_reason = '', waiting_detail "
        "= '' "
        "WHERE id = ?",
        to_utf8(why), at, id);
    tell_attempt(c, at, id);
  }
  return running;
}

Candidate Store::save_candidate(const Candidate& candidate) {
  return db_->write([&](db::Connection& c) {
    if (auto there = candidate_for(c, candidate)) return *there;
    c.run(
        "INSERT INTO land_candidate (version, target_tip, policy_id, tree, commit_id, conflicts, problem, required, "
        "allow_nothing, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        candidate.version, candidate.target_tip, candidate.policy_id, candidate.tree, candidate.commit,
        print_list(candidate.conflicts), to_utf8(candidate.problem), print_list(candidate.required),
        candidate.allow_nothing_to_run, candidate.created_at);
    return *candidate_for(c, candidate);
  });
}

std::optional<Candidate> Store::newest_candidate(VersionId version) {
  return db_->read([&](db::Connection& c) -> std::optional<Candidate> {
    auto rows = c.query("SELECT " PIKA_CANDIDATE_COLUMNS
                        " FROM land_candidate c WHERE c.version = ? ORDER BY c.id DESC LIMIT 1",
                        version);
    if (!rows.next()) return std::nullopt;
    return read_candidate(rows);
  });
}

std::optional<Candidate> Store::candidate(CandidateId id) {
  return db_->read([&](db::Connection& c) -> std::optional<Candidate> {
    auto rows = c.query("SELECT " PIKA_CANDIDATE_COLUMNS " FROM land_candidate c WHERE c.id = ?", id);
    if (!rows.next()) return std::nullopt;
    return read_candidate(rows);
  });
}

Suite Store::create_suite(const NewSuite& wanted, std::vector<RunningLease>* superseded) {
  auto made = db_->write([&](db::Connection& c) {
    const auto& s = wanted.suite;
    *superseded = cancel_attempts(c, s.branch, std::nullopt, "superseded: " + s.why, s.queued_at);
    c.run("UPDATE repo_repository SET suites = suites + 1 WHERE id = ?", s.repository);
    auto number = c.value<std::int64_t>("SELECT suites FROM repo_repository WHERE id = ?", s.repository);
    std::vector<std::string> flat;
    for (const auto& [lane, reason] : s.not_chosen) {
      flat.push_back(lane);
      flat.push_back(to_utf8(reason));
    }
    c.run(
        "INSERT INTO ci_suite (repository, number, branch, version, candidate, commit_id, tree, head, target_tip, "
        "queued_at, "
        "catalogue_error, head_catalogue_error, why, not_chosen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        s.repository, number, s.branch, s.version, s.candidate, s.commit, s.tree, s.head, s.target_tip, s.queued_at,
        to_utf8(s.catalogue_error), to_utf8(s.head_catalogue_error), to_utf8(s.why), print_list(flat));
    SuiteId id(c.last_insert_id());
    int position = 0;
    for (const auto& l : wanted.lanes) {
      c.run(
          "INSERT INTO ci_lane (suite, lane, title, position, required, gating, lane_group, reason, target, jobs, "
          "unrunnable, group_size, needs) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          id, l.lane, to_utf8(l.title), position++, l.required, l.gating, l.group, to_utf8(l.reason), l.target, l.jobs,
          to_utf8(l.unrunnable), l.group_size, print_list(l.needs));
      LaneId lane(c.last_insert_id());
      if (l.unrunnable.empty())
        c.run("INSERT INTO ci_attempt (lane, number, status, queued_at) VALUES (?, 1, 'queued', ?)", lane, s.queued_at);
      else
        c.run(
            "INSERT INTO ci_attempt (lane, number, status, message, queued_at, started_at, finished_at) "
            "VALUES (?, 1, 'nothing_ran', ?, ?, ?, ?)",
            lane, to_utf8(l.unrunnable), s.queued_at, s.queued_at, s.queued_at);
    }
    c.run("INSERT INTO ci_decision (suite, lane, at, text) VALUES (?, '', ?, ?)", id, s.queued_at,
          "queued: " + to_utf8(s.why));
    tell_branch(c, s.queued_at, s.branch, "suite.changed");
    return *suite_by_id(c, id);
  });
  told();
  return made;
}

std::optional<Suite> Store::suite(SuiteId id) {
  return db_->read([&](db::Connection& c) { return suite_by_id(c, id); });
}

std::optional<Suite> Store::suite(RepositoryId repository, std::int64_t number) {
  return db_->read([&](db::Connection& c) -> std::optional<Suite> {
    auto rows = c.query("SELECT " PIKA_SUITE_COLUMNS " FROM ci_suite s WHERE s.repository = ? AND s.number = ?",
                        repository, number);
    if (!rows.next()) return std::nullopt;
    return read_suite(rows);
  });
}

std::vector<Suite> Store::suites(BranchId branch, int limit) {
  return db_->read([&](db::Connection& c) {
    std::vector<Suite> out;
    auto rows = c.query("SELECT " PIKA_SUITE_COLUMNS " FROM ci_suite s WHERE s.branch = ? ORDER BY s.id DESC LIMIT ?",
                        branch, limit);
    while (rows.next()) out.push_back(read_suite(rows));
    return out;
  });
}

std::optional<Suite> Store::newest_suite(BranchId branch) {
  auto found = suites(branch, 1);
  if (found.empty()) return std::nullopt;
  return found.front();
}

std::vector<LaneWithAttempts> Store::lanes(SuiteId suite) {
  return db_->read([&](db::Connection& c) {
    std::vector<LaneWithAttempts> out;
    std::map<LaneId, std::size_t> at;
    {
      auto rows = c.query("SELECT " PIKA_LANE_COLUMNS " FROM ci_lane l WHERE l.suite = ? ORDER BY l.position", suite);
      while (rows.next()) {
        auto lane = read_lane(rows);
        at[lane.id] = out.size();
        out.push_back({std::move(lane), {}});
      }
    }
    auto rows =
        c.query("SELECT " PIKA_ATTEMPT_COLUMNS
                " FROM ci_attempt a JOIN ci_lane l ON l.id = a.lane WHERE l.suite = ? ORDER BY a.lane, a.number",
                suite);
    while (rows.next()) {
      auto attempt = read_attempt(rows);
      out[at.at(attempt.lane)].attempts.push_back(std::move(attempt));
    }
    return out;
  });
}

std::vector<Decision> Store::decisions(SuiteId suite, const std::string& lane) {
  return db_->read([&](db::Connection& c) {
    std::vector<Decision> out;
    auto rows = c.query(
        "SELECT at, lane, text FROM ci_decision WHERE suite = ?1 AND (?2 = '' OR lane = ?2 OR lane = '') ORDER BY id",
        suite, lane);
    while (rows.next()) out.push_back({rows.int64(0), rows.text(1), rows.text(2)});
    return out;
  });
}

std::vector<RunningLease> Store::cancel_suite(SuiteId suite, const std::string& why, Micros at) {
  auto running = db_->write([&](db::Connection& c) {
    auto out = cancel_attempts(c, std::nullopt, suite, why, at);
    c.run("INSERT INTO ci_decision (suite, lane, at, text) VALUES (?, '', ?, ?)", suite, at, to_utf8(why));
    return out;
  });
  told();
  return running;
}

}  // namespace pika::store
