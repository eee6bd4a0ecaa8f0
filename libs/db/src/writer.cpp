#include "writer.hpp"

#include <fmt/format.h>

#include "failure.hpp"
#include "pika/base/check.hpp"
#include "pika/base/log.hpp"

namespace pika::db {

namespace {

// The same failure, as a unit of a group that came to nothing is told it.
std::exception_ptr nothing_kept(const Error& error) {
  const std::string what = fmt::format("Nothing was stored. {}", error.what());
  if (dynamic_cast<const DiskFull*>(&error) != nullptr) return std::make_exception_ptr(DiskFull(error.code(), what));
  if (dynamic_cast<const Busy*>(&error) != nullptr) return std::make_exception_ptr(Busy(error.code(), what));
  return std::make_exception_ptr(Unavailable(error.code(), what));
}

std::exception_ptr group_lost() {
  return std::make_exception_ptr(
      Unavailable(0,
                  "Nothing was stored: another change of the same group failed, and the database took back the whole "
                  "group. Try again."));
}

std::exception_ptr read_only(const std::string& reason) {
  return std::make_exception_ptr(ReadOnly(
      0, fmt::format("Nothing was stored: the database is read-only since an error ({}). Look at the disk, then start "
                     "the server anew.",
                     reason)));
}

}  // namespace

Writer::Writer(Options options, Connection connection)
    : options_(std::move(options)), connection_(std::move(connection)), thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_one();
  thread_.join();
}

void Writer::run(bool urgent, const Work& work) {
  PIKA_CHECK(!is_own_thread(), "a unit does not write through the database: it has its connection");
  Unit unit{.work = work};
  {
    std::lock_guard lock(mutex_);
    PIKA_CHECK(!stopping_, "nobody writes to a database that is being closed");
    (urgent ? urgent_ : normal_).push_back(&unit);
  }
  wanted_.notify_one();
  {
    std::unique_lock lock(unit.mutex);
    unit.ended.wait(lock, [&unit] { return unit.done; });
  }
  if (unit.error) std::rethrow_exception(std::move(unit.error));
}

std::optional<std::string> Writer::poisoned() const {
  std::lock_guard lock(mutex_);
  return poison_;
}

void Writer::poison(std::string reason) {
  std::lock_guard lock(mutex_);
  if (poison_) return;
  log_error("db", "{}: read-only until the next start: {}", options_.path.string(), reason);
  poison_ = std::move(reason);
}

Database::Counters Writer::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

std::size_t Writer::waiting() const {
  std::lock_guard lock(mutex_);
  return urgent_.size() + normal_.size();
}

void Writer::reach(FaultPoint point) const {
  if (options_.on_fault_point) options_.on_fault_point(point);
}

void Writer::loop() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wanted_.wait(lock, [this] { return stopping_ || !urgent_.empty() || !normal_.empty(); });
      if (urgent_.empty() && normal_.empty()) return;
    }
    commit_group();
  }
}

Writer::Unit* Writer::next_unit() {
  std::lock_guard lock(mutex_);
  auto& queue = urgent_.empty() ? normal_ : urgent_;
  if (queue.empty()) return nullptr;
  Unit* unit = queue.front();
  queue.pop_front();
  return unit;
}

Writer::Group Writer::all_units() {
  Group group;
  while (Unit* unit = next_unit()) group.push_back(unit);
  return group;
}

void Writer::commit_group() {
  if (!begin_group()) return;
  const Micros end = monotonic_now() + options_.group_time;
  Group group;
  while (group.size() < options_.group_units && monotonic_now() <= end) {
    Unit* unit = next_unit();
    if (unit == nullptr) break;
    group.push_back(unit);
    if (!run_unit(*unit)) {
      end_group(group, group_lost);
      return;
    }
  }
  try {
    commit();
  } catch (const Error& error) {
    judge(error);
    end_group(group, [&error] { return nothing_kept(error); });
    return;
  }
  end_group(group, nullptr);
}

// false: all who wait have been told why not.
bool Writer::begin_group() {
  if (const auto reason = poisoned()) {
    end_group(all_units(), [&reason] { return read_only(*reason); });
    return false;
  }
  try {
    connection_.run("BEGIN IMMEDIATE");
    return true;
  } catch (const Error& error) {
    judge(error);
    end_group(all_units(), [&error] { return nothing_kept(error); });
    return false;
  }
}

// false: the transaction is gone, and with it all that the group did before.
bool Writer::run_unit(Unit& unit) {
  try {
    Savepoint savepoint(connection_);
    if (unit.work(connection_)) savepoint.release();
  } catch (const Error& error) {
    unit.error = std::current_exception();
    judge(error);
  } catch (...) {
    unit.error = std::current_exception();
  }
  return connection_.in_transaction();
}

void Writer::commit() {
  try {
    reach(FaultPoint::before_commit);
    connection_.run("COMMIT");
  } catch (const Error&) {
    std::lock_guard lock(mutex_);
    ++counters_.failed_commits;
    try {
      if (connection_.in_transaction()) connection_.run("ROLLBACK");
    } catch (const Error& error) {
      if (!poison_) poison_ = error.what();
    }
    throw;
  }
  reach(FaultPoint::after_commit);
}

void Writer::end_group(const Group& group, const Failure& failure) {
  if (!failure) {
    std::lock_guard lock(mutex_);
    ++counters_.groups;
    counters_.units += group.size();
  }
  for (Unit* unit : group) {
    // Once `done` is seen the unit is gone: it is told under its lock, and not looked at afterwards.
    std::lock_guard lock(unit->mutex);
    if (!unit->error && failure) unit->error = failure();
    unit->done = true;
    unit->ended.notify_one();
  }
}

void Writer::judge(const Error& error) {
  if (leaves_doubt(error)) poison(error.what());
}

}  // namespace pika::db
