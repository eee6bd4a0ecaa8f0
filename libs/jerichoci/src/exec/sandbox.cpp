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

struct StartFailure {
  int error;
  char step[40];
};

[[noreturn]] void give_up(int report, int error, const char* step) {
  StartFailure f{error, {}};
  std::strncpy(f.step, step, sizeof f.step - 1);
  [[maybe_unused]] auto n = ::write(report, &f, sizeof f);
  ::_exit(127);
}

// All of what the child uses, made before fork.
struct Prepared {
  int descriptors[8];  // 0 null, 1 out, 2 err, 3 failure report, 4 arguments, 5 status, 6 resolv.conf, 7 hosts (or
                       // none)
  std::vector<char*> argv;
  pid_t parent;
  int hand_over = -1;  // with an allow-list: where the proxy's socket goes
};

[[noreturn]] void child_main(const SandboxSpec& spec, const Prepared& p) {
  int report = p.descriptors[3];
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != p.parent) ::_exit(127);  // the engine died in between
  ::setpgid(0, 0);
  ::umask(022);
  set_default_limits();
  if (int error = join_cgroups(spec.identity)) give_up(report, error, "join the job's cgroup");
  const char* step = "";
  if (int error = enter_private_mounts(spec.mounts, &step)) give_up(report, error, step);
  if (p.hand_over >= 0)
    if (int error = enter_gated_network(p.hand_over, AllowProxy::kPort, &step)) give_up(report, error, step);
  if (int error = place_descriptors(p.descriptors, 8)) give_up(report, error, "dup2");
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  report = 3;
  clean_process(8);
  limit_files(spec.identity);
  if (int error = drop_identity(spec.identity)) give_up(report, error, "become the job's user");
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // changing the user took it away
  if (::getppid() != p.parent) ::_exit(127);
  char* no_environment[] = {nullptr};
  ::execve(p.argv[0], p.argv.data(), no_environment);
  give_up(report, errno, "exec bubblewrap");
}

class SandboxProcess final : public JobProcess {
 public:
  SandboxProcess(pid_t pid, UniqueFd pidfd, UniqueFd status, UniqueFd failure)
      : pid_(pid),
        own_memory_(own_memory()),
        pidfd_(std::move(pidfd)),
        status_(std::move(status)),
        failure_(std::move(failure)) {
    pika::set_nonblocking(status_.get());
    pika::set_nonblocking(failure_.get());
  }
  ~SandboxProcess() override {
    if (pid_ <= 0) return;
    kill_all();
    finish({});
  }

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
    if (inner_fd_) ::syscall(SYS_pidfd_send_signal, inner_fd_.get(), SIGKILL, nullptr, 0);
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  }

  JobExit finish(std::string_view error_tail) override {
    ResourceUse used;
    int status = reap(pid_, own_memory_, used);
    pid_ = -1;
    read_report();
    wait_for_inner();
    if (proxy_) proxy_->stop();
    if (code_) return {code_, {}, false, used};
    if (WIFSIGNALED(status)) return {128 + WTERMSIG(status), {}, false, used};
    StartFailure failure{};
    if (::read(failure_.get(), &failure, sizeof failure) == sizeof failure) {
      failure.step[sizeof failure.step - 1] = 0;
      return {{}, fmt::format("{}: {}", failure.step, std::strerror(failure.error)), false};
    }
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

  // The namespace's first process has ended only when every other one in it has.
  void wait_for_inner() {
    if (!inner_fd_) return;
    ::syscall(SYS_pidfd_send_signal, inner_fd_.get(), SIGKILL, nullptr, 0);
    struct pollfd p{inner_fd_.get(), POLLIN, 0};
    int got;
    while ((got = ::poll(&p, 1, 30'000)) < 0 && errno == EINTR) {
    }
    if (got == 0) pika::log_error("jerichoci", "process {} of a job did not end 30 s after SIGKILL", inner_);
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

  pid_t pid_;
  std::uint64_t own_memory_;
  UniqueFd pidfd_, status_, failure_;
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
  Prepared p{{null.get(), out.write.get(), err.write.get(), report.write.get(), arguments.get(), status.write.get(),
              resolv.get(), hosts.get()},
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
  if (pid == 0) child_main(spec, p);
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
