#include "pika/runner/housekeeping.hpp"

#include <chrono>

#include "pika/base/log.hpp"
#include "pika/base/text.hpp"

namespace pika::runner {

Housekeeping::Housekeeping(jerichoci::Engine& engine, HousekeepingOptions options)
    : engine_(engine), options_(std::move(options)) {
  if (options_.every > 0) thread_ = std::thread([this] { live(); });
}

Housekeeping::~Housekeeping() {
  *stop_.lock() = true;
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Housekeeping::live() {
  auto due = monotonic_now() + options_.first;
  while (true) {
    {
      auto stop = stop_.lock();
      while (!*stop && monotonic_now() < due) stop.wait_for(changed_, std::chrono::microseconds(due - monotonic_now()));
      if (*stop) return;
    }
    collect();
    due = monotonic_now() + options_.every;
  }
}

void Housekeeping::collect() {
  auto report = engine_.gc(options_.policy);
  if (!report) {
    log_warning("runner", "nothing was collected: {}", report.error().text());
    return;
  }
  std::uint64_t gone = 0;
  for (const auto& c : report->classes) gone += c.removed_bytes;
  log_info("runner", "collected {} of {} and {} in {}", format_bytes(gone), format_bytes(report->bytes_before),
           plural(static_cast<std::int64_t>(report->removed_runs.size()), "run"), format_duration(report->took));
  for (const auto& note : report->notes) log_info("runner", "{}", note);
}

}  // namespace pika::runner
