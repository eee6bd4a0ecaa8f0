// Collects what the engine does not need any more, now and then, while the runner lives.
#pragma once
#include <condition_variable>
#include <thread>

#include "jerichoci/jerichoci.hpp"
#include "pika/base/clock.hpp"
#include "pika/base/sync.hpp"

namespace pika::runner {

struct HousekeepingOptions {
  Micros every = 24 * 3600 * kSecond;  // 0: never
  Micros first = 10 * 60 * kSecond;    // after the start: whoever starts it often still gets one
  jerichoci::GcPolicy policy{.keep_days = 14, .keep_runs = 200};
};

class Housekeeping {
 public:
  Housekeeping(jerichoci::Engine& engine, HousekeepingOptions options);
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;
  ~Housekeeping();  // waits for a collection that is under way
  // One collection; what it did, or why not, is logged. Thread-safe.
  void collect();

 private:
  void live();
  jerichoci::Engine& engine_;
  HousekeepingOptions options_;
  Sync<bool> stop_{false};
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace pika::runner
