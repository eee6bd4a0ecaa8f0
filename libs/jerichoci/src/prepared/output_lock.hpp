// Who makes a prepared output: one at a time of each name, among all engines of a state root. The others wait, and then
// find it made.
//
//   outputs/.making-<sha256>   locked by who makes it; who was killed holds no lock, and the next one goes on
#pragma once
#include <filesystem>
#include <string>

#include "pika/base/clock.hpp"
#include "pika/base/fd.hpp"

namespace jerichoci {

class OutputLock {
 public:
  enum class Got { it, cancelled, timed_out };
  // Waits until nobody makes it, `patience` at most, or until `cancel_fd` (-1: none) is readable. Throws SystemError.
  static Got take(const std::filesystem::path& outputs, const std::string& content, pika::Micros patience,
                  int cancel_fd, OutputLock& lock);
  OutputLock() = default;
  OutputLock(OutputLock&&) = default;
  OutputLock& operator=(OutputLock&& other) noexcept;
  ~OutputLock();

 private:
  std::filesystem::path path_;
  pika::UniqueFd fd_;
};

// Files of those that were killed.
void remove_stale_output_locks(const std::filesystem::path& outputs);

}  // namespace jerichoci
