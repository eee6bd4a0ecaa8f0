#include "pika/db/connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <system_error>

#include "failure.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/base/result.hpp"
#include "statement.hpp"

namespace pika::db {

namespace detail {
ConnectionState::~ConnectionState() {
  for (const auto& [sql, slot] : cache) PIKA_CHECK(!slot || !slot->busy, "no statement outlives its connection");
  cache.clear();
  sqlite3_close_v2(db);
}
}  // namespace detail

namespace {

void execute(sqlite3* db, const char* sql) {
  const int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw_failure(db, code, sql);
}

// SQLite would create it with the umask's mode; its -wal and -shm files take the mode of the database.
void create_private(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) {
    const int error = errno;
    throw Unavailable(0, fmt::format("The database '{}' cannot be opened: {}", path.string(),
                                     std::generic_category().message(error)));
  }
}

sqlite3* open_handle(const std::filesystem::path& path, int flags) {
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code != SQLITE_OK) {
    const std::string message = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    sqlite3_close_v2(db);
    throw Unavailable(code, fmt::format("The database '{}' cannot be opened: {}", path.string(), message));
  }
  return db;
}

// A schema that somebody tampered with may not call functions with side effects, and "x" is never taken for a text.
void harden(sqlite3* db) {
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
}

}  // namespace

Connection Connection::open(const std::filesystem::path& path, Mode mode, Micros busy_timeout) {
  const bool writes = mode == Mode::read_write;
  if (writes) create_private(path);
  auto state = std::make_unique<detail::ConnectionState>();
  state->db = open_handle(path, writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  sqlite3_busy_timeout(state->db, static_cast<int>(busy_timeout / 1000));
  harden(state->db);
  Connection connection(std::move(state));
  if (writes) {
    const auto journal = connection.value<std::string>("PRAGMA journal_mode = WAL");
    if (journal != "wal")
      throw Unavailable(
          0, fmt::format("The database '{}' cannot use a write-ahead log here; put it on a local disk", path.string()));
    connection.script(
        "PRAGMA synchronous = FULL;"
        "PRAGMA foreign_keys = ON;"
        "PRAGMA journal_size_limit = 67108864;");
  } else {
    connection.script("PRAGMA query_only = ON; PRAGMA foreign_keys = ON;");
  }
  return connection;
}

Connection::Connection(std::unique_ptr<detail::ConnectionState> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection::~Connection() = default;

Statement Connection::prepare(Sql sql) {
  auto& cached = state_->cache[sql.text()];
  if (cached && !cached->busy) {
    cached->busy = true;
    return Statement(cached.get());
  }
  auto slot = std::make_unique<detail::StatementSlot>();
  slot->db = state_->db;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(state_->db, sql.text().data(), static_cast<int>(sql.text().size()),
                                      SQLITE_PREPARE_PERSISTENT, &slot->statement, &tail);
  if (code != SQLITE_OK) throw_failure(state_->db, code, sql.text());
  PIKA_CHECK(slot->statement != nullptr && std::string_view(tail).find_first_not_of(" \n\t;") == std::string_view::npos,
             "prepare takes exactly one statement");
  slot->busy = true;
  if (cached) return Statement(slot.release());  // the cached one is in use: a second one for this time only
  slot->cached = true;
  cached = std::move(slot);
  return Statement(cached.get());
}

void Connection::check_parameters(const Statement& statement, std::size_t count) const {
  PIKA_CHECK(static_cast<std::size_t>(sqlite3_bind_parameter_count(statement.raw())) == count,
             "as many values as the SQL has parameters");
}

std::int64_t Connection::finish(Statement& statement) {
  const auto before = sqlite3_total_changes64(state_->db);
  while (statement.step()) {
  }
  // changes() would repeat an older statement's number after one that changes no rows.
  return sqlite3_total_changes64(state_->db) == before ? 0 : changes();
}

void Connection::script(Sql sql) {
  execute(state_->db, sql.text().data());
}

std::int64_t Connection::last_insert_id() const {
  return sqlite3_last_insert_rowid(state_->db);
}
std::int64_t Connection::changes() const {
  return sqlite3_changes64(state_->db);
}
bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(state_->db) == 0;
}
sqlite3* Connection::raw() const {
  return state_->db;
}

int Connection::user_version() {
  return value<int>("PRAGMA user_version").value_or(0);
}

void Connection::set_user_version(int version) {
  execute(state_->db, fmt::format("PRAGMA user_version = {}", version).c_str());
}

void Connection::backup_to(const std::filesystem::path& path) {
  auto partial = path;
  partial += ".partial";
  std::error_code ignored;
  std::filesystem::remove(partial, ignored);
  create_private(partial);
  detail::ConnectionState target;
  target.db = open_handle(partial, SQLITE_OPEN_READWRITE);
  sqlite3_backup* backup = sqlite3_backup_init(target.db, "main", state_->db, "main");
  if (backup == nullptr) throw_failure(target.db, sqlite3_extended_errcode(target.db), "backup");
  const int step = sqlite3_backup_step(backup, -1);
  const int finish = sqlite3_backup_finish(backup);
  if (step != SQLITE_DONE || finish != SQLITE_OK) {
    std::filesystem::remove(partial, ignored);
    throw_failure(nullptr, step != SQLITE_DONE ? step : finish, "backup to " + path.string());
  }
  std::error_code failed;
  std::filesystem::rename(partial, path, failed);
  if (failed) throw SystemError(failed.value(), fmt::format("rename '{}'", partial.string()));
  sync_dir(path.parent_path().empty() ? "." : path.parent_path());
}

Savepoint::Savepoint(Connection& connection) : connection_(connection) {
  connection_.run("SAVEPOINT pika_unit");
}

Savepoint::~Savepoint() {
  // SQLite ends the whole transaction by itself after some errors; then there is nothing left to undo.
  if (!open_ || !connection_.in_transaction()) return;
  try {
    connection_.run("ROLLBACK TO pika_unit");
    connection_.run("RELEASE pika_unit");
  } catch (const Error&) {
    // Only the whole transaction can still be undone; who opened it sees that it is gone.
    sqlite3_exec(connection_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void Savepoint::release() {
  connection_.run("RELEASE pika_unit");
  open_ = false;
}

}  // namespace pika::db
