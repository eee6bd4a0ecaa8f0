// pikaci list, status, logs, cancel: what was run.
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

#include "cli/console.hpp"
#include "cli/engine.hpp"
#include "cli/outcome.hpp"
#include "cli/progress.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

namespace {

using jerichoci::JobRecord;
using jerichoci::RunRecord;

constexpr std::uint64_t kPiece = 1 << 20;

json::Value with_exit_code(const RunRecord& run) {
  auto value = jerichoci::to_json(run);
  if (jerichoci::is_final(run.status))
    value.as_object()["exit_code_of_run"] = jerichoci::exit_code(run.status, run.failure);
  return value;
}

void say_job(Console& console, const JobRecord& job) {
  auto status = jerichoci::to_string(job.status);
  auto message = printable(job.message);
  console.say(fmt::format("  {} {}  {}  {}{}", mark(console, status), job.id, status,
                          took(job.started_at, job.finished_at), message.empty() ? "" : "  " + message));
  std::string phases;
  for (const auto& phase : job.phases)
    phases +=
        fmt::format("{}{} {}", phases.empty() ? "" : ", ", phase.phase, took(phase.started_at, phase.finished_at));
  auto faint = [&](const std::string& text) { console.say("      " + console.paint(Ink::faint, printable(text))); };
  faint(command_line(job.command));
  if (!phases.empty())
    faint(fmt::format("{}, workspace {}: {}", jerichoci::to_string(job.runtime),
                      job.workspace_kind.empty() ? "fresh" : job.workspace_kind, phases));
  for (const auto& limit : job.not_enforced) faint("not enforced: " + limit);
  if (job.reuse && job.reuse->reused) faint("reused: proved by run " + job.reuse->run_id);
  if (job.reuse && !job.reuse->audit.empty())
    faint(fmt::format("audit of the verdict of run {}: {}", job.reuse->run_id, job.reuse->audit));
  if (job.reuse && !job.reuse->why_not.empty()) faint("its verdict cannot be reused: " + job.reuse->why_not);
  if (!job.artifacts.empty())
    faint(
        fmt::format("{}: pikaci artifacts", pika::plural(static_cast<std::int64_t>(job.artifacts.size()), "artifact")));
  if (!job.artifacts_message.empty()) faint("artifacts: " + job.artifacts_message);
}

struct Wanted {
  std::vector<std::string> jobs;
  bool several = false;
};

Outcome<Wanted> wanted_jobs(const RunRecord& run, const std::string& job) {
  Wanted wanted;
  std::vector<std::string> ids;
  for (const auto& each : run.jobs) ids.push_back(each.id);
  if (job.empty()) {
    wanted.several = ids.size() > 1;
    wanted.jobs = std::move(ids);
    return wanted;
  }
  if (std::find(ids.begin(), ids.end(), job) == ids.end())
    return std::unexpected(Failure(2,
                                   fmt::format("run {} has no job '{}'", run.run_id, clip(pika::quote_name(job), 80)),
                                   "its jobs: " + pika::join(ids, ", ")));
  wanted.jobs = {job};
  return wanted;
}

void put_piece(Console& console, const std::string& run, const std::string& job, std::uint64_t offset,
               std::string_view bytes) {
  if (console.human()) console.raw(console.context().terminal ? printable(bytes) : bytes);
  console.json_line(json::Object{
      {"schema_version", 1}, {"run_id", run}, {"job_id", job}, {"offset", offset}, {"text", pika::to_utf8(bytes)}});
}

// One job's log to the end, or to where it is now. Where bytes become text, a character is not cut in two.
Outcome<int> put_log(Console& console, jerichoci::Engine& engine, const std::string& run, const std::string& job,
                     bool follow) {
  bool as_document = console.context().output == OutputFormat::json;
  bool as_bytes = console.human() && !console.context().terminal;
  std::uint64_t read = 0, shown = 0;
  std::string held;  // read and not shown
  while (true) {
    auto piece = CLI_TRY(engine.load_log(run, job, read, kPiece));
    bool moved = piece.next_offset > read;
    read = piece.next_offset;
    held += piece.bytes;
    bool last = piece.complete || (!moved && !follow) || console.context().cancel.cancelled();
    auto ready = as_bytes || last ? held.size() : whole_prefix(held);
    if (ready > 0 && !as_document) {
      put_piece(console, run, job, shown, std::string_view(held).substr(0, ready));
      shown += ready;
      held.erase(0, ready);
    }
    if (last) break;
    if (moved) continue;
    struct pollfd cancelled{console.context().cancel.fd(), POLLIN, 0};
    ::poll(&cancelled, 1, 200);
  }
  if (as_document)
    console.document(json::Object{
        {"schema_version", 1}, {"run_id", run}, {"job_id", job}, {"log_bytes", read}, {"text", pika::to_utf8(held)}});
  return 0;
}

}  // namespace

int cli_list(const CliContext& context, std::size_t limit) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto engine = CLI_TRY(open_engine(context));
    std::vector<std::string> warnings;
    auto runs = engine->list_runs(limit, &warnings);
    if (console.jsonl()) {
      for (const auto& run : runs) console.json_line(with_exit_code(run));
    } else if (!console.human()) {
      json::Array array;
      for (const auto& run : runs) array.push_back(with_exit_code(run));
      console.document(
          json::Object{{"schema_version", 1}, {"runs", std::move(array)}, {"warnings", names_json(warnings)}});
    } else {
      std::vector<std::vector<std::string>> rows;
      for (const auto& run : runs) {
        auto repository = run.labels.find("repository");
        rows.push_back({run.run_id, std::string(jerichoci::to_string(run.status)), name_of(run),
                        took(run.started_at, run.finished_at), pika::format_utc(run.created_at),
                        repository == run.labels.end() ? "" : printable(repository->second),
                        snapshot_words(run.snapshot)});
      }
      console.say(rows.empty() ? "no runs yet" : table(rows));
    }
    for (const auto& warning : warnings) console.note(warning);
    return 0;
  });
}

int cli_status(const CliContext& context, const std::string& name, bool exit_status) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto engine = CLI_TRY(open_engine(context));
    auto run = CLI_TRY(find_run(*engine, name));
    auto status = jerichoci::to_string(run.status);
    console.say(fmt::format("{} {}  {}  {}", mark(console, status), console.paint(Ink::strong, name_of(run)), status,
                            took(run.started_at, run.finished_at)));
    if (!run.message.empty()) console.say("  " + printable(run.message));
    console.say(fmt::format("  run {}, begun {} UTC", run.run_id, pika::format_utc(run.created_at)));
    console.say(fmt::format("  tree {}", snapshot_words(run.snapshot)));
    if (run.rerun_of) console.say(fmt::format("  again of {}", *run.rerun_of));
    for (const auto& job : run.jobs) say_job(console, job);
    console.document(with_exit_code(run));
    return exit_status && jerichoci::is_final(run.status) ? jerichoci::exit_code(run.status, run.failure) : 0;
  });
}

int cli_logs(const CliContext& context, const std::string& name, const std::string& job, bool follow) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto engine = CLI_TRY(open_engine(context));
    auto run = CLI_TRY(find_run(*engine, name));
    auto wanted = CLI_TRY(wanted_jobs(run, job));
    if (wanted.several && context.output == OutputFormat::json)
      return std::unexpected(Failure(2, fmt::format("run {} has several jobs, and json is one document", run.run_id),
                                     "name one with --job, or say --output jsonl"));
    for (const auto& id : wanted.jobs) {
      if (wanted.several) console.note(fmt::format("── {} ──", id));
      CLI_TRY(put_log(console, *engine, run.run_id, id, follow));
    }
    return 0;
  });
}

int cli_cancel(const CliContext& context, const std::string& name) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto engine = CLI_TRY(open_engine(context));
    auto run = CLI_TRY(find_run(*engine, name));
    CLI_TRY(engine->request_cancel(run.run_id));
    console.say(fmt::format("asked run {} to end", run.run_id));
    console.document(json::Object{{"schema_version", 1}, {"run_id", run.run_id}, {"cancel_requested", true}});
    return 0;
  });
}

}  // namespace pikaci
