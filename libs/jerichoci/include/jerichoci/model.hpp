// The engine's data model: what a job is, what a run was. All records are versioned JSON (schema_version 1) with
// relative paths only; readers tolerate unknown fields.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jerichoci/status.hpp"
#include "pika/base/clock.hpp"
#include "pika/gitx/oid.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

using pika::Micros;

// Where a job runs; how it runs is Runtime. Neither is ever inferred from an id or from a command's shape.
enum class Placement { local };
enum class Runtime { host_process, sandbox, oci };
enum class Network {
  off,
  allow_list,  // only the hosts of JobSpec::allow_hosts, through a proxy that the engine starts
  on,
};
std::string_view to_string(Placement placement);
std::string_view to_string(Runtime runtime);
std::string_view to_string(Network network);
std::optional<Placement> parse_placement(std::string_view word);
std::optional<Runtime> parse_runtime(std::string_view word);
std::optional<Network> parse_network(std::string_view word);

struct Limits {
  std::optional<double> cpus{};
  std::optional<std::uint64_t> memory_bytes{};
  std::optional<std::uint32_t> pids{};
  std::optional<std::uint64_t> disk_bytes{};  // of the workspace: what the job adds to its tree
  Micros time = 30 * 60 * pika::kSecond;
  Micros grace = 5 * pika::kSecond;  // between TERM and KILL
};

// A folder that is kept between runs, apart for each trust domain (RunRequest::trust). Every job gets its own copy of
// what was saved last; what it leaves there is saved when it passed and its domain may save.
struct CacheSpec {
  CacheSpec() = default;
  CacheSpec(std::string its_name) : name(std::move(its_name)) {}  // NOLINT(google-explicit-constructor)
  CacheSpec(const char* its_name) : name(its_name) {}             // NOLINT(google-explicit-constructor)
  std::string name{};                                             // [a-z0-9_-]{1,64}; the folder is $PIKA_CACHE_<NAME>
  std::string path{};                    // in the workspace, relative: there instead, for build folders
  std::vector<std::string> key_files{};  // paths of the tree: another content of one of them is another cache
  friend bool operator==(const CacheSpec&, const CacheSpec&) = default;
};

// A secret that the job gets, by environment or as a file. Its value comes with the request (RunRequest::secrets) and
// is in no plan, record, key or log.
struct SecretUse {
  std::string name{};  // in RunRequest::secrets
  std::string env{};   // the variable that holds the value; or, with as_file, the path of a file that holds it
  bool as_file = false;
  friend bool operator==(const SecretUse&, const SecretUse&) = default;
};

struct ArtifactSpec {
  enum class When { passed, always };
  // Of files in the workspace: * ? [a-z] within a name, ** across names; "report/" is all below it.
  std::vector<std::string> globs{};
  When when = When::always;
  Micros retention = 30 * 24 * 3600 * pika::kSecond;
  friend bool operator==(const ArtifactSpec&, const ArtifactSpec&) = default;
};

// What a prepare node made, shown read-only in a job at a path of its own; empty: where its manifest says.
struct PreparedMount {
  std::string output{};  // id of a PrepareSpec of the run
  std::string path{};    // absolute, in the sandbox
  friend bool operator==(const PreparedMount&, const PreparedMount&) = default;
};

// A job whose verdict depends on nothing but these paths of the tree (and its command, environment, image, limits):
// it is shown only them, and an earlier pass of the same key may count again. Never for a gate.
struct ReuseSpec {
  std::vector<std::string> inputs{};  // paths or folders of the tree
  double audit = 0.02;                // share of hits that run nevertheless, to check the earlier verdict; 0 to 1
  friend bool operator==(const ReuseSpec&, const ReuseSpec&) = default;
};

struct JobSpec {
  std::string id{};  // [a-z0-9_-]{1,64}, unique in the run
  std::string description{};
  std::vector<std::string> command{};  // argv, run in the workspace's root
  Placement placement = Placement::local;
  Runtime runtime = Runtime::sandbox;
  Network network = Network::off;
  Limits limits{};
  std::map<std::string, std::string> env{};  // set as given
  std::vector<std::string> env_allow{};      // names passed through from the engine's caller (EngineConfig::env)
  std::vector<CacheSpec> caches{};
  std::vector<std::string> needs{};        // ids of jobs that must pass first
  std::string root{};                      // a named root filesystem (EngineConfig::roots); empty: host tools
  std::string root_digest{};               // "sha256:...": `root` must have it, or nothing begins; empty: any
  std::vector<std::string> allow_hosts{};  // with Network::allow_list: "registry.npmjs.org", "*.debian.org:443"
  std::vector<SecretUse> secrets{};
  std::optional<ArtifactSpec> artifacts{};
  std::vector<PreparedMount> prepared{};
  std::optional<ReuseSpec> reuse{};
  std::map<FailureKind, unsigned>
      retries{};        // further attempts after a failure of that kind; test_failed only if named
  unsigned weight = 1;  // slots of the host that it takes; more than there are: all of them
};

// A prepare node that makes a directory which jobs mount read-only. It runs like a job (sandboxed, supervised, logged
// under jobs/<id>), on the subset `inputs` of the tree, unless an output of the same content name is in the store.
struct PrepareSpec {
  enum class Kind {
    command,    // fills the folder $PIKA_OUTPUT
    nix_build,  // command is an installable of the tree: {".#workspace-deps"} or {"-f", "default.nix", "deps"}
  };
  std::string id{};    // as a job's; unique among jobs and prepare nodes of the run
  std::string role{};  // "workspace_deps", "workspace_build", or a word of the caller's
  Kind kind = Kind::command;
  std::vector<std::string> command{};
  std::vector<std::string> inputs{};  // paths or folders of the tree; empty: the whole tree
  std::map<std::string, std::string> env{};
  Network network = Network::off;
  std::vector<std::string> allow_hosts{};
  Limits limits{};
  std::vector<std::string> needs{};  // ids of prepare nodes, mounted at /prepared/<id>
};

struct SnapshotRecord {
  pika::git::Oid tree{};
  std::optional<pika::git::Oid> head{};  // commit, when there is one
  bool dirty = false;
  std::vector<std::string> dirty_files{};
};

struct PhaseTiming {
  std::string phase;  // "workspace", "run", "cleanup"
  Micros started_at = 0, finished_at = 0;
};

// What a job used, where the host can tell (a cgroup of its own, else what its processes were charged).
struct ResourceUse {
  std::optional<Micros> cpu_time;
  std::optional<std::uint64_t> peak_memory_bytes, disk_bytes;
};

// An attempt that another followed; its log is attempts/<number>/ beside the job's.
struct AttemptRecord {
  unsigned number = 1;
  Status status = Status::failed;
  FailureKind failure = FailureKind::none;
  std::string message;
  std::optional<int> exit_code;
  Micros started_at = 0, finished_at = 0;
  std::uint64_t log_bytes = 0;
};

struct CacheUse {
  std::string name;
  std::string restored;     // "hit", "miss", "other-domain": read from the domain it falls back to
  std::string saved;        // "saved", "unchanged", "not passed", "not trusted", or why not
  std::uint64_t bytes = 0;  // restored
};

struct ArtifactRecord {
  std::string path;     // in the workspace
  std::string content;  // its name in the store: SHA-256, hex
  std::uint64_t bytes = 0;
  bool executable = false;
};

struct ReuseRecord {
  std::string key;      // SHA-256, hex
  std::string run_id;   // the run that proved it; empty: none was found
  bool reused = false;  // the verdict is that run's; nothing ran
  std::string audit;    // "", "same", "differs": it ran although there was a hit
  std::string why_not;  // why nothing was looked up: "gate", "network", "root"
};

// What the job ran in, for replay: names and digests, no secrets.
struct EnvironmentRecord {
  std::string kernel, architecture, host_tools;  // host_tools: digest of what the sandbox shows of the host
  std::string root_digest;                       // of a named root filesystem or image
};

struct JobRecord {
  std::string id, description;
  std::vector<std::string> command;
  Placement placement = Placement::local;
  Runtime runtime = Runtime::sandbox;
  Status status = Status::queued;
  FailureKind failure = FailureKind::none;
  std::string message;  // one sentence for people: "timed out after 20m 00s"
  std::optional<int> exit_code;
  Micros started_at = 0, finished_at = 0;
  std::vector<PhaseTiming> phases;        // kept on failure too
  std::string workspace_kind;             // "overlay", "reflink" (a copy that shares extents), "copy"
  std::vector<std::string> not_enforced;  // limits this host could not hold: "memory: no cgroup controller"
  std::uint64_t log_bytes = 0;
  std::string log_path;  // relative to the run's folder: "jobs/test/log.raw"
  unsigned attempt = 1;
  std::vector<AttemptRecord> earlier_attempts;
  std::vector<std::string>
      enforced;  // how each limit was held: "memory: cgroup v1", "disk: prevented: ...", "disk: watched: ..."
  ResourceUse used;
  std::vector<CacheUse> caches;
  std::vector<ArtifactRecord> artifacts;
  std::string artifacts_message;       // what was left out, and why; empty: nothing
  std::vector<std::string> contacted;  // with an allow-list: "registry.npmjs.org:443 allowed 12", "... refused 1"
  std::optional<ReuseRecord> reuse;
  EnvironmentRecord environment;
};

struct PreparedOutputRecord {
  std::string id, role;
  std::string content;  // name in the store: SHA-256 of what it was made from, hex
  Status status = Status::queued;
  FailureKind failure = FailureKind::none;
  std::string message;
  bool reused = false;  // it was in the store
  std::uint64_t bytes = 0, log_bytes = 0;
  Micros started_at = 0, finished_at = 0;
};

// Whom a run is trusted like. Caches, prepared outputs and verdicts of one domain are never read by another, but for
// `reads_from`: a branch's domain may read what its target's wrote.
struct TrustDomain {
  std::string name = "local";  // [a-z0-9_-]{1,64}
  std::string reads_from{};    // empty: only its own
  bool may_save = true;
  // Of its own caches only those that runs on the same tree left, from nothing or from what `reads_from` has: another
  // tree of the domain is as foreign as another domain. What it saves can be taken over (Engine::take_over_caches).
  bool own_tree_only = false;
  friend bool operator==(const TrustDomain&, const TrustDomain&) = default;
};

struct RunRecord {
  std::string run_id;  // ULID
  Status status = Status::queued;
  FailureKind failure = FailureKind::none;
  std::string message;
  std::optional<std::string> rerun_of;
  std::string target_id, target_description;
  SnapshotRecord snapshot;
  Micros created_at = 0, started_at = 0, finished_at = 0;
  std::vector<std::string> changed_files, filters;
  std::map<std::string, std::string> labels;
  std::vector<JobRecord> jobs;
  std::vector<PreparedOutputRecord> prepared;
  TrustDomain trust;
  bool gate = false;
};

// Strings that are not UTF-8 (a file's name, an argument) become {"base64": "..."}: nothing is lost, nothing invalid
// is written.
pika::json::Value bytes_to_json(const std::string& bytes);
std::optional<std::string> bytes_from_json(const pika::json::Value& value);

// A lane, target, job or cache id: [a-z0-9_-]{1,64}.
bool valid_id(std::string_view id);
// "sha256:" and 64 of 0-9 and a-f.
bool valid_root_digest(std::string_view digest);
// Run ids are chosen by callers too, and name a folder: [A-Za-z0-9][A-Za-z0-9_-]{0,63}.
bool valid_run_id(std::string_view id);
// What is wrong with a list of jobs, as a sentence with advice: ids, doubles, unknown or circular needs, empty
// commands, NUL bytes, environment and cache names, limits that make no sense.
pika::Status check_jobs(const std::vector<JobSpec>& jobs, const std::vector<PrepareSpec>& prepares = {});
// What is wrong with a trust domain's names: they are folders.
pika::Status check_trust(const TrustDomain& trust);
// What is wrong with one relative path that must stay below its folder: empty, absolute, "..", NUL.
pika::Status check_inner_path(const std::string& path, std::string_view what);
// ... with a cache's path: an inner path, and not the workspace itself, whose files the cache would hide.
pika::Status check_cache_path(const std::string& path, std::string_view what);
// ... with a path at which something may be mounted in a sandbox: absolute, clean, covering nothing of the engine's.
pika::Status check_mount_path(const std::string& path, std::string_view what);

pika::json::Value to_json(const JobSpec& job);
pika::json::Value to_json(const PrepareSpec& prepare);
pika::json::Value to_json(const TrustDomain& trust);
pika::json::Value to_json(const SnapshotRecord& snapshot);
pika::json::Value to_json(const JobRecord& job);
pika::json::Value to_json(const RunRecord& run);
pika::Result<JobSpec> job_spec_from_json(const pika::json::Value& value);
pika::Result<PrepareSpec> prepare_spec_from_json(const pika::json::Value& value);
TrustDomain trust_from_json(const pika::json::Value& value);
pika::Result<SnapshotRecord> snapshot_from_json(const pika::json::Value& value);
pika::Result<RunRecord> run_record_from_json(const pika::json::Value& value);

}  // namespace jerichoci
