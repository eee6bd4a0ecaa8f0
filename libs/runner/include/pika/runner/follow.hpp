// LogFollower: copies the engine's job logs into an attempt's log while the run goes on.
#pragma once
#include <condition_variable>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "pika/base/sync.hpp"
#include "pika/runner/spool.hpp"

namespace pika::runner {

class LogFollower {
 public:
  // Bytes of a job's log from `offset` on, at most `size`; empty when there is nothing (yet).
  using Reader = std::function<std::string(const std::string& job, std::uint64_t offset, std::uint64_t size)>;

  LogFollower(std::vector<std::string> jobs, Reader read, AttemptLog& log);
  ~LogFollower() { finish(); }
  // Copies what is left and stops. Gives why the log is not whole, or "".
  std::string finish();

 private:
  struct Job {
    std::string id;
    std::uint64_t offset = 0;
  };
  struct State {
    bool stop = false;
  };
  void follow();
  void copy_new();

  std::vector<Job> jobs_;
  Reader read_;
  AttemptLog& log_;
  std::string trouble_;
  const Job* last_ = nullptr;  // whose bytes came last
  Sync<State> state_;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace pika::runner
