// The runner of this host, as a process of its own that outlives the server: started when none holds the runner's
// state, looked after while the server runs, never stopped by it. It leaves by itself when no server is there for a
// while and nothing runs.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "pika/forge/layout.hpp"
#include "pika/server/site.hpp"

namespace pika::server {

class RunnerProcess {
 public:
  RunnerProcess(const SiteOptions& options, forge::Layout layout);
  ~RunnerProcess();
  void start();

 private:
  void watch();
  const SiteOptions& options_;
  forge::Layout layout_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace pika::server
