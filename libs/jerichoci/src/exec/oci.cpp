#include "exec/oci.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
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
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"
#include "runstore/replace_file.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::UniqueFd;

namespace {

// All of what the leader and the runtime's process use, made before fork.
struct Prepared {
  int descriptors[5];  // 0 null, 1 out, 2 err, 3 report, 4 configuration
  std::vector<char*> argv;
  pid_t engine;
  int hand_over = -1;
};

[[noreturn]] void give_up(int report, int error, const char* step) {
  tell(report, LeaderMessage::failed, error, step);
  ::_exit(127);
}

// After vfork. The runtime itself runs as we do, to make the namespaces; what it starts is the job's user.
[[noreturn]] void runtime_main(const Prepared& p, pid_t leader) {
  int report = p.descriptors[3];
  if (int error = place_descriptors(p.descriptors, 5)) give_up(report, error, "dup2");
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  clean_process(5);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != leader) ::_exit(127);
  if (int error = install_system_call_filter(system_call_filter())) give_up(3, error, "filter system calls");
  // The runtime starts itself anew from a sealed copy; it asks for nothing else of the environment.
  char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path, nullptr};
  ::execve(p.argv[0], p.argv.data(), environment);
  give_up(3, errno, "exec the OCI runtime");
}

[[noreturn]] void leader_main(const OciSpec& spec, const Prepared& p) {
  int report = p.descriptors[3];
  become_leader(p.engine);
  if (int error = join_cgroups(spec.job.identity)) give_up(report, error, "join the job's cgroup");
  const char* step = "";
  if (int error = enter_private_mounts(spec.job.mounts, &step)) give_up(report, error, step);
  if (p.hand_over >= 0)
    if (int error = enter_gated_network(p.hand_over, AllowProxy::kPort, &step)) give_up(report, error, step);
  pid_t leader = ::getpid();
  begin_to_lead(p.engine);
  pid_t first = ::vfork();
  if (first == 0) runtime_main(p, leader);
  if (first < 0) give_up(report, errno, "vfork");
  ::dup3(report, 3, O_CLOEXEC);
  ::close(0);
  ::close(1);
  ::close(2);
  ::syscall(SYS_close_range, 4u, ~0u, 0u);
  tell(3, LeaderMessage::started, first);
  lead(3, first, FirstPeak::is_not_the_jobs);
}

// The runtime's files in the job's folder.
struct Files {
  explicit Files(const fs::path& job_folder) : bundle(job_folder / "oci") {}
  fs::path bundle;
  fs::path config() const { return bundle / "config.json"; }
  fs::path pid() const { return bundle / "pid"; }
  fs::path log() const { return bundle / "log"; }
  fs::path state() const { return bundle / "state"; }
};

class OciProcess final : public JobProcess {
 public:
  OciProcess(pid_t leader, UniqueFd pidfd, UniqueFd report, Files files)
      : leader_(leader), pidfd_(std::move(pidfd)), report_(std::move(report)), files_(std::move(files)) {}
  ~OciProcess() override {
    if (leader_ <= 0) return;
    kill_all();
    finish({});
  }

  pid_t pid() const override { return leader_; }
  int pidfd() const override { return pidfd_.get(); }
  int report_fd() const override { return report_.fd(); }
  void read_report() override { report_.read(); }

  void terminate() override {
    // Its first process leads a session, and with it a group, of its own.
    auto inner = inner_pid();
    if (inner <= 1) return kill_all();
    ::kill(-inner, SIGTERM);
  }

  void kill_all() override {
    killed_ = true;
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0);
  }

  JobExit finish(std::string_view) override {
    reap(leader_);  // which has reaped all the others
    leader_ = -1;
    read_report();
    if (proxy_) proxy_->stop();
    auto used = report_.used(0);
    if (auto failure = report_.failure())
      return {{}, fmt::format("{}: {}", failure->step, std::strerror(failure->value)), false};
    int status = report_.wait_status().value_or(SIGKILL);
    if (WIFSIGNALED(status)) return {128 + WTERMSIG(status), {}, false, used};
    if (killed_) return {128 + SIGKILL, {}, false, used};
    if (inner_pid() > 0) return {WEXITSTATUS(status), {}, false, used};
    return not_started();
  }

  std::vector<std::string> contacted() override { return proxy_ ? proxy_->contacted() : std::vector<std::string>(); }
  void start_proxy(UniqueFd listener, const std::vector<HostPattern>& allow) {
    if (listener) proxy_.emplace(std::move(listener), AllowProxyConfig{.allow = allow});
  }

 private:
  // The runtime writes it when the command has begun.
  pid_t inner_pid() const {
    auto text = pika::read_file(files_.pid());
    return text ? pika::parse_number<pid_t>(pika::trim(*text)).value_or(0) : 0;
  }

  // The runtime's last words: a line of JSON with "msg".
  JobExit not_started() const {
    std::string words = "the OCI runtime gave no reason";
    if (auto text = pika::read_file(files_.log()))
      for (auto line : pika::split(*text, '\n'))
        if (auto value = line.empty() ? pika::json::parse("{}") : pika::json::parse(line))
          if (auto message = pika::json::find_string(*value, "msg")) words = *message;
    bool missing = words.find("executable file not found") != std::string::npos ||
                   words.find("no such file or directory") != std::string::npos;
    return {missing ? std::optional(127) : std::nullopt, pika::to_utf8(words), missing};
  }

  pid_t leader_;
  UniqueFd pidfd_;
  LeaderReport report_;
  Files files_;
  bool killed_ = false;
  std::optional<AllowProxy> proxy_;
};

// The shell that stands before the command says 127 for a program that is not there, as the program itself may. So a
// plain name is looked for in the image beforehand. Links of the image end in the image.
bool has_program(const OciSpec& spec) {
  const auto& program = spec.job.command[0];
  if (program.find('/') != std::string::npos) return true;
  UniqueFd root(::open(spec.root_folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  auto path = spec.job.env.find("PATH");
  if (!root || path == spec.job.env.end()) return true;
  for (auto folder : pika::split(path->second, ':')) {
    if (folder.starts_with("/workspace") || folder.starts_with("/caches") || folder.starts_with("/prepared"))
      return true;
    struct open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    auto name = std::string(folder) + "/" + program;
    if (UniqueFd(static_cast<int>(::syscall(SYS_openat2, root.get(), name.c_str(), &how, sizeof how)))) return true;
  }
  return false;
}

// A command that is not there ends like one that could not be started.
class Missing final : public JobProcess {
 public:
  explicit Missing(std::string program) : program_(std::move(program)) {
    auto pipes = pika::make_pipe();
    ended_ = std::move(pipes.read);  // its other end is closed: readable at once
    out = pika::make_pipe().read;
    err = pika::make_pipe().read;
  }
  pid_t pid() const override { return -1; }
  int pidfd() const override { return ended_.get(); }
  int report_fd() const override { return -1; }
  void read_report() override {}
  void terminate() override {}
  void kill_all() override {}
  JobExit finish(std::string_view) override {
    return {127, fmt::format("{}: there is no such program in the image", pika::quote_name(program_)), true};
  }

 private:
  std::string program_;
  UniqueFd ended_;
};

}  // namespace

std::unique_ptr<JobProcess> start_oci(const OciSpec& spec) {
  if (!has_program(spec)) return std::make_unique<Missing>(spec.job.command[0]);
  Files files(spec.job.mounts.job_folder);
  pika::make_dirs(files.bundle, 0700);
  if (auto script = oci_script(spec)) {
    auto place = spec.job.mounts.job_folder / "points" / fs::path(kOciScript).relative_path();
    replace_file(place, *script);
    if (::chmod(place.c_str(), 0644) != 0) throw pika::SystemError("chmod of the job's script");
  }
  // Values of secrets are in the configuration: it is on no disk, and can be opened by its owner alone.
  UniqueFd config(::memfd_create("config", MFD_CLOEXEC));
  if (!config || ::fchmod(config.get(), 0600) != 0) throw pika::SystemError("memfd_create");
  pika::write_all(config.get(), pika::json::print(oci_config(spec)));
  if (::symlink("/proc/self/fd/4", files.config().c_str()) != 0)
    throw pika::SystemError("symlink to the configuration");
  auto out = pika::make_pipe(), err = pika::make_pipe(), report = pika::make_pipe();
  UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Prepared p{{null.get(), out.write.get(), err.write.get(), report.write.get(), config.get()}, {}, ::getpid()};
  UniqueFd ours, theirs;
  if (spec.job.network == Network::allow_list) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) throw pika::SystemError("socketpair");
    ours = UniqueFd(pair[0]);
    theirs = UniqueFd(pair[1]);
    p.hand_over = theirs.get();
  }
  std::vector<std::string> words = {spec.runc.string(),
                                    "--root",
                                    files.state().string(),
                                    "--rootless",
                                    "true",
                                    "--log",
                                    files.log().string(),
                                    "--log-format",
                                    "json",
                                    "run",
                                    "--no-new-keyring",
                                    "--bundle",
                                    files.bundle.string(),
                                    "--pid-file",
                                    files.pid().string(),
                                    "job"};
  for (auto& w : words) p.argv.push_back(w.data());
  p.argv.push_back(nullptr);
  (void)system_call_filter();  // made before fork

  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = ::fork();
  if (pid == 0) leader_main(spec, p);
  int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw pika::SystemError(fork_error, "fork");
  auto pidfd = pidfd_of_child(pid);
  auto process = std::make_unique<OciProcess>(pid, std::move(pidfd), std::move(report.read), std::move(files));
  theirs.reset();
  if (ours) process->start_proxy(take_listener(ours.get()), spec.job.allow_hosts);
  process->out = std::move(out.read);
  process->err = std::move(err.read);
  return process;
}

}  // namespace jerichoci
