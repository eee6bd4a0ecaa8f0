#include <fmt/format.h>

#include "pika/base/check.hpp"
#include "pika/base/text.hpp"
#include "pika/store/store.hpp"
#include "rows.hpp"
#include "schema.hpp"

namespace pika::store {

Store::Store() = default;
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const fs::path& data) {
  std::unique_ptr<Store> store(new Store());
  store->db_ = PIKA_TRY(
      db::Database::open({.path = data / "db/pika.sqlite", .migrations = migrations(), .backup_dir = data / "backup"}));
  return store;
}

void Store::on_event(std::function<void()> listener) {
  listener_ = std::move(listener);
}
void Store::told() {
  if (listener_) listener_();
}
std::optional<std::string> Store::poisoned() const {
  return db_->poisoned();
}

std::int64_t Store::last_event() {
  return db_->read([&](db::Connection& c) {
    // What AUTOINCREMENT gave last, also when old events were dropped.
    return c.value<std::int64_t>("SELECT seq FROM sqlite_sequence WHERE name = 'admin_event'").value_or(0);
  });
}

std::vector<Event> Store::events_after(std::int64_t sequence, int limit) {
  return db_->read([&](db::Connection& c) {
    std::vector<Event> out;
    auto rows =
        c.query("SELECT sequence, kind, repository, data FROM admin_event WHERE sequence > ? ORDER BY sequence LIMIT ?",
                sequence, limit);
    while (rows.next()) out.push_back({rows.int64(0), rows.text(1), rows.get<RepositoryId>(2), rows.text(3)});
    return out;
  });
}

void Store::forget_before(Micros at) {
  db_->write([&](db::Connection& c) {
    c.run("DELETE FROM admin_event WHERE at < ?", at);
    c.run("DELETE FROM auth_login_link WHERE expires_at < ?", at);
    c.run("DELETE FROM auth_session WHERE expires_at < ?", at);
  });
}

Result<Repository> Store::create_repository(const std::string& owner, const std::string& name,
                                            const std::string& target, Micros at) {
  auto made = db_->write([&](db::Connection& c) -> Result<Repository> {
    if (c.value<std::int64_t>("SELECT id FROM repo_repository WHERE owner = ? AND name = ?", owner, name))
      return fail(ErrorKind::conflict, fmt::format("there is a repository {}/{} already", owner, name),
                  "choose another name");
    c.run("INSERT INTO repo_repository (owner, name, target, created_at) VALUES (?, ?, ?, ?)", owner, name, target, at);
    return Repository{RepositoryId(c.last_insert_id()), owner, name, target, at};
  });
  if (made) told();
  return made;
}

std::optional<Repository> Store::repository(const std::string& owner, const std::string& name) {
  return db_->read([&](db::Connection& c) -> std::optional<Repository> {
    auto rows =
        c.query("SELECT " PIKA_REPOSITORY_COLUMNS " FROM repo_repository r WHERE owner = ? AND name = ?", owner, name);
    if (!rows.next()) return std::nullopt;
    return read_repository(rows);
  });
}

std::optional<Repository> Store::repository(RepositoryId id) {
  return db_->read([&](db::Connection& c) -> std::optional<Repository> {
    auto rows = c.query("SELECT " PIKA_REPOSITORY_COLUMNS " FROM repo_repository r WHERE id = ?", id);
    if (!rows.next()) return std::nullopt;
    return read_repository(rows);
  });
}

std::vector<Repository> Store::repositories() {
  return db_->read([&](db::Connection& c) {
    std::vector<Repository> out;
    auto rows = c.query("SELECT " PIKA_REPOSITORY_COLUMNS " FROM repo_repository r ORDER BY owner, name");
    while (rows.next()) out.push_back(read_repository(rows));
    return out;
  });
}

void Store::set_target(RepositoryId repository, const std::string& target) {
  db_->write(
      [&](db::Connection& c) { c.run("UPDATE repo_repository SET target = ? WHERE id = ?", target, repository); });
}

namespace {

std::optional<Branch> branch_by_id(db::Connection& c, BranchId id) {
  auto rows = c.query("SELECT " PIKA_BRANCH_COLUMNS " FROM repo_branch b WHERE b.id = ?", id);
  if (!rows.next()) return std::nullopt;
  return read_branch(rows);
}

std::optional<Branch> open_branch_named(db::Connection& c, RepositoryId repository, const std::string& name) {
  auto rows = c.query("SELECT " PIKA_BRANCH_COLUMNS
                      " FROM repo_branch b WHERE b.repository = ? AND b.name = ? AND b.state = 'open'",
                      repository, db::Blob{name});
  if (!rows.next()) return std::nullopt;
  return read_branch(rows);
}

std::optional<Version> newest_version_of(db::Connection& c, BranchId branch) {
  auto rows = c.query(
      "SELECT " PIKA_VERSION_COLUMNS " FROM repo_version v WHERE v.branch = ? ORDER BY v.number DESC LIMIT 1", branch);
  if (!rows.next()) return std::nullopt;
  return read_version(rows);
}

BranchId insert_branch(db::Connection& c, const PushRecord& push) {
  c.run("UPDATE repo_repository SET branches = branches + 1 WHERE id = ?", push.repository);
  auto number = c.value<std::int64_t>("SELECT branches FROM repo_repository WHERE id = ?", push.repository);
  c.run(
      "INSERT INTO repo_branch (repository, number, name, title, description, author, state, created_at, updated_at) "
      "VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?)",
      push.repository, number, db::Blob{push.branch}, to_utf8(push.title), to_utf8(push.description),
      to_utf8(push.author), push.at, push.at);
  return BranchId(c.last_insert_id());
}

}  // namespace

Pushed Store::record_push(const PushRecord& push) {
  auto pushed = db_->write([&](db::Connection& c) {
    Pushed out;
    auto branch = open_branch_named(c, push.repository, push.branch);
    out.new_branch = !branch;
    auto id = branch ? branch->id : insert_branch(c, push);
    auto newest = newest_version_of(c, id);
    if (!newest || newest->head != push.head) {
      out.new_version = true;
      auto number = newest ? newest->number + 1 : 1;
      c.run(
          "INSERT INTO repo_version (branch, number, head, merge_base, pushed_by, pushed_at) VALUES (?, ?, ?, ?, ?, ?)",
          id, number, push.head, push.merge_base, to_utf8(push.pushed_by), push.at);
      c.run("UPDATE repo_branch SET versions = ?, head = ?, updated_at = ? WHERE id = ?", number, push.head, push.at,
            id);
      newest = newest_version_of(c, id);
      drop_queued_words(c, id, fmt::format("version {} came", number), push.at);
    }
    if (push.title_given) c.run("UPDATE repo_branch SET title = ? WHERE id = ?", to_utf8(push.title), id);
    if (out.new_version || push.title_given) tell_branch(c, push.at, id);
    out.branch = *branch_by_id(c, id);
    out.version = *newest;
    return out;
  });
  told();
  return pushed;
}

void Store::close_branch(BranchId id, const std::string& why, Micros at) {
  db_->write([&](db::Connection& c) {
    if (c.run("UPDATE repo_branch SET state = 'closed', closed_why = ?, updated_at = ? WHERE id = ? AND state = 'open'",
              to_utf8(why), at, id) == 0)
      return;
    cancel_attempts(c, id, std::nullopt, why, at);
    drop_queued_words(c, id, "the branch was closed", at);
    tell_branch(c, at, id);
  });
  told();
}

std::optional<Branch> Store::branch(RepositoryId repository, std::int64_t number) {
  return db_->read([&](db::Connection& c) -> std::optional<Branch> {
    auto rows = c.query("SELECT " PIKA_BRANCH_COLUMNS " FROM repo_branch b WHERE b.repository = ? AND b.number = ?",
                        repository, number);
    if (!rows.next()) return std::nullopt;
    return read_branch(rows);
  });
}

std::optional<Branch> Store::branch(BranchId id) {
  return db_->read([&](db::Connection& c) { return branch_by_id(c, id); });
}

std::optional<Branch> Store::open_branch(RepositoryId repository, const std::string& name) {
  return db_->read([&](db::Connection& c) { return open_branch_named(c, repository, name); });
}

std::vector<Branch> Store::branches(const BranchQuery& q) {
  return db_->read([&](db::Connection& c) {
    std::vector<Branch> out;
    Micros before = q.before > 0 ? q.before : INT64_MAX;
    auto state = q.state ? std::optional<std::string>(to_string(*q.state)) : std::nullopt;
    auto take = [&](db::Rows rows) {
      while (rows.next()) out.push_back(read_branch(rows));
    };
    if (q.repository && q.name)
      take(c.query("SELECT " PIKA_BRANCH_COLUMNS
                   " FROM repo_branch b WHERE b.repository = ?1 AND b.name = ?2 AND (?3 IS NULL OR b.state = ?3) AND "
                   "b.updated_at < ?4 ORDER BY b.updated_at DESC, b.id DESC LIMIT ?5",
                   *q.repository, db::Blob{*q.name}, state, before, q.limit));
    else if (q.repository && state)
      take(c.query("SELECT " PIKA_BRANCH_COLUMNS
                   " FROM repo_branch b WHERE b.repository = ? AND b.state = ? AND b.updated_at < ? "
                   "ORDER BY b.updated_at DESC, b.id DESC LIMIT ?",
                   *q.repository, *state, before, q.limit));
    else if (q.repository)
      take(c.query("SELECT " PIKA_BRANCH_COLUMNS " FROM repo_branch b WHERE b.repository = ? AND b.updated_at < ? "
                   "ORDER BY b.updated_at DESC, b.id DESC LIMIT ?",
                   *q.repository, before, q.limit));
    else
      take(c.query("SELECT " PIKA_BRANCH_COLUMNS
                   " FROM repo_branch b WHERE b.updated_at < ?1 AND (?2 IS NULL OR b.state = ?2) "
                   "ORDER BY b.updated_at DESC, b.id DESC LIMIT ?3",
                   before, state, q.limit));
    return out;
  });
}

BranchCounts Store::branch_counts(RepositoryId repository) {
  return db_->read([&](db::Connection& c) {
    BranchCounts counts;
    auto rows = c.query("SELECT state, count(*) FROM repo_branch WHERE repository = ? GROUP BY state", repository);
    while (rows.next()) {
      auto n = rows.get<int>(1);
      switch (parse_branch_state(rows.text_view(0)).value_or(BranchState::open)) {
        case BranchState::open:
          counts.open = n;
          break;
        case BranchState::merged:
          counts.merged = n;
          break;
        case BranchState::closed:
          counts.closed = n;
          break;
      }
    }
    return counts;
  });
}

std::vector<Version> Store::versions(BranchId branch) {
  return db_->read([&](db::Connection& c) {
    std::vector<Version> out;
    auto rows =
        c.query("SELECT " PIKA_VERSION_COLUMNS " FROM repo_version v WHERE v.branch = ? ORDER BY v.number", branch);
    while (rows.next()) out.push_back(read_version(rows));
    return out;
  });
}

std::optional<Version> Store::version(VersionId id) {
  return db_->read([&](db::Connection& c) -> std::optional<Version> {
    auto rows = c.query("SELECT " PIKA_VERSION_COLUMNS " FROM repo_version v WHERE v.id = ?", id);
    if (!rows.next()) return std::nullopt;
    return read_version(rows);
  });
}

std::optional<Version> Store::newest_version(BranchId branch) {
  return db_->read([&](db::Connection& c) { return newest_version_of(c, branch); });
}

std::vector<Version> Store::pending_tutorials(int limit) {
  return db_->read([&](db::Connection& c) {
    std::vector<Version> out;
    auto rows = c.query("SELECT " PIKA_VERSION_COLUMNS
                        " FROM repo_version v WHERE v.tutorial IN ('pending', 'generating') ORDER BY v.id DESC LIMIT ?",
                        limit);
    while (rows.next()) out.push_back(read_version(rows));
    return out;
  });
}

void Store::set_tutorial(VersionId version, TutorialState state, const std::string& error, const Version* figures) {
  auto at = system_clock().now();
  db_->write([&](db::Connection& c) {
    c.run("UPDATE repo_version SET tutorial = ?, tutorial_error = ? WHERE id = ?", to_string(state), to_utf8(error),
          version);
    if (figures)
      c.run("UPDATE repo_version SET commits = ?, files = ?, added = ?, removed = ? WHERE id = ?", figures->commits,
            figures->files, figures->added, figures->removed, version);
    if (auto branch = c.value<BranchId>("SELECT branch FROM repo_version WHERE id = ?", version))
      tell_branch(c, at, *branch, "tutorial.changed");
  });
  told();
}

std::map<std::string, int> Store::parts(BranchId branch) {
  return db_->read([&](db::Connection& c) {
    std::map<std::string, int> out;
    auto rows = c.query("SELECT commit_key, part FROM repo_part WHERE branch = ?", branch);
    while (rows.next()) out[rows.text(0)] = static_cast<int>(rows.int64(1));
    return out;
  });
}

void Store::set_parts(VersionId version, const std::map<std::string, int>& parts, const std::string& by, Micros at) {
  db_->write([&](db::Connection& c) {
    auto branch = c.value<BranchId>("SELECT branch FROM repo_version WHERE id = ?", version);
    if (!branch) return;
    c.run("DELETE FROM repo_part WHERE branch = ?", *branch);
    for (const auto& [key, part] : parts)
      c.run("INSERT INTO repo_part (branch, commit_key, part, chosen_by, chosen_at) VALUES (?, ?, ?, ?, ?)", *branch,
            key, part, to_utf8(by), at);
    c.run("UPDATE repo_version SET tutorial = 'pending', tutorial_error = '' WHERE id = ?", version);
    tell_branch(c, at, *branch, "tutorial.changed");
  });
  told();
}

}  // namespace pika::store
