// pikaci artifacts: the files that the jobs of a run left behind, listed or written out.
#include <fmt/format.h>

#include <algorithm>

#include "cli/console.hpp"
#include "cli/engine.hpp"
#include "cli/outcome.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

namespace {

using jerichoci::ArtifactRecord;
using jerichoci::JobRecord;

json::Object artifact_json(const std::string& job, const ArtifactRecord& artifact, bool there) {
  return {{"schema_version", 1},
          {"job_id", job},
          {"path", jerichoci::bytes_to_json(artifact.path)},
          {"bytes", artifact.bytes},
          {"content", artifact.content},
          {"executable", artifact.executable},
          {"kept", there}};
}

Outcome<std::vector<JobRecord>> chosen_jobs(const jerichoci::RunRecord& run, const std::string& job) {
  if (job.empty()) return run.jobs;
  std::vector<std::string> ids;
  for (const auto& each : run.jobs) {
    if (each.id == job) return std::vector<JobRecord>{each};
    ids.push_back(each.id);
  }
  return std::unexpected(Failure(
      2, fmt::format("run {} has no job '{}'{}", run.run_id, clip(pika::quote_name(job), 80), did_you_mean(job, ids)),
      "its jobs: " + pika::join(ids, ", ")));
}

// One job's artifacts: rows for people, objects for programs, files when a folder was named.
class Listing {
 public:
  Listing(Console& console, const jerichoci::Engine& engine, std::filesystem::path out)
      : console_(console), engine_(engine), out_(std::move(out)) {}

  Outcome<int> take(const JobRecord& job, const std::filesystem::path& below) {
    for (const auto& artifact : job.artifacts) {
      bool there = engine_.open_artifact(artifact.content).has_value();
      auto object = artifact_json(job.id, artifact, there);
      if (there && !out_.empty()) {
        auto path = CLI_TRY(engine_.save_artifact(artifact, out_ / below));
        object["saved"] = jerichoci::bytes_to_json(path.string());
        ++saved_;
      }
      gone_ += !there;
      bytes_ += artifact.bytes;
      rows_.push_back({job.id, pika::format_bytes(artifact.bytes), artifact.content.substr(0, 12),
                       pika::quote_name(artifact.path) + (there ? "" : "  (not kept any more)")});
      console_.json_line(object);
      array_.push_back(std::move(object));
    }
    if (!job.artifacts_message.empty())
      notes_.push_back(fmt::format("{}: {}", job.id, printable(job.artifacts_message)));
    return 0;
  }

  int tell(const std::string& run_id) {
    int exit_code = !out_.empty() && gone_ > 0 ? 2 : 0;
    if (!rows_.empty()) console_.say(table(rows_));
    console_.say(rows_.empty() ? "no artifacts"
                               : fmt::format("{}, {}", pika::plural(static_cast<std::int64_t>(rows_.size()), "file"),
                                             pika::format_bytes(bytes_)));
    if (!out_.empty() && saved_ > 0) console_.say(fmt::format("written to {}", printable(out_.string())));
    for (const auto& note : notes_) console_.note(note);
    if (exit_code) console_.note(fmt::format("{} of them are not kept any more; pikaci rerun makes them again", gone_));
    if (!console_.jsonl())
      console_.document(json::Object{{"schema_version", 1},
                                     {"run_id", run_id},
                                     {"artifacts", std::move(array_)},
                                     {"notes", names_json(notes_)},
                                     {"exit_code", exit_code}});
    return exit_code;
  }

 private:
  Console& console_;
  const jerichoci::Engine& engine_;
  std::filesystem::path out_;
  std::vector<std::vector<std::string>> rows_;
  json::Array array_;
  std::vector<std::string> notes_;
  std::size_t saved_ = 0, gone_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

int cli_artifacts(const CliContext& context, const std::string& name, const std::string& job, const std::string& out) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto engine = CLI_TRY(open_engine(context));
    auto run = CLI_TRY(find_run(*engine, name));
    auto jobs = CLI_TRY(chosen_jobs(run, job));
    auto folder = out.empty() ? std::filesystem::path() : (context.folder / out).lexically_normal();
    Listing listing(console, *engine, folder);
    // A job that was named needs no folder of its own.
    for (const auto& each : jobs) CLI_TRY(listing.take(each, job.empty() ? each.id : ""));
    return listing.tell(run.run_id);
  });
}

}  // namespace pikaci
