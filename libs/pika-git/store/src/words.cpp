#include <fmt/format.h>

#include <set>

#include "pika/base/text.hpp"
#include "pika/store/store.hpp"
#include "rows.hpp"

namespace pika::store {

namespace {

std::optional<WordsJob> words_by_id(db::Connection& c, WordsJobId id) {
  auto rows = c.query("SELECT " PIKA_WORDS_COLUMNS " FROM words_job w WHERE w.id = ?", id);
  if (!rows.next()) return std::nullopt;
  return read_words(rows);
}

std::optional<WordsJob> words_for(db::Connection& c, VersionId version, const std::string& wish) {
  auto rows =
      c.query("SELECT " PIKA_WORDS_COLUMNS " FROM words_job w WHERE w.version = ? AND w.wish = ?", version, wish);
  if (!rows.next()) return std::nullopt;
  return read_words(rows);
}

void save(db::Connection& c, const WordsJob& w, Micros at) {
  c.run(
      "UPDATE words_job SET state = ?, attempts = ?, fence = ?, owner = ?, lease_until = ?, not_before = ?, asked_at = "
      "?, taken_at = ?, ended_at = ?, asked_by = ?, afresh = ?, why = ?, content_key = ?, told_at = ? WHERE id = ?",
      to_string(w.state), w.attempts, w.fence, w.owner, w.lease_until, w.not_before, w.asked_at, w.taken_at, w.ended_at,
      to_utf8(w.asked_by), w.afresh, to_utf8(w.why), w.content_key, w.told_at, w.id);
  tell_branch(c, at, w.branch, "tutorial.changed");
}

WordsJob insert(db::Connection& c, BranchId branch, VersionId version, const std::string& wish, const std::string& by,
                Micros at) {
  c.run(
      "INSERT INTO words_job (branch, version, wish, state, asked_at, asked_by, afresh) VALUES (?, ?, ?, 'queued', ?, "
      "?, ?)",
      branch, version, wish, at, to_utf8(by), !by.empty());
  auto job = *words_by_id(c, WordsJobId(c.last_insert_id()));
  tell_branch(c, at, branch, "tutorial.changed");
  return job;
}

// Of a version that is not its open branch's newest nothing more is asked.
#define PIKA_WORDS_SUPERSEDED \
  "(b.state <> 'open' OR v.number < (SELECT MAX(n.number) FROM repo_version n WHERE n.branch = w.branch))"

std::vector<WaitingWords> waiting_words(db::Connection& c) {
  std::vector<WaitingWords> out;
  auto rows = c.query("SELECT " PIKA_WORDS_COLUMNS ", " PIKA_WORDS_SUPERSEDED
                      ", v.tutorial = 'ready', (SELECT MAX(o.taken_at) FROM words_job o WHERE o.branch = w.branch) "
                      "FROM words_job w JOIN repo_branch b ON b.id = w.branch JOIN repo_version v ON v.id = w.version "
                      "WHERE w.state IN ('queued', 'running') ORDER BY w.id");
  while (rows.next()) out.push_back({read_words(rows), rows.get<bool>(18), rows.get<bool>(19), rows.int64(20)});
  return out;
}

// A request of which nobody came back to tell stays in the log as what it is.
void leave_trace(db::Connection& c, WordsJobId job) {
  c.run(
      "UPDATE words_sent SET under_way = 0, outcome = 'the server stopped meanwhile; how much was sent is not known' "
      "WHERE job = ? AND under_way = 1",
      job);
}

void insert_sent(db::Connection& c, WordsJobId job, std::int64_t fence, const SentWords& s) {
  c.run(
      "INSERT INTO words_sent (job, fence, under_way, at, host, model, purpose, bytes, hunks, status, took, tokens_in, "
      "tokens_out, outcome) VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      job, fence, s.at, to_utf8(s.host), to_utf8(s.model), to_utf8(s.purpose), s.bytes, s.hunks, s.status, s.took,
      s.tokens_in, s.tokens_out, to_utf8(s.outcome));
}

}  // namespace

void drop_queued_words(db::Connection& c, BranchId branch, const std::string& why, Micros at) {
  std::vector<WordsJob> queued;
  {
    auto rows =
        c.query("SELECT " PIKA_WORDS_COLUMNS " FROM words_job w WHERE w.branch = ? AND w.state = 'queued'", branch);
    while (rows.next()) queued.push_back(read_words(rows));
  }
  for (const auto& job : queued) save(c, domain::dropped(job, why, at), at);
}

int Store::want_words(const std::set<RepositoryId>& repositories, const std::string& wish, Micros since, Micros at) {
  auto wanted = [&](db::Connection& c) {
    std::vector<std::pair<BranchId, VersionId>> out;
    auto rows = c.query(
        "SELECT b.repository, b.id, v.id FROM repo_branch b JOIN repo_version v ON v.branch = b.id AND v.number = "
        "b.versions WHERE b.state = 'open' AND v.tutorial = 'ready' AND v.pushed_at >= ? AND NOT EXISTS (SELECT 1 FROM "
        "words_job w WHERE "
        "w.version = v.id AND w.wish = ? AND w.state <> 'dropped') ORDER BY v.id",
        since, wish);
    while (rows.next())
      if (repositories.contains(rows.get<RepositoryId>(0)))
        out.emplace_back(rows.get<BranchId>(1), rows.get<VersionId>(2));
    return out;
  };
  if (db_->read(wanted).empty()) return 0;  // mostly so: nobody waits for the writer
  auto count = db_->write([&](db::Connection& c) {
    auto found = wanted(c);
    for (const auto& [branch, version] : found) {
      if (auto there = words_for(c, version, wish))
        save(c, domain::asked_again(*there, "", at), at);
      else
        insert(c, branch, version, wish, "", at);
    }
    return static_cast<int>(found.size());
  });
  told();
  return count;
}

std::pair<WordsJob, bool> Store::ask_words(VersionId version, const std::string& wish, const std::string& by,
                                           Micros at) {
  auto out = db_->write([&](db::Connection& c) {
    auto there = words_for(c, version, wish);
    if (!there) {
      auto branch = c.value<BranchId>("SELECT branch FROM repo_version WHERE id = ?", version).value();
      return std::pair(insert(c, branch, version, wish, by, at), true);
    }
    auto again = domain::asked_again(*there, by, at);
    bool changed = again.state != there->state;
    if (changed) save(c, again, at);
    return std::pair(again, changed);
  });
  if (out.second) told();
  return out;
}

void Store::drop_other_words(const std::string& wish, Micros at) {
  db_->write([&](db::Connection& c) {
    for (const auto& w : waiting_words(c))
      if (w.job.wish != wish) {
        leave_trace(c, w.job.id);
        save(c, domain::dropped(w.job, "another model is configured now", at), at);
      }
  });
  told();
}

void Store::end_leases_of_other_words(const std::string& owner, Micros at) {
  db_->write([&](db::Connection& c) {
    c.run("UPDATE words_job SET lease_until = ? WHERE state = 'running' AND owner <> ?", at, owner);
  });
}

std::optional<TakenWords> Store::take_words(const std::string& owner, Micros lease, Micros now) {
  auto out = db_->write([&](db::Connection& c) -> std::optional<TakenWords> {
    for (const auto& w : waiting_words(c)) {
      bool lost = w.job.state == WordsState::running && may_take(w.job, now);
      if (lost) leave_trace(c, w.job.id);
      if (w.superseded && (lost || w.job.state == WordsState::queued))
        save(c, domain::dropped(w.job, "a newer version came, or the branch is not open any more", now), now);
      else if (lost)
        save(c, domain::lost(w.job, now), now);
    }
    auto waiting = waiting_words(c);
    auto next = domain::next_words(waiting, now);
    if (!next) return std::nullopt;
    TakenWords out;
    out.job = domain::taken(waiting[*next].job, owner, now + lease, now);
    save(c, out.job, now);
    auto rows = c.query("SELECT " PIKA_VERSION_COLUMNS ", " PIKA_BRANCH_COLUMNS ", " PIKA_REPOSITORY_COLUMNS
                        " FROM repo_version v JOIN repo_branch b ON b.id = v.branch JOIN repo_repository r ON r.id = "
                        "b.repository WHERE v.id = ?",
                        out.job.version);
    rows.next();
    out.version = read_version(rows);
    out.branch = read_branch(rows, 13);
    out.repository = read_repository(rows, 27);
    return out;
  });
  told();
  return out;
}

std::optional<Micros> Store::next_words_at() {
  return db_->read([&](db::Connection& c) { return domain::next_words_at(waiting_words(c)); });
}

bool Store::words_still_wanted(WordsJobId job, std::int64_t fence) {
  return db_->read([&](db::Connection& c) {
    for (const auto& w : waiting_words(c))
      if (w.job.id == job) return !w.superseded && w.job.state == WordsState::running && w.job.fence == fence;
    return false;
  });
}

bool Store::begin_sending_words(WordsJobId job, std::int64_t fence, const std::string& host, const std::string& model,
                                Micros at) {
  return db_->write([&](db::Connection& c) {
    auto there = words_by_id(c, job);
    if (!there || there->state != WordsState::running || there->fence != fence) return false;
    c.run(
        "INSERT INTO words_sent (job, fence, under_way, at, host, model, purpose, outcome) VALUES (?, ?, 1, ?, ?, ?, "
        "'tell', 'under way')",
        job, fence, at, to_utf8(host), to_utf8(model));
    return true;
  });
}

bool Store::end_words(WordsJobId job, std::int64_t fence, const WordsResult& result, Micros at) {
  auto done = db_->write([&](db::Connection& c) {
    auto there = words_by_id(c, job);
    if (!there || there->state != WordsState::running || there->fence != fence) return false;
    c.run("DELETE FROM words_sent WHERE job = ? AND fence = ? AND under_way = 1", job, fence);
    for (const auto& s : result.sent) insert_sent(c, job, fence, s);
    auto after = domain::ended(*there, result.end, result.why, at);
    if (!result.content_key.empty()) after.content_key = result.content_key;
    if (result.told_at != 0) after.told_at = result.told_at;
    save(c, after, at);
    return true;
  });
  if (done) told();
  return done;
}

std::vector<WordsJob> Store::words_of(VersionId version) {
  return db_->read([&](db::Connection& c) {
    std::vector<WordsJob> out;
    auto rows = c.query("SELECT " PIKA_WORDS_COLUMNS " FROM words_job w WHERE w.version = ? ORDER BY w.id", version);
    while (rows.next()) out.push_back(read_words(rows));
    return out;
  });
}

std::optional<WordsJob> Store::words_told(const std::string& content_key) {
  return db_->read([&](db::Connection& c) -> std::optional<WordsJob> {
    auto rows =
        c.query("SELECT " PIKA_WORDS_COLUMNS
                " FROM words_job w WHERE w.content_key = ? AND w.state = 'done' ORDER BY w.told_at DESC LIMIT 1",
                content_key);
    if (!rows.next()) return std::nullopt;
    return read_words(rows);
  });
}

std::vector<SentWords> Store::sent_words(std::int64_t before, int limit) {
  return db_->read([&](db::Connection& c) {
    std::vector<SentWords> out;
    auto rows = c.query(
        "SELECT s.id, s.at, r.owner || '/' || r.name, b.number, v.number, s.host, s.model, s.purpose, s.bytes, "
        "s.hunks, s.status, s.took, s.tokens_in, s.tokens_out, s.outcome FROM words_sent s "
        "JOIN words_job w ON w.id = s.job JOIN repo_version v ON v.id = w.version JOIN repo_branch b ON b.id = "
        "w.branch JOIN repo_repository r ON r.id = b.repository WHERE s.id < ? ORDER BY s.id DESC LIMIT ?",
        before > 0 ? before : INT64_MAX, limit);
    while (rows.next())
      out.push_back({rows.int64(0), rows.int64(1), rows.text(2), rows.int64(3), rows.get<int>(4), rows.text(5),
                     rows.text(6), rows.text(7), rows.int64(8), rows.get<int>(9), rows.get<int>(10), rows.int64(11),
                     rows.int64(12), rows.int64(13), rows.text(14)});
    return out;
  });
}

}  // namespace pika::store
