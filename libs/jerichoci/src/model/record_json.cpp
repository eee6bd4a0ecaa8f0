// The records as JSON, schema_version 1.
#include <fmt/format.h>

#include "jerichoci/model.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

namespace json = pika::json;
using pika::ErrorKind;
using pika::fail;

std::string_view to_string(Placement placement) {
  switch (placement) {
    case Placement::local:
      return "local";
  }
  return "";
}
std::string_view to_string(Runtime runtime) {
  switch (runtime) {
    case Runtime::host_process:
      return "host_process";
    case Runtime::sandbox:
      return "sandbox";
  }
  return "";
}
std::string_view to_string(Network network) {
  switch (network) {
    case Network::off:
      return "off";
    case Network::on:
      return "on";
  }
  return "";
}
std::optional<Placement> parse_placement(std::string_view word) {
  if (word == "local") return Placement::local;
  return std::nullopt;
}
std::optional<Runtime> parse_runtime(std::string_view word) {
  if (word == "host_process") return Runtime::host_process;
  if (word == "sandbox") return Runtime::sandbox;
  return std::nullopt;
}
std::optional<Network> parse_network(std::string_view word) {
  if (word == "off") return Network::off;
  if (word == "on") return Network::on;
  return std::nullopt;
}

json::Value bytes_to_json(const std::string& bytes) {
  if (pika::is_utf8(bytes)) return json::Value(bytes);
  return json::Object{{"base64", pika::base64_encode(bytes)}};
}

std::optional<std::string> bytes_from_json(const json::Value& value) {
  if (auto* text = value.if_string()) return std::string(text->data(), text->size());
  if (auto coded = json::find_string(value, "base64")) return pika::base64_decode(*coded);
  return std::nullopt;
}

namespace {

json::Array list_to_json(const std::vector<std::string>& list) {
  json::Array out;
  for (const auto& item : list) out.push_back(bytes_to_json(item));
  return out;
}

json::Object map_to_json(const std::map<std::string, std::string>& map) {
  json::Object out;
  for (const auto& [key, value] : map) out[pika::to_utf8(key)] = bytes_to_json(value);
  return out;
}

std::vector<std::string> list_from_json(const json::Value& value, std::string_view key) {
  std::vector<std::string> out;
  if (auto* list = json::find_array(value, key))
    for (const auto& item : *list)
      if (auto text = bytes_from_json(item)) out.push_back(std::move(*text));
  return out;
}

std::map<std::string, std::string> map_from_json(const json::Value& value, std::string_view key) {
  std::map<std::string, std::string> out;
  if (auto* object = json::find_object(value, key))
    for (const auto& [name, item] : *object)
      if (auto text = bytes_from_json(item)) out[std::string(name)] = std::move(*text);
  return out;
}

std::string text_or_empty(const json::Value& value, std::string_view key) {
  auto* item = json::find(value, key);
  return item ? bytes_from_json(*item).value_or("") : "";
}

template <class T>
pika::Result<T> word_from_json(const json::Value& value, std::string_view key,
                               std::optional<T> (*parse)(std::string_view)) {
  auto word = PIKA_TRY(json::get_string(value, key));
  if (auto known = parse(word)) return *known;
  return fail(ErrorKind::invalid,
              fmt::format("the field '{}' says {}, a word this version does not know", key, pika::quote_name(word)),
              "a newer version may have written it");
}

pika::Status check_schema(const json::Value& value, std::string_view what) {
  auto version = json::find_int(value, "schema_version");
  if (!version) return fail(ErrorKind::invalid, fmt::format("{} has no schema_version", what));
  if (*version != 1)
    return fail(ErrorKind::invalid, fmt::format("{} has schema_version {}; this version reads 1", what, *version),
                "use the version that wrote it, or a newer one");
  return {};
}

json::Object limits_to_json(const Limits& limits) {
  json::Object out;
  if (limits.cpus) out["cpus"] = *limits.cpus;
  if (limits.memory_bytes) out["memory_bytes"] = *limits.memory_bytes;
  if (limits.pids) out["pids"] = *limits.pids;
  out["time_us"] = limits.time;
  out["grace_us"] = limits.grace;
  return out;
}

Limits limits_from_json(const json::Value& value) {
  Limits limits;
  auto* object = json::find(value, "limits");
  if (!object) return limits;
  if (auto* cpus = json::find(*object, "cpus")) {
    if (auto* d = cpus->if_double()) limits.cpus = *d;
    if (auto* n = cpus->if_int64()) limits.cpus = static_cast<double>(*n);
  }
  if (auto n = json::find_int(*object, "memory_bytes"); n && *n > 0)
    limits.memory_bytes = static_cast<std::uint64_t>(*n);
  if (auto n = json::find_int(*object, "pids"); n && *n > 0) limits.pids = static_cast<std::uint32_t>(*n);
  if (auto n = json::find_int(*object, "time_us")) limits.time = *n;
  if (auto n = json::find_int(*object, "grace_us")) limits.grace = *n;
  return limits;
}

json::Array phases_to_json(const std::vector<PhaseTiming>& phases) {
  json::Array out;
  for (const auto& p : phases)
    out.push_back(json::Object{{"phase", p.phase}, {"started_at", p.started_at}, {"finished_at", p.finished_at}});
  return out;
}

pika::Result<JobRecord> job_record_from_json(const json::Value& v) {
  JobRecord job;
  job.id = PIKA_TRY(json::get_string(v, "id"));
  job.description = text_or_empty(v, "description");
  job.command = list_from_json(v, "command");
  job.placement = PIKA_TRY(word_from_json(v, "placement", parse_placement));
  job.runtime = PIKA_TRY(word_from_json(v, "runtime", parse_runtime));
  job.status = PIKA_TRY(word_from_json(v, "status", parse_status));
  job.failure = PIKA_TRY(word_from_json(v, "failure", parse_failure_kind));
  job.message = text_or_empty(v, "message");
  if (auto n = json::find_int(v, "exit_code")) job.exit_code = static_cast<int>(*n);
  job.started_at = json::find_int(v, "started_at").value_or(0);
  job.finished_at = json::find_int(v, "finished_at").value_or(0);
  if (auto* phases = json::find_array(v, "phases"))
    for (const auto& p : *phases)
      job.phases.push_back({text_or_empty(p, "phase"), json::find_int(p, "started_at").value_or(0),
                            json::find_int(p, "finished_at").value_or(0)});
  job.workspace_kind = text_or_empty(v, "workspace_kind");
  job.not_enforced = list_from_json(v, "not_enforced");
  job.log_bytes = static_cast<std::uint64_t>(json::find_int(v, "log_bytes").value_or(0));
  job.log_path = text_or_empty(v, "log_path");
  return job;
}

}  // namespace

json::Value to_json(const JobSpec& job) {
  return json::Object{{"id", job.id},
                      {"description", bytes_to_json(job.description)},
                      {"command", list_to_json(job.command)},
                      {"placement", to_string(job.placement)},
                      {"runtime", to_string(job.runtime)},
                      {"network", to_string(job.network)},
                      {"limits", limits_to_json(job.limits)},
                      {"env", map_to_json(job.env)},
                      {"env_allow", list_to_json(job.env_allow)},
                      {"caches", list_to_json(job.caches)},
                      {"needs", list_to_json(job.needs)}};
}

pika::Result<JobSpec> job_spec_from_json(const json::Value& value) {
  JobSpec job;
  job.id = PIKA_TRY(json::get_string(value, "id"));
  job.description = text_or_empty(value, "description");
  job.command = list_from_json(value, "command");
  job.placement = PIKA_TRY(word_from_json(value, "placement", parse_placement));
  job.runtime = PIKA_TRY(word_from_json(value, "runtime", parse_runtime));
  job.network = PIKA_TRY(word_from_json(value, "network", parse_network));
  job.limits = limits_from_json(value);
  job.env = map_from_json(value, "env");
  job.env_allow = list_from_json(value, "env_allow");
  job.caches = list_from_json(value, "caches");
  job.needs = list_from_json(value, "needs");
  return job;
}

json::Value to_json(const SnapshotRecord& snapshot) {
  json::Object out{{"tree", snapshot.tree.hex()}, {"dirty", snapshot.dirty}};
  if (snapshot.head) out["head"] = snapshot.head->hex();
  out["dirty_files"] = list_to_json(snapshot.dirty_files);
  return out;
}

pika::Result<SnapshotRecord> snapshot_from_json(const json::Value& value) {
  SnapshotRecord snapshot;
  auto tree = pika::git::Oid::parse(PIKA_TRY(json::get_string(value, "tree")));
  if (!tree) return fail(ErrorKind::invalid, "the field 'tree' is no object id");
  snapshot.tree = *tree;
  if (auto head = json::find_string(value, "head")) snapshot.head = pika::git::Oid::parse(*head);
  snapshot.dirty = json::find_bool(value, "dirty").value_or(false);
  snapshot.dirty_files = list_from_json(value, "dirty_files");
  return snapshot;
}

json::Value to_json(const JobRecord& job) {
  json::Object out{{"id", job.id},
                   {"description", bytes_to_json(job.description)},
                   {"command", list_to_json(job.command)},
                   {"placement", to_string(job.placement)},
                   {"runtime", to_string(job.runtime)},
                   {"status", to_string(job.status)},
                   {"failure", to_string(job.failure)},
                   {"message", pika::to_utf8(job.message)},
                   {"started_at", job.started_at},
                   {"finished_at", job.finished_at},
                   {"phases", phases_to_json(job.phases)},
                   {"workspace_kind", job.workspace_kind},
                   {"not_enforced", list_to_json(job.not_enforced)},
                   {"log_bytes", job.log_bytes},
                   {"log_path", job.log_path}};
  if (job.exit_code) out["exit_code"] = *job.exit_code;
  return out;
}

json::Value to_json(const RunRecord& run) {
  json::Array jobs;
  for (const auto& job : run.jobs) jobs.push_back(to_json(job));
  json::Object out{{"schema_version", 1},
                   {"run_id", run.run_id},
                   {"status", to_string(run.status)},
                   {"failure", to_string(run.failure)},
                   {"message", pika::to_utf8(run.message)},
                   {"target_id", pika::to_utf8(run.target_id)},
                   {"target_description", pika::to_utf8(run.target_description)},
                   {"snapshot", to_json(run.snapshot)},
                   {"created_at", run.created_at},
                   {"started_at", run.started_at},
                   {"finished_at", run.finished_at},
                   {"changed_files", list_to_json(run.changed_files)},
                   {"filters", list_to_json(run.filters)},
                   {"labels", map_to_json(run.labels)},
                   {"jobs", std::move(jobs)}};
  if (run.rerun_of) out["rerun_of"] = *run.rerun_of;
  return out;
}

pika::Result<RunRecord> run_record_from_json(const json::Value& v) {
  PIKA_TRY(check_schema(v, "the run record"));
  RunRecord run;
  run.run_id = PIKA_TRY(json::get_string(v, "run_id"));
  if (!valid_run_id(run.run_id)) return fail(ErrorKind::invalid, "the run record's run_id is no run id");
  run.status = PIKA_TRY(word_from_json(v, "status", parse_status));
  run.failure = PIKA_TRY(word_from_json(v, "failure", parse_failure_kind));
  run.message = text_or_empty(v, "message");
  run.rerun_of = json::find_string(v, "rerun_of");
  run.target_id = text_or_empty(v, "target_id");
  run.target_description = text_or_empty(v, "target_description");
  auto* snapshot = json::find(v, "snapshot");
  if (!snapshot) return fail(ErrorKind::invalid, "the run record has no snapshot");
  run.snapshot = PIKA_TRY(snapshot_from_json(*snapshot));
  run.created_at = json::find_int(v, "created_at").value_or(0);
  run.started_at = json::find_int(v, "started_at").value_or(0);
  run.finished_at = json::find_int(v, "finished_at").value_or(0);
  run.changed_files = list_from_json(v, "changed_files");
  run.filters = list_from_json(v, "filters");
  run.labels = map_from_json(v, "labels");
  if (auto* jobs = json::find_array(v, "jobs"))
    for (const auto& job : *jobs) run.jobs.push_back(PIKA_TRY(job_record_from_json(job)));
  return run;
}

}  // namespace jerichoci
