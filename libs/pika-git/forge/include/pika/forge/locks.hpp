// One lock a repository: whoever moves its refs or decides by them (push, candidate, landing, repair) holds it, so that
// none of them sees another halfway.
#pragma once
#include <map>
#include <memory>
#include <mutex>

#include "pika/base/sync.hpp"
#include "pika/domain/types.hpp"

namespace pika::forge {

class RepositoryLocks {
 public:
  std::unique_lock<std::recursive_mutex> lock(domain::RepositoryId id) {
    std::recursive_mutex* mutex;
    {
      auto all = mutexes_.lock();
      auto& slot = (*all)[id];
      if (!slot) slot = std::make_unique<std::recursive_mutex>();
      mutex = slot.get();
    }
    return std::unique_lock(*mutex);
  }

 private:
  Sync<std::map<domain::RepositoryId, std::unique_ptr<std::recursive_mutex>>> mutexes_;
};

}  // namespace pika::forge
