// Threads of the server: a fixed pool for handlers, and one thread for each streamed answer, up to a limit.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace pika::http {

class WorkerPool {
 public:
  WorkerPool(unsigned threads, std::size_t max_pending);
  ~WorkerPool() { stop(); }
  // false: too much waits already, or it is stopped.
  bool submit(std::move_only_function<void()> work);
  // Does what waits, then ends. Idempotent.
  void stop();

 private:
  void loop();

  const std::size_t max_pending_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<std::move_only_function<void()>> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

class StreamThreads {
 public:
  explicit StreamThreads(std::size_t most) : most_(most) {}
  ~StreamThreads() { join(); }
  // false: all are taken.
  bool start(std::move_only_function<void()> work);
  void join();

 private:
  struct Slot {
    std::thread thread;
    bool ended = false;
  };
  void reap_locked();

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::list<Slot> slots_;
};

}  // namespace pika::http
