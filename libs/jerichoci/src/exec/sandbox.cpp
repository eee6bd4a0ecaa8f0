#include "exec/sandbox.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/led_process.hpp"
#include "exec/system_calls.hpp"
#include "pika/base/files.hpp"
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

class SandboxPlan final : public LeaderPlan {
 public:
  SandboxPlan(std::string program, const std::vector<std::string>& command) {
    words_ = {std::move(program), "--args", "4", "--"};
    words_.insert(words_.end(), command.begin(), command.end());
    for (auto& w : words_) argv_.push_back(w.data());
    argv_.push_back(nullptr);
  }

  int become_first(pid_t leader, const char** step) override {
    limit_files(identity);
    if (int error = drop_identity(identity)) {
      *step = "become the job's user";
      return error;
    }
    if (!ready_to_exec(9, leader)) ::_exit(127);
    char* no_environment[] = {nullptr};
    ::execve(argv_[0], argv_.data(), no_environment);
    *step = "exec bubblewrap";
    return errno;
  }

 private:
  std::vector<std::string> words_;
  std::vector<char*> argv_;
};

class SandboxProcess final : public LedProcess {
 public:
  SandboxProcess(std::unique_ptr<LeaderPlan> plan, UniqueFd status)
      : LedProcess(std::move(plan)), status_(std::move(status)) {
    pika::set_nonblocking(status_.get());
  }

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
    if (!asked_ || inner_ <= 0) return;
    asked_ = false;
    // bubblewrap's first process in there leads the session of the job's command; as the first process of a pid
    // namespace it does not take a TERM itself.
    ::kill(-inner_, SIGTERM);
  }

  // Whom bubblewrap has not named yet is told when it is.
  void terminate() override {
    asked_ = true;
    read_report();
  }

  void kill_all() override {
    read_report();
    // The namespace's first process takes everything in it along.
    if (inner_fd_) ::syscall(SYS_pidfd_send_signal, inner_fd_.get(), SIGKILL, nullptr, 0);
    LedProcess::kill_all();
  }

  JobExit finish(std::string_view error_tail) override {
    bury();
    read_report();
    if (code_) return {code_, {}, false, report().used(0)};
    if (auto never = could_not_begin()) return *never;
    int status = report().wait_status().value_or(SIGKILL);
    if (WIFSIGNALED(status)) return ended(status, 0);
    if (killed()) return ended(SIGKILL, 0);
    return not_started(error_tail);
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

  bool asked_ = false;  // to end
  UniqueFd status_;
  std::string text_;
  pid_t inner_ = -1;
  UniqueFd inner_fd_;
  std::optional<int> code_;
};

std::string nul_joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& w : words) out.append(w).push_back('\0');
  return out;
}

}  // namespace

std::unique_ptr<JobProcess> start_sandbox(const SandboxSpec& spec) {
  auto plan = std::make_unique<SandboxPlan>(spec.bubblewrap.string(), spec.command);
  plan->mounts = spec.mounts;
  if (spec.root.empty()) {
    plan->mounts->sandbox_root = sandbox_root_steps(spec, spec.mounts.stage + "/root");
    plan->mounts->owner = spec.identity.uid;
  }
  plan->identity = spec.identity;
  plan->gated = spec.network == Network::allow_list;
  plan->allow_hosts = spec.allow_hosts;
  auto status = pika::make_pipe();
  plan->more.push_back(memory_file("arguments", nul_joined(bubblewrap_arguments(spec))));
  plan->more.push_back(std::move(status.write));
  bool own_names = spec.network == Network::on;
  plan->more.push_back(own_names ? memory_file("resolv.conf", content_of("/etc/resolv.conf")) : UniqueFd());
  plan->more.push_back(own_names ? memory_file("hosts", content_of("/etc/hosts")) : UniqueFd());
  plan->more.push_back(memory_file("filter", system_call_filter()));
  return std::make_unique<SandboxProcess>(std::move(plan), std::move(status.read));
}

}  // namespace jerichoci
