// Lets a coroutine wait until something on its own strand calls notify().
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace pika::http {

class Signal {
 public:
  template <class Executor>
  explicit Signal(const Executor& strand) : timer_(strand) {}
  // On the strand only. A notification that comes while nobody waits is kept for the next wait.
  void notify() {
    notified_ = true;
    timer_.cancel();
  }
  boost::asio::awaitable<void> wait() { return wait_until(std::chrono::steady_clock::time_point::max()); }
  // Ends at `deadline` too; the caller looks at what it waits for.
  boost::asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point deadline) {
    if (!notified_) {
      timer_.expires_at(deadline);
      boost::system::error_code ignored;
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    notified_ = false;
  }

 private:
  boost::asio::steady_timer timer_;
  bool notified_ = false;
};

}  // namespace pika::http
