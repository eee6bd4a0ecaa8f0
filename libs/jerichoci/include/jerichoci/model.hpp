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
enum class Runtime { host_process, sandbox };
enum class Network { off, on };
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
  Micros time = 30 * 60 * pika::kSecond;
  Micros grace = 5 * pika::kSecond;  // between TERM and KILL
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
  std::vector<std::string> caches{};         // names; each is the folder $PIKA_CACHE_<NAME>, kept between runs
  std::vector<std::string> needs{};          // ids of jobs that must pass first
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
  std::string workspace_kind;             // "overlay", "copy"
  std::vector<std::string> not_enforced;  // limits this host could not hold: "memory: no cgroup controller"
  std::uint64_t log_bytes = 0;
  std::string log_path;  // relative to the run's folder: "jobs/test/log.raw"
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
};

// Strings that are not UTF-8 (a file's name, an argument) become {"base64": "..."}: nothing is lost, nothing invalid
// is written.
pika::json::Value bytes_to_json(const std::string& bytes);
std::optional<std::string> bytes_from_json(const pika::json::Value& value);

// A lane, target, job or cache id: [a-z0-9_-]{1,64}.
bool valid_id(std::string_view id);
// Run ids are chosen by callers too, and name a folder: [A-Za-z0-9][A-Za-z0-9_-]{0,63}.
bool valid_run_id(std::string_view id);
// What is wrong with a list of jobs, as a sentence with advice: ids, doubles, unknown or circular needs, empty
// commands, NUL bytes, environment and cache names, limits that make no sense.
pika::Status check_jobs(const std::vector<JobSpec>& jobs);

pika::json::Value to_json(const JobSpec& job);
pika::json::Value to_json(const SnapshotRecord& snapshot);
pika::json::Value to_json(const JobRecord& job);
pika::json::Value to_json(const RunRecord& run);
pika::Result<JobSpec> job_spec_from_json(const pika::json::Value& value);
pika::Result<SnapshotRecord> snapshot_from_json(const pika::json::Value& value);
pika::Result<RunRecord> run_record_from_json(const pika::json::Value& value);

}  // namespace jerichoci
