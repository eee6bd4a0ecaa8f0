#include "gc/look.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "plan/plan.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::Micros;

namespace {

constexpr Micros kForEver = std::numeric_limits<Micros>::max();
constexpr Micros kCoarse = 2 * pika::kSecond;  // file times come from a coarser clock than ours

Micros modified(const struct stat& st) {
  return st.st_mtim.tv_sec * pika::kSecond + st.st_mtim.tv_nsec / 1000;
}

Micros present(int fd) {
  struct stat st{};
  if (::futimens(fd, nullptr) != 0 || ::fstat(fd, &st) != 0) throw pika::SystemError("set the time of gc.lock");
  return modified(st);
}

// Runs that somebody works on now; settled ones of a dead engine wait for the next start and count as well.
std::map<std::string, Micros> busy_runs(const fs::path& state_root) {
  std::map<std::string, Micros> busy;
  std::error_code error;
  for (fs::directory_iterator it(state_root / "busy", error), end; !error && it != end; it.increment(error)) {
    struct stat st{};
    if (::stat(it->path().c_str(), &st) == 0) busy[it->path().filename().string()] = modified(st);
  }
  return busy;
}

// How long each job's artifacts are wanted, as the plan says; without a readable plan: for ever.
std::map<std::string, Micros> retentions(const RunStore& runs, const std::string& run_id) {
  std::map<std::string, Micros> out;
  auto text = pika::read_file(runs.run_folder(run_id) / "plan.json");
  if (!text) return out;
  auto value = pika::json::parse(*text, "plan.json");
  auto plan = value ? plan_from_json(*value) : std::unexpected(value.error());
  if (!plan) return out;
  for (const auto& job : plan->jobs)
    if (job.artifacts) out[job.id] = job.artifacts->retention;
  return out;
}

// A sum that is no number of microseconds any more is for ever.
Micros later(Micros at, Micros by) {
  Micros sum = 0;
  return __builtin_add_overflow(at, by, &sum) ? kForEver : sum;
}

void note_artifacts(const RunStore& runs, const RunRecord& record, RunSeen& seen) {
  bool any = std::any_of(record.jobs.begin(), record.jobs.end(), [](const auto& j) { return !j.artifacts.empty(); });
  if (!any) return;
  auto kept = retentions(runs, seen.id);
  for (const auto& job : record.jobs) {
    auto retention = kept.find(job.id);
    auto until = seen.pinned || retention == kept.end() ? kForEver : later(job.finished_at, retention->second);
    for (const auto& artifact : job.artifacts) seen.artifacts.emplace_back(artifact.content, until);
  }
}

RunSeen look_at_run(const RunStore& runs, const std::string& id, bool busy, std::vector<std::string>& notes) {
  RunSeen seen;
  seen.id = id;
  seen.busy = busy;
  seen.pinned = ::access(pin_file(runs, id).c_str(), F_OK) == 0;
  auto record = runs.read_record(id);
  if (!record) {
    if (!busy) notes.push_back(fmt::format("run {} stays: {}", id, record.error().what));
    return seen;
  }
  seen.readable = true;
  seen.final = is_final(record->status);
  seen.created_at = record->created_at;
  note_artifacts(runs, *record, seen);
  for (const auto& job : record->jobs)
    if (!job.environment.root_digest.empty()) seen.roots.insert(job.environment.root_digest);
  return seen;
}

}  // namespace

fs::path pin_file(const RunStore& runs, const std::string& run_id) {
  return runs.run_folder(run_id) / "pinned";
}

Looked look_at_runs(EngineParts& engine, int lock_fd, std::vector<std::string>& notes) {
  Looked looked;
  looked.now = pika::system_clock().now();
  looked.cutoff = present(lock_fd);
  // Before the records: a run that ends in between has its last record by the time that is read.
  auto busy = busy_runs(engine.config.state_root);
  for (const auto& id : engine.runs.list()) {
    auto seen = look_at_run(engine.runs, id, busy.contains(id), notes);
    if (seen.busy && seen.readable) busy[id] = std::min(busy[id], seen.created_at);
    looked.runs.push_back(std::move(seen));
  }
  for (const auto& [id, since] : busy) looked.cutoff = std::min(looked.cutoff, since - kCoarse);
  return looked;
}

}  // namespace jerichoci
