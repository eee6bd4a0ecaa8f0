#include "exec/supervise.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

using pika::Micros;
using pika::monotonic_now;
using pika::UniqueFd;

namespace {

constexpr Micros kForEver = pika::kSecond * 3600 * 24 * 365 * 100;  // so that a sum with the present is a time
constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kTail = 4096;
constexpr Micros kDrain = pika::kSecond / 2;

class Supervisor {
 public:
  Supervisor(JobProcess& process, LogWriter& log, const Supervision& supervision)
      : process_(process),
        log_(log),
        s_(supervision),
        deadline_(monotonic_now() + std::min(supervision.time, kForEver)),
        buffer_(kPiece) {
    pika::set_nonblocking(process.out.get());
    pika::set_nonblocking(process.err.get());
  }

  Ending run() {
    while (!step()) {
    }
    ending_.exit = process_.finish(error_tail_);
    drain();
    return std::move(ending_);
  }

 private:
  // One turn of the loop; true when the supervising process has ended.
  bool step() {
    struct pollfd fds[6] = {{process_.pidfd(), POLLIN, 0},
                            {process_.out ? process_.out.get() : -1, POLLIN, 0},
                            {process_.err ? process_.err.get() : -1, POLLIN, 0},
                            {process_.report_fd(), POLLIN, 0},
                            {ending_asked_ ? -1 : s_.cancel_fd, POLLIN, 0},
                            {killed_ ? -1 : s_.kill_fd, POLLIN, 0}};
    if (::poll(fds, 6, wait_ms()) < 0 && errno != EINTR) throw pika::SystemError("poll");
    if (fds[1].revents) read(process_.out, LogStream::out);
    if (fds[2].revents) read(process_.err, LogStream::err);
    if (fds[3].revents) process_.read_report();
    if (fds[4].revents && !ending_asked_) {
      ending_.cancelled = true;
      ask_to_end();
    }
    if (fds[5].revents) kill();
    timers();
    return fds[0].revents != 0;
  }

  int wait_ms() const {
    std::optional<Micros> at;
    auto until = [&](Micros t) { at = at ? std::min(*at, t) : t; };
    if (!ending_asked_) until(deadline_);
    if (kill_at_) until(*kill_at_);
    if (s_.progress && log_.seen() != told_) until(told_at_ + pika::kSecond);
    if (s_.over_disk && !ending_.over_disk) until(look_at_);
    if (!at) return -1;
    return static_cast<int>(std::clamp<Micros>((*at - monotonic_now() + 999) / 1000, 0, 3'600'000));
  }

  void timers() {
    auto now = monotonic_now();
    if (!ending_asked_ && now >= deadline_) {
      ending_.timed_out = true;
      ask_to_end();
    }
    if (kill_at_ && now >= *kill_at_) {
      process_.kill_all();
      kill_at_ = now + pika::kSecond;  // again, should it be stuck
    }
    look_at_disk();
    if (s_.progress && log_.seen() != told_ && now >= told_at_ + pika::kSecond) {
      told_ = log_.seen();
      told_at_ = now;
      s_.progress(log_.size());
    }
  }

  void look_at_disk() {
    auto began = monotonic_now();
    if (!s_.over_disk || ending_.over_disk || began < look_at_) return;
    if (s_.over_disk()) {
      ending_.over_disk = true;
      ending_asked_ = true;
      kill_at_ = monotonic_now() + pika::kSecond;
      process_.kill_all();
    }
    // At most a twentieth of the time goes into looking.
    auto now = monotonic_now();
    look_at_ = now + std::max(s_.look_at_disk_every, 20 * (now - began));
  }

  void ask_to_end() {
    ending_asked_ = true;
    kill_at_ = monotonic_now() + s_.grace;
    process_.terminate();
  }

  void kill() {
    if (!ending_asked_) ending_.cancelled = true;
    killed_ = ending_asked_ = true;
    kill_at_ = monotonic_now() + pika::kSecond;
    process_.kill_all();
  }

  // True while there may be more.
  bool read(UniqueFd& fd, LogStream stream) {
    auto n = ::read(fd.get(), buffer_.data(), buffer_.size());
    if (n < 0) return errno == EINTR;
    if (n == 0) {
      fd.reset();
      return false;
    }
    std::string_view bytes(buffer_.data(), static_cast<std::size_t>(n));
    if (stream == LogStream::err) {
      error_tail_.append(bytes);
      if (error_tail_.size() > 2 * kTail) error_tail_.erase(0, error_tail_.size() - kTail);
    }
    if (!ending_.log_error.empty()) return true;
    try {
      log_.write(bytes, stream, pika::system_clock().now());
    } catch (const pika::SystemError& error) {
      ending_.log_error = error.what();
      ending_asked_ = true;
      process_.kill_all();
    }
    return true;
  }

  // What is still in the pipes. Everybody who could write is gone, but for a process that got away from a host_process
  // job's leader: it is not waited for.
  void drain() {
    auto until = monotonic_now() + kDrain;
    for (auto* fd : {&process_.out, &process_.err})
      while (*fd && read(*fd, fd == &process_.out ? LogStream::out : LogStream::err) && monotonic_now() < until) {
      }
  }

  JobProcess& process_;
  LogWriter& log_;
  const Supervision& s_;
  Ending ending_;
  Micros deadline_;
  std::optional<Micros> kill_at_;
  Micros look_at_ = 0;
  bool ending_asked_ = false, killed_ = false;
  std::uint64_t told_ = 0;
  Micros told_at_ = 0;
  std::vector<char> buffer_;
  std::string error_tail_;
};

}  // namespace

Ending supervise(JobProcess& process, LogWriter& log, const Supervision& supervision) {
  return Supervisor(process, log, supervision).run();
}

}  // namespace jerichoci
