// Wakes waiting runs when a slot became free or somebody asked to cancel.
//
// One inotify instance and one thread for the whole engine: closing an instance waits some 15 ms for the kernel, which
// no single run should pay. Where the host has no watch left, the waiters' own timeouts are all there is.
#pragma once
#include <filesystem>
#include <set>
#include <thread>

#include "pika/base/fd.hpp"
#include "pika/base/sync.hpp"

namespace jerichoci {

class Bell {
 public:
  explicit Bell(const std::filesystem::path& slots);
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  // A run's place to wait: its fd is readable when something happened, until drained.
  class Waiter {
   public:
    Waiter(Bell& bell, const std::filesystem::path& run_folder);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    int fd() const { return fd_.get(); }
    bool watching() const { return watch_ >= 0; }
    void drain();

   private:
    Bell& bell_;
    pika::UniqueFd fd_;
    int watch_ = -1;
  };

 private:
  void listen();
  pika::UniqueFd inotify_, stop_;
  pika::Sync<std::set<int>> waiters_;  // their eventfds
  std::thread thread_;
};

}  // namespace jerichoci
