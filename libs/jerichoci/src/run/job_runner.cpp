#include "run/job_runner.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "artifacts/collect.hpp"
#include "caches/job_caches.hpp"
#include "exec/allow_proxy.hpp"
#include "exec/disk_limit.hpp"
#include "exec/host_process.hpp"
#include "exec/job_root.hpp"
#include "exec/oci.hpp"
#include "exec/sandbox.hpp"
#include "exec/supervise.hpp"
#include "exec/terminal.hpp"
#include "exec/workspace.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "run/job_secrets.hpp"

namespace jerichoci {

namespace {

using pika::ErrorKind;
using pika::fail;
using pika::Micros;

Micros now() {
  return pika::system_clock().now();
}

// An empty folder outside of the state root, which another user can reach: the workspace is mounted on it, in the
// job's own mount namespace only.
class Stage {
 public:
  Stage(BusyMark& busy, const std::string& run_id)
      : path_(fmt::format("/tmp/jerichoci-{}-{}", run_id, pika::random_hex(8))) {
    busy.note("folder " + path_);  // before it is there: whatever happens next, somebody knows of it
    if (::mkdir(path_.c_str(), 0700) != 0 || ::chmod(path_.c_str(), 0755) != 0)
      throw pika::SystemError(fmt::format("mkdir '{}'", path_));
  }
  ~Stage() { ::rmdir(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class JobRun {
 public:
  JobRun(const JobContext& context, const JobSpec& job, JobRecord record)
      : c_(context), job_(job), record_(std::move(record)) {}

  JobRecord run() {
    record_.status = Status::running;
    record_.log_path = fmt::format("jobs/{}/log.raw", job_.id);
    record_.environment = c_.engine.host_facts.environment();
    try {
      auto folder = c_.engine.runs.job_folder(c_.run_id, job_.id);
      pika::make_dirs(folder);
      auto secrets = JobSecrets::pick(job_, c_.secrets ? *c_.secrets : std::map<std::string, std::string>());
      if (secrets) secrets_ = std::move(*secrets);
      log_.emplace(folder, LogOptions{c_.engine.config.log_cap_bytes, c_.engine.config.fault, secrets_.patterns()});
      if (secrets) {
        attempt();
      } else {
        settle(FailureKind::setup_failed, secrets.error().what, secrets.error().advice);
      }
    } catch (const std::exception& error) {
      settle(FailureKind::infrastructure, error.what());
    }
    try {
      clean_up();
    } catch (const std::exception& error) {
      // The verdict stands: the command has ended. What stayed is removed by the next start.
      pika::log_error("jerichoci", "run {}, job {}: {}", c_.run_id, job_.id, error.what());
      close_log();
    }
    record_.finished_at = now();
    return std::move(record_);
  }

 private:
  void attempt() {
    if (auto refused = may_run(); !refused) {
      settle(FailureKind::infrastructure, refused.error().what, refused.error().advice);
      return;
    }
    Phase phase(*this, "workspace");
    if (auto found = find_root(); !found) {
      settle(FailureKind::setup_failed, found.error().what, found.error().advice);
      return;
    }
    // Host processes of an ordinary user have no mount namespace: they get a copy.
    bool can_mount = job_.runtime != Runtime::host_process || c_.engine.job_uid;
    kind_ = can_mount ? c_.engine.isolation.workspace_kind() : WorkspaceKind::copy;
    record_.workspace_kind = to_string(kind_);
    caches_.emplace(JobCachesRequest{c_.engine.caches, c_.engine.objects, c_.engine.config.fault, c_.tree, c_.trust,
                                     c_.run_id, c_.engine.job_uid},
                    job_.caches);
    workspace_.emplace(WorkspaceRequest{c_.engine.config.state_root, c_.checkout.layers(), c_.run_id, &job_, kind_,
                                        c_.engine.job_uid, c_.mounts, caches_->views(), caches_->touched()});
    record_.workspace_kind = workspace_->made_by();
    caches_->filled(workspace_->caches());
    disk_.emplace(*workspace_, job_.limits.disk_bytes);
    if (job_.limits.disk_bytes) record_.enforced.emplace_back(disk_->words());
    reach(c_.engine, FaultPoint::workspace_made);
    auto name = fmt::format("jerichoci-{}-{}-{}", c_.run_id, job_.id, pika::random_hex(4));
    cgroup_ = JobCgroup::make(c_.engine.cgroups, name, job_.limits, record_.enforced, record_.not_enforced,
                              [this](const auto& group) { c_.busy.note("cgroup " + group.string()); });
    reach(c_.engine, FaultPoint::cgroup_made);
    phase.next("run");
    if (c_.terminal) pty_.emplace(make_pty(*c_.terminal, c_.engine.job_uid));
    auto process = job_.runtime == Runtime::host_process ? begin_host_process() : begin_sandbox();
    began_ = true;
    if (auto start = process_start_time(process->pid()))
      c_.busy.note(fmt::format("process {} {}", process->pid(), *start));
    reach(c_.engine, FaultPoint::job_started);
    Supervision supervision{job_.limits.time, job_.limits.grace, c_.cancel_fd, [this](std::uint64_t bytes) {
                              c_.journal.event("job_progress", {{"job_id", job_.id}, {"log_bytes", bytes}});
                            }};
    supervision.kill_fd = c_.kill_fd;
    if (job_.limits.disk_bytes) supervision.over_disk = [this] { return disk_->look(); };
    supervision.look_at_disk_every = disk_->look_every();
    auto ending =
        pty_ ? attend(*process, std::move(*pty_), *c_.terminal, supervision) : supervise(*process, *log_, supervision);
    disk_->end();
    record_.used.disk_bytes = disk_->used();
    judge(ending);
    note_use(ending.exit.used);
    note_contacts(*process);
    reach(c_.engine, FaultPoint::job_ended);
  }

  pika::Status may_run() {
    if (job_.runtime == Runtime::host_process) {
      if (c_.engine.config.allow_host_process) return {};
      return fail(ErrorKind::forbidden,
                  "no isolation: the job asks for the runtime host_process, which this engine may not run",
                  "use runtime = \"sandbox\", or let an administrator allow host_process");
    }
    auto report = c_.engine.isolation.report();
    if (job_.runtime == Runtime::oci && ::access(c_.engine.config.runc.c_str(), X_OK) != 0)
      return fail(ErrorKind::unavailable,
                  fmt::format("no isolation: the OCI runtime is not there ('{}')", c_.engine.config.runc.string()),
                  "apt-get install runc");
    if (job_.runtime == Runtime::oci && cgroup_mount_points().empty())
      return fail(ErrorKind::unavailable,
                  "no isolation: the OCI runtime starts nothing where no control groups are mounted",
                  "mount them at /sys/fs/cgroup, or use runtime = \"sandbox\"");
    if (report.sandbox) return {};
    return fail(ErrorKind::unavailable, "no isolation: " + report.why_not, report.remedy);
  }

  std::map<std::string, std::string> environment(const std::string& workspace) const {
    auto env = sandbox_environment();
    env["PIKA_RUN_ID"] = c_.run_id;
    env["PIKA_JOB"] = job_.id;
    env["PIKA_WORKSPACE"] = workspace;
    for (const auto& name : job_.env_allow)
      if (auto it = c_.engine.config.env.find(name); it != c_.engine.config.env.end()) env[name] = it->second;
    for (const auto& [name, value] : job_.env) env[name] = value;
    return env;
  }

  // The root filesystem that the job names.
  pika::Status find_root() {
    if (job_.root.empty()) return {};
    if (job_.runtime == Runtime::host_process)
      return fail(ErrorKind::invalid, "a host process has no root filesystem of its own", "use runtime = \"sandbox\"");
    auto configured = c_.engine.config.roots.find(job_.root);
    if (configured == c_.engine.config.roots.end())
      return fail(ErrorKind::not_found, fmt::format("this engine has no root filesystem called '{}'", job_.root),
                  "an administrator names them in its configuration");
    root_ = PIKA_TRY(c_.engine.roots.ensure(configured->second));
    record_.environment.root_digest = root_->digest;
    if (!job_.root_digest.empty() && root_->digest != job_.root_digest)
      return fail(ErrorKind::conflict,
                  fmt::format("the root filesystem '{}' is not the one that the job is pinned to: it has {}, and the "
                              "job wants {}",
                              job_.root, root_->digest, job_.root_digest),
                  "give this engine the other one, or change the pin");
    return {};
  }

  LaunchIdentity identity() const {
    LaunchIdentity who;
    who.uid = c_.engine.job_uid;
    for (const auto& fd : cgroup_.join_fds()) who.join_fds.push_back(fd.get());
    who.born_in = cgroup_.born_in();
    who.file_bytes = disk_->file_bytes();
    if (pty_) who.terminal = pty_->slave.get();
    return who;
  }

  std::unique_ptr<JobProcess> begin_sandbox() {
    SandboxSpec spec;
    spec.bubblewrap = c_.engine.config.bubblewrap;
    spec.command = job_.command;
    spec.env = environment(kSandboxWorkspace);
    for (const auto& cache : workspace_->caches()) {
      spec.caches.push_back(cache.path.empty() ? "/caches/" + cache.name
                                               : fmt::format("{}/{}", kSandboxWorkspace, cache.path));
      spec.env[cache_variable(cache.name)] = spec.caches.back();
    }
    spec.network = job_.network;
    if (job_.network == Network::allow_list) {
      for (const auto& host : job_.allow_hosts)
        if (auto pattern = HostPattern::parse(host)) spec.allow_hosts.push_back(std::move(*pattern));
      for (const auto& [name, value] : proxy_environment()) spec.env.try_emplace(name, value);
    }
    spec.shown = c_.mounts;
    for (const auto& mount : c_.mounts)
      if (!mount.variable.empty()) spec.env[mount.variable] = mount.target;
    spec.host_paths = c_.engine.config.sandbox_paths;
    // The OCI runtime looks for control groups where a sandbox has its stage.
    spec.mounts = workspace_->sandbox_mounts(job_.runtime == Runtime::oci ? kOciStage : sandbox_stage());
    spec.tmp_on_disk = workspace_->counts_tmp();
    spec.mounts.secrets = secrets_.files(spec.mounts.stage + "/secrets", c_.engine.job_uid);
    secrets_.set_environment(spec.env, kSecretsFolder);
    spec.identity = identity();
    for (const auto& [name, value] : job_.env) spec.job_sets.insert(name);
    if (root_) use_job_root(workspace_->folder(), *root_, spec);
    if (job_.runtime == Runtime::sandbox) return start_sandbox(spec);
    if (c_.engine.job_uid) spec.mounts.read_only = cgroup_mount_points();
    return start_oci({c_.engine.config.runc, std::move(spec), root_->folder});
  }

  std::unique_ptr<JobProcess> begin_host_process() {
    HostProcessSpec spec;
    spec.command = job_.command;
    std::string home, tmp;
    if (c_.engine.job_uid) {
      stage_.emplace(c_.busy, c_.run_id);
      spec.mounts = workspace_->host_mounts(stage_->path());
      spec.workspace = spec.mounts->workspace;
      home = stage_->path() + "/home";
      tmp = stage_->path() + "/tmp";
    } else {
      spec.workspace = workspace_->folder() / "workspace";
      home = workspace_->folder() / "home";
      tmp = workspace_->folder() / "tmp";
    }
    spec.env = environment(spec.workspace);
    if (!job_.env.contains("HOME")) spec.env["HOME"] = home;
    if (!job_.env.contains("TMPDIR")) spec.env["TMPDIR"] = tmp;
    const auto& caches = workspace_->caches();
    for (std::size_t i = 0; i < caches.size(); ++i)
      spec.env[cache_variable(caches[i].name)] = !caches[i].path.empty() ? spec.workspace + "/" + caches[i].path
                                                 : stage_                ? fmt::format("{}/cache-{}", stage_->path(), i)
                                                                         : workspace_->cache_place(i).string();
    for (std::size_t i = 0; i < c_.mounts.size(); ++i)
      if (!c_.mounts[i].variable.empty())
        spec.env[c_.mounts[i].variable] =
            stage_ ? fmt::format("{}/mount-{}", stage_->path(), i) : c_.mounts[i].source.string();
    if (spec.mounts) {
      spec.mounts->secrets = secrets_.files(stage_->path() + "/secrets", c_.engine.job_uid);
      secrets_.set_environment(spec.env, spec.mounts->secrets.folder);
    } else {
      secrets_.set_environment_in_memory(spec.env);
    }
    spec.identity = identity();
    if (job_.network == Network::off)
      record_.not_enforced.emplace_back("network off: a host process has the host's network");
    if (job_.network == Network::allow_list)
      record_.not_enforced.emplace_back("network allow_list: a host process has the host's network");
    return start_host_process(spec);
  }

  // While the workspace is there, and nothing runs in it any more.
  void save_caches() {
    if (!caches_ || !workspace_) return;
    std::vector<std::filesystem::path> folders;
    for (std::size_t i = 0; i < workspace_->caches().size(); ++i) folders.push_back(workspace_->cache_place(i));
    caches_->save(record_.status == Status::passed, folders,
                  kind_ == WorkspaceKind::overlay ? JobCaches::Left::upper : JobCaches::Left::whole,
                  workspace_->folder());
    record_.caches = caches_->uses();
    for (const auto& use : record_.caches)
      if (log_ && (use.restored.starts_with("miss:") || use.saved.starts_with("not saved:")))
        pika::log_info("jerichoci", "run {}, job {}: cache {}: {}{}", c_.run_id, job_.id, use.name, use.restored,
                       use.restored.ends_with(use.saved) ? "" : "; " + use.saved);
  }

  // What the groups counted is the whole of the job; else what its processes were charged.
  void note_use(const ResourceUse& charged) {
    auto counted = cgroup_.used();
    record_.used.cpu_time = counted.cpu_time ? counted.cpu_time : charged.cpu_time;
    record_.used.peak_memory_bytes = counted.peak_memory_bytes ? counted.peak_memory_bytes : charged.peak_memory_bytes;
  }

  // What was refused also ends the log: few programs show what a proxy says.
  void note_contacts(JobProcess& process) {
    record_.contacted = process.contacted();
    for (const auto& line : record_.contacted) {
      auto words = pika::split(line, ' ');
      if (words.size() != 3 || words[1] != "refused") continue;
      try {
        log_->write(
            fmt::format(
                "[pika] network: {} was refused: it is not on the job's list of hosts, or its address is private\n",
                words[0]),
            LogStream::engine, now());
      } catch (const pika::SystemError&) {
        return;  // a full disk: the record says it all
      }
    }
  }

  void judge(const Ending& ending) {
    record_.exit_code = ending.exit.exit_code;
    bool no_memory = cgroup_.oom_kills() > 0;
    if (!ending.log_error.empty())
      return settle(FailureKind::infrastructure, "the log could not be written: " + ending.log_error);
    if (ending.cancelled) {
      record_.status = Status::cancelled;
      return say("cancelled");
    }
    if (ending.timed_out)
      return settle(FailureKind::timed_out, "timed out after " + pika::format_duration(job_.limits.time));
    if (ending.exit.program_missing)
      return settle(FailureKind::setup_failed,
                    fmt::format("the command could not be run: {}", ending.exit.not_started));
    if (!ending.exit.not_started.empty()) c_.engine.isolation.doubt();
    if (!ending.exit.not_started.empty())
      return settle(FailureKind::infrastructure,
                    fmt::format("the job could not be started: {}", ending.exit.not_started));
    int code = ending.exit.exit_code.value_or(-1);
    if (disk_->lost())
      return settle(FailureKind::infrastructure,
                    "disk: the host could not keep what the job wrote: its own disk is full or broken");
    if (auto broken = disk_->broken(code)) return settle(FailureKind::test_failed, *broken);
    if (code == 0) {
      record_.status = Status::passed;
      return;
    }
    if (no_memory)
      return settle(FailureKind::out_of_memory, fmt::format("out of memory: it wanted more than {}",
                                                            pika::format_bytes(job_.limits.memory_bytes.value_or(0))));
    settle(FailureKind::test_failed, code > 128 && code < 193 ? fmt::format("ended by signal {}", code - 128)
                                                              : fmt::format("exit code {}", code));
  }

  void settle(FailureKind kind, std::string message, const std::string& advice = {}) {
    record_.status = Status::failed;
    record_.failure = kind;
    if (!advice.empty()) message += "; " + advice;
    say(std::move(message));
  }

  // The outcome in words; what is not the command's own doing also ends the log, so that who reads only that knows.
  void say(std::string message) {
    record_.message = secrets_.masked(std::move(message));
    if (!log_ || record_.failure == FailureKind::test_failed) return;
    try {
      log_->write(fmt::format("[pika] {}\n", record_.message), LogStream::engine, now());
    } catch (const pika::SystemError&) {
      // a full disk: the record says so
    }
  }

  void clean_up() {
    Phase phase(*this, "cleanup");
    if (!cgroup_.empty() && !remove_cgroups(cgroup_.folders()))
      pika::log_error("jerichoci", "a cgroup of run {} stays", c_.run_id);
    stage_.reset();
    if (began_ && c_.processes_ended) c_.processes_ended();
    if (began_) keep_artifacts();
    save_caches();
    close_log();  // before what may fail on the job's files
    if (workspace_) workspace_->remove();
    reach(c_.engine, FaultPoint::workspace_removed);
  }

  void close_log() {
    if (!log_ || std::exchange(log_closed_, true)) return;
    try {
      log_->close(now());
    } catch (const pika::SystemError& error) {
      pika::log_error("jerichoci", "run {}, job {}: the end of a log is lost: {}", c_.run_id, job_.id, error.what());
      if (record_.message.empty()) record_.message = fmt::format("the end of its log is lost: {}", error.what());
    }
    record_.log_bytes = log_->size();
  }

  // The verdict stands whatever becomes of them.
  void keep_artifacts() {
    if (!job_.artifacts || (job_.artifacts->when == ArtifactSpec::When::passed && record_.status != Status::passed))
      return;
    try {
      auto kept = collect_artifacts(workspace_->open_view().get(), *job_.artifacts, c_.engine.artifacts,
                                    {c_.engine.config.artifact_bytes, c_.engine.config.artifact_files});
      record_.artifacts = std::move(kept.files);
      record_.artifacts_message = std::move(kept.message);
      reach(c_.engine, FaultPoint::artifact_stored);
    } catch (const std::exception& error) {
      record_.artifacts_message = fmt::format("artifacts could not be kept: {}", error.what());
    }
  }

  // A timed part of the job; ended by the next one or by leaving, also through an exception.
  class Phase {
   public:
    Phase(JobRun& run, std::string name) : run_(run) { run.record_.phases.push_back({std::move(name), now(), 0}); }
    ~Phase() { run_.record_.phases.back().finished_at = now(); }
    void next(std::string name) {
      auto at = now();
      run_.record_.phases.back().finished_at = at;
      run_.record_.phases.push_back({std::move(name), at, 0});
    }

   private:
    JobRun& run_;
  };

  const JobContext& c_;
  const JobSpec& job_;
  JobRecord record_;
  std::optional<LogWriter> log_;
  JobSecrets secrets_;
  WorkspaceKind kind_ = WorkspaceKind::copy;
  std::optional<Root> root_;
  std::optional<Workspace> workspace_;
  std::optional<Stage> stage_;
  std::optional<JobCaches> caches_;
  std::optional<DiskLimit> disk_;
  std::optional<Pty> pty_;
  JobCgroup cgroup_;
  bool began_ = false, log_closed_ = false;  // the command ran: it may have left something
};

}  // namespace

JobRecord new_job_record(const JobSpec& job) {
  JobRecord record;
  record.id = job.id;
  record.description = job.description;
  record.command = job.command;
  record.placement = job.placement;
  record.runtime = job.runtime;
  return record;
}

JobRecord run_job(const JobContext& context, const JobSpec& job, JobRecord record) {
  return JobRun(context, job, std::move(record)).run();
}

}  // namespace jerichoci
