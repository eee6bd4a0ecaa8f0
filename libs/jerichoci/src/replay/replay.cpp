#include "replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>

#include "pika/base/text.hpp"

namespace jerichoci {

namespace json = pika::json;

namespace {

constexpr std::size_t kLine = 4096;

// Lines of a log without holding it: what is longer than kLine is compared whole and shown cut.
class Lines {
 public:
  using Read = std::function<std::string(std::uint64_t offset, std::uint64_t size)>;
  explicit Lines(Read read) : read_(std::move(read)) {}

  std::optional<std::string> next() {
    std::string line;
    while (true) {
      if (at_ == buffer_.size() && !refill()) return line.empty() ? std::nullopt : std::optional(std::move(line));
      auto end = buffer_.find('\n', at_);
      auto piece = buffer_.substr(at_, end == std::string::npos ? end : end - at_);
      at_ = end == std::string::npos ? buffer_.size() : end + 1;
      line += piece;
      if (end != std::string::npos || line.size() > kLine) return line;
    }
  }

 private:
  bool refill() {
    buffer_ = read_(offset_, 256 * 1024);
    offset_ += buffer_.size();
    at_ = 0;
    return !buffer_.empty();
  }
  Read read_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;
};

Lines lines_of(const ReadLog& read_log, const std::string& run_id, const std::string& job_id) {
  return Lines([&read_log, run_id, job_id](std::uint64_t offset, std::uint64_t size) {
    return read_log(run_id, job_id, offset, size);
  });
}

std::optional<ReplayJob::LogLine> first_difference(Lines a, Lines b) {
  for (std::uint64_t number = 1;; ++number) {
    auto before = a.next(), after = b.next();
    if (!before && !after) return std::nullopt;
    if (before == after) continue;
    auto cut = [](std::optional<std::string> line) {
      if (line) line->resize(std::min(line->size(), kLine));
      return line;
    };
    return ReplayJob::LogLine{number, cut(std::move(before)), cut(std::move(after))};
  }
}

std::vector<std::string> environment_differences(const JobRecord& a, const JobRecord& b) {
  std::vector<std::string> out;
  auto compare = [&](const char* what, const std::string& before, const std::string& after) {
    if (before != after)
      out.push_back(fmt::format("{}: {} before, {} now", what, before.empty() ? "not known" : before,
                                after.empty() ? "not known" : after));
  };
  compare("kernel", a.environment.kernel, b.environment.kernel);
  compare("architecture", a.environment.architecture, b.environment.architecture);
  compare("host_tools", a.environment.host_tools, b.environment.host_tools);
  compare("root_digest", a.environment.root_digest, b.environment.root_digest);
  compare("limits enforced", pika::join(a.enforced, ", "), pika::join(b.enforced, ", "));
  compare("limits not enforced", pika::join(a.not_enforced, ", "), pika::join(b.not_enforced, ", "));
  compare("workspace", a.workspace_kind, b.workspace_kind);
  std::vector<std::string> caches_before, caches_now;
  for (const auto& c : a.caches) caches_before.push_back(c.name + " " + c.restored);
  for (const auto& c : b.caches) caches_now.push_back(c.name + " " + c.restored);
  compare("caches", pika::join(caches_before, ", "), pika::join(caches_now, ", "));
  return out;
}

std::vector<std::string> artifact_differences(const JobRecord& a, const JobRecord& b) {
  std::map<std::string, std::pair<std::string, std::string>> contents;
  for (const auto& artifact : a.artifacts) contents[artifact.path].first = artifact.content;
  for (const auto& artifact : b.artifacts) contents[artifact.path].second = artifact.content;
  std::vector<std::string> out;
  for (const auto& [path, pair] : contents) {
    if (pair.first == pair.second) continue;
    out.push_back(pika::quote_name(path) + (pair.second.empty()  ? ": not made now"
                                            : pair.first.empty() ? ": new"
                                                                 : ": another content"));
  }
  return out;
}

// It ended by itself, in a way that its own doing decided.
bool comparable(const JobRecord& job) {
  if (job.status == Status::passed) return true;
  return job.status == Status::failed &&
         (job.failure == FailureKind::test_failed || job.failure == FailureKind::timed_out ||
          job.failure == FailureKind::out_of_memory || job.failure == FailureKind::setup_failed);
}

ReplayVerdict judge(const ReplayJob& job) {
  if (!comparable(job.before) || !comparable(job.after)) return ReplayVerdict::not_compared;
  bool same = job.before.status == job.after.status && job.before.failure == job.after.failure &&
              job.before.exit_code == job.after.exit_code;
  if (same) return ReplayVerdict::same;
  return job.environment.empty() ? ReplayVerdict::flaky : ReplayVerdict::environment;
}

int weight(ReplayVerdict verdict) {
  switch (verdict) {
    case ReplayVerdict::same:
      return 0;
    case ReplayVerdict::not_compared:
      return 1;
    case ReplayVerdict::flaky:
      return 2;
    case ReplayVerdict::environment:
      return 3;
  }
  return 0;
}

json::Array strings(const std::vector<std::string>& words) {
  json::Array out;
  for (const auto& w : words) out.emplace_back(pika::to_utf8(w));
  return out;
}

json::Object outcome_json(const JobRecord& job) {
  json::Object out{
      {"status", to_string(job.status)}, {"failure", to_string(job.failure)}, {"message", pika::to_utf8(job.message)}};
  if (job.exit_code) out["exit_code"] = *job.exit_code;
  return out;
}

}  // namespace

std::string_view to_string(ReplayVerdict verdict) {
  switch (verdict) {
    case ReplayVerdict::same:
      return "same";
    case ReplayVerdict::flaky:
      return "flaky";
    case ReplayVerdict::environment:
      return "environment";
    case ReplayVerdict::not_compared:
      return "not_compared";
  }
  return "";
}

pika::Result<std::vector<JobSpec>> replayed_jobs(const std::vector<JobSpec>& jobs, const std::string& job) {
  std::vector<JobSpec> out;
  std::vector<std::string> ids;
  for (auto spec : jobs) {
    ids.push_back(spec.id);
    if (!job.empty() && spec.id != job) continue;
    if (!job.empty()) spec.needs.clear();
    if (spec.reuse) spec.reuse->audit = 1;
    spec.retries.clear();  // the first outcome is the one to compare
    out.push_back(std::move(spec));
  }
  if (out.empty() && !job.empty())
    return pika::fail(pika::ErrorKind::not_found, fmt::format("the run has no job {}", pika::quote_name(job)),
                      "its jobs: " + pika::join(ids, ", "));
  return out;
}

ReplayReport compare_runs(const ReadLog& read_log, RunRecord before, RunRecord after) {
  ReplayReport report;
  for (const auto& again : after.jobs) {
    auto it = std::find_if(before.jobs.begin(), before.jobs.end(), [&](const auto& j) { return j.id == again.id; });
    if (it == before.jobs.end()) continue;
    ReplayJob job;
    job.id = again.id;
    job.before = *it;
    job.after = again;
    job.environment = environment_differences(job.before, job.after);
    job.artifacts = artifact_differences(job.before, job.after);
    job.verdict = judge(job);
    // An engine's own line about a verdict that was reused is no output of the job.
    if (!(job.before.reuse && job.before.reuse->reused))
      job.log = first_difference(lines_of(read_log, before.run_id, job.id), lines_of(read_log, after.run_id, job.id));
    if (report.jobs.empty() || weight(job.verdict) > weight(report.verdict)) report.verdict = job.verdict;
    report.jobs.push_back(std::move(job));
  }
  report.before = std::move(before);
  report.after = std::move(after);
  return report;
}

int ReplayReport::exit_code() const {
  auto now = jerichoci::exit_code(after.status, after.failure);
  if (verdict == ReplayVerdict::same) return now;
  if (verdict == ReplayVerdict::not_compared) return now == 0 || now == 1 ? 4 : now;
  return worse_exit_code(jerichoci::exit_code(before.status, before.failure), now);
}

json::Value to_json(const ReplayReport& report) {
  json::Array jobs;
  for (const auto& job : report.jobs) {
    json::Object out{{"job_id", job.id},
                     {"verdict", to_string(job.verdict)},
                     {"before", outcome_json(job.before)},
                     {"after", outcome_json(job.after)},
                     {"environment", strings(job.environment)},
                     {"artifacts", strings(job.artifacts)}};
    if (job.log) {
      json::Object line{{"line", job.log->number}};
      if (job.log->before) line["before"] = bytes_to_json(*job.log->before);
      if (job.log->after) line["after"] = bytes_to_json(*job.log->after);
      out["first_differing_line"] = std::move(line);
    }
    jobs.push_back(std::move(out));
  }
  return json::Object{{"schema_version", 1},           {"replay_of", report.before.run_id},
                      {"run_id", report.after.run_id}, {"verdict", to_string(report.verdict)},
                      {"jobs", std::move(jobs)},       {"exit_code", report.exit_code()}};
}

}  // namespace jerichoci
