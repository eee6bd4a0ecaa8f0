// What happened, as JSON: runs, jobs, snapshots; schema_version 1.
#include "model/json_parts.hpp"

namespace jerichoci {

namespace json = pika::json;
using pika::ErrorKind;
using pika::fail;

namespace {

pika::Status check_schema(const json::Value& value, std::string_view what) {
  auto version = json::find_int(value, "schema_version");
  if (!version) return fail(ErrorKind::invalid, fmt::format("{} has no schema_version", what));
  if (*version != 1)
    return fail(ErrorKind::invalid, fmt::format("{} has schema_version {}; this version reads 1", what, *version),
                "use the version that wrote it, or a newer one");
  return {};
}

json::Array phases_to_json(const std::vector<PhaseTiming>& phases) {
  json::Array out;
  for (const auto& p : phases)
    out.push_back(json::Object{{"phase", p.phase}, {"started_at", p.started_at}, {"finished_at", p.finished_at}});
  return out;
}

json::Array attempts_to_json(const std::vector<AttemptRecord>& attempts) {
  json::Array out;
  for (const auto& a : attempts) {
    json::Object one{{"number", a.number},
                     {"status", to_string(a.status)},
                     {"failure", to_string(a.failure)},
                     {"message", pika::to_utf8(a.message)},
                     {"started_at", a.started_at},
                     {"finished_at", a.finished_at},
                     {"log_bytes", a.log_bytes}};
    if (a.exit_code) one["exit_code"] = *a.exit_code;
    out.emplace_back(std::move(one));
  }
  return out;
}

pika::Status attempts_from_json(const json::Value& v, std::vector<AttemptRecord>& out) {
  auto* list = json::find_array(v, "earlier_attempts");
  if (!list) return {};
  for (const auto& item : *list) {
    AttemptRecord a;
    a.number = static_cast<unsigned>(count_or_zero(item, "number"));
    a.status = PIKA_TRY(word_from_json(item, "status", parse_status));
    a.failure = PIKA_TRY(word_from_json(item, "failure", parse_failure_kind));
    a.message = text_or_empty(item, "message");
    if (auto n = json::find_int(item, "exit_code")) a.exit_code = static_cast<int>(*n);
    a.started_at = json::find_int(item, "started_at").value_or(0);
    a.finished_at = json::find_int(item, "finished_at").value_or(0);
    a.log_bytes = count_or_zero(item, "log_bytes");
    out.push_back(std::move(a));
  }
  return {};
}

json::Object used_to_json(const ResourceUse& used) {
  json::Object out;
  if (used.cpu_time) out["cpu_time_us"] = *used.cpu_time;
  if (used.peak_memory_bytes) out["peak_memory_bytes"] = *used.peak_memory_bytes;
  if (used.disk_bytes) out["disk_bytes"] = *used.disk_bytes;
  return out;
}

ResourceUse used_from_json(const json::Value& v) {
  ResourceUse used;
  auto* object = json::find(v, "used");
  if (!object) return used;
  used.cpu_time = json::find_int(*object, "cpu_time_us");
  if (auto n = json::find_int(*object, "peak_memory_bytes")) used.peak_memory_bytes = static_cast<std::uint64_t>(*n);
  if (auto n = json::find_int(*object, "disk_bytes")) used.disk_bytes = static_cast<std::uint64_t>(*n);
  return used;
}

json::Array cache_uses_to_json(const std::vector<CacheUse>& caches) {
  json::Array out;
  for (const auto& c : caches)
    out.push_back(json::Object{
        {"name", c.name}, {"restored", c.restored}, {"saved", pika::to_utf8(c.saved)}, {"bytes", c.bytes}});
  return out;
}

json::Array artifacts_to_json(const std::vector<ArtifactRecord>& artifacts) {
  json::Array out;
  for (const auto& a : artifacts)
    out.push_back(json::Object{
        {"path", bytes_to_json(a.path)}, {"content", a.content}, {"bytes", a.bytes}, {"executable", a.executable}});
  return out;
}

json::Object reuse_to_json(const ReuseRecord& r) {
  return {{"key", r.key}, {"run_id", r.run_id}, {"reused", r.reused}, {"audit", r.audit}, {"why_not", r.why_not}};
}

json::Object environment_to_json(const EnvironmentRecord& e) {
  return {{"kernel", pika::to_utf8(e.kernel)},
          {"architecture", e.architecture},
          {"host_tools", e.host_tools},
          {"root_digest", e.root_digest}};
}

// Fields that came later than version 1's first; absent ones say nothing.
void later_fields_to_json(const JobRecord& job, json::Object& out) {
  if (job.attempt != 1) out["attempt"] = job.attempt;
  if (!job.earlier_attempts.empty()) out["earlier_attempts"] = attempts_to_json(job.earlier_attempts);
  if (!job.enforced.empty()) out["enforced"] = list_to_json(job.enforced);
  if (auto used = used_to_json(job.used); !used.empty()) out["used"] = std::move(used);
  if (!job.caches.empty()) out["caches"] = cache_uses_to_json(job.caches);
  if (!job.artifacts.empty()) out["artifacts"] = artifacts_to_json(job.artifacts);
  if (!job.artifacts_message.empty()) out["artifacts_message"] = pika::to_utf8(job.artifacts_message);
  if (!job.contacted.empty()) out["contacted"] = list_to_json(job.contacted);
  if (job.reuse) out["reuse"] = reuse_to_json(*job.reuse);
  out["environment"] = environment_to_json(job.environment);
}

pika::Status later_fields_from_json(const json::Value& v, JobRecord& job) {
  if (auto n = count_or_zero(v, "attempt")) job.attempt = static_cast<unsigned>(n);
  PIKA_TRY(attempts_from_json(v, job.earlier_attempts));
  job.enforced = list_from_json(v, "enforced");
  job.used = used_from_json(v);
  if (auto* list = json::find_array(v, "caches"))
    for (const auto& c : *list)
      job.caches.push_back({text_or_empty(c, "name"), text_or_empty(c, "restored"), text_or_empty(c, "saved"),
                            count_or_zero(c, "bytes")});
  if (auto* list = json::find_array(v, "artifacts"))
    for (const auto& a : *list)
      job.artifacts.push_back({json::find(a, "path") ? bytes_from_json(*json::find(a, "path")).value_or("") : "",
                               text_or_empty(a, "content"), count_or_zero(a, "bytes"),
                               json::find_bool(a, "executable").value_or(false)});
  job.artifacts_message = text_or_empty(v, "artifacts_message");
  job.contacted = list_from_json(v, "contacted");
  if (auto* r = json::find(v, "reuse"))
    job.reuse = ReuseRecord{text_or_empty(*r, "key"), text_or_empty(*r, "run_id"),
                            json::find_bool(*r, "reused").value_or(false), text_or_empty(*r, "audit"),
                            text_or_empty(*r, "why_not")};
  if (auto* e = json::find(v, "environment"))
    job.environment = {text_or_empty(*e, "kernel"), text_or_empty(*e, "architecture"), text_or_empty(*e, "host_tools"),
                       text_or_empty(*e, "root_digest")};
  return {};
}

json::Object prepared_to_json(const PreparedOutputRecord& p) {
  return {{"id", p.id},
          {"role", bytes_to_json(p.role)},
          {"content", p.content},
          {"status", to_string(p.status)},
          {"failure", to_string(p.failure)},
          {"message", pika::to_utf8(p.message)},
          {"reused", p.reused},
          {"bytes", p.bytes},
          {"log_bytes", p.log_bytes},
          {"started_at", p.started_at},
          {"finished_at", p.finished_at}};
}

pika::Result<PreparedOutputRecord> prepared_from_json(const json::Value& v) {
  PreparedOutputRecord p;
  p.id = PIKA_TRY(json::get_string(v, "id"));
  p.role = text_or_empty(v, "role");
  p.content = text_or_empty(v, "content");
  p.status = PIKA_TRY(word_from_json(v, "status", parse_status));
  p.failure = PIKA_TRY(word_from_json(v, "failure", parse_failure_kind));
  p.message = text_or_empty(v, "message");
  p.reused = json::find_bool(v, "reused").value_or(false);
  p.bytes = count_or_zero(v, "bytes");
  p.log_bytes = count_or_zero(v, "log_bytes");
  p.started_at = json::find_int(v, "started_at").value_or(0);
  p.finished_at = json::find_int(v, "finished_at").value_or(0);
  return p;
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
  PIKA_TRY(later_fields_from_json(v, job));
  return job;
}

}  // namespace

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
  later_fields_to_json(job, out);
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
  if (!run.prepared.empty()) {
    json::Array prepared;
    for (const auto& p : run.prepared) prepared.push_back(prepared_to_json(p));
    out["prepared"] = std::move(prepared);
  }
  out["trust"] = to_json(run.trust);
  out["gate"] = run.gate;
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
  if (auto* prepared = json::find_array(v, "prepared"))
    for (const auto& p : *prepared) run.prepared.push_back(PIKA_TRY(prepared_from_json(p)));
  if (auto* trust = json::find(v, "trust")) run.trust = trust_from_json(*trust);
  run.gate = json::find_bool(v, "gate").value_or(false);
  return run;
}

}  // namespace jerichoci
