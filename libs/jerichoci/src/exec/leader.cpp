#include "exec/leader.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "exec/launch.hpp"

namespace jerichoci {

namespace {

struct Charged {
  std::int64_t cpu_time = 0;
  std::uint64_t peak = 0;

  void add(const struct rusage& usage, bool with_peak) {
    auto micros = [](const timeval& t) { return static_cast<std::int64_t>(t.tv_sec) * 1'000'000 + t.tv_usec; };
    cpu_time += micros(usage.ru_utime) + micros(usage.ru_stime);
    if (with_peak) peak = std::max(peak, static_cast<std::uint64_t>(usage.ru_maxrss) * 1024);
  }
};

// Kills children until there are none; what they leave behind becomes our child and is next.
void bury_all(Charged& charged, pid_t without_peak) {
  while (true) {
    int fd = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    char text[8192];
    ssize_t n = fd < 0 ? 0 : ::read(fd, text, sizeof text);
    if (fd >= 0) ::close(fd);
    pid_t pid = 0;
    for (ssize_t i = 0; i < n; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        pid = pid * 10 + (text[i] - '0');
      } else {
        if (pid > 1) ::kill(pid, SIGKILL);
        pid = 0;
      }
    }
    struct rusage usage{};
    pid_t ended = ::wait4(-1, nullptr, 0, &usage);
    if (ended > 0) charged.add(usage, ended != without_peak);
    if (ended < 0 && errno == ECHILD) return;
  }
}

[[noreturn]] void end(int report, int status, const Charged& charged) {
  LeaderMessage m{LeaderMessage::ended, status, charged.cpu_time, charged.peak, {}};
  [[maybe_unused]] auto n = ::write(report, &m, sizeof m);
  ::_exit(0);
}

}  // namespace

void tell(int report, LeaderMessage::Kind kind, int value, const char* step) {
  LeaderMessage m{kind, value, 0, 0, {}};
  std::strncpy(m.step, step, sizeof m.step - 1);
  [[maybe_unused]] auto n = ::write(report, &m, sizeof m);
}

void become_leader(pid_t engine) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != engine) ::_exit(127);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::setpgid(0, 0);
  ::umask(022);
  // Whoever started us may ignore it; then no child's end would be told.
  struct sigaction defaults{};
  defaults.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &defaults, nullptr);
  set_default_limits();
}

void begin_to_lead(pid_t engine) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != engine) ::_exit(127);
}

void lead(int report, pid_t first, FirstPeak first_peak) {
  pid_t without_peak = first_peak == FirstPeak::counts ? -1 : first;
  Charged charged;
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGCHLD);
  ::sigaddset(&wanted, SIGTERM);
  while (true) {
    int status = 0;
    struct rusage usage{};
    pid_t ended;
    while ((ended = ::wait4(-1, &status, WNOHANG, &usage)) > 0) {
      charged.add(usage, ended != without_peak);
      if (ended != first) continue;
      bury_all(charged, without_peak);
      end(report, status, charged);
    }
    siginfo_t info;
    if (::sigwaitinfo(&wanted, &info) == SIGTERM) {
      bury_all(charged, without_peak);
      end(report, SIGKILL, charged);
    }
  }
}

LeaderReport::LeaderReport(pika::UniqueFd pipe) : pipe_(std::move(pipe)) {
  pika::set_nonblocking(pipe_.get());
}

void LeaderReport::read() {
  while (pipe_) {
    LeaderMessage m{};
    auto n = ::read(pipe_.get(), &m, sizeof m);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;
    if (n != sizeof m) {
      pipe_.reset();
      return;
    }
    m.step[sizeof m.step - 1] = 0;
    if (m.kind == LeaderMessage::started) first_ = m.value;
    if (m.kind == LeaderMessage::ended && !ended_) ended_ = m;
    if (m.kind == LeaderMessage::failed && !failure_) failure_ = m;
  }
}

ResourceUse LeaderReport::used(std::uint64_t engine_peak) const {
  ResourceUse used;
  if (!ended_) return used;
  used.cpu_time = ended_->cpu_time;
  if (ended_->peak > engine_peak) used.peak_memory_bytes = ended_->peak;
  return used;
}

}  // namespace jerichoci
