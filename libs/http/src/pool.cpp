#include "pool.hpp"

#include <algorithm>
#include <system_error>

namespace pika::http {

WorkerPool::WorkerPool(unsigned threads, std::size_t max_pending) : max_pending_(max_pending) {
  for (unsigned i = 0; i < std::max(1u, threads); ++i) threads_.emplace_back([this] { loop(); });
}

bool WorkerPool::submit(std::move_only_function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= max_pending_) return false;
    waiting_.push_back(std::move(work));
  }
  wanted_.notify_one();
  return true;
}

void WorkerPool::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerPool::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

bool StreamThreads::start(std::move_only_function<void()> work) {
  std::lock_guard lock(mutex_);
  reap_locked();
  if (slots_.size() >= most_) return false;
  auto& slot = slots_.emplace_back();
  try {
    slot.thread = std::thread([this, &slot, run = std::move(work)]() mutable {
      run();
      run = nullptr;
      std::lock_guard ending(mutex_);
      slot.ended = true;
      ended_.notify_all();
    });
  } catch (const std::system_error&) {  // the system has no thread for us: the same as too many
    slots_.pop_back();
    return false;
  }
  return true;
}

void StreamThreads::reap_locked() {
  for (auto& slot : slots_)
    if (slot.ended) slot.thread.join();  // it holds the lock no more: it is past its last line
  std::erase_if(slots_, [](const Slot& slot) { return slot.ended; });
}

void StreamThreads::join() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return std::ranges::all_of(slots_, &Slot::ended); });
  reap_locked();
}

}  // namespace pika::http
