#include "cli/cache_story.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"

namespace pikaci {

namespace {

using jerichoci::JobRecord;
using jerichoci::RunRecord;

bool restored(const jerichoci::CacheUse& cache) {
  return cache.restored == "hit" || cache.restored == "other-domain";
}

// The time of the command itself; the rest is the engine's.
pika::Micros run_time(const JobRecord& job) {
  for (const auto& phase : job.phases)
    if (phase.phase == "run") return phase.finished_at - phase.started_at;
  return job.finished_at - job.started_at;
}

bool is_cold(const JobRecord& job) {
  return job.status == jerichoci::Status::passed && !job.caches.empty() &&
         std::none_of(job.caches.begin(), job.caches.end(), restored) && !(job.reuse && job.reuse->reused);
}

const JobRecord* job_of(const RunRecord& run, const std::string& id) {
  auto at = std::find_if(run.jobs.begin(), run.jobs.end(), [&](const auto& job) { return job.id == id; });
  return at == run.jobs.end() ? nullptr : &*at;
}

std::string comparison(const RunRecord& run, const JobRecord& job, const std::vector<RunRecord>& earlier) {
  for (const auto& before : earlier) {
    if (before.run_id == run.run_id || before.target_id != run.target_id || before.trust.name != run.trust.name)
      continue;
    auto* cold = job_of(before, job.id);
    if (!cold || !is_cold(*cold) || cold->command != job.command) continue;
    auto saved = run_time(*cold) - run_time(job);
    return fmt::format("; {} {} than run {}, which had none ({})", pika::format_duration(std::abs(saved)),
                       saved >= 0 ? "less" : "more", before.run_id, pika::format_duration(run_time(*cold)));
  }
  return {};
}

}  // namespace

std::string cache_story(const RunRecord& run, const JobRecord& job, const std::vector<RunRecord>& earlier) {
  if (job.reuse && job.reuse->reused) return {};
  std::vector<std::string> words;
  for (const auto& cache : job.caches)
    if (restored(cache)) words.push_back(fmt::format("{} ({})", cache.name, pika::format_bytes(cache.bytes)));
  if (words.empty()) return {};
  return fmt::format("caches: {} restored{}", pika::join(words, ", "), comparison(run, job, earlier));
}

}  // namespace pikaci
