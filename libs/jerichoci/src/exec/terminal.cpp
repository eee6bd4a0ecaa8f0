#include "exec/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "pika/base/result.hpp"

namespace jerichoci {

using pika::Micros;
using pika::monotonic_now;
using pika::UniqueFd;

namespace {

constexpr std::size_t kPiece = 4096;
constexpr std::size_t kTail = 4096;

void copy_size(int from, int to) {
  struct winsize size{};
  if (::ioctl(from, TIOCGWINSZ, &size) == 0) ::ioctl(to, TIOCSWINSZ, &size);
}

// Every key goes to the job; as it was before when this is over.
class RawTerminal {
 public:
  explicit RawTerminal(int fd) : fd_(fd) {
    if (::tcgetattr(fd, &before_) != 0) return;
    auto raw = before_;
    ::cfmakeraw(&raw);
    changed_ = ::tcsetattr(fd, TCSANOW, &raw) == 0;
  }
  RawTerminal(const RawTerminal&) = delete;
  ~RawTerminal() {
    if (changed_) ::tcsetattr(fd_, TCSANOW, &before_);
  }

 private:
  int fd_;
  bool changed_ = false;
  struct termios before_{};
};

// Bytes on their way from one descriptor to another; it takes more only when the last have arrived.
class Way {
 public:
  bool has_room() const { return bytes_.empty(); }
  // False: nothing will come any more.
  bool read(int fd) {
    bytes_.resize(kPiece);
    auto n = ::read(fd, bytes_.data(), bytes_.size());
    auto error = errno;
    bytes_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return n > 0 || (n < 0 && (error == EINTR || error == EAGAIN));
  }
  // False: nobody takes them any more.
  bool write(int fd) {
    auto n = ::write(fd, bytes_.data(), bytes_.size());
    if (n < 0) return errno == EINTR || errno == EAGAIN;
    bytes_.erase(0, static_cast<std::size_t>(n));
    return true;
  }
  void drop() { bytes_.clear(); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class Attendant {
 public:
  Attendant(JobProcess& process, Pty pty, const ShellTerminal& terminal, const Supervision& supervision)
      : process_(process), master_(std::move(pty.master)), terminal_(terminal), s_(supervision) {
    pty.slave.reset();
    copy_size(terminal_.out, master_.get());
  }

  Ending run() {
    {
      RawTerminal raw(terminal_.in);
      while (!step()) {
      }
      drain();
    }
    ending_.exit = process_.finish(tail_);
    return std::move(ending_);
  }

 private:
  // True when the supervising process has ended.
  bool step() {
    auto events = [](bool in, bool out) { return static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0)); };
    struct pollfd fds[8] = {{process_.pidfd(), POLLIN, 0},
                            {master_ && (from_job_.has_room() || !to_job_.has_room()) ? master_.get() : -1,
                             events(from_job_.has_room(), !to_job_.has_room()), 0},
                            {!gone_ && to_job_.has_room() ? terminal_.in : -1, POLLIN, 0},
                            {from_job_.has_room() ? -1 : terminal_.out, POLLOUT, 0},
                            {process_.report_fd(), POLLIN, 0},
                            {asked_ ? -1 : s_.cancel_fd, POLLIN, 0},
                            {terminal_.resized, POLLIN, 0},
                            {killed_ ? -1 : s_.kill_fd, POLLIN, 0}};
    if (::poll(fds, 8, wait_ms()) < 0 && errno != EINTR) throw pika::SystemError("poll");
    if (fds[1].revents) talk_to_job(fds[1].revents);
    if (fds[2].revents && !to_job_.read(terminal_.in)) leave();
    if (fds[3].revents && !from_job_.write(terminal_.out)) leave();
    if (fds[4].revents) process_.read_report();
    if (fds[5].revents && !asked_) hang_up();
    if (fds[6].revents) resize();
    if (fds[7].revents) kill();
    timers();
    return fds[0].revents != 0;
  }

  void talk_to_job(short revents) {
    if (!to_job_.has_room() && (revents & POLLOUT) && !to_job_.write(master_.get())) to_job_.drop();
    if (from_job_.has_room() && (revents & (POLLIN | POLLHUP))) {
      bool more = from_job_.read(master_.get());
      remember();
      // Nobody has the other end open: before the job has it, while the first process is being made, never again later.
      if (!more) master_.reset();
    }
  }

  // The sandbox program says on the terminal why it could not begin.
  void remember() {
    tail_ += from_job_.bytes();
    if (tail_.size() > 2 * kTail) tail_.erase(0, tail_.size() - kTail);
  }

  // The person's terminal is not there any more.
  void leave() {
    gone_ = true;
    from_job_.drop();
    if (!asked_) hang_up();
  }

  void hang_up() {
    asked_ = ending_.cancelled = true;
    kill_at_ = monotonic_now() + s_.grace;
    process_.terminate();
    master_.reset();  // HUP to who is in front and to the session's first
  }

  void kill() {
    killed_ = true;
    if (!asked_) hang_up();
    kill_at_ = monotonic_now();
  }

  void resize() {
    char bytes[64];
    [[maybe_unused]] auto n = ::read(terminal_.resized, bytes, sizeof bytes);
    if (master_) copy_size(terminal_.out, master_.get());
  }

  int wait_ms() const {
    std::optional<Micros> at = kill_at_;
    if (s_.over_disk && !ending_.over_disk) at = at ? std::min(*at, look_at_) : look_at_;
    if (!at) return -1;
    return static_cast<int>(std::clamp<Micros>((*at - monotonic_now() + 999) / 1000, 0, 3'600'000));
  }

  void timers() {
    auto now = monotonic_now();
    if (kill_at_ && now >= *kill_at_) {
      process_.kill_all();
      kill_at_ = now + pika::kSecond;
    }
    if (!s_.over_disk || ending_.over_disk || now < look_at_) return;
    if (s_.over_disk()) {
      ending_.over_disk = asked_ = true;
      kill_at_ = now + pika::kSecond;
      process_.kill_all();
    }
    auto after = monotonic_now();
    look_at_ = after + std::max(s_.look_at_disk_every, 20 * (after - now));
  }

  // What was written last, to a terminal that takes it.
  void drain() {
    auto until = monotonic_now() + pika::kSecond;
    while (!gone_ && monotonic_now() < until) {
      if (from_job_.has_room()) {
        if (!master_ || !from_job_.read(master_.get()) || from_job_.has_room()) return;
        remember();
      }
      struct pollfd out{terminal_.out, POLLOUT, 0};
      if (::poll(&out, 1, 100) > 0 && !from_job_.write(terminal_.out)) return;
    }
  }

  JobProcess& process_;
  UniqueFd master_;
  const ShellTerminal& terminal_;
  const Supervision& s_;
  Ending ending_;
  Way to_job_, from_job_;
  std::string tail_;
  std::optional<Micros> kill_at_;
  Micros look_at_ = 0;
  bool asked_ = false;  // to end
  bool killed_ = false;
  bool gone_ = false;  // the person's terminal
};

}  // namespace

Pty make_pty(const ShellTerminal& terminal, std::optional<std::uint32_t> uid) {
  Pty pty;
  pty.master = UniqueFd(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  int unlocked = 0;
  if (!pty.master || ::ioctl(pty.master.get(), TIOCSPTLCK, &unlocked) != 0)
    throw pika::SystemError("a new terminal (/dev/ptmx)");
  pty.slave = UniqueFd(::ioctl(pty.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pty.slave) throw pika::SystemError("a new terminal's other end");
  if (uid && ::fchown(pty.slave.get(), *uid, static_cast<gid_t>(-1)) != 0)
    throw pika::SystemError("chown of a new terminal");
  copy_size(terminal.out, pty.master.get());
  pika::set_nonblocking(pty.master.get());
  return pty;
}

int take_terminal() {
  if (::setsid() < 0 && errno != EPERM) return errno;  // EPERM: it leads one already
  return ::ioctl(0, TIOCSCTTY, 0) == 0 ? 0 : errno;
}

Ending attend(JobProcess& process, Pty pty, const ShellTerminal& terminal, const Supervision& supervision) {
  return Attendant(process, std::move(pty), terminal, supervision).run();
}

}  // namespace jerichoci
