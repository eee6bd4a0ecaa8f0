// The one thread that writes: takes units from a queue and commits them in groups.
#pragma once
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "pika/db/database.hpp"

namespace pika::db {

class Writer {
 public:
  using Work = std::function<bool(Connection&)>;  // false: roll this unit back

  Writer(Options options, Connection connection);
  ~Writer();
  // See Database::write.
  void run(bool urgent, const Work& work);
  bool is_own_thread() const { return std::this_thread::get_id() == thread_.get_id(); }
  Connection& connection() { return connection_; }  // for the writer thread only
  std::optional<std::string> poisoned() const;
  void poison(std::string reason);
  Database::Counters counters() const;
  std::size_t waiting() const;

 private:
  // Lives on the stack of the thread that waits for it.
  struct Unit {
    const Work& work;
    std::exception_ptr error{};
    std::mutex mutex{};
    std::condition_variable ended{};
    bool done = false;
  };
  using Group = std::vector<Unit*>;
  using Failure = std::function<std::exception_ptr()>;  // an exception for each: two threads never share one

  void loop();
  Unit* next_unit();
  Group all_units();
  void commit_group();
  bool begin_group();
  bool run_unit(Unit& unit);
  void commit();
  void end_group(const Group& group, const Failure& failure);
  void judge(const Error& error);
  void reach(FaultPoint point) const;

  const Options options_;
  Connection connection_;
  mutable std::mutex mutex_;  // of all that follows
  std::condition_variable wanted_;
  std::deque<Unit*> urgent_;
  std::deque<Unit*> normal_;
  bool stopping_ = false;
  std::optional<std::string> poison_;
  Database::Counters counters_;
  std::thread thread_;
};

}  // namespace pika::db
