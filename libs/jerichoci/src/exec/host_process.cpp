#include "exec/host_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "pika/base/result.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

using pika::UniqueFd;

namespace {

// What the leader tells the engine, through a pipe; each fits in one atomic write.
struct Message {
  enum Kind : int { started, failed, ended } kind;
  int value;  // the job's pid, an errno, a wait status
  char step[40];
};

void tell(int report, Message::Kind kind, int value, const char* step = "") {
  Message m{kind, value, {}};
  std::strncpy(m.step, step, sizeof m.step - 1);
  [[maybe_unused]] auto n = ::write(report, &m, sizeof m);
}

struct Prepared {
  const HostProcessSpec* spec;
  int descriptors[4];                   // 0 null, 1 out, 2 err, 3 report
  std::vector<std::string> candidates;  // where the program may be, in the order of PATH
  std::vector<char*> argv, envp;
  pid_t engine;
};

[[noreturn]] void job_main(const Prepared& p) {
  ::setsid();
  auto stop = [](int error, const char* step) {
    tell(3, Message::failed, error, step);
    ::_exit(127);
  };
  limit_files(p.spec->identity);
  if (int error = drop_identity(p.spec->identity)) stop(error, "become the job's user");
  if (::chdir(p.spec->workspace.c_str()) != 0) stop(errno, "enter the workspace");
  clean_process(4);
  int error = ENOENT;
  for (const auto& candidate : p.candidates) {
    ::execve(candidate.c_str(), p.argv.data(), p.envp.data());
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
  }
  stop(error, "exec");
  ::_exit(127);
}

// Kills children until there are none; what they leave behind becomes our child and is next.
void bury_all() {
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
    if (::waitpid(-1, nullptr, 0) < 0 && errno == ECHILD) return;
  }
}

[[noreturn]] void leader_main(const Prepared& p) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != p.engine) ::_exit(127);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::setpgid(0, 0);
  ::umask(022);
  set_default_limits();
  int report = p.descriptors[3];
  const char* step = "";
  auto stop = [&](int error, const char* name) {
    tell(report, Message::failed, error, name);
    ::_exit(127);
  };
  if (p.spec->mounts)
    if (int error = enter_private_mounts(*p.spec->mounts, &step)) stop(error, step);
  // All signals are blocked since before fork; the leader takes the two it wants by hand.
  pid_t job = ::fork();
  if (job < 0) stop(errno, "fork");
  if (job == 0) {
    if (int error = join_cgroups(p.spec->identity)) stop(error, "join the job's cgroup");
    if (int error = place_descriptors(p.descriptors, 4)) stop(error, "dup2");
    ::fcntl(3, F_SETFD, FD_CLOEXEC);
    job_main(p);
  }
  place_descriptors(p.descriptors, 4);
  ::close(1);
  ::close(2);
  ::syscall(SYS_close_range, 4u, ~0u, 0u);
  tell(3, Message::started, job);
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGCHLD);
  ::sigaddset(&wanted, SIGTERM);
  while (true) {
    int status = 0;
    pid_t ended;
    while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended != job) continue;
      tell(3, Message::ended, status);
      bury_all();
      ::_exit(0);
    }
    siginfo_t info;
    if (::sigwaitinfo(&wanted, &info) == SIGTERM) {
      bury_all();
      tell(3, Message::ended, SIGKILL);
      ::_exit(0);
    }
  }
}

class HostProcess final : public JobProcess {
 public:
  HostProcess(pid_t leader, UniqueFd pidfd, UniqueFd report, std::string program)
      : leader_(leader),
        own_memory_(own_memory()),
        pidfd_(std::move(pidfd)),
        report_(std::move(report)),
        program_(std::move(program)) {
    pika::set_nonblocking(report_.get());
  }
  ~HostProcess() override {
    if (leader_ <= 0) return;
    kill_all();
    finish({});
  }

  int pidfd() const override { return pidfd_.get(); }
  int report_fd() const override { return report_ ? report_.get() : -1; }

  void read_report() override {
    while (report_) {
      Message m{};
      auto n = ::read(report_.get(), &m, sizeof m);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return;
      if (n != sizeof m) {
        report_.reset();
        return;
      }
      m.step[sizeof m.step - 1] = 0;
      if (m.kind == Message::started) job_ = m.value;
      if (m.kind == Message::ended && !status_) status_ = m.value;
      if (m.kind == Message::failed) failure_ = m;
    }
  }

  void terminate() override {
    read_report();
    if (job_ <= 0 || status_) return kill_all();
    ::kill(-job_, SIGTERM);
  }

  void kill_all() override { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0); }

  JobExit finish(std::string_view) override {
    ResourceUse used;
    int status = reap(leader_, own_memory_, used);
    leader_ = -1;
    read_report();
    if (failure_) {
      bool exec = std::string_view(failure_->step) == "exec";
      auto words = exec ? fmt::format("exec {}: {}", pika::quote_name(program_), std::strerror(failure_->value))
                        : fmt::format("{}: {}", failure_->step, std::strerror(failure_->value));
      return {exec ? std::optional(127) : std::nullopt, words, exec};
    }
    int ended = status_.value_or(status);
    if (WIFSIGNALED(ended)) return {128 + WTERMSIG(ended), {}, false, used};
    return {WEXITSTATUS(ended), {}, false, used};
  }

 private:
  pid_t leader_;
  std::uint64_t own_memory_;
  UniqueFd pidfd_, report_;
  std::string program_;
  pid_t job_ = -1;
  std::optional<int> status_;
  std::optional<Message> failure_;
};

std::vector<std::string> program_candidates(const HostProcessSpec& spec) {
  const auto& program = spec.command[0];
  if (program.find('/') != std::string::npos) return {program};
  std::vector<std::string> out;
  auto path = spec.env.find("PATH");
  for (auto folder : pika::split(path == spec.env.end() ? "/usr/bin:/bin" : path->second, ':'))
    if (!folder.empty()) out.push_back(std::string(folder) + "/" + program);
  return out;
}

}  // namespace

std::unique_ptr<JobProcess> start_host_process(const HostProcessSpec& spec) {
  auto out = pika::make_pipe(), err = pika::make_pipe(), report = pika::make_pipe();
  UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Prepared p{
      &spec,     {null.get(), out.write.get(), err.write.get(), report.write.get()}, program_candidates(spec), {}, {},
      ::getpid()};
  std::vector<std::string> words = spec.command, env;
  for (auto& w : words) p.argv.push_back(w.data());
  p.argv.push_back(nullptr);
  for (const auto& [name, value] : spec.env) env.push_back(name + "=" + value);
  for (auto& e : env) p.envp.push_back(e.data());
  p.envp.push_back(nullptr);

  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = ::fork();
  if (pid == 0) leader_main(p);
  int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw pika::SystemError(fork_error, "fork");
  auto pidfd = pidfd_of_child(pid);
  auto process = std::make_unique<HostProcess>(pid, std::move(pidfd), std::move(report.read), spec.command[0]);
  process->out = std::move(out.read);
  process->err = std::move(err.read);
  return process;
}

}  // namespace jerichoci
