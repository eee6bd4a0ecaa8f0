#include "pika/db/database.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "failure.hpp"
#include "migrate.hpp"
#include "pika/base/check.hpp"
#include "readers.hpp"
#include "writer.hpp"

namespace pika::db {

struct Database::Impl {
  Impl(Options given, Connection connection)
      : readers(given.path, given.readers, given.busy_timeout), writer(std::move(given), std::move(connection)) {}
  Readers readers;
  Writer writer;
};

namespace {

// What this thread is reading just now, so that a read inside a read sees the same snapshot.
struct ActiveRead {
  const void* database;
  Connection* connection;
};
thread_local std::vector<ActiveRead> active_reads;

}  // namespace

Result<std::unique_ptr<Database>> Database::open(Options options) {
  try {
    Connection connection = Connection::open(options.path, Connection::Mode::read_write, options.busy_timeout);
    PIKA_TRY(migrate(connection, options));
    return std::unique_ptr<Database>(new Database(std::make_unique<Impl>(std::move(options), std::move(connection))));
  } catch (const Error& error) {
    if (is_no_database(error))
      return fail(ErrorKind::invalid, fmt::format("'{}' is not a database of this program.", options.path.string()),
                  "Name another data folder, or restore the file from a backup.");
    return fail(ErrorKind::unavailable,
                fmt::format("The database '{}' cannot be opened: {}", options.path.string(), error.what()));
  } catch (const std::system_error& error) {
    return fail(ErrorKind::unavailable,
                fmt::format("The database '{}' cannot be opened: {}", options.path.string(), error.what()));
  }
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

void Database::run_unit(Urgency urgency, const std::function<Verdict(Connection&)>& unit) {
  impl_->writer.run(urgency == Urgency::urgent,
                    [&unit](Connection& connection) { return unit(connection) == Verdict::keep; });
}

std::optional<std::string> Database::poisoned() const {
  return impl_->writer.poisoned();
}
void Database::poison(std::string reason) {
  impl_->writer.poison(std::move(reason));
}
std::size_t Database::waiting() const {
  return impl_->writer.waiting();
}
Database::Counters Database::counters() const {
  return impl_->writer.counters();
}

Database::Reading::Reading(Database& database) : impl_(*database.impl_), connection_(nullptr), outermost_(false) {
  if (impl_.writer.is_own_thread()) {
    connection_ = &impl_.writer.connection();
    return;
  }
  const auto same = std::ranges::find(active_reads, static_cast<const void*>(&impl_), &ActiveRead::database);
  if (same != active_reads.end()) {
    connection_ = same->connection;
    return;
  }
  connection_ = impl_.readers.take();
  outermost_ = true;
  try {
    connection_->run("BEGIN");
  } catch (...) {
    impl_.readers.give_back(connection_);
    throw;
  }
  active_reads.push_back({&impl_, connection_});
}

Database::Reading::~Reading() {
  if (!outermost_) return;
  std::erase_if(active_reads, [this](const ActiveRead& read) { return read.connection == connection_; });
  try {
    if (connection_->in_transaction()) connection_->run("ROLLBACK");
  } catch (const Error&) {
    // nothing was written; the next BEGIN on this connection would tell
  }
  impl_.readers.give_back(connection_);
}

}  // namespace pika::db
