#include "reuse/reuse.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include "artifacts/artifact_store.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "reuse/verdict_store.hpp"
#include "run/attempts.hpp"
#include "runstore/log_writer.hpp"
#include "snapshot/subset_tree.hpp"

namespace jerichoci {

namespace json = pika::json;

namespace {

// In [0, 1), from the kernel: a job cannot know whether it is audited.
double draw() {
  std::uint32_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != sizeof bits) return 0;  // then it is audited
  return bits / 4294967296.0;
}

struct Found {
  std::string domain;  // whose verdict it is
  RunRecord run;
  JobRecord job;
};

class Reuse {
 public:
  Reuse(const JobContext& context, const RunRequest& request, const JobSpec& job)
      : c_(context), request_(request), job_(job), store_(context.engine.config.state_root) {}

  JobRecord run(JobRecord record) {
    auto subset = subset_tree(c_.engine.objects, request_.snapshot.tree, job_.reuse->inputs);
    if (!subset) return refused(std::move(record), "its inputs could not be taken: " + subset.error().what);
    if (!subset->missing.empty())
      return refused(std::move(record), fmt::format("the tree has no {}, which the job names as an input",
                                                    pika::quote_name(subset->missing[0])));
    inputs_ = subset->tree;
    ReuseRecord reuse;
    auto environment = this->environment();
    reuse.key = reuse_key(c_.engine.config, job_, subset->tree, environment, request_.trust.name);
    reuse.why_not = why_no_reuse(c_.engine.config, request_, job_, environment);
    auto found = reuse.why_not.empty() && record.attempt == 1 ? look(environment, subset->tree) : std::nullopt;
    if (found) reuse.run_id = found->run.run_id;
    bool audit = found && draw() < job_.reuse->audit;
    if (found && !audit) {
      if (auto taken = take_over(record, *found, reuse)) return *taken;
      found.reset();  // its artifacts are not there any more
      reuse.run_id.clear();
    }
    return really(std::move(record), std::move(reuse), subset->tree, audit ? found : std::nullopt);
  }

 private:
  JobRecord refused(JobRecord record, const std::string& why) const {
    record.status = Status::failed;
    record.failure = FailureKind::setup_failed;
    record.message = why;
    record.finished_at = pika::system_clock().now();
    return record;
  }

  // What the job will run in, as far as it is known beforehand. A root that cannot be had has no digest: the job says
  // what is wrong with it.
  EnvironmentRecord environment() const {
    auto environment = c_.engine.host_facts.environment();
    auto configured = c_.engine.config.roots.find(job_.root);
    if (job_.root.empty() || configured == c_.engine.config.roots.end()) return environment;
    if (auto root = c_.engine.roots.ensure(configured->second)) environment.root_digest = root->digest;
    return environment;
  }

  // An earlier pass of this key: our own domain's, else that of the one we may read from.
  std::optional<Found> look(const EnvironmentRecord& environment, const pika::git::Oid& inputs) const {
    for (const auto& domain : {request_.trust.name, request_.trust.reads_from}) {
      if (domain.empty()) continue;
      try {
        auto key = reuse_key(c_.engine.config, job_, inputs, environment, domain);
        if (auto found = check(domain, key)) {
          store_.used(domain, key);
          return found;
        }
      } catch (const std::exception& error) {
        pika::log_warning("jerichoci", "run {}, job {}: no verdict is reused: {}", c_.run_id, job_.id, error.what());
      }
    }
    return std::nullopt;
  }

  // A file alone proves nothing: the record of the run does.
  std::optional<Found> check(const std::string& domain, const std::string& key) const {
    auto verdict = store_.find(domain, key);
    if (!verdict || verdict->run_id == c_.run_id) return std::nullopt;
    auto run = c_.engine.runs.read_record(verdict->run_id);
    if (!run || !is_final(run->status) || run->trust.name != domain) return std::nullopt;
    for (auto& job : run->jobs)
      if (job.id == verdict->job_id && job.status == Status::passed && job.reuse && job.reuse->key == key &&
          !job.reuse->reused)
        return Found{domain, *run, job};
    return std::nullopt;
  }

  std::optional<JobRecord> take_over(JobRecord record, const Found& found, ReuseRecord reuse) const {
    std::vector<std::string> contents;
    for (const auto& artifact : found.job.artifacts) contents.push_back(artifact.content);
    if (!c_.engine.artifacts.want(contents)) return std::nullopt;
    record.status = Status::passed;
    record.exit_code = 0;
    record.artifacts = found.job.artifacts;
    record.artifacts_message = found.job.artifacts_message;
    record.environment = found.job.environment;
    record.message = fmt::format("reused: it passed on the same inputs in run {}", found.run.run_id);
    record.log_path = fmt::format("jobs/{}/log.raw", job_.id);
    reuse.reused = true;
    record.reuse = std::move(reuse);
    try {
      auto folder = c_.engine.runs.job_folder(c_.run_id, job_.id);
      pika::make_dirs(folder);
      LogWriter log(folder, c_.engine.config.log_cap_bytes);
      log.write(fmt::format("[pika] {}\n", record.message), LogStream::engine, pika::system_clock().now());
      log.close(pika::system_clock().now());
      record.log_bytes = log.size();
    } catch (const std::exception& error) {
      pika::log_warning("jerichoci", "run {}, job {}: {}", c_.run_id, job_.id, error.what());
    }
    record.finished_at = pika::system_clock().now();
    return record;
  }

  // Runs it on its inputs alone; then says what that means for the verdict that was there, or stores its own.
  JobRecord really(JobRecord record, ReuseRecord reuse, const pika::git::Oid& inputs,
                   const std::optional<Found>& audited) {
    auto attempt = record.attempt;
    pika::Result<Checkout> checkout = pika::fail(pika::ErrorKind::internal, "");
    try {
      checkout =
          c_.engine.checkouts.ensure(c_.engine.objects, inputs, c_.engine.config.state_root / "work" / c_.run_id);
    } catch (const std::exception& error) {
      checkout = pika::fail(pika::ErrorKind::unavailable, error.what());
    }
    if (!checkout) return refused(std::move(record), "its inputs could not be written: " + checkout.error().what);
    JobContext narrow{c_.engine, c_.run_id, *checkout, c_.busy, c_.journal, c_.cancel_fd, c_.mounts};
    narrow.tree = inputs;
    narrow.trust = c_.trust;
    narrow.secrets = c_.secrets;
    narrow.terminal = c_.terminal;
    narrow.kill_fd = c_.kill_fd;
    narrow.processes_ended = c_.processes_ended;
    auto result = run_attempt(narrow, job_, std::move(record));
    if (audited) audit(result, reuse, *audited, inputs);
    if (result.status == Status::passed && attempt == 1 && may_store(reuse, result)) store(reuse.key);
    result.reuse = std::move(reuse);
    return result;
  }

  // Only what the job itself did says something about the earlier verdict.
  void audit(JobRecord& result, ReuseRecord& reuse, const Found& found, const pika::git::Oid& inputs) const {
    if (result.status == Status::passed) {
      reuse.audit = "same";
      return;
    }
    if (result.failure != FailureKind::test_failed) return;  // a limit of time or memory may be ours alone
    reuse.audit = "differs";
    // A verdict of another domain is not ours to take away.
    bool own = found.domain == request_.trust.name;
    if (own) store_.remove(found.domain, reuse_key(c_.engine.config, job_, inputs, result.environment, found.domain));
    auto words = fmt::format("it passed on the same inputs in run {}{}", found.run.run_id,
                             own ? ": that verdict is not reused any more" : "");
    result.message += (result.message.empty() ? "" : "; ") + words;
    pika::log_warning("jerichoci", "run {}, job {}: an audited verdict does not hold: {}", c_.run_id, job_.id, words);
  }

  // A gate's own pass proves as much as any other. A root may have been changed since the key was made: then the pass
  // is that of another.
  bool may_store(const ReuseRecord& reuse, const JobRecord& result) const {
    if (reuse_key(c_.engine.config, job_, inputs_, result.environment, request_.trust.name) != reuse.key) return false;
    return request_.trust.may_save && (reuse.why_not.empty() || reuse.why_not == "gate");
  }

  void store(const std::string& key) const {
    try {
      store_.put(request_.trust.name, key, {c_.run_id, job_.id});
      reach(c_.engine, FaultPoint::verdict_stored);
    } catch (const std::exception& error) {
      pika::log_warning("jerichoci", "run {}, job {}: its verdict is not kept: {}", c_.run_id, job_.id, error.what());
    }
  }

  const JobContext& c_;
  const RunRequest& request_;
  const JobSpec& job_;
  VerdictStore store_;
  pika::git::Oid inputs_{};
};

json::Value limit(const auto& value) {
  return value ? json::Value(*value) : json::Value(nullptr);
}

}  // namespace

std::string why_no_reuse(const EngineConfig& config, const RunRequest& request, const JobSpec& job,
                         const EnvironmentRecord& environment) {
  if (job.runtime != Runtime::sandbox && job.runtime != Runtime::oci) return "runtime";
  if (job.network != Network::off) return "network";
  // A named root is known by its digest; the host's tools have that of its packages, which counts where an
  // administrator says so.
  bool known = job.root.empty() ? config.reuse_with_host_tools : !environment.root_digest.empty();
  if (!known) return "root";
  if (!job.caches.empty()) return "caches";
  if (!job.secrets.empty()) return "secrets";
  if (!job.prepared.empty()) return "prepared";
  if (!config.sandbox_paths.empty()) return "host folders";
  // Last: a gate's own pass is kept, if nothing else speaks against it.
  if (request.gate && !config.reuse_for_gates.contains(job.id)) return "gate";
  return {};
}

std::string reuse_key(const EngineConfig& config, const JobSpec& job, const pika::git::Oid& inputs,
                      const EnvironmentRecord& environment, const std::string& domain) {
  json::Array command, env;
  for (const auto& word : job.command) command.push_back(bytes_to_json(word));
  for (const auto& [name, value] : job.env) env.push_back(json::Array{bytes_to_json(name), bytes_to_json(value)});
  for (const auto& name : job.env_allow) {
    auto it = config.env.find(name);
    env.push_back(
        json::Array{bytes_to_json(name), it == config.env.end() ? json::Value(nullptr) : bytes_to_json(it->second)});
  }
  json::Array artifacts;
  if (job.artifacts) {
    artifacts.emplace_back(job.artifacts->when == ArtifactSpec::When::passed ? "passed" : "always");
    for (const auto& glob : job.artifacts->globs) artifacts.push_back(bytes_to_json(glob));
  }
  json::Object parts{{"version", 2},
                     {"inputs", inputs.hex()},
                     {"command", std::move(command)},
                     {"env", std::move(env)},
                     {"artifacts", std::move(artifacts)},
                     {"runtime", to_string(job.runtime)},
                     {"root", job.root},
                     {"root_pin", job.root_digest},
                     {"root_digest", environment.root_digest},
                     {"architecture", environment.architecture},
                     {"host_tools", job.root.empty() ? environment.host_tools : ""},  // a root hides them
                     {"cpus", limit(job.limits.cpus)},
                     {"memory", limit(job.limits.memory_bytes)},
                     {"pids", limit(job.limits.pids)},
                     {"disk", limit(job.limits.disk_bytes)},
                     {"domain", domain}};
  return pika::sha256_hex(json::print(parts));
}

JobRecord run_or_reuse(const JobContext& context, const RunRequest& request, const JobSpec& job, JobRecord record) {
  if (!job.reuse) return run_attempt(context, job, std::move(record));
  try {
    return Reuse(context, request, job).run(record);
  } catch (const std::exception& error) {
    record.status = Status::failed;
    record.failure = FailureKind::infrastructure;
    record.message = error.what();
    record.finished_at = pika::system_clock().now();
    return record;
  }
}

}  // namespace jerichoci
