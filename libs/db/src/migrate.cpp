#include "migrate.hpp"

#include <fmt/format.h>

#include "pika/base/files.hpp"

namespace pika::db {

namespace {

void reach(const Options& options, FaultPoint point) {
  if (options.on_fault_point) options.on_fault_point(point);
}

void back_up(Connection& connection, const Options& options, int version) {
  if (options.backup_dir.empty()) return;
  make_dirs(options.backup_dir, 0700);
  connection.backup_to(options.backup_dir / fmt::format("{}.v{}.sqlite", options.path.stem().string(), version));
  reach(options, FaultPoint::after_backup);
}

class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) { connection_.run("BEGIN IMMEDIATE"); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (!connection_.in_transaction()) return;
    try {
      connection_.run("ROLLBACK");
    } catch (const Error&) {
      // closing the connection, which follows, undoes it as well
    }
  }
  void commit() { connection_.run("COMMIT"); }

 private:
  Connection& connection_;
};

void apply(Connection& connection, const Options& options, const Migration& migration) {
  // A table is rebuilt by dropping it, which would cascade with foreign keys on; they are checked as a whole instead.
  // https://sqlite.org/lang_altertable.html#otheralter
  connection.script("PRAGMA foreign_keys = OFF");
  {
    Transaction transaction(connection);
    connection.script(migration.sql);
    PIKA_CHECK(connection.in_transaction(), "a migration does not end its transaction");
    auto broken = connection.query("PRAGMA foreign_key_check");
    if (broken.next())
      throw Error(0, fmt::format("migration {} leaves rows of '{}' whose foreign key points nowhere", migration.version,
                                 broken.text(0)));
    connection.set_user_version(migration.version);
    reach(options, FaultPoint::before_migration_commit);
    transaction.commit();
  }
  reach(options, FaultPoint::after_migration_commit);
  connection.script("PRAGMA foreign_keys = ON");
}

}  // namespace

Status migrate(Connection& connection, const Options& options) {
  const int newest = static_cast<int>(options.migrations.size());
  for (int i = 0; i < newest; ++i)
    PIKA_CHECK(options.migrations[static_cast<std::size_t>(i)].version == i + 1, "migrations are numbered 1, 2, 3...");
  const int found = connection.user_version();
  if (found > newest)
    return fail(ErrorKind::conflict,
                fmt::format("The database '{}' has version {}, and this program knows versions up to {}: a newer "
                            "program has written it.",
                            options.path.string(), found, newest),
                "Start the newer program, or restore a backup that was made before the upgrade.");
  if (found == 0 && connection.value<int>("SELECT count(*) FROM sqlite_schema") != 0 && newest != 0)
    return fail(ErrorKind::invalid,
                fmt::format("The database '{}' was not made by this program.", options.path.string()),
                "Name another data folder, or move that file away.");
  if (found > 0 && found < newest) back_up(connection, options, found);
  for (int i = found; i < newest; ++i) apply(connection, options, options.migrations[static_cast<std::size_t>(i)]);
  return {};
}

}  // namespace pika::db
