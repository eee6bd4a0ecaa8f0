#include "stream_bridge.hpp"

#include <algorithm>
#include <utility>

namespace pika::http {

bool StreamBridge::write(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  while (!bytes.empty()) {
    space_.wait(lock, [this] { return gone_ || buffer_.size() < kBuffered; });
    if (gone_) return false;
    const auto size = std::min(bytes.size(), kBuffered - buffer_.size());
    buffer_.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    wake_locked();
  }
  return !gone_;
}

void StreamBridge::finish(End end) {
  std::lock_guard lock(mutex_);
  finished_ = true;
  failed_ = end == End::failed;
  if (wake_) wake_();
  wake_ = nullptr;  // it keeps the connection alive
}

StreamBridge::Batch StreamBridge::take() {
  std::lock_guard lock(mutex_);
  woken_ = false;
  Batch batch;
  batch.bytes = std::exchange(buffer_, {});
  batch.ended = finished_ && batch.bytes.empty();
  batch.failed = failed_;
  space_.notify_all();
  return batch;
}

void StreamBridge::peer_gone() {
  std::lock_guard lock(mutex_);
  gone_ = true;
  space_.notify_all();
}

void StreamBridge::wake_locked() {
  if (woken_ || !wake_) return;
  woken_ = true;
  wake_();
}

}  // namespace pika::http
