// Between the thread that produces a streamed answer and the connection that sends it.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>

#include "pika/http/message.hpp"

namespace pika::http {

class StreamBridge final : public BodyWriter {
 public:
  static constexpr std::size_t kBuffered = 256 << 10;

  // `wake` is called from the producer's thread when there is something to take, or the end; it may not call back.
  explicit StreamBridge(std::function<void()> wake) : wake_(std::move(wake)) {}

  // The producer's side.
  bool write(std::string_view bytes) override;
  enum class End { complete, failed };
  void finish(End end);

  // The connection's side.
  struct Batch {
    std::string bytes;
    bool ended = false;  // and nothing left
    bool failed = false;
  };
  Batch take();
  void peer_gone();  // write() gives false from now on

 private:
  void wake_locked();

  std::mutex mutex_;
  std::condition_variable space_;
  std::function<void()> wake_;
  std::string buffer_;
  bool gone_ = false;
  bool finished_ = false;
  bool failed_ = false;
  bool woken_ = false;  // since the last take()
};

}  // namespace pika::http
