// pikaci replay: the same again, and what that says.
#include <fmt/format.h>

#include <algorithm>

#include "cli/console.hpp"
#include "cli/engine.hpp"
#include "cli/outcome.hpp"
#include "cli/progress.hpp"
#include "cli/secrets.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

namespace {

using jerichoci::ReplayJob;
using jerichoci::ReplayVerdict;

std::string outcome_words(const jerichoci::JobRecord& job) {
  auto words = std::string(jerichoci::to_string(job.status));
  if (!job.message.empty()) words += fmt::format(" ({})", printable(job.message));
  return words;
}

std::string verdict_words(ReplayVerdict verdict) {
  switch (verdict) {
    case ReplayVerdict::same:
      return "the same";
    case ReplayVerdict::flaky:
      return "flaky: another outcome in the same environment";
    case ReplayVerdict::environment:
      return "another outcome, in another environment";
    case ReplayVerdict::not_compared:
      return "not compared: one of the two did not come to an end of its own";
  }
  return "";
}

void say_job(Console& console, const ReplayJob& job) {
  auto ink = job.verdict == ReplayVerdict::same ? Ink::good : Ink::bad;
  console.say(
      fmt::format("{}: {}", console.paint(Ink::strong, job.id), console.paint(ink, verdict_words(job.verdict))));
  console.say(fmt::format("  before  {}", outcome_words(job.before)));
  console.say(fmt::format("  now     {}", outcome_words(job.after)));
  for (const auto& line : job.environment) console.say("  differs: " + printable(line));
  for (const auto& line : job.artifacts) console.say("  artifact " + printable(line));
  if (!job.log) return;
  auto line = [&](const std::optional<std::string>& text) {
    return text ? clip(printable(*text), console.context().columns > 20 ? console.context().columns - 12 : 60)
                : console.paint(Ink::faint, "(the log has ended)");
  };
  console.say(fmt::format("  the logs differ from line {} on", job.log->number));
  console.say("    before  " + line(job.log->before));
  console.say("    now     " + line(job.log->after));
}

}  // namespace

int cli_replay(const CliContext& context, const std::string& name, const std::string& job) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto engine = CLI_TRY(open_engine(context));
    auto before = CLI_TRY(find_run(*engine, name));
    bool on_host = std::any_of(before.jobs.begin(), before.jobs.end(), [&](const auto& each) {
      return each.runtime == jerichoci::Runtime::host_process && (job.empty() || each.id == job);
    });
    if (on_host && !context.allow_host_process)
      return std::unexpected(Failure(2, "a job of that run runs on this host without isolation (runtime host_process)",
                                     "say --allow-host-process if you trust what it runs"));
    CLI_TRY(check_secrets(context, *engine, before.run_id, job));
    console.say(
        fmt::format("{} again, of {}: tree {}", name_of(before), before.run_id, snapshot_words(before.snapshot)));
    auto report = [&] {
      RunProgress progress(console, [&](const std::string& run, const std::string& id, std::uint64_t bytes) {
        auto all = engine->load_log(run, id, 0, 64u << 20);
        return all ? all->bytes.substr(all->bytes.size() - std::min<std::size_t>(all->bytes.size(), bytes))
                   : std::string();
      });
      return engine->replay(
          before.run_id, job, [&](const json::Value& event) { progress.on_event(event); }, context.cancel,
          context.secrets);
    }();
    if (!report) return std::unexpected(Failure(std::move(report.error())));
    for (const auto& each : report->jobs) say_job(console, each);
    console.document(jerichoci::to_json(*report));
    return report->exit_code();
  });
}

}  // namespace pikaci
