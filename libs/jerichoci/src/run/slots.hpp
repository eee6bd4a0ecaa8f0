// The host's capacity, shared by every program that runs jobs with this state root: slots/<n> are locked files. A
// holder that dies frees its slot by itself.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "pika/base/fd.hpp"

namespace jerichoci {

class Slot {
 public:
  Slot(pika::UniqueFd lock, pika::UniqueFd bell) : bell_(std::move(bell)), lock_(std::move(lock)) {}

 private:
  // Open for writing: its closing wakes those who watch the folder, also when we are killed. Declared first, so that
  // it is closed after the lock is free.
  pika::UniqueFd bell_;
  pika::UniqueFd lock_;
};

class Slots {
 public:
  Slots(const std::filesystem::path& state_root, unsigned count);
  unsigned count() const { return count_; }
  // One that is free now, or nothing.
  std::optional<Slot> try_take() const;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  unsigned count_;
};

// Wakes a waiting run: a slot became free, somebody asked to cancel. Watches by inotify; where the host has no watch
// left, the waiter's own timeout is all.
class Wakeup {
 public:
  Wakeup(const std::filesystem::path& slots, const std::filesystem::path& run_folder);
  int fd() const { return fd_.get(); }
  bool watching() const { return watching_; }
  void drain();

 private:
  pika::UniqueFd fd_;
  bool watching_ = false;
};

}  // namespace jerichoci
