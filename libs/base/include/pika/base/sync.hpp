// Sync<T>: data behind a mutex; the lock is the only way to it.
//   Sync<State> state_;  auto s = state_.lock(); s->count++;
#pragma once
#include <condition_variable>
#include <mutex>
#include <utility>

namespace pika {

template <class T>
class Sync {
 public:
  class Lock {
   public:
    explicit Lock(Sync& owner) : lock_(owner.mutex_), data_(&owner.data_) {}
    T* operator->() { return data_; }
    T& operator*() { return *data_; }
    void wait(std::condition_variable& cv) { cv.wait(lock_); }
    template <class Duration>
    std::cv_status wait_for(std::condition_variable& cv, Duration d) {
      return cv.wait_for(lock_, d);
    }

   private:
    std::unique_lock<std::mutex> lock_;
    T* data_;
  };
  Sync() = default;
  explicit Sync(T data) : data_(std::move(data)) {}
  Lock lock() { return Lock(*this); }

 private:
  std::mutex mutex_;
  T data_{};
};

}  // namespace pika
