#include "exec/isolation.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "exec/disk_limit.hpp"
#include "exec/isolation_memory.hpp"
#include "exec/sandbox.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "runstore/run_store.hpp"

namespace jerichoci {

namespace {

std::string setting(const char* path) {
  auto text = pika::read_file(path);
  return text ? std::string(pika::trim(*text)) : std::string();
}

// The command that would mend what stands in the way, as far as the host tells.
std::string remedy_for(const std::string& why) {
  if (setting("/proc/sys/kernel/unprivileged_userns_clone") == "0")
    return "sysctl -w kernel.unprivileged_userns_clone=1";
  if (setting("/proc/sys/user/max_user_namespaces") == "0") return "sysctl -w user.max_user_namespaces=15000";
  if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1" && why.find("ermi") != std::string::npos)
    return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  return "run it outside of a container, or give the container namespaces: --security-opt seccomp=unconfined "
         "--security-opt systempaths=unconfined";
}

struct Tried {
  bool worked = false;
  std::string why;
};

struct ProbeFolder {
  fs::path path;
  std::optional<BusyMark>& mark;
  ~ProbeFolder() {
    if (::rmdir(path.c_str()) == 0 && mark) mark->done();
  }
};

// Runs `true` to its end and throws its words away, but for the reason why it did not begin.
Tried try_sandbox(const EngineConfig& config, std::optional<std::uint32_t> job_uid, WorkspaceKind kind,
                  const fs::path& empty) {
  JobSpec job;
  job.id = "true";
  auto run_id = "probe-" + pika::make_ulid();
  auto mark = BusyMark::take(config.state_root, run_id);  // so that a kill here leaves nothing for good
  ProbeFolder folder{config.state_root / "work" / run_id, mark};
  Workspace workspace({config.state_root, {empty}, run_id, &job, kind, job_uid});
  SandboxSpec spec;
  spec.bubblewrap = config.bubblewrap;
  spec.command = {"true"};
  spec.env = sandbox_environment();
  spec.mounts = workspace.sandbox_mounts(sandbox_stage());
  spec.identity.uid = job_uid;
  auto process = start_sandbox(spec);
  struct pollfd p{process->pidfd(), POLLIN, 0};
  if (::poll(&p, 1, 20'000) <= 0) return {false, "a sandbox for 'true' did not end within 20 s"};
  std::string words(8192, '\0');
  pika::set_nonblocking(process->err.get());
  auto n = ::read(process->err.get(), words.data(), words.size());
  words.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  auto exit = process->finish(words);
  if (!exit.not_started.empty()) return {false, exit.not_started};
  if (exit.exit_code != 0)
    return {false, fmt::format("'true' ended with {} in a sandbox", exit.exit_code.value_or(-1))};
  return {true, {}};
}

}  // namespace

IsolationReport Isolation::probe() {
  IsolationReport report;
  report.limits = cgroups_.describe();
  report.workspace_kind = "copy";
  if (::access(config_.bubblewrap.c_str(), X_OK) != 0) {
    report.why_not = fmt::format("the sandbox program bubblewrap is not there ('{}')", config_.bubblewrap.string());
    report.remedy = "apt-get install bubblewrap";
    return report;
  }
  try {
    IsolationMemory memory(config_, job_uid_);
    if (auto kind = memory.recall()) {
      report.sandbox = true;
      report.workspace_kind = *kind;
      return report;
    }
    auto empty = config_.state_root / "checkouts" / ".empty";
    pika::make_dirs(empty);
    auto tried = try_sandbox(config_, job_uid_, WorkspaceKind::overlay, empty);
    if (tried.worked) {
      report.workspace_kind = "overlay";
    } else {
      tried = try_sandbox(config_, job_uid_, WorkspaceKind::copy, empty);
    }
    report.sandbox = tried.worked;
    if (tried.worked) memory.remember(report.workspace_kind);
    if (!tried.worked) {
      report.why_not = fmt::format("this host cannot isolate a job: {}", tried.why);
      report.remedy = remedy_for(tried.why);
    }
  } catch (const pika::SystemError& error) {
    report.why_not = fmt::format("the sandbox could not be tried: {}", error.what());
    report.remedy = "look at the state folder: space, owner, permissions";
  }
  return report;
}

IsolationReport Isolation::report() {
  std::lock_guard lock(mutex_);
  if (good_) return *good_;
  auto found = probe();
  if (found.sandbox) good_ = found;
  return found;
}

std::string Isolation::disk_words() {
  auto why = std::string("workspaces are copies");
  if (workspace_kind() == WorkspaceKind::overlay) {
    auto run_id = "probe-" + pika::make_ulid();
    auto mark = BusyMark::take(config_.state_root, run_id);
    ProbeFolder folder{config_.state_root / "work" / run_id, mark};
    pika::make_dirs(folder.path, 0700);
    why = why_no_job_disk(folder.path);
  }
  return why.empty() ? kDiskPrevented : fmt::format("{}; {}", kDiskWatched, why);
}

void Isolation::doubt() {
  std::lock_guard lock(mutex_);
  good_.reset();
  IsolationMemory(config_, job_uid_).forget();
}

WorkspaceKind Isolation::workspace_kind() {
  return report().workspace_kind == "overlay" ? WorkspaceKind::overlay : WorkspaceKind::copy;
}

}  // namespace jerichoci
