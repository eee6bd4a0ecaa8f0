#include "exec/host_process.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>

#include "exec/led_process.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

namespace {

class HostPlan final : public LeaderPlan {
 public:
  HostPlan(const HostProcessSpec& spec, std::vector<std::string> candidates)
      : workspace_(spec.workspace), words_(spec.command), candidates_(std::move(candidates)) {
    for (const auto& [name, value] : spec.env) env_.push_back(fmt::format("{}={}", name, value));
    for (auto& w : words_) argv_.push_back(w.data());
    argv_.push_back(nullptr);
    for (auto& e : env_) envp_.push_back(e.data());
    envp_.push_back(nullptr);
  }

  int become_first(pid_t leader, const char** step) override {
    ::setsid();
    limit_files(identity);
    *step = "become the job's user";
    if (int error = drop_identity(identity)) return error;
    *step = "enter the workspace";
    if (::chdir(workspace_.c_str()) != 0) return errno;
    if (!ready_to_exec(4, leader)) ::_exit(127);
    *step = kExec;
    int error = ENOENT;
    for (const auto& candidate : candidates_) {
      ::execve(candidate.c_str(), argv_.data(), envp_.data());
      if (errno != ENOENT && errno != ENOTDIR) error = errno;
    }
    return error;
  }

  static constexpr const char* kExec = "exec";

 private:
  std::string workspace_;
  std::vector<std::string> words_, env_;
  std::vector<std::string> candidates_;  // where the program may be, in the order of PATH
  std::vector<char*> argv_, envp_;
};

class HostProcess final : public LedProcess {
 public:
  HostProcess(std::unique_ptr<LeaderPlan> plan, std::string program)
      : LedProcess(std::move(plan)), own_memory_(own_memory()), program_(std::move(program)) {}

  // The leader says who is first when that runs already: who is not known yet is told when it is.
  void terminate() override {
    asked_ = true;
    read_report();
  }

  void read_report() override {
    LedProcess::read_report();
    if (!asked_ || report().first() <= 0 || report().wait_status()) return;
    asked_ = false;
    if (::kill(-report().first(), SIGTERM) != 0) ::kill(report().first(), SIGTERM);  // no session of its own yet
  }

  JobExit finish(std::string_view) override {
    bury();
    if (auto failure = report().failure(); failure && failure->step == std::string_view(HostPlan::kExec))
      return {127, fmt::format("exec {}: {}", pika::quote_name(program_), std::strerror(failure->value)), true};
    if (auto never = could_not_begin()) return *never;
    return ended(report().wait_status().value_or(SIGKILL), own_memory_);
  }

 private:
  bool asked_ = false;  // to end
  std::uint64_t own_memory_;
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
  auto plan = std::make_unique<HostPlan>(spec, program_candidates(spec));
  plan->mounts = spec.mounts;
  plan->identity = spec.identity;
  plan->first_peak = FirstPeak::counts;
  return std::make_unique<HostProcess>(std::move(plan), spec.command[0]);
}

}  // namespace jerichoci
