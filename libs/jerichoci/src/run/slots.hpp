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

}  // namespace jerichoci
