#include "runstore/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "pika/base/clock.hpp"
#include "pika/base/files.hpp"
#include "pika/base/log.hpp"

namespace jerichoci {

// A reader that lags further behind misses events; their numbers tell it so, and the file has them.
constexpr std::size_t kMostWaiting = 65'536;

struct Journal::Reader {
  struct Queue {
    std::deque<pika::json::Value> waiting;
    bool closing = false, ended = false, abandoned = false, lagged = false;
  };
  Reader(std::string its_run, EventSink its_sink) : run_id(std::move(its_run)), sink(std::move(its_sink)) {}

  void add(pika::json::Value event);
  void deliver();
  bool give(const pika::json::Value& event);
  void complain(std::string_view why);
  // True when the sink has been given everything in time; else it is given nothing more.
  bool finish(pika::Micros patience);

  std::string run_id;
  EventSink sink;
  pika::Sync<Queue> queue;
  std::condition_variable changed, over;
  bool complained = false;  // the thread's own
};

void Journal::Reader::add(pika::json::Value event) {
  auto q = queue.lock();
  if (q->waiting.size() < kMostWaiting) {
    q->waiting.push_back(std::move(event));
    changed.notify_all();
  } else if (!std::exchange(q->lagged, true)) {
    pika::log_warning("jerichoci", "run {}: a reader of events lags: it misses some", run_id);
  }
}

// Once a run: a reader that is gone would fail at every event.
void Journal::Reader::complain(std::string_view why) {
  if (!std::exchange(complained, true))
    pika::log_warning("jerichoci", "run {}: a reader of events failed: {}", run_id, why);
}

bool Journal::Reader::give(const pika::json::Value& event) {
  try {
    sink(event);
  } catch (const std::exception& error) {
    complain(error.what());
  } catch (...) {
    complain("it threw something that is no exception");
  }
  return !queue.lock()->abandoned;
}

void Journal::Reader::deliver() {
  while (true) {
    std::deque<pika::json::Value> batch;
    {
      auto q = queue.lock();
      while (q->waiting.empty() && !q->closing) q.wait(changed);
      if (q->waiting.empty()) {
        q->ended = true;
        over.notify_all();
        return;
      }
      batch.swap(q->waiting);
    }
    for (const auto& event : batch)
      if (!give(event)) return;
  }
}

bool Journal::Reader::finish(pika::Micros patience) {
  auto q = queue.lock();
  q->closing = true;
  changed.notify_all();
  auto until = pika::monotonic_now() + patience;
  while (!q->ended) {
    auto left = until - pika::monotonic_now();
    if (left <= 0) break;
    q.wait_for(over, std::chrono::microseconds(left));
  }
  if (!q->ended) {
    q->abandoned = true;
    q->waiting.clear();
  }
  return q->ended;
}

Journal::Journal(const fs::path& file, std::string run_id, EventSink sink, pika::Micros patience)
    : run_id_(std::move(run_id)), patience_(patience) {
  auto state = state_.lock();
  state->fd = pika::UniqueFd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!state->fd) throw pika::SystemError(fmt::format("create '{}'", file.string()));
  if (auto before = pika::read_file(file); before && !before->empty()) {
    state->size = before->size();
    if (before->back() != '\n') {  // a torn last line stays one line
      append(*state, "\n");
      *before += '\n';
    }
    state->seq = static_cast<std::uint64_t>(std::count(before->begin(), before->end(), '\n'));
  }
  if (!sink) return;
  reader_ = std::make_shared<Reader>(run_id_, std::move(sink));
  thread_ = std::thread([reader = reader_] { reader->deliver(); });
}

Journal::~Journal() {
  if (!reader_) return;
  if (reader_->finish(patience_)) {
    thread_.join();
    return;
  }
  // The one thread that we let go of: nothing can end a call that does not return, and the run is not to wait for it.
  pika::log_warning("jerichoci", "run {}: a reader of events did not take them in {}; it gets no more", run_id_,
                    pika::format_duration(patience_));
  thread_.detach();
}

void Journal::append(State& state, const std::string& line) {
  try {
    pika::write_all(state.fd.get(), line);
    state.size += line.size();
  } catch (const pika::SystemError& error) {
    [[maybe_unused]] int n = ::ftruncate(state.fd.get(), static_cast<off_t>(state.size));
    pika::log_error("jerichoci", "run {}: an event is not in the journal: {}", run_id_, error.what());
  }
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
  append(*state, pika::json::print(value) + "\n");
  if (reader_) reader_->add(std::move(value));
}

}  // namespace jerichoci
