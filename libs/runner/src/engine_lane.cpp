#include "pika/runner/engine_lane.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/runner/fetch.hpp"
#include "pika/runner/follow.hpp"
#include "pika/runner/lane_text.hpp"

namespace pika::runner {

namespace {

// The job that decided: the first that failed, else the first that did not pass.
const jerichoci::JobRecord* deciding_job(const jerichoci::RunRecord& run) {
  const jerichoci::JobRecord* found = nullptr;
  for (const auto& job : run.jobs) {
    if (job.status == jerichoci::Status::failed) return &job;
    if (!found && job.status != jerichoci::Status::passed) found = &job;
  }
  return found;
}

wire::AttemptResult failed(std::string_view failure, std::string message, const std::string& run_id = {}) {
  return {.status = "failed", .failure = std::string(failure), .message = std::move(message), .run_id = run_id};
}

wire::AttemptResult not_prepared(const Error& error, const jerichoci::CancelToken& cancel) {
  if (cancel.cancelled()) return {.status = "cancelled", .message = "cancelled before its run began"};
  return failed("infrastructure", error.text());
}

Result<std::vector<jerichoci::JobSpec>> read_jobs(const wire::Assign& assign) {
  std::vector<jerichoci::JobSpec> jobs;
  for (const auto& value : assign.jobs) jobs.push_back(PIKA_TRY(jerichoci::job_spec_from_json(value)));
  return jobs;
}

void tell(const LaneReport& report, std::string_view event, json::Object fields) {
  fields["schema_version"] = 1;
  fields["event"] = event;
  fields["time"] = format_iso(system_clock().now());
  report.event(json::Value(std::move(fields)));
}

std::string name_part(std::string_view text) {
  std::string out;
  for (char c : lower(text)) out += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ? c : '-';
  return out.substr(0, 20);
}

// What the sanitised name loses stays in the digest: two names never meet.
std::string repository_domain(const wire::Assign& assign) {
  return fmt::format("{}-{}", name_part(assign.repository), sha256_hex(assign.repository).substr(0, 16));
}

std::string branch_domain(const std::string& repository, std::string_view branch) {
  return fmt::format("{}-b{}", repository, name_part(branch.substr(branch.starts_with('#') ? 1 : 0)));
}

}  // namespace

jerichoci::TrustDomain trust_of(const wire::Assign& assign) {
  const auto repository = repository_domain(assign);
  for (const auto& [name, value] : assign.labels)
    if (name == "branch")
      return {.name = branch_domain(repository, value), .reads_from = repository, .own_tree_only = true};
  // Of no branch: nothing says that its tree is one that landed.
  return {.name = repository, .may_save = false};
}

void take_over_landed(jerichoci::Engine& engine, const wire::Assign& assign) {
  const auto repository = repository_domain(assign);
  for (const auto& landed : assign.landed) {
    const auto tree = git::Oid::parse(landed.tree);
    if (!tree || landed.branch.empty()) continue;
    auto taken = engine.take_over_caches(branch_domain(repository, landed.branch), repository, *tree);
    if (!taken)
      log_warning("runner", "caches of branch {} stay where they are: {}", quote_name(landed.branch),
                  taken.error().text());
    else if (*taken > 0)
      log_info("runner", "{}: {} caches of branch {}, which landed, are the repository's now",
               quote_name(assign.repository), *taken, quote_name(landed.branch));
  }
}

wire::AttemptResult result_of(const jerichoci::RunRecord& run) {
  wire::AttemptResult result;
  result.status = jerichoci::to_string(run.status);
  result.failure = jerichoci::to_string(run.failure);
  result.message = run.message;
  result.run_id = run.run_id;
  result.run = jerichoci::to_json(run);
  if (const auto* job = deciding_job(run)) {
    result.exit_code = job->exit_code;
    if (result.message.empty() && !job->message.empty())
      result.message = fmt::format("job {}: {}", job->id, job->message);
  }
  return result;
}

Result<jerichoci::RunRequest> EngineLane::prepare(const wire::Assign& assign, const std::string& run_id,
                                                  const LaneReport& report, const jerichoci::CancelToken& cancel) {
  jerichoci::RunRequest request;
  const auto commit = git::Oid::parse(assign.commit), tree = git::Oid::parse(assign.tree);
  if (!commit || !tree)
    return fail(ErrorKind::invalid, fmt::format("the forge named commit {} and tree {}, which are no ids of 40 digits",
                                                quote_name(assign.commit), quote_name(assign.tree)));
  const auto store = PIKA_TRY(fetch_commit({.root = stores_,
                                            .repository = assign.repository,
                                            .git_url = assign.git_url,
                                            .commit = *commit,
                                            .tree = *tree,
                                            .token = token_,
                                            .pin = assign.key.attempt.value()},
                                           cancel));
  request.snapshot = PIKA_TRY(engine_.snapshot_commit(store, *commit));
  if (request.snapshot.tree != *tree)
    return fail(ErrorKind::conflict, "the engine's snapshot has another tree than the commit");
  tell(report, "attempt_prepared", {{"commit", assign.commit}, {"tree", assign.tree}});
  request.run_id = run_id;
  request.target_id = assign.target;
  request.target_description = assign.lane_title;
  request.changed_files = assign.changed_files;
  request.filters = assign.filters;
  for (const auto& [name, value] : assign.labels) request.labels[name] = value;
  request.labels["repository"] = assign.repository;
  take_over_landed(engine_, assign);
  request.trust = trust_of(assign);
  request.gate = assign.gate;
  request.labels["lane"] = assign.lane;
  request.labels["attempt"] = assign.key.text();
  return request;
}

wire::AttemptResult EngineLane::run(const wire::Assign& assign, const std::string& run_id, AttemptLog& log,
                                    const LaneReport& report, const jerichoci::CancelToken& cancel) {
  tell(report, "attempt_started", {{"run_id", run_id}});
  auto specs = read_jobs(assign);
  if (!specs) return failed("catalogue_error", specs.error().text());
  auto request = prepare(assign, run_id, report, cancel);
  if (!request) return not_prepared(request.error(), cancel);
  request->jobs = std::move(*specs);
  std::vector<std::string> jobs;
  for (const auto& job : request->jobs) jobs.push_back(job.id);
  LogFollower follower(
      std::move(jobs),
      [&](const std::string& job, std::uint64_t offset, std::uint64_t size) {
        auto piece = engine_.load_log(run_id, job, offset, size);
        return piece ? std::move(piece->bytes) : std::string();  // not begun yet
      },
      log);
  auto run = engine_.run_jobs(*request, report.event, cancel);
  const auto trouble = follower.finish();
  auto result = run ? result_of(*run) : not_prepared(run.error(), cancel);
  if (!run && run.error().kind == ErrorKind::invalid) result = failed("catalogue_error", run.error().text());
  if (!trouble.empty()) {
    if (!result.message.empty()) result.message += "; ";
    result.message += "the log above is not whole: " + trouble;
  }
  return result;
}

std::vector<SpooledAttempt> settle(Spool& spool, jerichoci::Engine& engine) {
  std::vector<std::string> warnings;
  auto attempts = spool.load_all(&warnings);
  for (const auto& warning : warnings) log_warning("runner", "{}", warning);
  for (auto& attempt : attempts) {
    if (!attempt.started || attempt.result) continue;
    const auto& key = attempt.assign.key;
    auto run = engine.load_run_record(attempt.run_id);
    attempt.result = failed("lost", "the runner was stopped while this ran", attempt.run_id);
    if (run) attempt.result->run = jerichoci::to_json(*run);
    auto log = spool.open_log(key, {});
    log.line(outcome_line(*attempt.result));
    attempt.log_size = log.size();
    spool.finish(key, *attempt.result);
    log_warning("runner", "attempt {}: {}", key.text(), outcome_line(*attempt.result).substr(6));
  }
  return attempts;
}

}  // namespace pika::runner
