#include "event_queue.hpp"

namespace pika::http {

std::shared_ptr<EventStream> EventStream::make(std::size_t capacity) {
  return std::make_shared<EventQueue>(capacity);
}

void EventQueue::push(std::string frame) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  if (frames_.size() >= capacity_) {
    // It is too slow. What waits is of no use: it resumes from the last event it did get.
    overflowed_ = closed_ = true;
    frames_.clear();
    woken_ = false;
  } else {
    frames_.push_back(std::move(frame));
  }
  wake_locked();
}

void EventQueue::close() {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  closed_ = true;
  wake_locked();
}

bool EventQueue::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

bool EventQueue::overflowed() const {
  std::lock_guard lock(mutex_);
  return overflowed_;
}

bool EventQueue::attach(std::function<void()> wake) {
  std::lock_guard lock(mutex_);
  if (attached_) return false;
  attached_ = true;
  wake_ = std::move(wake);
  if (!frames_.empty() || closed_) wake_locked();
  return true;
}

void EventQueue::detach() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  frames_.clear();
  wake_ = nullptr;
}

EventQueue::Batch EventQueue::take() {
  constexpr std::size_t kEnough = 64 << 10;
  std::lock_guard lock(mutex_);
  woken_ = false;
  Batch batch;
  while (!frames_.empty() && batch.bytes.size() < kEnough) {
    batch.bytes += frames_.front();
    frames_.pop_front();
  }
  batch.ended = closed_ && frames_.empty() && batch.bytes.empty();
  return batch;
}

void EventQueue::wake_locked() {
  if (woken_ || !wake_) return;
  woken_ = true;
  wake_();
}

}  // namespace pika::http
