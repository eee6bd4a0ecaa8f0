// Readers of logs.
#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "run/engine_impl.hpp"
#include "runstore/log_reader.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::Result;

namespace {

struct LoggedJob {
  JobRecord record;
  fs::path folder;
  // Asked before the log is opened: when it is so, everything is in the file.
  bool ended() const { return is_final(record.status); }
};

Result<LoggedJob> find_job(EngineParts& engine, const std::string& run_id, const std::string& job_id) {
  if (!valid_id(job_id)) return fail(ErrorKind::invalid, fmt::format("{} is no job id", pika::quote_name(job_id)));
  auto run = PIKA_TRY(engine.runs.read_record(run_id));
  for (auto& job : run.jobs)
    if (job.id == job_id) return LoggedJob{std::move(job), engine.runs.job_folder(run_id, job_id)};
  return fail(ErrorKind::not_found, fmt::format("run '{}' has no job '{}'", run_id, job_id));
}

// A job that has not begun has an empty log.
template <class T, class F>
Result<T> read_log(const fs::path& folder, F&& read) {
  auto reader = LogReader::open(folder);
  if (!reader && reader.error().kind == ErrorKind::not_found) return T{};
  if (!reader) return std::unexpected(reader.error());
  return read(*reader);
}

Result<LogPiece> read_piece(const fs::path& folder, bool ended, std::uint64_t log_bytes, std::uint64_t offset,
                            std::uint64_t size) {
  auto piece = PIKA_TRY(read_log<LogPiece>(folder, [&](LogReader& reader) -> Result<LogPiece> {
    auto length = reader.size();
    return LogPiece{PIKA_TRY(reader.read(offset, size)), 0, length, false};
  }));
  piece.next_offset = offset + piece.bytes.size();
  piece.complete = ended && piece.next_offset >= log_bytes;
  return piece;
}

}  // namespace

Result<LogPiece> Engine::load_log(const std::string& run_id, const std::string& job_id, std::uint64_t offset,
                                  std::uint64_t size) {
  return guarded([&]() -> Result<LogPiece> {
    auto job = PIKA_TRY(find_job(*impl_, run_id, job_id));
    return read_piece(job.folder, job.ended(), job.record.log_bytes, offset, size);
  });
}

Result<LogPiece> Engine::load_attempt_log(const std::string& run_id, const std::string& job_id, unsigned attempt,
                                          std::uint64_t offset, std::uint64_t size) {
  return guarded([&]() -> Result<LogPiece> {
    auto job = PIKA_TRY(find_job(*impl_, run_id, job_id));
    for (const auto& earlier : job.record.earlier_attempts)
      if (earlier.number == attempt)
        return read_piece(attempt_folder(job.folder, attempt), true, earlier.log_bytes, offset, size);
    return fail(ErrorKind::not_found,
                fmt::format("job '{}' of run '{}' has no earlier attempt {}", job_id, run_id, attempt));
  });
}

Result<LogLines> Engine::load_log_lines(const std::string& run_id, const std::string& job_id, std::uint64_t from_line,
                                        std::uint64_t count) {
  return guarded([&]() -> Result<LogLines> {
    auto job = PIKA_TRY(find_job(*impl_, run_id, job_id));
    auto lines =
        PIKA_TRY(read_log<LogLines>(job.folder, [&](LogReader& reader) { return reader.lines(from_line, count); }));
    lines.complete = job.ended() && lines.next_offset >= job.record.log_bytes;
    return lines;
  });
}

Result<LogLines> Engine::load_last_log_lines(const std::string& run_id, const std::string& job_id,
                                             std::uint64_t count) {
  return guarded([&]() -> Result<LogLines> {
    auto job = PIKA_TRY(find_job(*impl_, run_id, job_id));
    auto lines = PIKA_TRY(read_log<LogLines>(job.folder, [&](LogReader& reader) { return reader.last_lines(count); }));
    lines.complete = job.ended() && lines.next_offset >= job.record.log_bytes;
    return lines;
  });
}

Result<LogSteps> Engine::load_log_steps(const std::string& run_id, const std::string& job_id) {
  return guarded([&]() -> Result<LogSteps> {
    auto job = PIKA_TRY(find_job(*impl_, run_id, job_id));
    return read_log<LogSteps>(job.folder, [&](LogReader& reader) { return reader.steps(); });
  });
}

fs::path Engine::log_file(const std::string& run_id, const std::string& job_id) const {
  auto folder = impl_->runs.job_folder(run_id, job_id);
  std::error_code error;
  auto packed = folder / "log.raw.zst";
  return fs::exists(packed, error) ? packed : folder / "log.raw";
}

}  // namespace jerichoci
