// What a job is given beside its tree and what is kept of it: caches, secrets, artifacts, a reused verdict, further
// attempts.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "catalogue/draft.hpp"
#include "catalogue/units.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

using pika::toml::Kind;
using pika::toml::show;
using pika::toml::Word;

namespace {

// Paths below the workspace, or below the tree; what leaves it is complained of.
std::vector<std::string> read_inner_paths(TableReader& table, std::string_view key) {
  std::vector<std::string> out;
  auto words = table.strings(key);
  if (!words) return out;
  if (words->empty()) table.complain(table.at(key), fmt::format("'{}' is empty", key));
  for (const auto& word : *words) {
    if (auto fine = jerichoci::check_inner_path(word.text, fmt::format("'{}'", key)); !fine)
      table.complain(word.at, fine.error().what + "; " + fine.error().advice);
    else
      out.push_back(word.text);
  }
  return out;
}

std::optional<jerichoci::CacheSpec> read_cache_table(const Value& value, TableReader& parent) {
  TableReader table(keys::cache(), value, parent.file(), parent.problems());
  auto name = table.string("name");
  jerichoci::CacheSpec cache;
  if (!name) {
    if (!table.has("name")) table.complain(value.at, "a cache needs a 'name'");
  } else {
    cache.name = name->text;
  }
  if (auto path = table.string("path")) {
    if (auto fine = jerichoci::check_cache_path(path->text, "'path'"); !fine)
      table.complain(path->at, fine.error().what + "; " + fine.error().advice);
    else
      cache.path = path->text;
  }
  if (table.has("key_files")) cache.key_files = read_inner_paths(table, "key_files");
  table.finish();
  if (!name) return std::nullopt;
  return cache;
}

void read_caches(TableReader& table, jerichoci::JobSpec& job) {
  auto* list = table.any("caches");
  if (!list) return;
  if (list->kind != Kind::array)
    return table.complain(list->at, R"('caches' must be a list, as in ["npm", { name = "build", path = "build" }])");
  std::set<std::string> variables;
  for (const auto& item : list->items) {
    std::optional<jerichoci::CacheSpec> cache;
    if (item.kind == Kind::string)
      cache = jerichoci::CacheSpec(item.text);
    else if (item.kind == Kind::table)
      cache = read_cache_table(item, table);
    else
      table.complain(item.at, fmt::format("a cache is a name or a table, and this is {}", words_for(item.kind)));
    if (!cache) continue;
    auto variable = cache->name;
    std::replace(variable.begin(), variable.end(), '-', '_');
    if (!is_id(cache->name))
      table.complain(item.at,
                     fmt::format("'{}' is no name of a cache: up to 64 of a-z, 0-9, '-' and '_'", show(cache->name)));
    else if (!variables.insert(variable).second)
      table.complain(item.at,
                     fmt::format("the cache '{}' would share its variable with another of this job", cache->name));
    else
      job.caches.push_back(std::move(*cache));
  }
}

std::optional<jerichoci::SecretUse> read_secret(const Value& item, TableReader& parent) {
  if (item.kind == Kind::string) return jerichoci::SecretUse{item.text, item.text, false};
  if (item.kind != Kind::table) {
    parent.complain(item.at, fmt::format("a secret is a name or a table, and this is {}", words_for(item.kind)));
    return std::nullopt;
  }
  TableReader table(keys::secret(), item, parent.file(), parent.problems());
  jerichoci::SecretUse secret;
  if (auto name = table.string("name")) secret.name = secret.env = name->text;
  if (auto env = table.string("env")) secret.env = env->text;
  secret.as_file = table.boolean("file").value_or(false);
  if (secret.name.empty() && !table.has("name")) table.complain(item.at, "a secret needs a 'name'");
  table.finish();
  if (secret.name.empty()) return std::nullopt;
  return secret;
}

void read_secrets(TableReader& table, jerichoci::JobSpec& job) {
  auto* list = table.any("secrets");
  if (!list) return;
  if (list->kind != Kind::array)
    return table.complain(list->at, R"('secrets' must be a list of names, as in ["NPM_TOKEN"])");
  std::set<std::string> variables;
  for (const auto& item : list->items) {
    auto secret = read_secret(item, table);
    if (!secret) continue;
    if (!is_variable(secret->env))
      table.complain(item.at, fmt::format("'{}' {}; name one with env", show(secret->env), kVariableRule));
    else if (!variables.insert(secret->env).second || job.env.contains(secret->env))
      table.complain(item.at, fmt::format("'{}' is set twice in this job", secret->env));
    else
      job.secrets.push_back(std::move(*secret));
  }
}

// artifacts = ["report/**"], or { paths = [...], when = "passed", keep = "720h" }
void read_artifacts(TableReader& table, jerichoci::JobSpec& job) {
  auto* value = table.any("artifacts");
  if (!value) return;
  jerichoci::ArtifactSpec spec;
  if (value->kind == Kind::array) {
    spec.globs = read_inner_paths(table, "artifacts");
  } else if (value->kind == Kind::table) {
    TableReader inner(keys::artifacts(), *value, table.file(), table.problems());
    if (!inner.has("paths")) inner.complain(value->at, "'artifacts' names no 'paths'");
    spec.globs = read_inner_paths(inner, "paths");
    if (auto when = inner.string("when")) {
      if (when->text == "passed")
        spec.when = jerichoci::ArtifactSpec::When::passed;
      else if (when->text != "always")
        inner.complain(when->at, fmt::format("'when' is \"always\" or \"passed\", and this is '{}'", show(when->text)));
    }
    if (auto keep = inner.string("keep")) {
      if (auto span = parse_span(keep->text))
        spec.retention = *span;
      else
        inner.complain(keep->at, pika::join({span.error().what, span.error().advice}, "; "));
    }
    inner.finish();
  } else {
    table.complain(value->at, R"('artifacts' must be a list of paths, as in ["report/**"], or a table with 'paths')");
  }
  if (!spec.globs.empty()) job.artifacts = std::move(spec);
}

void read_reuse(TableReader& table, jerichoci::JobSpec& job) {
  auto* value = table.table("reuse");
  if (!value) return;
  TableReader inner(keys::reuse(), *value, table.file(), table.problems());
  jerichoci::ReuseSpec spec;
  if (!inner.has("inputs")) inner.complain(value->at, "'reuse' names no 'inputs': the paths that decide the verdict");
  spec.inputs = read_inner_paths(inner, "inputs");
  if (auto audit = inner.number("audit")) spec.audit = *audit;
  inner.finish();
  if (!spec.inputs.empty()) job.reuse = std::move(spec);
}

}  // namespace

std::map<jerichoci::FailureKind, unsigned> read_retries(TableReader& table) {
  std::map<jerichoci::FailureKind, unsigned> retries;
  auto* value = table.table("retries");
  if (!value) return retries;
  static const auto kinds = keys::retries()->names();
  for (const auto& entry : value->entries) {
    auto kind = jerichoci::parse_failure_kind(entry.key);
    if (!kind || std::find(kinds.begin(), kinds.end(), entry.key) == kinds.end())
      table.complain(entry.at, fmt::format("there is no failure '{}', only {}{}", show(entry.key),
                                           pika::join(kinds, ", "), pika::toml::did_you_mean(entry.key, kinds)));
    else if (entry.value.kind != Kind::integer || entry.value.integer < 0 || entry.value.integer > 10)
      table.complain(entry.value.at, fmt::format("'{}' must be a number of further attempts from 0 to 10", entry.key));
    else
      retries[*kind] = static_cast<unsigned>(entry.value.integer);
  }
  return retries;
}

void read_keeping(TableReader& table, jerichoci::JobSpec& job) {
  read_caches(table, job);
  read_secrets(table, job);
  read_artifacts(table, job);
  read_reuse(table, job);
  job.retries = read_retries(table);
  if (auto weight = table.integer("weight")) job.weight = static_cast<unsigned>(*weight);
}

}  // namespace pikaci
