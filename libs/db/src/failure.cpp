#include "failure.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace pika::db {

bool Constraint::unique() const {
  return code() == SQLITE_CONSTRAINT_UNIQUE || code() == SQLITE_CONSTRAINT_PRIMARYKEY ||
         code() == SQLITE_CONSTRAINT_ROWID;
}

bool Constraint::foreign_key() const {
  return code() == SQLITE_CONSTRAINT_FOREIGNKEY;
}

void throw_failure(sqlite3* db, int code, std::string_view doing) {
  constexpr std::size_t kShown = 200;
  const char* message = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const std::string text = fmt::format("{} ({}{})", message, doing.substr(0, kShown), doing.size() > kShown ? "…" : "");
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Busy(code, "Another program is using the database: " + text);
    case SQLITE_CONSTRAINT:
      throw Constraint(code, text);
    case SQLITE_FULL:
      throw DiskFull(code, "The database cannot grow, because the disk is full: " + text);
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Unavailable(code, "The database file cannot be used: " + text);
    default:
      throw Error(code, "Database: " + text);
  }
}

bool leaves_doubt(const Error& error) {
  const int primary = error.code() & 0xff;
  return primary == SQLITE_IOERR || primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

bool is_no_database(const Error& error) {
  return (error.code() & 0xff) == SQLITE_NOTADB;
}

}  // namespace pika::db
