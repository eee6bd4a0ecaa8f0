#include "statement.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include "failure.hpp"
#include "pika/db/connection.hpp"

namespace pika::db {

namespace detail {
StatementSlot::~StatementSlot() {
  sqlite3_finalize(statement);
}
}  // namespace detail

namespace {

// SQLite takes a null pointer for NULL; an empty text is not that.
const char* not_null(std::string_view bytes) {
  return bytes.data() != nullptr ? bytes.data() : "";
}

void check_bound(sqlite3_stmt* statement, int code) {
  if (code != SQLITE_OK) throw_failure(sqlite3_db_handle(statement), code, sqlite3_sql(statement));
}

}  // namespace

Statement::~Statement() {
  if (slot_ == nullptr) return;
  sqlite3_reset(slot_->statement);  // its code repeats what step() said
  sqlite3_clear_bindings(slot_->statement);
  slot_->busy = false;
  if (!slot_->cached) delete slot_;
}

sqlite3_stmt* Statement::raw() const {
  return slot_->statement;
}

void Statement::bind(int index, std::int64_t value) {
  check_bound(raw(), sqlite3_bind_int64(raw(), index, value));
}

void Statement::bind(int index, double value) {
  check_bound(raw(), sqlite3_bind_double(raw(), index, value));
}

void Statement::bind(int index, std::string_view text) {
  check_bound(raw(), sqlite3_bind_text64(raw(), index, not_null(text), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind(int index, Blob blob) {
  check_bound(raw(), sqlite3_bind_blob64(raw(), index, not_null(blob.bytes), blob.bytes.size(), SQLITE_TRANSIENT));
}

void Statement::bind_null(int index) {
  check_bound(raw(), sqlite3_bind_null(raw(), index));
}

bool Statement::step() {
  const int code = sqlite3_step(raw());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  throw_failure(slot_->db, code, sqlite3_sql(raw()));
}

void Statement::reset() {
  sqlite3_reset(raw());
}

bool Statement::is_null(int column) const {
  PIKA_CHECK(column >= 0 && column < sqlite3_data_count(raw()), "a column of the row that step() gave");
  return sqlite3_column_type(raw(), column) == SQLITE_NULL;
}

void Statement::require_value(int column) const {
  if (is_null(column))
    throw Error(0,
                fmt::format("Database: column {} is NULL where a value was expected ({})", column, sqlite3_sql(raw())));
}

std::int64_t Statement::int64(int column) const {
  require_value(column);
  return sqlite3_column_int64(raw(), column);
}

double Statement::real(int column) const {
  require_value(column);
  return sqlite3_column_double(raw(), column);
}

std::string_view Statement::text(int column) const {
  require_value(column);
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(raw(), column));
  if (bytes == nullptr) throw Error(SQLITE_NOMEM, "Database: out of memory");
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(raw(), column))};
}

std::string_view Statement::blob(int column) const {
  require_value(column);
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(raw(), column));
  return {bytes == nullptr ? "" : bytes, static_cast<std::size_t>(sqlite3_column_bytes(raw(), column))};
}

}  // namespace pika::db
