#include "exec/led_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <semaphore>

#include "exec/terminal.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

using pika::UniqueFd;

namespace {

constexpr std::size_t kStack = 128 * 1024;
constexpr int kMostDescriptors = 16;

// What a leader is given.
struct Start {
  LeaderPlan* plan;
  int descriptors[kMostDescriptors];
  int count;
  int hand_over;
  pid_t engine;

  int report() const { return descriptors[3]; }
};

[[noreturn]] void give_up(int report, int error, const char* step) {
  tell(report, LeaderMessage::failed, error, step);
  ::_exit(127);
}

// After vfork: the leader waits, its memory and the engine's is ours until exec.
[[noreturn]] void first_main(const Start& s, pid_t leader, bool born_in_group) {
  // Not the leader: a group's lack of memory ends one of its processes with all that share its memory.
  int error = join_cgroups(s.plan->identity);
  if (!error && !born_in_group) error = join_late(s.plan->identity);
  if (error) give_up(s.report(), error, "join the job's cgroup");
  error = place_descriptors(s.descriptors, s.count);
  if (error) give_up(s.report(), error, "dup2");
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  error = s.plan->identity.terminal >= 0 ? take_terminal() : 0;
  if (error) give_up(3, error, "take the terminal");
  const char* step = "";
  error = s.plan->become_first(leader, &step);
  give_up(3, error, step);
}

// The first program's process. One that is born in its version 2 group has memory of its own: clone3 that shares it
// wants a stack, and a copy costs less than to move into the group later.
pid_t start_first(const Start& s, pid_t leader) {
  if (int group = s.plan->identity.born_in; group >= 0) {
    struct clone_args args{};
    args.flags = CLONE_INTO_CGROUP;
    args.exit_signal = SIGCHLD;
    args.cgroup = static_cast<std::uint64_t>(group);
    auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
    if (pid == 0) first_main(s, leader, true);
    if (pid > 0) return pid;  // else a kernel before 5.7, or a filter that hides clone3
  }
  pid_t pid = ::vfork();  // NOLINT(bugprone-unsafe-functions): what comes between it and exec is written for it
  if (pid == 0) first_main(s, leader, false);
  return pid;
}

[[noreturn]] void leader_main(const Start& s) {
  become_leader(s.engine);
  const char* step = "";
  if (s.plan->mounts)
    if (int error = enter_private_mounts(*s.plan->mounts, &step)) give_up(s.report(), error, step);
  if (s.hand_over >= 0)
    if (int error = enter_gated_network(s.hand_over, AllowProxy::kPort, &step)) give_up(s.report(), error, step);
  pid_t leader = ::getpid();
  begin_to_lead(s.engine);
  pid_t first = start_first(s, leader);
  if (first < 0) give_up(s.report(), errno, "start the first process");
  ::dup3(s.report(), 3, O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) ::close(fd);
  ::syscall(SYS_close_range, 4u, ~0u, 0u);
  tell(3, LeaderMessage::started, first);
  lead(3, first, s.plan->first_peak);
}

int leader_entry(void* start) {
  leader_main(*static_cast<const Start*>(start));
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JERICHO_OWN_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define JERICHO_OWN_MEMORY 1
#endif
#endif

// Starts the leader; its pid, or -1 with errno. The sanitizers keep books on every thread's stack, and know of no
// process that shares memory: for them it has a copy.
pid_t start_process([[maybe_unused]] std::byte* stack_end, Start& start, int& pidfd) {
#ifdef JERICHO_OWN_MEMORY
  pid_t pid = ::fork();
  if (pid == 0) leader_entry(&start);
  if (pid > 0) pidfd = pidfd_of_child(pid).release();
  return pid;
#else
  // With its pidfd at once: there is no moment in which it runs and cannot be told to end.
  return ::clone(leader_entry, stack_end, CLONE_VM | CLONE_PIDFD | SIGCHLD, &start, &pidfd);
#endif
}

}  // namespace

bool ready_to_exec(int first, pid_t leader) {
  clean_process(first);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after any change of user, which takes it away
  return ::getppid() == leader;
}

LedProcess::LedProcess(std::unique_ptr<LeaderPlan> plan)
    : plan_(std::move(plan)), stack_(std::make_unique_for_overwrite<std::byte[]>(kStack)) {
  start();
}

void LedProcess::start() {
  auto out_pipe = pika::make_pipe(), err_pipe = pika::make_pipe(), report = pika::make_pipe();
  UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC)), ours, theirs;
  if (plan_->gated) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) throw pika::SystemError("socketpair");
    ours = UniqueFd(pair[0]);
    theirs = UniqueFd(pair[1]);
  }
  // The leader reads it before it leads; the thread that lends its memory holds it.
  Start start{plan_.get(),
              {null.get(), out_pipe.write.get(), err_pipe.write.get(), report.write.get()},
              4,
              theirs ? theirs.get() : -1,
              ::getpid()};
  bool terminal = plan_->identity.terminal >= 0;
  if (terminal) std::fill_n(start.descriptors, 3, plan_->identity.terminal);
  for (const auto& fd : plan_->more) start.descriptors[start.count++] = fd ? fd.get() : -1;

  std::binary_semaphore known(0);
  int error = 0, pidfd = -1;
  lender_ = std::thread([this, start, &known, &error, &pidfd]() mutable {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    pid_t pid = -1;
    try {
      pid = start_process(stack_.get() + kStack, start, pidfd);
      if (pid < 0) error = errno;
    } catch (const pika::SystemError& failure) {
      error = failure.code().value();
    }
    leader_ = pid;
    known.release();
    // From here until its end this thread's errno is the leader's: a call that returns later alone may touch it.
    if (pid > 0) ::syscall(SYS_waitid, P_PID, pid, nullptr, WEXITED | WNOWAIT, nullptr);
  });
  known.acquire();
  if (leader_ < 0) {
    lender_.join();
    throw pika::SystemError(error, "start a process");
  }
  pidfd_ = UniqueFd(pidfd);
  plan_->more.clear();
  if (!terminal) {
    out = std::move(out_pipe.read);
    err = std::move(err_pipe.read);
  }
  report_.emplace(std::move(report.read));
  theirs.reset();
  report.write.reset();
  if (ours) start_proxy(std::move(ours));
}

// The job's way out. Without it the leader must not go on, unless it has told already why it could not begin.
void LedProcess::start_proxy(UniqueFd hand_over) {
  try {
    if (auto listener = take_listener(hand_over.get())) {
      proxy_.emplace(std::move(listener), AllowProxyConfig{.allow = plan_->allow_hosts});
      return;
    }
    report_->read();
    if (!report_->failure()) throw pika::SystemError(EIO, "take the socket of the proxy");
  } catch (...) {
    LedProcess::kill_all();
    bury();
    throw;
  }
}

LedProcess::~LedProcess() {
  if (leader_ <= 0) return;
  LedProcess::kill_all();
  bury();
}

void LedProcess::kill_all() {
  killed_ = true;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0);
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGCONT, nullptr, 0);  // a job of the same user may have stopped it
}

void LedProcess::bury() {
  reap(leader_);
  leader_ = -1;
  lender_.join();
  if (proxy_) proxy_->stop();
  report_->read();
}

std::vector<std::string> LedProcess::contacted() {
  return proxy_ ? proxy_->contacted() : std::vector<std::string>();
}

std::optional<JobExit> LedProcess::could_not_begin() const {
  auto failure = report_->failure();
  if (!failure) return std::nullopt;
  return JobExit{{}, fmt::format("{}: {}", failure->step, std::strerror(failure->value)), false};
}

JobExit LedProcess::ended(int status, std::uint64_t engine_peak) const {
  int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return {code, {}, false, report_->used(engine_peak)};
}

}  // namespace jerichoci
