#include "pika/forge/event_hub.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/log.hpp"

namespace pika::forge {

namespace {
constexpr int kBatch = 500;

std::string frame(const store::Event& e) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", e.sequence, e.kind, e.data);
}
}  // namespace

EventHub::EventHub(store::Store& store) : store_(store) {}
EventHub::~EventHub() {
  stop();
}

void EventHub::start() {
  thread_ = std::thread([this] { run(); });
}

void EventHub::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    for (auto& reader : readers_)
      if (auto stream = reader.stream.lock()) stream->close();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void EventHub::kick() {
  {
    std::lock_guard lock(mutex_);
    grown_ = true;
  }
  changed_.notify_all();
}

std::shared_ptr<http::EventStream> EventHub::subscribe(std::optional<store::RepositoryId> repository,
                                                       std::int64_t since) {
  auto stream = http::EventStream::make();
  stream->push(": welcome\n\n");
  {
    std::lock_guard lock(mutex_);
    if (stop_) stream->close();
    readers_.push_back({stream, repository, since});
    grown_ = true;
  }
  changed_.notify_all();
  return stream;
}

void EventHub::tell_now(store::RepositoryId repository, std::string_view kind, const std::string& data) {
  auto text = fmt::format("event: {}\ndata: {}\n\n", kind, data);
  std::lock_guard lock(mutex_);
  for (auto& reader : readers_)
    if (!reader.repository || *reader.repository == repository)
      if (auto stream = reader.stream.lock()) stream->push(text);
}

void EventHub::run() {
  for (;;) {
    std::int64_t oldest = INT64_MAX;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || grown_; });
      if (stop_) return;
      grown_ = false;
      std::erase_if(readers_, [](const Reader& r) {
        auto stream = r.stream.lock();
        return !stream || stream->closed();
      });
      for (const auto& r : readers_) oldest = std::min(oldest, r.sent);
      if (readers_.empty()) continue;
    }
    try {
      auto events = store_.events_after(oldest, kBatch);
      if (events.empty()) continue;
      std::lock_guard lock(mutex_);
      for (auto& reader : readers_) {
        auto stream = reader.stream.lock();
        if (!stream) continue;
        for (const auto& e : events)
          if (e.sequence > reader.sent && (!reader.repository || *reader.repository == e.repository))
            stream->push(frame(e));
        reader.sent = std::max(reader.sent, events.back().sequence);
      }
      if (static_cast<int>(events.size()) == kBatch) grown_ = true;
    } catch (const std::exception& e) {
      log_warning("events", "{}", e.what());
    }
  }
}

}  // namespace pika::forge
