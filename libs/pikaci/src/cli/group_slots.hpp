// Concurrency groups on this host: of every `pikaci run` with the same state folder so many lanes of a group run at
// once.
#pragma once
#include <string>
#include <vector>

#include "cli/console.hpp"
#include "pika/base/files.hpp"

namespace pikaci {

// One place in each group, held while the object lives; gone by itself when the process dies.
class GroupSlots {
 public:
  // Waits for them, which is said once; nullopt when cancelled meanwhile. `groups` are sorted, so that two that wait
  // for each other's cannot be.
  static std::optional<GroupSlots> take(Console& console, const Catalogue& catalogue,
                                        const std::vector<std::string>& groups);

 private:
  std::vector<pika::FileLock> held_;
};

}  // namespace pikaci
