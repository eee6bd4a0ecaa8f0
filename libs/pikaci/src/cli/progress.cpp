#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "pika/base/clock.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

namespace {
constexpr std::size_t kTailLines = 20;
constexpr std::size_t kMostLive = 10;
constexpr std::uint64_t kMaxTail = 16 << 10;
}  // namespace

std::string mark(const Console& console, std::string_view status) {
  if (status == "passed") return console.paint(Ink::good, "✓");
  if (status == "failed") return console.paint(Ink::bad, "✗");
  return console.paint(Ink::faint, "–");
}

RunProgress::RunProgress(Console& console, LogTail tail) : console_(console), tail_(std::move(tail)) {
  if (console_.human() && console_.context().terminal) ticker_ = std::thread([this] { tick(); });
}

RunProgress::~RunProgress() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_signal_.notify_all();
  if (ticker_.joinable()) ticker_.join();
  erase_live();
}

void RunProgress::tick() {
  std::unique_lock lock(mutex_);
  while (!stop_signal_.wait_for(lock, std::chrono::milliseconds(250), [&] { return stopping_; })) {
    erase_live();
    draw_live();
  }
}

void RunProgress::on_event(const json::Value& event) {
  if (console_.jsonl()) return console_.json_line(event);
  if (!console_.human()) return;
  auto name = json::find_string(event, "event").value_or("");
  auto job = json::find_string(event, "job_id").value_or("");
  std::lock_guard lock(mutex_);
  if (name == "job_started") started(job);
  if (name == "job_retried") retried(event, job);
  if (name == "job_finished" || name == "job_skipped") ended(event, job);
  if (name == "job_progress") {
    for (auto& running : running_)
      if (running.job == job)
        running.log_bytes = static_cast<std::uint64_t>(json::find_int(event, "log_bytes").value_or(0));
  }
}

void RunProgress::started(const std::string& job) {
  running_.push_back({job, pika::monotonic_now(), 0});
  width_ = std::max(width_, job.size());
  if (!ticker_.joinable()) return;
  erase_live();
  draw_live();
}

std::optional<pika::Micros> RunProgress::stopped(const std::string& job) {
  auto running = std::find_if(running_.begin(), running_.end(), [&](const Running& r) { return r.job == job; });
  if (running == running_.end()) return std::nullopt;
  auto took = pika::monotonic_now() - running->since;
  running_.erase(running);
  return took;
}

void RunProgress::retried(const json::Value& event, const std::string& job) {
  erase_live();
  auto took = stopped(job);
  console_.say(fmt::format("  {} {:<{}}  attempt {} failed{}  {}; trying again", console_.paint(Ink::faint, "↻"), job,
                           width_, json::find_int(event, "attempt").value_or(1),
                           took ? "  " + pika::format_duration(*took) : "",
                           printable(json::find_string(event, "message").value_or(""))));
  draw_live();
}

void RunProgress::ended(const json::Value& event, const std::string& job) {
  erase_live();
  auto took = stopped(job);
  width_ = std::max(width_, job.size());
  show_ended(event, job, took);
  draw_live();
}

void RunProgress::show_ended(const json::Value& event, const std::string& job, std::optional<pika::Micros> took) {
  auto status = json::find_string(event, "status").value_or("");
  auto message = printable(json::find_string(event, "message").value_or(""));
  if (message == status) message.clear();
  if (auto attempt = json::find_int(event, "attempt").value_or(1); attempt > 1)
    message += fmt::format("{}attempt {}", message.empty() ? "" : ", ", attempt);
  console_.say(fmt::format("  {} {:<{}}  {}{}{}", mark(console_, status), job, width_, status,
                           took ? "  " + pika::format_duration(*took) : "", message.empty() ? "" : "  " + message));
  if (status != "failed") return;
  show_tail(json::find_string(event, "run_id").value_or(""), job,
            static_cast<std::uint64_t>(json::find_int(event, "log_bytes").value_or(0)));
}

void RunProgress::show_tail(const std::string& run, const std::string& job, std::uint64_t log_bytes) {
  auto bytes = tail_(run, job, std::min(log_bytes, kMaxTail));
  auto text = printable(bytes);
  auto shown = last_lines(text, kTailLines);
  if (!shown.empty())
    for (auto line : pika::split(shown, '\n'))
      console_.say("    " + console_.paint(Ink::faint, "│ ") + std::string(line));
  console_.say("    " + console_.paint(Ink::faint, fmt::format("whole log: pikaci logs {} --job {}", run, job)));
}

// Whoever asks for the end is answered below the live lines, which stay where they are then, and the answer too.
void RunProgress::erase_live() {
  const auto& cancel = console_.context().cancel;
  int answers = (cancel.cancelled() ? 1 : 0) + (cancel.killed() ? 1 : 0);
  if (answers > answers_seen_) live_lines_ = 0;
  answers_seen_ = answers;
  if (live_lines_ > 0) console_.raw(fmt::format("\x1b[{}A\x1b[J", live_lines_));
  live_lines_ = 0;
}

void RunProgress::draw_live() {
  if (!ticker_.joinable() || stopping_) return;
  std::string text;
  auto columns = std::max(20u, console_.context().columns);
  for (const auto& running : running_) {
    if (live_lines_ == kMostLive) break;
    // The time is what moves: where there is little room the name is cut, and the log's size goes first.
    auto took = pika::format_duration(pika::monotonic_now() - running.since);
    auto rest = fmt::format("  running  {}", took);
    if (running.log_bytes > 0) rest += fmt::format("  {} of log", pika::format_bytes(running.log_bytes));
    constexpr std::size_t kMark = 5;  // "  … ", and the last column, which some terminals fold after
    if (columns < kMark + std::min<std::size_t>(width_, 20) + width_of(rest)) rest = "  " + took;
    auto room = columns - std::min<std::size_t>(columns, kMark + width_of(rest));
    text +=
        clip(fmt::format("  … {:<{}}{}", clip(running.job, room), std::min(width_, room), rest), columns - 1) + "\n";
    ++live_lines_;
  }
  console_.raw(text);
}

}  // namespace pikaci
