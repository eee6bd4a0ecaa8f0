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

#include "exec/leader.hpp"
#include "pika/base/result.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

using pika::UniqueFd;

namespace {

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
    tell(3, LeaderMessage::failed, error, step);
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

[[noreturn]] void leader_main(const Prepared& p) {
  become_leader(p.engine);
  const char* step = "";
  auto stop = [&](int error, const char* name) {
    tell(p.descriptors[3], LeaderMessage::failed, error, name);
    ::_exit(127);
  };
  if (p.spec->mounts)
    if (int error = enter_private_mounts(*p.spec->mounts, &step)) stop(error, step);
  // All signals are blocked since before fork; the leader takes the two it wants by hand.
  begin_to_lead(p.engine);
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
  tell(3, LeaderMessage::started, job);
  lead(3, job, FirstPeak::counts);
}

class HostProcess final : public JobProcess {
 public:
  HostProcess(pid_t leader, UniqueFd pidfd, UniqueFd report, std::string program)
      : leader_(leader),
        own_memory_(own_memory()),
        pidfd_(std::move(pidfd)),
        report_(std::move(report)),
        program_(std::move(program)) {}
  ~HostProcess() override {
    if (leader_ <= 0) return;
    kill_all();
    finish({});
  }

  pid_t pid() const override { return leader_; }
  int pidfd() const override { return pidfd_.get(); }
  int report_fd() const override { return report_.fd(); }
  void read_report() override { report_.read(); }

  void terminate() override {
    read_report();
    if (report_.first() <= 0 || report_.wait_status()) return kill_all();
    ::kill(-report_.first(), SIGTERM);
  }

  void kill_all() override { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0); }

  JobExit finish(std::string_view) override {
    int status = reap(leader_);
    leader_ = -1;
    read_report();
    if (auto failure = report_.failure()) {
      bool exec = std::string_view(failure->step) == "exec";
      auto words = exec ? fmt::format("exec {}: {}", pika::quote_name(program_), std::strerror(failure->value))
                        : fmt::format("{}: {}", failure->step, std::strerror(failure->value));
      return {exec ? std::optional(127) : std::nullopt, words, exec};
    }
    int ended = report_.wait_status().value_or(status);
    auto used = report_.used(own_memory_);
    if (WIFSIGNALED(ended)) return {128 + WTERMSIG(ended), {}, false, used};
    return {WEXITSTATUS(ended), {}, false, used};
  }

 private:
  pid_t leader_;
  std::uint64_t own_memory_;
  UniqueFd pidfd_;
  LeaderReport report_;
  std::string program_;
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
