#include "pika/proc/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "pika/base/files.hpp"
#include "pika/base/result.hpp"
#include "pika/base/text.hpp"

extern char** environ;

namespace pika::proc {

namespace {

int exit_code_of(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
  return -1;
}

// Everything the child needs is made before fork: after it, only async-signal-safe calls.
struct Prepared {
  std::string program;
  std::vector<char*> argv;
  std::vector<std::string> env_strings;
  std::vector<char*> envp;
};

Prepared prepare(const Command& command) {
  Prepared p;
  if (!command.argv.empty()) {
    p.program = command.argv[0];
    if (p.program.find('/') == std::string::npos) {
      if (auto found = find_program(p.program)) p.program = found->string();
    }
  }
  for (const auto& a : command.argv) p.argv.push_back(const_cast<char*>(a.c_str()));
  p.argv.push_back(nullptr);
  if (!command.clean_env) {
    for (char** e = environ; *e; ++e) {
      std::string_view entry = *e;
      if (!command.drop_env.empty() && entry.starts_with(command.drop_env)) continue;
      auto name = entry.substr(0, entry.find('=') + 1);
      bool replaced = std::any_of(command.env.begin(), command.env.end(),
                                  [&](const std::string& s) { return std::string_view(s).starts_with(name); });
      if (!replaced) p.env_strings.emplace_back(entry);
    }
  }
  for (const auto& e : command.env) p.env_strings.push_back(e);
  for (auto& e : p.env_strings) p.envp.push_back(e.data());
  p.envp.push_back(nullptr);
  return p;
}

struct ChildFailure {
  int error;
  char step[24];
};

[[noreturn]] void child_fail(int report, const char* step) {
  ChildFailure f{errno, {}};
  std::strncpy(f.step, step, sizeof f.step - 1);
  [[maybe_unused]] auto n = ::write(report, &f, sizeof f);
  ::_exit(127);
}

[[noreturn]] void child_main(const Command& command, const Prepared& p, int in, int out, int err, int report) {
  // Descriptors 0..2 may be among the given ones: first lift them out of the way.
  int lifted[3] = {::fcntl(in, F_DUPFD_CLOEXEC, 3), ::fcntl(out, F_DUPFD_CLOEXEC, 3), ::fcntl(err, F_DUPFD_CLOEXEC, 3)};
  for (int i = 0; i < 3; ++i)
    if (lifted[i] < 0 || ::dup2(lifted[i], i) < 0) child_fail(report, "dup2");
  if (report != 3) {
    if (::dup3(report, 3, O_CLOEXEC) < 0) child_fail(report, "dup3");
    report = 3;
  }
  ::syscall(SYS_close_range, 4u, ~0u, 0u);
  if (command.new_session) {
    ::setsid();
  } else {
    ::setpgid(0, 0);
  }
  struct sigaction defaults{};
  defaults.sa_handler = SIG_DFL;
  for (int s = 1; s < 32; ++s) ::sigaction(s, &defaults, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (!command.cwd.empty() && ::chdir(command.cwd.c_str()) != 0) child_fail(report, "chdir");
  if (command.gid) {
    if (::setgroups(0, nullptr) != 0 && errno != EPERM) child_fail(report, "setgroups");
    if (::setresgid(*command.gid, *command.gid, *command.gid) != 0) child_fail(report, "setgid");
  }
  if (command.uid && ::setresuid(*command.uid, *command.uid, *command.uid) != 0) child_fail(report, "setuid");
  if (command.die_with_parent) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::execve(p.program.c_str(), p.argv.data(), p.envp.data());
  child_fail(report, "exec");
}

}  // namespace

std::optional<std::filesystem::path> find_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  for (auto folder : split(path ? path : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", ':')) {
    if (folder.empty()) continue;
    auto candidate = std::filesystem::path(folder) / name;
    if (::access(candidate.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(candidate)) return candidate;
  }
  return std::nullopt;
}

Child Child::start(const Command& command, int in, int out, int err) {
  Child child;
  auto prepared = prepare(command);
  Pipe pipes[3];
  int ends[3] = {in, out, err};
  for (int i = 0; i < 3; ++i) {
    if (ends[i] >= 0) continue;
    pipes[i] = make_pipe();
    ends[i] = i == 0 ? pipes[i].read.get() : pipes[i].write.get();
  }
  Pipe report = make_pipe();
  // All signals stay blocked across fork so that no handler of ours runs in the child.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = ::fork();
  if (pid == 0) child_main(command, prepared, ends[0], ends[1], ends[2], report.write.get());
  int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw SystemError(fork_error, fmt::format("fork for '{}'", prepared.program));
  child.pid_ = pid;
  child.pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  report.write.reset();
  ChildFailure failure{};
  auto got = read_some(report.read.get(), reinterpret_cast<char*>(&failure), sizeof failure);
  if (got == sizeof failure) {
    auto about = std::string_view(failure.step) == "chdir" ? command.cwd.string() : prepared.program;
    child.start_error_ = fmt::format("{} '{}': {}", failure.step, about, std::strerror(failure.error));
  }
  if (!child.pidfd_) throw SystemError("pidfd_open");
  child.streams = {std::move(pipes[0].write), std::move(pipes[1].read), std::move(pipes[2].read)};
  return child;
}

Child::Child(Child&& other) noexcept
    : streams(std::move(other.streams)),
      pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      exit_code_(other.exit_code_),
      start_error_(std::move(other.start_error_)) {}

Child::~Child() {
  if (pid_ < 0 || exit_code_) return;
  signal_group(SIGKILL);
  wait();
}

void Child::signal_group(int signal) {
  if (pid_ <= 0 || exit_code_) return;
  if (::kill(-pid_, signal) != 0) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

int Child::wait() {
  if (exit_code_) return *exit_code_;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0)
    if (errno != EINTR) throw SystemError("waitpid");
  exit_code_ = exit_code_of(status);
  return *exit_code_;
}

std::optional<int> Child::try_wait() {
  if (exit_code_) return exit_code_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) exit_code_ = exit_code_of(status);
  return exit_code_;
}

void Child::release() {
  pid_ = -1;
}

Outcome run(const Command& command, const Io& io) {
  Outcome outcome;
  UniqueFd null_fd;
  int in = io.input_fd;
  if (in < 0 && io.input.empty()) {
    null_fd = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    in = null_fd.get();
  }
  auto child = Child::start(command, in, io.output_fd, -1);
  outcome.start_error = child.start_error();
  auto started = monotonic_now();
  auto remaining_input = io.input;
  if (child.streams.in) set_nonblocking(child.streams.in.get());
  std::optional<Micros> kill_at;
  bool terminated = false, killed = false;
  auto escalate = [&] {
    if (!terminated) {
      terminated = true;
      child.signal_group(SIGTERM);
      kill_at = monotonic_now() + command.grace;
    }
  };
  std::vector<char> buffer(64 * 1024);
  bool ended = false;
  Micros drain_until = 0;
  while (child.streams.out || child.streams.err || !ended) {
    pollfd fds[5];
    nfds_t count = 0;
    auto watch = [&](int fd, short events) {
      fds[count] = {fd, events, 0};
      return &fds[count++];
    };
    auto* pf = ended ? nullptr : watch(child.pidfd(), POLLIN);
    auto* po = child.streams.out ? watch(child.streams.out.get(), POLLIN) : nullptr;
    auto* pe = child.streams.err ? watch(child.streams.err.get(), POLLIN) : nullptr;
    auto* pi = child.streams.in ? watch(child.streams.in.get(), POLLOUT) : nullptr;
    auto* pc = io.cancel_fd >= 0 && !terminated ? watch(io.cancel_fd, POLLIN) : nullptr;
    auto now = monotonic_now();
    Micros wait = -1;
    auto until = [&](Micros at) {
      wait = wait < 0 ? std::max<Micros>(0, at - now) : std::min(wait, std::max<Micros>(0, at - now));
    };
    if (command.deadline && !terminated) until(started + *command.deadline);
    if (kill_at && !killed) until(*kill_at);
    if (ended) until(drain_until);
    if (::poll(fds, count, wait < 0 ? -1 : static_cast<int>((wait + 999) / 1000)) < 0 && errno != EINTR)
      throw SystemError("poll");
    now = monotonic_now();
    if (pf && pf->revents) {
      ended = true;
      // A grandchild may still hold the pipes: take what is there, wait for no more than a moment.
      drain_until = now + 200'000;
    }
    auto pump = [&](UniqueFd& fd, bool is_out) {
      auto n = read_some(fd.get(), buffer.data(), buffer.size());
      if (n == 0) {
        fd.reset();
        return;
      }
      std::string_view piece(buffer.data(), n);
      if (is_out && io.on_output) {
        if (!io.on_output(piece)) escalate();
        return;
      }
      auto& into = is_out ? outcome.out : outcome.err;
      auto cap = is_out ? io.out_cap : io.err_cap;
      if (into.size() + n > cap) {
        outcome.truncated = true;
        piece = piece.substr(0, cap - into.size());
      }
      into += piece;
    };
    if (po && po->revents) pump(child.streams.out, true);
    if (pe && pe->revents) pump(child.streams.err, false);
    if (pi && pi->revents) {
      auto n = (pi->revents & POLLERR)
                   ? -1
                   : ::write(child.streams.in.get(), remaining_input.data(), remaining_input.size());
      if (n > 0) remaining_input.remove_prefix(static_cast<std::size_t>(n));
      if (remaining_input.empty() || (n < 0 && errno != EAGAIN && errno != EINTR) || (pi->revents & POLLERR))
        child.streams.in.reset();
    }
    if (pc && pc->revents) escalate();
    if (command.deadline && !terminated && !ended && now >= started + *command.deadline) {
      outcome.timed_out = true;
      escalate();
    }
    if (kill_at && !killed && now >= *kill_at) {
      killed = true;
      child.signal_group(SIGKILL);
    }
    if (ended && now >= drain_until) {
      child.streams.out.reset();
      child.streams.err.reset();
    }
  }
  if (terminated) child.signal_group(SIGKILL);
  outcome.exit_code = child.wait();
  return outcome;
}

}  // namespace pika::proc
