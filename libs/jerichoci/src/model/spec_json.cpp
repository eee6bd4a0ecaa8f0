// What was asked for, as JSON: jobs and prepare nodes of plan.json. Fields that say nothing are left out, so that a
// plan reads well and an older plan means the same.
#include "model/json_parts.hpp"

namespace jerichoci {

namespace json = pika::json;
using pika::ErrorKind;
using pika::fail;

namespace {

json::Object limits_to_json(const Limits& limits) {
  json::Object out;
  if (limits.cpus) out["cpus"] = *limits.cpus;
  if (limits.memory_bytes) out["memory_bytes"] = *limits.memory_bytes;
  if (limits.pids) out["pids"] = *limits.pids;
  if (limits.disk_bytes) out["disk_bytes"] = *limits.disk_bytes;
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
  if (auto n = count_or_zero(*object, "memory_bytes")) limits.memory_bytes = n;
  if (auto n = count_or_zero(*object, "pids")) limits.pids = static_cast<std::uint32_t>(n);
  if (auto n = count_or_zero(*object, "disk_bytes")) limits.disk_bytes = n;
  if (auto n = json::find_int(*object, "time_us")) limits.time = *n;
  if (auto n = json::find_int(*object, "grace_us")) limits.grace = *n;
  return limits;
}

// A cache that is only a name is written as its name.
json::Array caches_to_json(const std::vector<CacheSpec>& caches) {
  json::Array out;
  for (const auto& cache : caches) {
    if (cache.path.empty() && cache.key_files.empty()) {
      out.emplace_back(cache.name);
      continue;
    }
    json::Object one{{"name", cache.name}};
    if (!cache.path.empty()) one["path"] = bytes_to_json(cache.path);
    if (!cache.key_files.empty()) one["key_files"] = list_to_json(cache.key_files);
    out.emplace_back(std::move(one));
  }
  return out;
}

std::vector<CacheSpec> caches_from_json(const json::Value& value) {
  std::vector<CacheSpec> out;
  auto* list = json::find_array(value, "caches");
  if (!list) return out;
  for (const auto& item : *list) {
    CacheSpec cache;
    if (item.is_object()) {
      cache.name = text_or_empty(item, "name");
      cache.path = text_or_empty(item, "path");
      cache.key_files = list_from_json(item, "key_files");
    } else {
      cache.name = bytes_from_json(item).value_or("");
    }
    out.push_back(std::move(cache));
  }
  return out;
}

json::Array secrets_to_json(const std::vector<SecretUse>& secrets) {
  json::Array out;
  for (const auto& s : secrets)
    out.push_back(json::Object{{"name", bytes_to_json(s.name)}, {"env", s.env}, {"as_file", s.as_file}});
  return out;
}

std::vector<SecretUse> secrets_from_json(const json::Value& value) {
  std::vector<SecretUse> out;
  if (auto* list = json::find_array(value, "secrets"))
    for (const auto& item : *list)
      out.push_back(
          {text_or_empty(item, "name"), text_or_empty(item, "env"), json::find_bool(item, "as_file").value_or(false)});
  return out;
}

json::Object artifacts_to_json(const ArtifactSpec& spec) {
  return {{"globs", list_to_json(spec.globs)},
          {"when", spec.when == ArtifactSpec::When::passed ? "passed" : "always"},
          {"retention_us", spec.retention}};
}

std::optional<ArtifactSpec> artifacts_from_json(const json::Value& value) {
  auto* object = json::find(value, "artifacts");
  if (!object) return std::nullopt;
  ArtifactSpec spec;
  spec.globs = list_from_json(*object, "globs");
  if (text_or_empty(*object, "when") == "passed") spec.when = ArtifactSpec::When::passed;
  if (auto n = json::find_int(*object, "retention_us")) spec.retention = *n;
  return spec;
}

json::Array mounts_to_json(const std::vector<PreparedMount>& mounts) {
  json::Array out;
  for (const auto& m : mounts) {
    json::Object one{{"output", m.output}};
    if (!m.path.empty()) one["path"] = bytes_to_json(m.path);
    out.emplace_back(std::move(one));
  }
  return out;
}

std::vector<PreparedMount> mounts_from_json(const json::Value& value) {
  std::vector<PreparedMount> out;
  if (auto* list = json::find_array(value, "prepared"))
    for (const auto& item : *list) out.push_back({text_or_empty(item, "output"), text_or_empty(item, "path")});
  return out;
}

std::optional<ReuseSpec> reuse_from_json(const json::Value& value) {
  auto* object = json::find(value, "reuse");
  if (!object) return std::nullopt;
  ReuseSpec spec;
  spec.inputs = list_from_json(*object, "inputs");
  if (auto* audit = json::find(*object, "audit"); audit && audit->is_double()) spec.audit = audit->get_double();
  if (auto* audit = json::find(*object, "audit"); audit && audit->is_int64())
    spec.audit = static_cast<double>(audit->get_int64());
  return spec;
}

pika::Result<std::map<FailureKind, unsigned>> retries_from_json(const json::Value& value) {
  std::map<FailureKind, unsigned> out;
  auto* object = json::find_object(value, "retries");
  if (!object) return out;
  for (const auto& [word, count] : *object) {
    auto kind = parse_failure_kind(std::string_view(word.data(), word.size()));
    if (!kind || !count.is_int64() || count.get_int64() < 0)
      return fail(ErrorKind::invalid, "the field 'retries' names no failure kind and count this version knows");
    out[*kind] = static_cast<unsigned>(count.get_int64());
  }
  return out;
}

}  // namespace

json::Value to_json(const JobSpec& job) {
  json::Object out{{"id", job.id},
                   {"description", bytes_to_json(job.description)},
                   {"command", list_to_json(job.command)},
                   {"placement", to_string(job.placement)},
                   {"runtime", to_string(job.runtime)},
                   {"network", to_string(job.network)},
                   {"limits", limits_to_json(job.limits)},
                   {"env", map_to_json(job.env)},
                   {"env_allow", list_to_json(job.env_allow)},
                   {"caches", caches_to_json(job.caches)},
                   {"needs", list_to_json(job.needs)}};
  if (!job.root.empty()) out["root"] = job.root;
  if (!job.root_digest.empty()) out["root_digest"] = job.root_digest;
  if (!job.allow_hosts.empty()) out["allow_hosts"] = list_to_json(job.allow_hosts);
  if (!job.secrets.empty()) out["secrets"] = secrets_to_json(job.secrets);
  if (job.artifacts) out["artifacts"] = artifacts_to_json(*job.artifacts);
  if (!job.prepared.empty()) out["prepared"] = mounts_to_json(job.prepared);
  if (job.reuse) out["reuse"] = json::Object{{"inputs", list_to_json(job.reuse->inputs)}, {"audit", job.reuse->audit}};
  if (!job.retries.empty()) {
    json::Object retries;
    for (const auto& [kind, count] : job.retries) retries[to_string(kind)] = count;
    out["retries"] = std::move(retries);
  }
  if (job.weight != 1) out["weight"] = job.weight;
  return out;
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
  job.caches = caches_from_json(value);
  job.needs = list_from_json(value, "needs");
  job.root = text_or_empty(value, "root");
  job.root_digest = text_or_empty(value, "root_digest");
  job.allow_hosts = list_from_json(value, "allow_hosts");
  job.secrets = secrets_from_json(value);
  job.artifacts = artifacts_from_json(value);
  job.prepared = mounts_from_json(value);
  job.reuse = reuse_from_json(value);
  job.retries = PIKA_TRY(retries_from_json(value));
  if (auto weight = count_or_zero(value, "weight")) job.weight = static_cast<unsigned>(weight);
  return job;
}

json::Value to_json(const PrepareSpec& prepare) {
  json::Object out{{"id", prepare.id},
                   {"role", bytes_to_json(prepare.role)},
                   {"kind", prepare.kind == PrepareSpec::Kind::nix_build ? "nix_build" : "command"},
                   {"command", list_to_json(prepare.command)},
                   {"inputs", list_to_json(prepare.inputs)},
                   {"env", map_to_json(prepare.env)},
                   {"network", to_string(prepare.network)},
                   {"limits", limits_to_json(prepare.limits)},
                   {"needs", list_to_json(prepare.needs)}};
  if (!prepare.allow_hosts.empty()) out["allow_hosts"] = list_to_json(prepare.allow_hosts);
  return out;
}

pika::Result<PrepareSpec> prepare_spec_from_json(const json::Value& value) {
  PrepareSpec prepare;
  prepare.id = PIKA_TRY(json::get_string(value, "id"));
  prepare.role = text_or_empty(value, "role");
  auto kind = PIKA_TRY(json::get_string(value, "kind"));
  if (kind != "command" && kind != "nix_build")
    return fail(ErrorKind::invalid,
                fmt::format("the field 'kind' says {}, a word this version does not know", pika::quote_name(kind)));
  if (kind == "nix_build") prepare.kind = PrepareSpec::Kind::nix_build;
  prepare.command = list_from_json(value, "command");
  prepare.inputs = list_from_json(value, "inputs");
  prepare.env = map_from_json(value, "env");
  prepare.network = PIKA_TRY(word_from_json(value, "network", parse_network));
  prepare.limits = limits_from_json(value);
  prepare.needs = list_from_json(value, "needs");
  prepare.allow_hosts = list_from_json(value, "allow_hosts");
  return prepare;
}

json::Value to_json(const TrustDomain& trust) {
  json::Object out{{"name", trust.name}, {"may_save", trust.may_save}};
  if (!trust.reads_from.empty()) out["reads_from"] = trust.reads_from;
  if (trust.own_tree_only) out["own_tree_only"] = true;
  return out;
}

TrustDomain trust_from_json(const json::Value& value) {
  TrustDomain trust;
  if (auto name = json::find_string(value, "name")) trust.name = *name;
  trust.reads_from = text_or_empty(value, "reads_from");
  trust.may_save = json::find_bool(value, "may_save").value_or(true);
  trust.own_tree_only = json::find_bool(value, "own_tree_only").value_or(false);
  return trust;
}

}  // namespace jerichoci
