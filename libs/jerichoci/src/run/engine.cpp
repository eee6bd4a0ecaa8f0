#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/save.hpp"
#include "exec/sandbox_etc.hpp"
#include "gc/gc.hpp"
#include "gc/look.hpp"
#include "jerichoci/jerichoci.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/repository.hpp"
#include "plan/plan.hpp"
#include "replay/replay.hpp"
#include "run/engine_impl.hpp"
#include "run/first_record.hpp"
#include "run/request_again.hpp"
#include "run/run_driver.hpp"
#include "runstore/sweep.hpp"
#include "snapshot/worktree.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::Result;
using pika::UniqueFd;

Engine::Engine() = default;
Engine::~Engine() = default;

namespace {

// Folders that would give the host away are refused, whoever asks.
pika::Status check_config(const EngineConfig& config) {
  if (config.state_root.empty() || !config.state_root.is_absolute())
    return fail(ErrorKind::invalid, "the state root must be an absolute path");
  for (const auto& path : config.sandbox_paths) {
    auto clean = path.lexically_normal();
    if (!clean.has_filename()) clean = clean.parent_path();
    for (auto* never : {"/", "/root", "/home", "/proc", "/sys", "/dev", "/etc", "/var", "/run", "/tmp"})
      if (clean == never || !path.is_absolute())
        return fail(ErrorKind::invalid, fmt::format("the sandbox may not show '{}'", path.string()),
                    "name the folder that jobs need below it");
  }
  return {};
}

bool some_run_is_dead(const fs::path& state_root) {
  std::error_code error;
  for (fs::directory_iterator it(state_root / "busy", error), end; !error && it != end; it.increment(error)) {
    UniqueFd mark(::open(it->path().c_str(), O_RDONLY | O_CLOEXEC));
    if (mark && ::flock(mark.get(), LOCK_EX | LOCK_NB) == 0) return true;
  }
  return false;
}

constexpr uid_t kOverflowUid = 65534;  // whose files root's are on a network file system that takes root for nobody

// engine.lock, shared. Whoever finds himself alone first removes what the dead left aside.
Result<UniqueFd> lock_state(const fs::path& state_root) {
  auto path = state_root / "engine.lock";
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock) throw pika::SystemError(fmt::format("open '{}'", path.string()));
  // Root in a user's folder would leave there what the user cannot remove, and write where that user's links lead.
  struct stat st{};
  if (::fstat(lock.get(), &st) != 0) throw pika::SystemError(fmt::format("stat '{}'", path.string()));
  if (st.st_uid != ::geteuid() && st.st_uid != kOverflowUid)
    return fail(ErrorKind::invalid,
                fmt::format("its owner is user {}, and this runs as user {}", st.st_uid, ::geteuid()),
                "run it as that user, or name another state folder");
  bool alone = ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
  // A child that a killed engine was just forking holds its lock a moment longer than the engine itself.
  for (int tries = 0; !alone && tries < 50 && some_run_is_dead(state_root); ++tries) {
    ::poll(nullptr, 0, 10);
    alone = ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
  }
  if (alone) {
    sweep_aside(state_root);
    sweep_sandbox_etc(state_root);
  }
  while (::flock(lock.get(), LOCK_SH) != 0)  // who sweeps now is soon done
    if (errno != EINTR) throw pika::SystemError(fmt::format("lock '{}'", path.string()));
  return lock;
}

}  // namespace

// A program that ignores the end of its children cannot be told how one ended, nor can we in it.
static pika::Status check_signals() {
  struct sigaction action{};
  ::sigaction(SIGCHLD, nullptr, &action);
  if (action.sa_handler != SIG_IGN && !(action.sa_flags & SA_NOCLDWAIT)) return {};
  return fail(ErrorKind::invalid, "this program ignores SIGCHLD, so no process of a job could be waited for",
              "set it to SIG_DFL, or to a handler, before Engine::open");
}

Result<std::unique_ptr<Engine>> Engine::open(EngineConfig config) {
  PIKA_TRY(check_config(config));
  PIKA_TRY(check_signals());
  return guarded([&]() -> Result<std::unique_ptr<Engine>> {
    std::optional<std::uint32_t> uid;
    if (::geteuid() == 0) uid = config.job_uid.value_or(65534);
    if (uid == 0u) return fail(ErrorKind::invalid, "jobs never run as root: job_uid must not be 0");
    pika::make_dirs(config.state_root, 0700);
    auto lock = PIKA_TRY(lock_state(config.state_root));
    auto objects = PIKA_TRY(ObjectStore::open(config.state_root));
    auto engine = std::unique_ptr<Engine>(new Engine());
    engine->impl_ = std::make_unique<Impl>(std::move(config), std::move(objects), uid);
    auto& impl = *engine->impl_;
    impl.lock = std::move(lock);
    settle_dead_runs(impl.runs);
    return engine;
  });
}

Result<SnapshotRecord> Engine::snapshot_commit(const fs::path& repository, const pika::git::Oid& commit) {
  return guarded([&]() -> Result<SnapshotRecord> {
    auto source = PIKA_TRY(pika::git::Repository::open(repository));
    auto info = source.commit(commit);
    if (!info)
      return fail(ErrorKind::not_found, fmt::format("there is no commit {} in '{}'", commit.hex(), repository.string()),
                  "fetch it first");
    SnapshotRecord snapshot;
    snapshot.tree = info->tree;
    snapshot.head = commit;
    PIKA_TRY(impl_->objects.import_tree(source.path(), snapshot.tree));
    reach(*impl_, FaultPoint::snapshot_objects_written);
    return snapshot;
  });
}

Result<SnapshotRecord> Engine::snapshot_worktree(const fs::path& repository) {
  return guarded([&]() -> Result<SnapshotRecord> {
    pika::make_dirs(impl_->config.state_root / "tmp", 0700);
    pika::TempDir scratch("capture-", impl_->config.state_root / "tmp");
    auto snapshot = PIKA_TRY(capture_worktree(impl_->objects, repository, scratch.path()));
    reach(*impl_, FaultPoint::snapshot_objects_written);
    return snapshot;
  });
}

Result<RunRecord> Engine::run_jobs(const RunRequest& request, const EventSink& sink, const CancelToken& cancel) {
  PIKA_TRY(check_jobs(request.jobs, request.prepares));
  PIKA_TRY(check_trust(request.trust));
  return guarded([&]() -> Result<RunRecord> {
    if ((!request.jobs.empty() || !request.prepares.empty()) && !impl_->objects.has_tree(request.snapshot.tree))
      return fail(ErrorKind::not_found, fmt::format("the tree {} is not in the store", request.snapshot.tree.hex()),
                  "take a snapshot first: snapshot_commit or snapshot_worktree");
    auto with_id = request;
    if (!with_id.run_id) with_id.run_id = pika::make_ulid();
    return drive_run(*impl_, with_id, sink, cancel);
  });
}

Result<RunRecord> Engine::rerun_jobs(const std::string& run_id, const EventSink& sink, const CancelToken& cancel,
                                     const std::map<std::string, std::string>& secrets) {
  auto before = PIKA_TRY(load_run_record(run_id));
  return run_jobs(PIKA_TRY(request_again(*this, before, secrets)), sink, cancel);
}

Result<ReplayReport> Engine::replay(const std::string& run_id, const std::string& job, const EventSink& sink,
                                    const CancelToken& cancel, const std::map<std::string, std::string>& secrets) {
  auto before = PIKA_TRY(load_run_record(run_id));
  auto request = PIKA_TRY(request_again(*this, before, secrets));
  request.jobs = PIKA_TRY(replayed_jobs(request.jobs, job));
  request.trust.may_save = false;
  request.labels["replay_of"] = run_id;
  auto after = PIKA_TRY(run_jobs(request, sink, cancel));
  return guarded([&]() -> Result<ReplayReport> {
    auto read_log = [this](const std::string& run, const std::string& id, std::uint64_t offset, std::uint64_t size) {
      auto piece = load_log(run, id, offset, size);
      return piece ? std::move(piece->bytes) : std::string();
    };
    return compare_runs(read_log, std::move(before), std::move(after));
  });
}

Result<RunRecord> Engine::record_skipped_run(const RunRequest& request, const std::string& why) {
  PIKA_TRY(check_jobs(request.jobs, request.prepares));
  return guarded([&]() -> Result<RunRecord> {
    auto with_id = request;
    if (!with_id.run_id) with_id.run_id = pika::make_ulid();
    auto run = first_record(with_id);
    PIKA_TRY(impl_->runs.create(run.run_id));
    run.status = Status::skipped;
    run.message = why;
    run.started_at = run.finished_at = run.created_at;
    for (auto& job : run.jobs) {
      job.status = Status::skipped;
      job.message = why;
    }
    for (auto& output : run.prepared) {
      output.status = Status::skipped;
      output.message = why;
    }
    Plan plan{run.run_id,       run.target_id, run.target_description, run.snapshot,     request.jobs,
              request.prepares, request.trust, request.gate,           request.fail_fast};
    pika::write_file_atomic(impl_->runs.run_folder(run.run_id) / "plan.json", pika::json::print_pretty(to_json(plan)));
    impl_->runs.write_record(run, RunStore::Durable::yes);
    return run;
  });
}

pika::Status Engine::request_cancel(const std::string& run_id) {
  return guarded([&]() -> pika::Status {
    auto run = PIKA_TRY(load_run_record(run_id));
    if (is_final(run.status))
      return fail(ErrorKind::conflict, fmt::format("run '{}' has ended already: {}", run_id, to_string(run.status)));
    pika::write_file_atomic(impl_->runs.run_folder(run_id) / "cancel", "");
    return {};
  });
}

pika::Result<UniqueFd> Engine::open_artifact(const std::string& content) const {
  return guarded([&] { return impl_->artifacts.open(content); });
}

pika::Result<fs::path> Engine::save_artifact(const ArtifactRecord& artifact, const fs::path& folder) const {
  return guarded([&] { return jerichoci::save_artifact(impl_->artifacts, artifact, folder); });
}

pika::Result<GcReport> Engine::gc(const GcPolicy& policy) {
  return guarded([&] { return collect_garbage(*impl_, policy); });
}

Result<std::size_t> Engine::take_over_caches(const std::string& from, const std::string& to,
                                             const pika::git::Oid& tree) {
  if (!valid_id(from) || !valid_id(to) || from == to)
    return fail(ErrorKind::invalid, fmt::format("caches cannot go from the trust domain {} to {}",
                                                pika::quote_name(from), pika::quote_name(to)));
  return guarded([&]() -> Result<std::size_t> { return impl_->caches.take_over(from, to, tree); });
}

pika::Status Engine::pin_run(const std::string& run_id, const std::string& why) {
  PIKA_TRY(load_run_record(run_id));
  return guarded([&]() -> pika::Status {
    pika::write_file_atomic(pin_file(impl_->runs, run_id), why);
    // A collection that had put the run away by then looks there, and brings a pinned one back.
    return load_run_record(run_id) ? pika::Status() : fail(ErrorKind::not_found, "the run was removed just now");
  });
}

pika::Status Engine::unpin_run(const std::string& run_id) {
  PIKA_TRY(load_run_record(run_id));
  ::unlink(pin_file(impl_->runs, run_id).c_str());
  return {};
}

IsolationReport Engine::isolation() const {
  auto report = impl_->isolation.report();
  try {
    report.limits.push_back(impl_->isolation.disk_words());
  } catch (const pika::SystemError& error) {
    report.limits.push_back(fmt::format("disk: could not be tried: {}", error.what()));
  }
  return report;
}

const EngineConfig& Engine::config() const {
  return impl_->config;
}

}  // namespace jerichoci
