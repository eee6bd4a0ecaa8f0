// The explain loop: makes the stored diff and the tutorial of every version, on a thread of its own, newest first.
// A kill in the middle leaves the version pending; the next start takes it up again.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "pika/explain/tutorial.hpp"
#include "pika/forge/layout.hpp"
#include "pika/store/store.hpp"

namespace pika::forge {

class ExplainLoop {
 public:
  // `ready` is called after each tutorial that became ready, and when the loop has caught up, on its thread; must be
  // quick.
  ExplainLoop(store::Store& store, Layout layout, std::function<void()> ready = {});
  ~ExplainLoop();  // waits for the version at hand
  void start();
  void kick();  // something is pending
  // What an earlier explainer wrote about open branches has been written anew.
  bool caught_up() const { return caught_up_; }

 private:
  void run();
  bool explain_pending();
  std::vector<store::Version> told_by_an_older_explainer();
  void explain(const store::Version& version);

  store::Store& store_;
  Layout layout_;
  std::function<void()> ready_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false, pending_ = true, looked_for_older_ = false;
  std::atomic<bool> caught_up_ = false;
  std::thread thread_;
};

// The stored diff of a version: read from its file, made (and stored) when it is not there yet.
Result<git::Diff> stored_diff(const Layout& layout, const store::Repository& repository, const store::Version& version);
// The tutorial of a version; what an older explainer wrote when there is no newer one yet.
Result<explain::Tutorial> stored_tutorial(const Layout& layout, const store::Version& version);

}  // namespace pika::forge
