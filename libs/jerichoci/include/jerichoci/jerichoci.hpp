// jerichoci, the CI engine: runs jobs on exactly one tree, each in a fresh workspace, and records what happened.
//
//   auto engine = jerichoci::Engine::open({.state_root = state}).value();
//   auto snapshot = engine->snapshot_commit(repo, commit).value();
//   auto run = engine->run_jobs({.target_id = "unit", .snapshot = snapshot, .jobs = {job}}, sink, {});
//
// A library and nothing else: no daemon, no global state, no environment variable read. One configuration value in,
// records and events out. Methods are not overloaded and take serialisable arguments, so that a run can move to
// another process or host. All methods are thread-safe; run_jobs blocks until the run has ended.
//
// On disk, below state_root (relative names; records are replaced atomically):
//   engine.lock              shared by open engines
//   objects.git/             bare git store: snapshots are trees in it, pinned by refs/jerichoci/runs/<run id>
//   checkouts/<tree>/        read-only checkouts, layers of the overlays that are workspaces (snapshot/checkouts.hpp)
//   work/<run>/<job>/        workspaces of running jobs, removed at the end
//   caches/<domain>/<name>/  declared caches by trust domain: generations that jobs get views of (src/caches)
//   outputs/<sha256>/        prepared outputs, named by what they were made from (src/prepared/output_store.hpp)
//   nix/<domain>/            the nix store of prepare nodes that build with nix (src/prepared/nix_store.hpp)
//   slots/                   locked files: host capacity shared by every program that runs jobs here, and the line
//                            of runs that wait for it (src/run/slots.hpp)
//   busy/<run id>            locked by the engine that runs it; names what is to be removed should that die
//   gc.lock                  one collection at a time (src/gc/gc.hpp)
//   verdicts/<domain>/<key>.json  that a job passed on these inputs, and in which run (src/reuse)
//   tmp/                     scratch of captures
//   artifacts/<aa>/<sha256>  contents of files that jobs left, each once; records name them
//   runs/<run id>/plan.json  before anything runs
//   runs/<run id>/run.json   the RunRecord, replaced as it changes
//   runs/<run id>/events.jsonl
//   runs/<run id>/pinned     gc leaves it alone; why
//   runs/<run id>/cancel     somebody asked for the run to be cancelled
//   runs/<run id>/jobs/<job>/log.raw or log.raw.zst, log.idx, log.lines, steps.json   the job's log, in the formats
//                            that src/runstore/log_format.hpp tells; of earlier attempts below attempts/<number>/
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jerichoci/fault.hpp"
#include "jerichoci/gc.hpp"
#include "jerichoci/log.hpp"
#include "jerichoci/model.hpp"
#include "jerichoci/replay.hpp"
#include "jerichoci/shell.hpp"
#include "jerichoci/status.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

struct PreparedQuota {
  std::uint64_t bytes = 20ull << 30;
  std::size_t count = 500;
};

struct EngineConfig {
  fs::path state_root{};
  unsigned slots = 0;                        // jobs at once on this host; 0: number of processors
  std::optional<std::uint32_t> job_uid{};    // when root: jobs run as this user (default 65534) and never as root
  bool allow_host_process = false;           // an administrator's word: host_process jobs may run
  std::vector<fs::path> sandbox_paths{};     // read-only host folders shown to jobs, beside the built-in list
  std::map<std::string, std::string> env{};  // what env_allow may pass through
  std::uint64_t log_cap_bytes =
      256u << 20;  // of one job's log: half of it head, half tail, a line about the cut between
  std::uint64_t artifact_bytes = 2ull << 30;  // of one job's artifacts
  std::size_t artifact_files = 5000;
  fs::path bubblewrap = "/usr/bin/bwrap";   // the sandbox program
  fs::path runc = "/usr/sbin/runc";         // the OCI runtime
  fs::path nix = "/usr/bin/nix";            // for prepare nodes of kind nix_build; where a sandbox shows it
  std::map<std::string, fs::path> roots{};  // named root filesystems: a folder, or an OCI image layout (runtime oci)
  std::map<std::string, std::string> reuse_for_gates{};  // job id -> why: policy that lets a reused verdict count
  PreparedQuota prepared_quota{};               // of the store of prepared outputs, held after each that was made
  std::uint64_t nix_store_bytes = 20ull << 30;  // a domain's nix store above this removes what no output came from
  Micros retry_pause = pika::kSecond;  // before a further attempt after the host's trouble; doubles, 30 times at most
  Micros sink_patience = 10 * pika::kSecond;  // that run_jobs waits for its sink when the run has ended
  // Verdicts may also be reused between jobs that see this host's tools, named by the digest of its packages
  // (EnvironmentRecord::host_tools): what somebody changed on the host without its package manager goes unnoticed.
  bool reuse_with_host_tools = false;
  std::function<void(FaultPoint)> fault{};  // called at each fault point, for tests that die there
};

// A prepared output of the store (outputs/): a folder made by a PrepareSpec, mounted read-only in jobs.
struct PreparedOutput {
  std::string content{};     // its name: SHA-256, hex, of what it was made from
  std::string id{}, role{};  // of the node that made it
  std::string trust{};       // the domain that made it
  std::string run_id{};      // the run that made it
  std::string built_path{};  // of a nix build: "/nix/store/<hash>-<name>"; else empty
  std::uint64_t bytes = 0, files = 0;
  Micros created_at = 0, used_at = 0;
  std::vector<std::string> used_by{};    // runs that use it now: never collected
  std::vector<std::string> pinned_by{};  // names given to pin_prepared_output: never collected
};

enum class DryRun { no, yes };

struct RunRequest {
  std::string target_id{}, target_description{};
  SnapshotRecord snapshot{};
  std::vector<JobSpec> jobs{};
  std::optional<std::string> rerun_of{};
  std::optional<std::string> run_id{};  // chosen by the caller, else made
  std::vector<std::string> changed_files{}, filters{};
  std::map<std::string, std::string> labels{};
  std::vector<PrepareSpec> prepares{};
  // name -> value; given to the jobs that name them and masked in their logs (docs/logs.md), written nowhere.
  std::map<std::string, std::string> secrets{};
  TrustDomain trust{};
  bool gate = false;       // its verdict decides a landing: no reused verdicts
  bool fail_fast = false;  // the first failure cancels what has not begun and what runs
};

// One event: JSON object with schema_version, seq, time (ISO), event, run_id and the event's own fields. Events:
// run_started, plan_ready, node_started, node_finished, job_started, job_progress, job_retried (an attempt failed and
// another follows; job_finished is only the last one's), job_finished, job_skipped, run_finished. It is in events.jsonl
// before the sink sees it. The sink is called on a thread of its own, one call at a time. A sink that throws, blocks or
// lags changes nothing but its own view: the run goes on to its end and its record at its own pace. Then run_jobs waits
// for the sink to take the rest, EngineConfig::sink_patience at most; after that it is given nothing more, and a call
// that is still under way must not use what its caller has destroyed. A sink more than 65,536 events behind misses
// some: seq tells, load_events has them.
using EventSink = std::function<void(const pika::json::Value& event)>;

// Some events of a run, in order.
struct EventPiece {
  std::vector<pika::json::Value> events{};
  std::uint64_t next_offset = 0;  // where to go on
  std::uint64_t damaged = 0;      // lines that are no event: an engine was killed while it wrote them
};

// Asked to stop from any thread or by request_cancel of another process.
class CancelToken {
 public:
  CancelToken();
  void cancel() const;
  bool cancelled() const;
  int fd() const;  // readable when cancelled
  // Who has no patience: cancels, and what runs gets no grace any more. The run still ends as a cancelled one.
  void kill() const;
  bool killed() const;
  int kill_fd() const;  // readable when killed

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// What a host can isolate with; for `pikaci doctor` and the waiting reason no_isolation.
struct IsolationReport {
  bool sandbox = false;
  std::string why_not;              // one sentence
  std::string remedy;               // the command that would mend it
  std::string workspace_kind;       // "overlay" or "copy"
  std::vector<std::string> limits;  // "memory: cgroup v1", "pids: none", "disk: prevented: ..."
};

// Whether prepare nodes can build with nix here.
struct NixReport {
  bool usable = false;
  std::string words;   // "nix (Nix) 2.8.0", or why not
  std::string remedy;  // the command that would mend it
};

class Engine {
 public:
  // Takes the state root, settles what a dead engine left busy (lost), removes its leftovers.
  static pika::Result<std::unique_ptr<Engine>> open(EngineConfig config);
  ~Engine();

  // The tree of a commit of a local repository, its objects copied into the store. Seen before: costs nothing.
  pika::Result<SnapshotRecord> snapshot_commit(const fs::path& repository, const pika::git::Oid& commit);
  // The work tree as it is: modified and untracked-not-ignored files, modes, symlinks, any byte in a name; ignored
  // files never, tracked files always. Nothing of the user's index or refs changes.
  pika::Result<SnapshotRecord> snapshot_worktree(const fs::path& repository);

  // invalid: the request is wrong (ids, cycles, empty command); nothing was recorded. Otherwise a record: also a run
  // that failed, was cancelled, or had no jobs (nothing_ran).
  pika::Result<RunRecord> run_jobs(const RunRequest& request, const EventSink& sink, const CancelToken& cancel);
  // Same tree, same jobs as the plan of that run. Secrets are given anew: nothing keeps them.
  pika::Result<RunRecord> rerun_jobs(const std::string& run_id, const EventSink& sink, const CancelToken& cancel,
                                     const std::map<std::string, std::string>& secrets = {});
  // The same jobs on the same tree, or one of them (`job`; empty: all), run again and compared. The new run's trust
  // domain may save nothing. not_found when there is no such run or job.
  pika::Result<ReplayReport> replay(const std::string& run_id, const std::string& job, const EventSink& sink,
                                    const CancelToken& cancel, const std::map<std::string, std::string>& secrets = {});
  // An interactive shell in the world that a job of the run had: its tree anew, mounts, prepared outputs, a view of its
  // caches that is thrown away, environment, network, user, limits but for time; its secrets are not given. `job` may
  // be empty when the run has one job, or one that failed. `tell` is called before the world is made. Nothing stays:
  // no record either. Blocks until the shell has ended; not_found as replay.
  pika::Result<ShellEnd> shell(const std::string& run_id, const std::string& job, const ShellTerminal& terminal,
                               const std::function<void(const ShellWorld&)>& tell, const CancelToken& cancel);
  pika::Result<RunRecord> record_skipped_run(const RunRequest& request, const std::string& why);
  pika::Status request_cancel(const std::string& run_id);  // of a run in any process

  // Newest first; a corrupt record is left out and named in `warnings`.
  std::vector<RunRecord> list_runs(std::size_t limit, std::vector<std::string>* warnings);
  pika::Result<RunRecord> load_run_record(const std::string& run_id);
  pika::Result<std::string> load_plan(const std::string& run_id);  // plan.json
  // events.jsonl from a byte offset on, whole lines only, also while it is written; some MiB at once.
  pika::Result<EventPiece> load_events(const std::string& run_id, std::uint64_t offset);
  // Bytes of a job's log by offset; also while it is written. An offset past the end gives none.
  pika::Result<LogPiece> load_log(const std::string& run_id, const std::string& job_id, std::uint64_t offset,
                                  std::uint64_t size);
  // The same of an attempt that another followed (JobRecord::earlier_attempts).
  pika::Result<LogPiece> load_attempt_log(const std::string& run_id, const std::string& job_id, unsigned attempt,
                                          std::uint64_t offset, std::uint64_t size);
  // By line, quick also in a long log: `count` lines from line `from_line` on (the first is 1), or the last ones.
  pika::Result<LogLines> load_log_lines(const std::string& run_id, const std::string& job_id, std::uint64_t from_line,
                                        std::uint64_t count);
  pika::Result<LogLines> load_last_log_lines(const std::string& run_id, const std::string& job_id, std::uint64_t count);
  pika::Result<LogSteps> load_log_steps(const std::string& run_id, const std::string& job_id);
  // The file that holds the log: log.raw, or log.raw.zst where it is compressed. For people; readers use load_log.
  fs::path log_file(const std::string& run_id, const std::string& job_id) const;

  // The bytes of an artifact, by ArtifactRecord::content, to read; not_found when its time is over.
  pika::Result<pika::UniqueFd> open_artifact(const std::string& content) const;
  // Writes an artifact to `folder`/<its path>, making folders on the way; never through a symlink that is in there,
  // never out of `folder`. Gives the path. conflict when such a file is there.
  pika::Result<fs::path> save_artifact(const ArtifactRecord& artifact, const fs::path& folder) const;

  // Removes what is not needed any more; or, as a dry run, tells what that would be. Runs may be under way, in this
  // engine and in others; what they use stays. unavailable when another collection is under way.
  pika::Result<GcReport> gc(const GcPolicy& policy);
  // A pinned run and its artifacts stay until it is unpinned; `why` is for people.
  pika::Status pin_run(const std::string& run_id, const std::string& why);
  pika::Status unpin_run(const std::string& run_id);

  // What a run's prepare nodes gave is in its record (RunRecord::prepared); this is the store: newest use first, what
  // cannot be read named in `warnings`.
  std::vector<PreparedOutput> list_prepared_outputs(std::vector<std::string>* warnings);
  // Kept whatever the quota says, until it is unpinned by the same name ([A-Za-z0-9][A-Za-z0-9_-]{0,63}).
  pika::Status pin_prepared_output(const std::string& content, const std::string& name);
  pika::Status unpin_prepared_output(const std::string& content, const std::string& name);
  // Takes away the least recently used until the quota holds, never what is in use or pinned. Gives what went (would).
  pika::Result<std::vector<PreparedOutput>> collect_prepared_outputs(const PreparedQuota& quota, DryRun dry_run);

  // After the tree of a domain became the trusted one (its branch landed): what runs on exactly that tree saved in the
  // declared caches of `from`, where its runs had TrustDomain::own_tree_only, becomes what counts in `to`. It is moved:
  // a second time there is nothing. What a run just uses stays for the next time. Gives how many caches. `invalid`: no
  // domain's name.
  pika::Result<std::size_t> take_over_caches(const std::string& from, const std::string& to,
                                             const pika::git::Oid& tree);

  IsolationReport isolation() const;
  // What the named root filesystem has ("sha256:..."), for JobSpec::root_digest; not_found when none has the name.
  pika::Result<std::string> root_digest(const std::string& name) const;
  NixReport nix() const;  // asks the program for its version
  const EngineConfig& config() const;

 private:
  Engine();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jerichoci
