#include "exec/sandbox.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "exec/allow_proxy.hpp"
#include "exec/leader.hpp"
#include "exec/system_calls.hpp"
#include "pika/base/files.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

using pika::UniqueFd;

namespace {

std::string content_of(const char* path) {
  auto text = pika::read_file(path);
  return text ? *text : std::string();
}

UniqueFd memory_file(const char* name, std::string_view content) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
  // Values of secrets are among the arguments: through /proc it can be opened by its owner alone.
  if (!fd || ::fchmod(fd.get(), 0600) != 0) throw pika::SystemError("memfd_create");
  pika::write_all(fd.get(), content);
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

// All of what the leader and bubblewrap's process use, made before fork.
struct Prepared {
  // 0 null, 1 out, 2 err, 3 report, 4 arguments, 5 status, 6 resolv.conf, 7 hosts (or none), 8 system call filter
  int descriptors[9];
  std::vector<char*> argv;
  pid_t engine;
  int hand_over = -1;  // with an allow-list: where the proxy's socket goes
};

[[noreturn]] void give_up(int report, int error, const char* step) {
  tell(report, LeaderMessage::failed, error, step);
  ::_exit(127);
}

// After vfork: the leader waits, its memory is ours until exec.
[[noreturn]] void bubblewrap_main(const SandboxSpec& spec, const Prepared& p, pid_t leader) {
  int report = p.descriptors[3];
  if (int error = place_descriptors(p.descriptors, 9)) give_up(report, error, "dup2");
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  clean_process(9);
  limit_files(spec.identity);
  if (int error = drop_identity(spec.identity)) give_up(3, error, "become the job's user");
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the change of user, which takes it away
  if (::getppid() != leader) ::_exit(127);
  char* no_environment[] = {nullptr};
  ::execve(p.argv[0], p.argv.data(), no_environment);
  give_up(3, errno, "exec bubblewrap");
}

[[noreturn]] void leader_main(const SandboxSpec& spec, const Prepared& p) {
  int report = p.descriptors[3];
  become_leader(p.engine);
  if (int error = join_cgroups(spec.identity)) give_up(report, error, "join the job's cgroup");
  const char* step = "";
  if (int error = enter_private_mounts(spec.mounts, &step)) give_up(report, error, step);
  if (p.hand_over >= 0)
    if (int error = enter_gated_network(p.hand_over, AllowProxy::kPort, &step)) give_up(report, error, step);
  pid_t leader = ::getpid();
  begin_to_lead(p.engine);
  pid_t first = ::vfork();
  if (first == 0) bubblewrap_main(spec, p, leader);
  if (first < 0) give_up(report, errno, "vfork");
  ::dup3(report, 3, O_CLOEXEC);
  ::close(0);
  ::close(1);
  ::close(2);
  ::syscall(SYS_close_range, 4u, ~0u, 0u);
  tell(3, LeaderMessage::started, first);
  lead(3, first, FirstPeak::is_not_the_jobs);
}

class SandboxProcess final : public JobProcess {
 public:
  SandboxProcess(pid_t leader, UniqueFd pidfd, UniqueFd status, UniqueFd report)
      : leader_(leader), pidfd_(std::move(pidfd)), status_(std::move(status)), report_(std::move(report)) {
    pika::set_nonblocking(status_.get());
  }
  ~SandboxProcess() override {
    if (leader_ <= 0) return;
    kill_all();
    finish({});
  }

  pid_t pid() const override { return leader_; }
  int pidfd() const override { return pidfd_.get(); }
  int report_fd() const override { return status_ ? status_.get() : -1; }

  void read_report() override {
    char buffer[1024];
    while (status_) {
      auto n = ::read(status_.get(), buffer, sizeof buffer);
      if (n > 0) {
        text_.append(buffer, static_cast<std::size_t>(n));
      } else if (n == 0) {
        status_.reset();
      } else if (errno != EINTR) {
        break;
      }
    }
    parse();
  }

  void terminate() override {
    read_report();
    // bubblewrap's first process in there leads the session of the job's command; as the first process of a pid
    // namespace it does not take a TERM itself.
    if (inner_ <= 0) return kill_all();
    ::kill(-inner_, SIGTERM);
  }

  void kill_all() override {
    read_report();
    killed_ = true;
    // The namespace's first process takes everything in it along; the leader ends what is left and says what it was
    // charged.
    if (inner_fd_) ::syscall(SYS_pidfd_send_signal, inner_fd_.get(), SIGKILL, nullptr, 0);
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0);
  }

  JobExit finish(std::string_view error_tail) override {
    reap(leader_);  // which has reaped all the others
    leader_ = -1;
    read_report();
    if (proxy_) proxy_->stop();
    report_.read();
    auto used = report_.used(0);
    if (code_) return {code_, {}, false, used};
    if (auto failure = report_.failure())
      return {{}, fmt::format("{}: {}", failure->step, std::strerror(failure->value)), false};
    int status = report_.wait_status().value_or(SIGKILL);
    if (WIFSIGNALED(status)) return {128 + WTERMSIG(status), {}, false, used};
    if (killed_) return {128 + SIGKILL, {}, false, used};
    return not_started(error_tail);
  }

  std::vector<std::string> contacted() override { return proxy_ ? proxy_->contacted() : std::vector<std::string>(); }
  void start_proxy(UniqueFd listener, const std::vector<HostPattern>& allow) {
    if (listener) proxy_.emplace(std::move(listener), AllowProxyConfig{.allow = allow});
  }

 private:
  void parse() {
    for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      auto line = pika::json::parse(std::string_view(text_).substr(0, end), "bubblewrap's status");
      text_.erase(0, end + 1);
      if (!line) continue;
      if (auto pid = pika::json::find_int(*line, "child-pid"); pid && inner_ <= 0) {
        inner_ = static_cast<pid_t>(*pid);
        inner_fd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, inner_, 0)));
      }
      if (auto code = pika::json::find_int(*line, "exit-code")) code_ = static_cast<int>(*code);
    }
  }

  static JobExit not_started(std::string_view error_tail) {
    auto at = error_tail.rfind("bwrap: ");
    auto words = at == std::string_view::npos ? std::string_view("it gave no reason") : error_tail.substr(at);
    words = words.substr(0, words.find('\n'));
    bool missing = words.starts_with("bwrap: execvp ");
    if (words.starts_with("bwrap: ")) words.remove_prefix(7);
    if (missing) words.remove_prefix(7);
    return {missing ? std::optional(127) : std::nullopt, pika::to_utf8(words), missing};
  }

  pid_t leader_;
  UniqueFd pidfd_, status_;
  LeaderReport report_;
  std::string text_;
  pid_t inner_ = -1;
  UniqueFd inner_fd_;
  std::optional<int> code_;
  bool killed_ = false;
  std::optional<AllowProxy> proxy_;
};

std::string nul_joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& w : words) out.append(w).push_back('\0');
  return out;
}

}  // namespace

std::unique_ptr<JobProcess> start_sandbox(const SandboxSpec& spec) {
  auto out = pika::make_pipe(), err = pika::make_pipe(), report = pika::make_pipe(), status = pika::make_pipe();
  UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  auto arguments = memory_file("arguments", nul_joined(bubblewrap_arguments(spec)));
  UniqueFd resolv, hosts;
  if (spec.network == Network::on) {
    resolv = memory_file("resolv.conf", content_of("/etc/resolv.conf"));
    hosts = memory_file("hosts", content_of("/etc/hosts"));
  }
  auto filter = memory_file("filter", system_call_filter());
  Prepared p{{null.get(), out.write.get(), err.write.get(), report.write.get(), arguments.get(), status.write.get(),
              resolv.get(), hosts.get(), filter.get()},
             {},
             ::getpid()};
  UniqueFd ours, theirs;
  if (spec.network == Network::allow_list) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) throw pika::SystemError("socketpair");
    ours = UniqueFd(pair[0]);
    theirs = UniqueFd(pair[1]);
    p.hand_over = theirs.get();
  }
  std::vector<std::string> words = {spec.bubblewrap.string(), "--args", "4", "--"};
  words.insert(words.end(), spec.command.begin(), spec.command.end());
  for (auto& w : words) p.argv.push_back(w.data());
  p.argv.push_back(nullptr);

  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = ::fork();
  if (pid == 0) leader_main(spec, p);
  int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw pika::SystemError(fork_error, "fork");
  auto pidfd = pidfd_of_child(pid);
  auto process =
      std::make_unique<SandboxProcess>(pid, std::move(pidfd), std::move(status.read), std::move(report.read));
  theirs.reset();
  if (ours) process->start_proxy(take_listener(ours.get()), spec.allow_hosts);
  process->out = std::move(out.read);
  process->err = std::move(err.read);
  return process;
}

}  // namespace jerichoci
