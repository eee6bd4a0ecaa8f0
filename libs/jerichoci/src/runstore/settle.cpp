// What an engine that died left behind: found by its busy files, ended, removed, and said in the record.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>

#include "exec/cgroup.hpp"
#include "pika/base/clock.hpp"
#include "pika/base/files.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "runstore/journal.hpp"
#include "runstore/log_reader.hpp"
#include "runstore/run_store.hpp"
#include "runstore/sweep.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

std::optional<std::uint64_t> process_start_time(int pid) {
  std::string text;
  try {
    auto read = pika::read_file(fmt::format("/proc/{}/stat", pid));
    if (!read) return std::nullopt;
    text = *read;
  } catch (const pika::SystemError&) {
    return std::nullopt;  // it ended while we read
  }
  // The second field is the name in brackets and may hold anything, also brackets: count from the last one.
  auto close = text.rfind(')');
  if (close == std::string::npos) return std::nullopt;
  auto fields = pika::split(std::string_view(text).substr(close + 1), ' ');
  if (fields.size() > 1 && fields[1] == "Z") return std::nullopt;  // dead, and only not waited for yet
  return fields.size() > 20 ? pika::parse_number<std::uint64_t>(fields[20]) : std::nullopt;
}

namespace {

// A leader ends by itself when its engine dies; this is for the moment until then, and for one that hangs.
void end_process(int pid, std::uint64_t start_time) {
  pika::UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd || process_start_time(pid) != start_time) return;
  struct pollfd p{fd.get(), POLLIN, 0};
  if (::poll(&p, 1, 5000) > 0) return;
  ::syscall(SYS_pidfd_send_signal, fd.get(), SIGKILL, nullptr, 0);
  ::poll(&p, 1, 5000);
}

void remove_noted(const std::vector<std::string>& lines) {
  std::vector<fs::path> cgroups;
  std::vector<fs::path> folders;
  for (const auto& line : lines) {
    auto words = pika::split(line, ' ');
    if (line.starts_with("cgroup ")) cgroups.emplace_back(line.substr(7));
    if (line.starts_with("folder ")) folders.emplace_back(line.substr(7));
    if (words.size() == 3 && words[0] == "process") {
      auto pid = pika::parse_number<int>(words[1]);
      auto start = pika::parse_number<std::uint64_t>(words[2]);
      if (pid && start) end_process(*pid, *start);
    }
  }
  if (!remove_cgroups(cgroups)) pika::log_error("jerichoci", "a cgroup of a lost run could not be removed");
  // Only the empty folder that was made: below /tmp somebody else may have put another thing there since.
  for (const auto& folder : folders) ::rmdir(folder.c_str());
}

// Processes of the dead engine may still be writing for a moment while they die.
void remove_work(const fs::path& work) {
  for (int tries = 0;; ++tries) {
    try {
      pika::remove_tree(work);
      return;
    } catch (const pika::SystemError&) {
      if (tries > 50) throw;
      ::poll(nullptr, 0, 20);
    }
  }
}

// The last event of a run that has its last record, unless it is there.
void end_journal(const RunStore& store, const RunRecord& run) {
  auto path = store.run_folder(run.run_id) / "events.jsonl";
  auto text = pika::read_file(path).value_or("");
  auto trimmed = pika::trim(text);
  auto last = pika::json::parse(trimmed.substr(trimmed.rfind('\n') + 1), "the last event");
  if (last && pika::json::find_string(*last, "event") == "run_finished") return;
  Journal journal(path, run.run_id, {});
  journal.event("run_finished", {{"status", to_string(run.status)},
                                 {"failure", to_string(run.failure)},
                                 {"message", pika::to_utf8(run.message)},
                                 {"exit_code", exit_code(run.status, run.failure)}});
}

void settle_record(const RunStore& store, const std::string& run_id) {
  auto run = store.read_record(run_id);
  if (!run) {
    if (run_id.starts_with("probe-")) return;              // a look at what the host can do; it has no record
    if (run.error().kind == pika::ErrorKind::not_found) {  // the end came before its first record: nothing was begun
      pika::remove_tree(store.run_folder(run_id));
      return;
    }
    pika::log_warning("jerichoci", "run {} was busy and has no readable record: {}", run_id, run.error().what);
    return;
  }
  ::unlink((store.run_folder(run_id) / ".reserve").c_str());
  sweep_temporary_files(store.run_folder(run_id));
  for (const auto& job : run->jobs) settle_log(store.job_folder(run_id, job.id));
  if (is_final(run->status)) return end_journal(store, *run);
  auto now = pika::system_clock().now();
  for (auto& job : run->jobs) {
    if (is_final(job.status)) continue;
    // The record of a large run is a little behind; a job's first deed is its log.
    auto log = LogReader::open(store.job_folder(run_id, job.id));
    bool began = job.status == Status::running || log;
    job.status = began ? Status::failed : Status::skipped;
    job.failure = began ? FailureKind::lost : FailureKind::none;
    job.message = began ? "the engine went away while it ran" : "the engine went away before it began";
    if (began) job.finished_at = now;
    if (log) job.log_bytes = log->size();
  }
  run->status = Status::failed;
  run->failure = FailureKind::lost;
  run->message = "the engine went away while the run was busy";
  run->finished_at = now;
  store.write_record(*run, RunStore::Durable::yes);
  end_journal(store, *run);
}

}  // namespace

bool settle_dead_run(const RunStore& store, const std::string& run_id) {
  auto mark = BusyMark::take_over(store.root(), run_id);
  if (!mark) return false;  // an engine that lives has it
  remove_noted(mark->lines());
  remove_work(store.root() / "work" / run_id);
  auto lines = mark->lines();
  if (std::find(lines.begin(), lines.end(), kForget) != lines.end()) {
    ::unlink((store.root() / "objects.git/refs/jerichoci/runs" / run_id).c_str());
    pika::remove_tree(store.run_folder(run_id));
  } else {
    settle_record(store, run_id);
  }
  mark->done();
  return true;
}

std::vector<std::string> settle_dead_runs(const RunStore& store) {
  std::vector<std::string> settled;
  std::vector<std::string> busy;
  for (const auto& entry : fs::directory_iterator(store.root() / "busy"))
    busy.push_back(entry.path().filename().string());
  for (const auto& run_id : busy)
    if (valid_run_id(run_id) && settle_dead_run(store, run_id)) settled.push_back(run_id);
  return settled;
}

}  // namespace jerichoci
