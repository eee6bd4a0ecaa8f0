// The queue between those who push events and the connection of their one reader.
#pragma once
#include <deque>
#include <functional>
#include <mutex>

#include "pika/http/message.hpp"

namespace pika::http {

class EventQueue final : public EventStream {
 public:
  explicit EventQueue(std::size_t capacity) : capacity_(capacity) {}
  void push(std::string frame) override;
  void close() override;
  bool closed() const override;

  // The connection's side. `wake` is called by any thread when there is something to take, or the end; it may not call
  // back. false: it has a reader already.
  bool attach(std::function<void()> wake);
  // Closes, and forgets `wake`: it is not called afterwards.
  void detach();
  struct Batch {
    std::string bytes;
    bool ended = false;  // closed and nothing left
  };
  Batch take();
  bool overflowed() const;

 private:
  void wake_locked();

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<std::string> frames_;
  bool closed_ = false;
  bool overflowed_ = false;
  bool attached_ = false;
  bool woken_ = false;  // since the last take()
  std::function<void()> wake_;
};

}  // namespace pika::http
