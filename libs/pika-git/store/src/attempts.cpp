#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"
#include "pika/store/store.hpp"
#include "rows.hpp"

namespace pika::store {

namespace {

std::optional<Attempt> attempt_by_id(db::Connection& c, AttemptId id) {
  auto rows = c.query("SELECT " PIKA_ATTEMPT_COLUMNS " FROM ci_attempt a WHERE a.id = ?", id);
  if (!rows.next()) return std::nullopt;
  return read_attempt(rows);
}

void decide(db::Connection& c, AttemptId attempt, const std::string& text, Micros at) {
  c.run(
      "INSERT INTO ci_decision (suite, lane, at, text) SELECT l.suite, l.lane, ?, ? FROM ci_attempt a "
      "JOIN ci_lane l ON l.id = a.lane WHERE a.id = ?",
      at, to_utf8(text), attempt);
}

// How far the lanes are that a lane of this suite needs.
std::vector<NeededLane> needed_lanes(db::Connection& c, SuiteId suite, const std::vector<std::string>& lanes) {
  std::vector<NeededLane> out;
  for (const auto& lane : lanes) {
    auto word = c.value<std::string>(
        "SELECT a.status FROM ci_attempt a JOIN ci_lane l ON l.id = a.lane WHERE l.suite = ? AND l.lane = ? "
        "ORDER BY a.number DESC LIMIT 1",
        suite, lane);
    out.push_back({lane, word ? jerichoci::parse_status(*word) : std::nullopt});
  }
  return out;
}

}  // namespace

ScheduleInput Store::schedule_input() {
  return db_->read([&](db::Connection& c) {
    ScheduleInput out;
    auto rows = c.query(
        "SELECT a.id, s.branch, s.id, l.lane, l.position, l.required, l.lane_group, a.queued_at, a.not_before, "
        "a.status, "
        "a.runner, l.jobs, r.owner, r.name, l.group_size, l.needs FROM ci_attempt a JOIN ci_lane l ON l.id = a.lane "
        "JOIN ci_suite s ON s.id = "
        "l.suite "
        "JOIN repo_repository r ON r.id = s.repository WHERE a.status IN ('queued', 'running')");
    while (rows.next()) {
      auto group = rows.text(6);
      if (!group.empty()) group = rows.text(12) + "/" + rows.text(13) + ":" + group;
      if (rows.text_view(9) == "running") {
        out.running.push_back({rows.get<AttemptId>(0), rows.get<BranchId>(1), rows.text(3), group, rows.text(10)});
        continue;
      }
      QueuedAttempt q;
      q.attempt = rows.get<AttemptId>(0);
      q.branch = rows.get<BranchId>(1);
      q.suite = rows.get<SuiteId>(2);
      q.lane = rows.text(3);
      q.position = rows.get<int>(4);
      q.required = rows.get<bool>(5);
      q.group = group;
      q.queued_at = rows.int64(7);
      q.not_before = rows.int64(8);
      q.needs_sandbox = rows.text_view(11).find("\"runtime\":\"sandbox\"") != std::string_view::npos;
      q.group_size = rows.get<int>(14);
      q.needs = needed_lanes(c, q.suite, read_list(rows.text_view(15)));
      out.queued.push_back(std::move(q));
    }
    return out;
  });
}

std::optional<std::int64_t> Store::assign(AttemptId attempt, const std::string& runner, const std::string& why,
                                          Micros lease_until, Micros at) {
  auto fence = db_->write([&](db::Connection& c) -> std::optional<std::int64_t> {
    if (c.run(
            "UPDATE ci_attempt SET status = 'running', runner = ?, fence = fence + 1, lease_until = ?, started_at = 0, "
            "waiting_reason = '', waiting_detail = '' WHERE id = ? AND status = 'queued'",
            runner, lease_until, attempt) == 0)
      return std::nullopt;
    decide(c, attempt, why, at);
    tell_attempt(c, at, attempt);
    return c.value<std::int64_t>("SELECT fence FROM ci_attempt WHERE id = ?", attempt);
  });
  told();
  return fence;
}

void Store::set_waiting(const std::vector<Waiting>& waiting) {
  auto changed = db_->read([&](db::Connection& c) {
    std::vector<Waiting> out;
    for (const auto& w : waiting) {
      auto rows = c.query("SELECT waiting_reason, waiting_detail FROM ci_attempt WHERE id = ? AND status = 'queued'",
                          w.attempt);
      if (!rows.next()) continue;
      // A countdown is told by its reason alone, or it would change with every look.
      if (rows.text_view(0) == w.reason && (w.reason == "backoff" || rows.text_view(1) == w.detail)) continue;
      out.push_back(w);
    }
    return out;
  });
  if (changed.empty()) return;
  auto at = system_clock().now();
  db_->write([&](db::Connection& c) {
    for (const auto& w : changed) {
      if (c.run("UPDATE ci_attempt SET waiting_reason = ?, waiting_detail = ? WHERE id = ? AND status = 'queued'",
                w.reason, to_utf8(w.detail), w.attempt) == 0)
        continue;
      decide(c, w.attempt, fmt::format("waits ({}): {}", w.reason, w.detail), at);
      tell_attempt(c, at, w.attempt);
    }
  });
  told();
}

bool Store::mark_started(AttemptId attempt, std::int64_t fence, const std::string& run_id, Micros at) {
  bool done = db_->write([&](db::Connection& c) {
    if (c.run("UPDATE ci_attempt SET started_at = ?, run_id = ? WHERE id = ? AND fence = ? AND status = 'running'", at,
              run_id, attempt, fence) == 0)
      return false;
    tell_attempt(c, at, attempt);
    return true;
  });
  told();
  return done;
}

std::vector<RunningLease> Store::heartbeat(const std::string& runner, const std::vector<RunningLease>& running,
                                           Micros lease_until) {
  return db_->write_urgent([&](db::Connection& c) {
    std::vector<RunningLease> stop;
    for (const auto& lease : running) {
      if (c.run(
              "UPDATE ci_attempt SET lease_until = ? WHERE id = ? AND fence = ? AND runner = ? AND status = 'running'",
              lease_until, lease.attempt, lease.fence, runner) == 0)
        stop.push_back(lease);
    }
    return stop;
  });
}

namespace {

AttemptId queue_attempt(db::Connection& c, LaneId lane, int number, const std::string& why, Micros not_before,
                        Micros at) {
  c.run("INSERT INTO ci_attempt (lane, number, status, queued_at, not_before, fence) VALUES (?, ?, 'queued', ?, ?, 0)",
        lane, number, at, not_before);
  AttemptId id(c.last_insert_id());
  decide(c, id, fmt::format("attempt {} queued: {}", number, why), at);
  tell_attempt(c, at, id);
  return id;
}

bool still_wanted(db::Connection& c, LaneId lane) {
  return c
      .value<std::int64_t>(
          "SELECT 1 FROM ci_lane l JOIN ci_suite s ON s.id = l.suite JOIN repo_branch b ON b.id = s.branch "
          "WHERE l.id = ? AND b.state = 'open' AND s.id = (SELECT max(id) FROM ci_suite WHERE branch = b.id)",
          lane)
      .has_value();
}

void try_again(db::Connection& c, const Attempt& ended, const AttemptEnd& end) {
  if (!still_wanted(c, ended.lane)) return;
  int in_a_row = 0;
  {
    auto rows = c.query("SELECT failure FROM ci_attempt WHERE lane = ? AND number <= ? ORDER BY number DESC",
                        ended.lane, ended.number);
    while (rows.next() && rows.text(0) == jerichoci::to_string(end.failure)) ++in_a_row;
  }
  if (in_a_row >= end.again->most) return;
  queue_attempt(c, ended.lane, ended.number + 1, end.again->why, end.at + end.again->backoff * in_a_row, end.at);
}

// A lane that was run again and passed: what was skipped for its failure has its turn now.
void queue_what_waited(db::Connection& c, LaneId passed, Micros at) {
  if (!still_wanted(c, passed)) return;
  struct Skipped {
    LaneId lane;
    int attempts;
    std::vector<std::string> needs;
  };
  std::vector<Skipped> skipped;
  {
    auto rows = c.query(
        "SELECT l.id, a.number, l.needs FROM ci_lane l JOIN ci_attempt a ON a.lane = l.id "
        "WHERE l.suite = (SELECT suite FROM ci_lane WHERE id = ?) AND l.needs <> '[]' AND a.status = 'skipped' "
        "AND a.number = (SELECT max(number) FROM ci_attempt WHERE lane = l.id)",
        passed);
    while (rows.next()) skipped.push_back({rows.get<LaneId>(0), rows.get<int>(1), read_list(rows.text_view(2))});
  }
  auto name = c.value<std::string>("SELECT lane FROM ci_lane WHERE id = ?", passed).value_or("");
  for (const auto& each : skipped)
    if (std::find(each.needs.begin(), each.needs.end(), name) != each.needs.end())
      queue_attempt(c, each.lane, each.attempts + 1, fmt::format("`{}` passed", name), 0, at);
}

}  // namespace

void Store::skip(const std::vector<Skip>& skipped, Micros at) {
  if (skipped.empty()) return;
  db_->write([&](db::Connection& c) {
    for (const auto& each : skipped) {
      if (c.run("UPDATE ci_attempt SET status = 'skipped', message = ?, started_at = ?2, finished_at = ?2, "
                "waiting_reason = '', waiting_detail = '' WHERE id = ?3 AND status = 'queued'",
                to_utf8(each.why), at, each.attempt) == 0)
        continue;
      decide(c, each.attempt, "skipped: " + each.why, at);
      tell_attempt(c, at, each.attempt);
    }
  });
  told();
}

EndOutcome Store::end_attempt(const AttemptEnd& end) {
  auto outcome = db_->write([&](db::Connection& c) {
    auto a = attempt_by_id(c, end.attempt);
    if (!a) return EndOutcome::unknown;
    if (a->fence != end.fence) return EndOutcome::stale_fence;
    if (jerichoci::is_final(a->status)) return EndOutcome::already_ended;
    c.run(
        "UPDATE ci_attempt SET status = ?, failure = ?, message = ?, exit_code = ?, "
        "run_id = CASE WHEN ?5 = '' THEN run_id ELSE ?5 END, "
        "started_at = CASE WHEN ?6 > 0 THEN ?6 WHEN started_at = 0 THEN ?7 ELSE started_at END, finished_at = ?7, "
        "lease_until = 0, waiting_reason = '', waiting_detail = '' WHERE id = ?8 AND fence = ?9",
        jerichoci::to_string(end.status), jerichoci::to_string(end.failure), to_utf8(end.message), end.exit_code,
        end.run_id, end.started_at, end.at, end.attempt, end.fence);
    decide(c, end.attempt,
           fmt::format("attempt {} ended: {}{}{}", a->number, jerichoci::to_string(end.status),
                       end.message.empty() ? "" : ": ", end.message),
           end.at);
    tell_attempt(c, end.at, end.attempt);
    if (end.again) try_again(c, *a, end);
    if (end.status == jerichoci::Status::passed) queue_what_waited(c, a->lane, end.at);
    return EndOutcome::recorded;
  });
  if (outcome == EndOutcome::recorded) told();
  return outcome;
}

void Store::set_log_size(AttemptId attempt, std::uint64_t size) {
  auto at = system_clock().now();
  db_->write([&](db::Connection& c) {
    if (c.run("UPDATE ci_attempt SET log_size = ?1 WHERE id = ?2 AND log_size < ?1", size, attempt) > 0)
      tell_attempt(c, at, attempt, "log.appended");
  });
  told();
}

std::vector<RunningLease> Store::expired_leases(Micros now) {
  return db_->read([&](db::Connection& c) {
    std::vector<RunningLease> out;
    auto rows = c.query(
        "SELECT id, fence, runner, lease_until FROM ci_attempt WHERE status = 'running' AND lease_until < ?", now);
    while (rows.next()) out.push_back({rows.get<AttemptId>(0), rows.int64(1), rows.text(2), rows.int64(3)});
    return out;
  });
}

void Store::renew_leases(Micros until) {
  db_->write([&](db::Connection& c) {
    c.run("UPDATE ci_attempt SET lease_until = max(lease_until, ?) WHERE status = 'running'", until);
  });
}

std::vector<std::pair<RunningLease, std::string>> Store::cancelled_running(const std::string& runner) {
  return db_->read([&](db::Connection& c) {
    std::vector<std::pair<RunningLease, std::string>> out;
    auto rows = c.query(
        "SELECT id, fence, runner, lease_until, cancel_why FROM ci_attempt "
        "WHERE status = 'running' AND runner = ? AND cancel_why <> ''",
        runner);
    while (rows.next())
      out.push_back({{rows.get<AttemptId>(0), rows.int64(1), rows.text(2), rows.int64(3)}, rows.text(4)});
    return out;
  });
}

std::optional<Attempt> Store::add_attempt(LaneId lane, const std::string& why, Micros not_before, Micros at) {
  auto added = db_->write([&](db::Connection& c) -> std::optional<Attempt> {
    std::optional<Attempt> newest;
    {
      auto rows = c.query(
          "SELECT " PIKA_ATTEMPT_COLUMNS " FROM ci_attempt a WHERE a.lane = ? ORDER BY a.number DESC LIMIT 1", lane);
      if (!rows.next()) return std::nullopt;
      newest = read_attempt(rows);
    }
    if (!jerichoci::is_final(newest->status)) return std::nullopt;
    if (!c.value<std::string>("SELECT unrunnable FROM ci_lane WHERE id = ?", lane).value_or("").empty())
      return std::nullopt;
    return attempt_by_id(c, queue_attempt(c, lane, newest->number + 1, why, not_before, at));
  });
  told();
  return added;
}

std::optional<Attempt> Store::attempt(AttemptId id) {
  return db_->read([&](db::Connection& c) { return attempt_by_id(c, id); });
}

std::optional<AttemptContext> Store::attempt_context(AttemptId id) {
  return db_->read([&](db::Connection& c) -> std::optional<AttemptContext> {
    AttemptContext out;
    auto a = attempt_by_id(c, id);
    if (!a) return std::nullopt;
    out.attempt = *a;
    auto lane = c.query("SELECT " PIKA_LANE_COLUMNS " FROM ci_lane l WHERE l.id = ?", a->lane);
    if (!lane.next()) return std::nullopt;
    out.lane = read_lane(lane);
    auto suite = c.query("SELECT " PIKA_SUITE_COLUMNS " FROM ci_suite s WHERE s.id = ?", out.lane.suite);
    if (!suite.next()) return std::nullopt;
    out.suite = read_suite(suite);
    auto branch = c.query("SELECT " PIKA_BRANCH_COLUMNS " FROM repo_branch b WHERE b.id = ?", out.suite.branch);
    if (!branch.next()) return std::nullopt;
    out.branch = read_branch(branch);
    auto repository =
        c.query("SELECT " PIKA_REPOSITORY_COLUMNS " FROM repo_repository r WHERE r.id = ?", out.suite.repository);
    if (!repository.next()) return std::nullopt;
    out.repository = read_repository(repository);
    return out;
  });
}

}  // namespace pika::store
