// One connection to an SQLite database: statements prepared once, parameters bound by position, rows as a cursor.
//
//   auto rows = conn.query("SELECT id, name FROM repo_branch WHERE repo = ? AND state = ?", repo, "open");
//   while (rows.next()) use(rows.get<std::int64_t>(0), rows.get<std::string>(1));
//
//   if (conn.run("UPDATE ci_attempt SET state = ? WHERE id = ? AND fence = ?", "done", id, fence) == 0) ...stale
//
//   auto count = conn.value<std::int64_t>("SELECT count(*) FROM ci_lane");            // optional<int64>
//
// A connection belongs to one thread at a time. Parameters and columns may be: integers, bool, double, text
// (std::string, string_view, literal), Blob, StrongId, and std::optional of these (nullopt and nullptr are NULL).
// Store an enum by a name of its own (to_string), not by its number. Columns count from 0.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "pika/base/check.hpp"
#include "pika/base/clock.hpp"
#include "pika/db/error.hpp"
#include "pika/db/sql.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace pika::db {

// Bytes that are no text, as a parameter. As a column take std::string.
struct Blob {
  std::string_view bytes;
};

namespace detail {
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
concept StrongIdLike = requires(const T& t) {
  typename T::rep;
  { t.value() } -> std::convertible_to<const typename T::rep&>;
};
template <class T>
inline constexpr bool kNotBindable = false;
struct StatementSlot;  // one prepared statement, in the connection's cache or on its own
struct ConnectionState;
}  // namespace detail

// A prepared statement in use. At the end of its scope it is reset, its parameters are cleared, and it goes back to
// its connection, which must outlive it. The same Sql may be in use twice at once (nested loops).
class Statement {
 public:
  Statement(Statement&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Parameters count from 1, as in SQL's ?1.
  void bind(int index, std::int64_t value);
  void bind(int index, double value);
  void bind(int index, std::string_view text);
  void bind(int index, Blob blob);
  void bind_null(int index);
  template <class T>
  void bind_value(int index, const T& value);

  // true: there is a row. false: done. Throws Busy, Constraint, DiskFull, Error.
  bool step();
  void reset();

  bool is_null(int column) const;
  std::int64_t int64(int column) const;  // NULL throws Error, as do the next three
  double real(int column) const;
  std::string_view text(int column) const;  // until the next step()
  std::string_view blob(int column) const;  // until the next step()
  template <class T>
  T get(int column) const;  // std::optional<X> for columns that may be NULL

 private:
  friend class Connection;
  explicit Statement(detail::StatementSlot* slot) : slot_(slot) {}
  sqlite3_stmt* raw() const;
  void require_value(int column) const;
  detail::StatementSlot* slot_;
};

// The rows of a query.
class Rows {
 public:
  explicit Rows(Statement statement) : statement_(std::move(statement)) {}
  bool next() { return statement_.step(); }  // moves to the next row; false at the end
  bool is_null(int column) const { return statement_.is_null(column); }
  std::int64_t int64(int column) const { return statement_.int64(column); }
  double real(int column) const { return statement_.real(column); }
  std::string text(int column) const { return std::string(statement_.text(column)); }
  std::string_view text_view(int column) const { return statement_.text(column); }  // until next()
  std::string blob(int column) const { return std::string(statement_.blob(column)); }
  template <class T>
  T get(int column) const {
    return statement_.get<T>(column);
  }

 private:
  Statement statement_;
};

class Connection {
 public:
  enum class Mode { read_write, read_only };

  // read_write creates a missing file (mode 0600) and sets WAL, synchronous=FULL, foreign_keys, trusted_schema off.
  // Throws Error, with the path.
  static Connection open(const std::filesystem::path& path, Mode mode = Mode::read_write,
                         Micros busy_timeout = 5 * kSecond);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) = delete;
  ~Connection();

  // Runs one statement to its end and gives the number of rows it changed (0 for what changes none).
  template <class... Args>
  std::int64_t run(Sql sql, const Args&... args) {
    Statement statement = prepare_bound(sql, args...);
    return finish(statement);
  }
  template <class... Args>
  [[nodiscard]] Rows query(Sql sql, const Args&... args) {
    return Rows(prepare_bound(sql, args...));
  }
  // The first column of the first row; nullopt when there is no row. For a column that may be NULL, T is optional.
  template <class T, class... Args>
  [[nodiscard]] std::optional<T> value(Sql sql, const Args&... args) {
    Statement statement = prepare_bound(sql, args...);
    if (!statement.step()) return std::nullopt;
    return statement.get<T>(0);
  }
  Statement prepare(Sql sql);
  // Several statements, separated by ';', without parameters (migrations, pragmas).
  void script(Sql sql);

  std::int64_t last_insert_id() const;
  std::int64_t changes() const;  // of the newest INSERT, UPDATE or DELETE
  bool in_transaction() const;
  int user_version();
  void set_user_version(int version);
  // Copies the whole database to `path` by SQLite's backup interface: complete, or the file is not there.
  void backup_to(const std::filesystem::path& path);
  sqlite3* raw() const;

 private:
  explicit Connection(std::unique_ptr<detail::ConnectionState> state);
  std::int64_t finish(Statement& statement);
  template <class... Args>
  Statement prepare_bound(Sql sql, const Args&... args) {
    Statement statement = prepare(sql);
    check_parameters(statement, sizeof...(Args));
    int index = 0;
    (statement.bind_value(++index, args), ...);
    return statement;
  }
  void check_parameters(const Statement& statement, std::size_t count) const;
  std::unique_ptr<detail::ConnectionState> state_;
};

// A savepoint (a transaction when none is open), rolled back at the end of the scope unless released.
class Savepoint {
 public:
  explicit Savepoint(Connection& connection);
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  ~Savepoint();
  void release();

 private:
  Connection& connection_;
  bool open_ = true;
};

template <class T>
void Statement::bind_value(int index, const T& value) {
  using U = std::remove_cvref_t<T>;
  if constexpr (std::is_same_v<U, std::nullopt_t> || std::is_same_v<U, std::nullptr_t>) {
    bind_null(index);
  } else if constexpr (detail::IsOptional<U>::value) {
    if (value)
      bind_value(index, *value);
    else
      bind_null(index);
  } else if constexpr (detail::StrongIdLike<U>) {
    bind_value(index, value.value());
  } else if constexpr (std::is_same_v<U, Blob>) {
    bind(index, value);
  } else if constexpr (std::is_same_v<U, bool>) {
    bind(index, std::int64_t{value});
  } else if constexpr (std::is_integral_v<U>) {
    PIKA_CHECK(std::in_range<std::int64_t>(value), "a parameter fits SQLite's signed 64 bits");
    bind(index, static_cast<std::int64_t>(value));
  } else if constexpr (std::is_floating_point_v<U>) {
    bind(index, static_cast<double>(value));
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    bind(index, std::string_view(value));
  } else {
    static_assert(detail::kNotBindable<T>, "this type is no SQL parameter; store an enum by its name");
  }
}

template <class T>
T Statement::get(int column) const {
  if constexpr (detail::IsOptional<T>::value) {
    if (is_null(column)) return std::nullopt;
    return get<typename T::value_type>(column);
  } else if constexpr (detail::StrongIdLike<T>) {
    return T(get<typename T::rep>(column));
  } else if constexpr (std::is_same_v<T, bool>) {
    return int64(column) != 0;
  } else if constexpr (std::is_integral_v<T>) {
    const std::int64_t value = int64(column);
    if (!std::in_range<T>(value)) throw Error(0, "a column holds a number too large for its field");
    return static_cast<T>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(real(column));
  } else if constexpr (std::is_same_v<T, std::string>) {
    return std::string(blob(column));
  } else {
    static_assert(detail::kNotBindable<T>, "this type is no SQL column");
  }
}

}  // namespace pika::db
