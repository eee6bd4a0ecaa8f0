// A database file with one writer thread and a pool of readers.
//
//   auto db = PIKA_TRY(db::Database::open({.path = data / "db/pika.sqlite", .migrations = kMigrations,
//                                          .backup_dir = data / "backup"}));
//   auto id = db->write([&](db::Connection& c) {              // returns after COMMIT, durable
//     c.run("INSERT INTO repo_branch(name) VALUES (?)", name);
//     return c.last_insert_id();
//   });
//   auto names = db->read([&](db::Connection& c) { ... });
//
// Group commit: units that wait are run one after another, each in a savepoint of its own, inside one shared
// transaction, so that they share one fsync. A unit that throws, or that returns a Result without value, is rolled back
// alone. Nothing is acknowledged before COMMIT: when COMMIT fails every unit of the group throws Unavailable (DiskFull
// when the disk is) and none of them has happened.
//
// After an error that leaves the store in doubt (I/O error, corruption) the database is poisoned: reads go on, every
// write throws ReadOnly with the reason, until the program is started anew.
#pragma once
#include <concepts>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/base/result.hpp"
#include "pika/db/connection.hpp"

namespace pika::db {

// Brings the schema from `version - 1` to `version`. Versions are 1, 2, 3...; a released one is never changed.
struct Migration {
  int version;
  Sql sql;
};

// Where a test may kill the program. `before_commit` and `after_commit` frame the COMMIT of every group. What is thrown
// from before_commit is what COMMIT says; from the others nothing may be thrown.
enum class FaultPoint { before_commit, after_commit, before_migration_commit, after_migration_commit, after_backup };

struct Options {
  std::filesystem::path path;
  std::vector<Migration> migrations{};
  std::filesystem::path backup_dir{};  // a copy "<stem>.v<old version>.sqlite" goes here before an existing
                                       // database is migrated; empty: no copy
  unsigned readers = 4;                // connections; a read waits when all are taken
  Micros busy_timeout = 5 * kSecond;   // for other programs' locks
  Micros group_time = 20'000;          // a group takes no further unit after so long...
  unsigned group_units = 256;          // ...or after so many
  std::function<void(FaultPoint)> on_fault_point{};  // tests only
};

class Database {
 public:
  // Opens or creates, migrates, starts the writer. Errors, each with a sentence: conflict when the file was written by
  // a newer program; invalid when it is no database; unavailable when it cannot be opened, copied or migrated.
  static Result<std::unique_ptr<Database>> open(Options options);
  ~Database();  // ends the units that wait, then closes

  // Runs `unit(Connection&)` on the writer thread and gives its value after COMMIT. The caller waits; any thread but
  // the writer's own (a unit must not call write: checked). What the unit throws is thrown here. A unit should be short
  // and touch nothing but the database: everybody waits for it, and its effects vanish when COMMIT fails.
  template <class F>
  auto write(F&& unit) -> std::invoke_result_t<F&, Connection&> {
    return submit<std::invoke_result_t<F&, Connection&>>(Urgency::normal, unit);
  }
  // The same, before all units that are not urgent. For heartbeats.
  template <class F>
  auto write_urgent(F&& unit) -> std::invoke_result_t<F&, Connection&> {
    return submit<std::invoke_result_t<F&, Connection&>>(Urgency::urgent, unit);
  }

  // Runs `query(Connection&)` in a read transaction (one snapshot) on a read-only connection, on the caller's thread.
  // Keep it under a second, or the log file grows. Inside another read of the same thread: the same snapshot.
  // Inside a unit: the unit's own connection.
  template <class F>
  auto read(F&& query) -> std::invoke_result_t<F&, Connection&> {
    using T = std::invoke_result_t<F&, Connection&>;
    static_assert(kOwnsItsData<T>, "give a value, not a reference into the database");
    Reading reading(*this);
    return query(reading.connection());
  }

  // The reason why the database is read-only, when it is.
  std::optional<std::string> poisoned() const;
  // Makes it read-only; the first reason stays.
  void poison(std::string reason);

  struct Counters {
    std::uint64_t groups = 0;  // commits
    std::uint64_t units = 0;   // acknowledged
    std::uint64_t failed_commits = 0;
  };
  Counters counters() const;
  std::size_t waiting() const;  // units in the queue

 private:
  enum class Urgency { normal, urgent };
  enum class Verdict { keep, roll_back };
  struct Impl;

  class Reading {
   public:
    explicit Reading(Database& database);
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    Connection& connection() { return *connection_; }

   private:
    Impl& impl_;
    Connection* connection_;
    bool outermost_;
  };

  explicit Database(std::unique_ptr<Impl> impl);
  void run_unit(Urgency urgency, const std::function<Verdict(Connection&)>& unit);

  template <class T>
  static constexpr bool kOwnsItsData = !std::is_reference_v<T> && !std::is_same_v<T, std::string_view> &&
                                       !std::is_same_v<T, Rows> && !std::is_same_v<T, Statement>;
  template <class T>
  struct IsResult : std::false_type {};
  template <class T>
  struct IsResult<std::expected<T, ::pika::Error>> : std::true_type {};

  template <class T, class F>
  T submit(Urgency urgency, F& unit) {
    static_assert(kOwnsItsData<T>, "give a value, not a reference into the database");
    if constexpr (std::is_void_v<T>) {
      run_unit(urgency, [&](Connection& c) { return unit(c), Verdict::keep; });
    } else {
      std::optional<T> value;
      run_unit(urgency, [&](Connection& c) {
        value.emplace(unit(c));
        if constexpr (IsResult<T>::value) {
          if (!*value) return Verdict::roll_back;
        }
        return Verdict::keep;
      });
      return std::move(*value);
    }
  }

  std::unique_ptr<Impl> impl_;
};

}  // namespace pika::db
