#include "runstore/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "pika/base/clock.hpp"
#include "pika/base/files.hpp"
#include "pika/base/log.hpp"

namespace jerichoci {

Journal::Journal(const fs::path& file, std::string run_id, EventSink sink)
    : run_id_(std::move(run_id)), sink_(std::move(sink)) {
  auto state = state_.lock();
  state->fd = pika::UniqueFd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!state->fd) throw pika::SystemError(fmt::format("create '{}'", file.string()));
  if (auto before = pika::read_file(file); before && !before->empty()) {
    state->seq = static_cast<std::uint64_t>(std::count(before->begin(), before->end(), '\n'));
    if (before->back() != '\n') pika::write_all(state->fd.get(), "\n");  // a torn last line stays one line
  }
  if (sink_) reader_ = std::thread([this] { deliver(); });
}

Journal::~Journal() {
  state_.lock()->closing = true;
  changed_.notify_all();
  if (reader_.joinable()) reader_.join();
}

void Journal::event(std::string_view name, pika::json::Object fields) {
  auto state = state_.lock();
  pika::json::Object event{{"schema_version", 1},
                           {"seq", ++state->seq},
                           {"time", pika::format_iso(pika::system_clock().now())},
                           {"event", name},
                           {"run_id", run_id_}};
  for (auto& [key, value] : fields) event[key] = std::move(value);
  pika::json::Value value(std::move(event));
  try {
    pika::write_all(state->fd.get(), pika::json::print(value) + "\n");
  } catch (const pika::SystemError& error) {
    pika::log_error("jerichoci", "run {}: event {} is not in the journal: {}", run_id_, name, error.what());
  }
  if (sink_) state->waiting.push_back(std::move(value));
  changed_.notify_all();
}

// Once a run: a reader that is gone would fail at every event.
void Journal::complain(std::string_view why) {
  if (!std::exchange(complained_, true))
    pika::log_warning("jerichoci", "run {}: a reader of events failed: {}", run_id_, why);
}

void Journal::deliver() {
  while (true) {
    std::deque<pika::json::Value> batch;
    {
      auto state = state_.lock();
      while (state->waiting.empty() && !state->closing) state.wait(changed_);
      if (state->waiting.empty()) return;
      batch.swap(state->waiting);
    }
    for (const auto& event : batch) {
      try {
        sink_(event);
      } catch (const std::exception& error) {
        complain(error.what());
      } catch (...) {
        complain("it threw something that is no exception");
      }
    }
  }
}

}  // namespace jerichoci
