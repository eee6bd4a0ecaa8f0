#include "run/attempts.hpp"

#include <fmt/format.h>

#include <vector>

#include "pika/base/files.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

JobRecord next_attempt(const JobRecord& last) {
  JobRecord next;
  next.id = last.id;
  next.description = last.description;
  next.command = last.command;
  next.placement = last.placement;
  next.runtime = last.runtime;
  next.attempt = last.attempt + 1;
  next.earlier_attempts = last.earlier_attempts;
  next.earlier_attempts.push_back({last.attempt, last.status, last.failure, last.message, last.exit_code,
                                   last.started_at, last.finished_at, last.log_bytes});
  next.message = fmt::format("waits for attempt {}", next.attempt);
  return next;
}

void keep_attempt(const fs::path& job_folder, unsigned number) {
  auto kept = job_folder / "attempts" / std::to_string(number);
  std::vector<fs::path> written;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(job_folder, error))
    if (entry.path().filename() != "attempts") written.push_back(entry.path());
  pika::make_dirs(kept);
  for (const auto& path : written)
    if (::rename(path.c_str(), (kept / path.filename()).c_str()) != 0)
      throw pika::SystemError(fmt::format("rename '{}'", path.string()));
}

JobRecord not_set_up(JobRecord record, std::string why) {
  record.status = Status::failed;
  record.failure = FailureKind::setup_failed;
  record.message = std::move(why);
  record.finished_at = pika::system_clock().now();
  return record;
}

JobRecord run_attempt(const JobContext& context, const JobSpec& job, JobRecord record) {
  if (record.attempt == 1) return run_job(context, job, std::move(record));
  try {
    keep_attempt(context.engine.runs.job_folder(context.run_id, job.id), record.attempt - 1);
    // Gone already, unless the clean-up of the attempt before had trouble.
    pika::remove_tree(context.engine.config.state_root / "work" / context.run_id / job.id);
  } catch (const std::exception& error) {
    record.status = Status::failed;
    record.failure = FailureKind::infrastructure;
    record.message = error.what();
    record.finished_at = pika::system_clock().now();
    return record;
  }
  return run_job(context, job, std::move(record));
}

}  // namespace jerichoci
