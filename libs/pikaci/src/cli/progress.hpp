// What a person sees while jobs run: a live line for each running job on a terminal, and in any case one line when a
// job has ended, with the end of its log when it failed.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/console.hpp"

namespace pikaci {

// The last bytes of a job's log.
using LogTail =
    std::function<std::string(const std::string& run_id, const std::string& job_id, std::uint64_t log_bytes)>;

class RunProgress {
 public:
  RunProgress(Console& console, LogTail tail);
  ~RunProgress();
  // Any thread; jsonl passes events through.
  void on_event(const json::Value& event);

 private:
  struct Running {
    std::string job;
    pika::Micros since = 0;  // monotonic
    std::uint64_t log_bytes = 0;
  };
  void started(const std::string& job);
  void retried(const json::Value& event, const std::string& job);
  std::optional<pika::Micros> stopped(const std::string& job);  // how long it ran
  void ended(const json::Value& event, const std::string& job);
  void show_ended(const json::Value& event, const std::string& job, std::optional<pika::Micros> took);
  void show_tail(const std::string& run, const std::string& job, std::uint64_t log_bytes);
  void erase_live();
  void draw_live();
  void tick();

  Console& console_;
  LogTail tail_;
  std::mutex mutex_;
  std::condition_variable stop_signal_;
  bool stopping_ = false;
  std::vector<Running> running_;
  std::size_t live_lines_ = 0;
  int answers_seen_ = 0;   // to a first, to a second Ctrl-C
  std::size_t width_ = 0;  // of the widest job id so far
  std::thread ticker_;
};

// "✓", "✗", "–" in their colours
std::string mark(const Console& console, std::string_view status);

}  // namespace pikaci
