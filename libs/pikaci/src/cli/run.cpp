// pikaci run, pikaci rerun
#include <fmt/format.h>

#include <algorithm>

#include "cli/cache_story.hpp"
#include "cli/choose.hpp"
#include "cli/console.hpp"
#include "cli/engine.hpp"
#include "cli/group_slots.hpp"
#include "cli/outcome.hpp"
#include "cli/progress.hpp"
#include "cli/project.hpp"
#include "cli/secrets.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

namespace {

using jerichoci::RunRecord;

LogTail tail_of(jerichoci::Engine& engine) {
  return [&engine](const std::string& run, const std::string& job, std::uint64_t bytes) -> std::string {
    // The record may be older than the event, so the log's end is found by asking.
    auto asked = engine.load_log(run, job, 0, 0);
    auto end = asked ? asked->size : 0;
    auto piece = engine.load_log(run, job, end > bytes ? end - bytes : 0, bytes);
    return piece ? piece->bytes : std::string();
  };
}

Ink ink_of(jerichoci::Status status) {
  if (status == jerichoci::Status::passed) return Ink::good;
  return status == jerichoci::Status::failed ? Ink::bad : Ink::faint;
}

void say_verdict(Console& console, const RunRecord& run) {
  auto word = console.paint(ink_of(run.status), jerichoci::to_string(run.status));
  // With one job its own line has said why.
  auto message = run.jobs.size() == 1 ? std::string() : printable(run.message);
  console.say(fmt::format("{} {} in {}{}", name_of(run), word, took(run.started_at, run.finished_at),
                          message.empty() ? "" : ": " + message));
}

// What is not there although the catalogue wants it kept is a notice: it fails nothing.
void say_artifacts(Console& console, const RunRecord& run) {
  for (const auto& job : run.jobs)
    if (!job.artifacts_message.empty())
      console.say(
          console.paint(Ink::faint, fmt::format("  {}: artifacts: {}", job.id, printable(job.artifacts_message))));
}

// A limit that this host cannot hold: the job ran without it.
void say_limits(Console& console, const RunRecord& run) {
  for (const auto& job : run.jobs)
    for (const auto& limit : job.not_enforced)
      console.say(console.paint(Ink::faint, fmt::format("  {}: not enforced: {}", job.id, printable(limit))));
}

void say_cache_stories(Console& console, jerichoci::Engine& engine, const RunRecord& run) {
  constexpr std::size_t kLookBack = 200;
  if (std::all_of(run.jobs.begin(), run.jobs.end(), [](const auto& job) { return job.caches.empty(); })) return;
  auto earlier = engine.list_runs(kLookBack, nullptr);
  for (const auto& job : run.jobs)
    if (auto words = cache_story(run, job, earlier); !words.empty())
      console.say(console.paint(Ink::faint, fmt::format("  {}: {}", job.id, words)));
}

// host_process needs a word of the user's own: the catalogue is data from whoever wrote the branch. What was named is
// refused as a whole; what a change chose is left out, told of, and then nothing is green.
std::optional<Failure> hold_back_host_processes(const CliContext& context, const Catalogue& catalogue, bool named,
                                                Choosing& choosing) {
  if (context.allow_host_process) return std::nullopt;
  auto on_host = [&](const Planned& planned) {
    const auto& jobs = catalogue.targets.at(planned.target).jobs;
    return std::any_of(jobs.begin(), jobs.end(),
                       [](const auto& job) { return job.runtime == jerichoci::Runtime::host_process; });
  };
  for (const auto& planned : choosing.runs) {
    if (!on_host(planned)) continue;
    auto what =
        fmt::format("target {} wants to run on this host without isolation (runtime host_process)", planned.target);
    if (named) return Failure(2, what, "say --allow-host-process if you trust what it runs");
    choosing.cannot_run.push_back(what + "; say --allow-host-process if you trust it");
  }
  std::erase_if(choosing.runs, on_host);
  return std::nullopt;
}

// A job without its secret or its root filesystem cannot run; said before anything does, in this program's words.
std::optional<Failure> hold_back_ungiven(const CliContext& context, const Catalogue& catalogue, bool named,
                                         Choosing& choosing) {
  auto missing = [&](const Planned& planned) {
    return missing_given(catalogue.targets.at(planned.target).jobs, context);
  };
  for (const auto& planned : choosing.runs) {
    auto failure = missing(planned);
    if (!failure) continue;
    failure->what = fmt::format("target {}: {}", planned.target, failure->what);
    if (named) return failure;
    choosing.cannot_run.push_back(failure->what + "; " + failure->advice);
  }
  std::erase_if(choosing.runs, [&](const Planned& planned) { return missing(planned).has_value(); });
  return std::nullopt;
}

jerichoci::RunRequest request_for(const Catalogue& catalogue, const Planned& planned,
                                  const jerichoci::SnapshotRecord& snapshot, const std::vector<std::string>& changed,
                                  const Project& project, const std::map<std::string, std::string>& secrets) {
  const auto& target = catalogue.targets.at(planned.target);
  jerichoci::RunRequest request;
  request.target_id = target.id;
  request.target_description = target.description;
  request.snapshot = snapshot;
  request.jobs = target.jobs;
  request.changed_files = changed;
  request.filters = planned.filters;
  request.secrets = secrets;
  // What another repository's jobs left in a cache of the same name is no business of this one's.
  request.trust.name = "local-" + pika::sha256_hex(project.root().string()).substr(0, 16);
  request.labels["repository"] = pika::to_utf8(project.root().filename().string());
  if (!planned.lanes.empty()) request.labels["lanes"] = pika::join(planned.lanes, ", ");
  return request;
}

json::Value summary(const std::vector<RunRecord>& runs, const std::vector<Choice>& choices,
                    const std::vector<std::string>& cannot_run, int exit_code, const Console& console) {
  json::Array array;
  for (const auto& run : runs) array.push_back(console.jsonl() ? json::Value(run.run_id) : jerichoci::to_json(run));
  json::Object object{{"schema_version", 1}};
  if (console.jsonl()) object["event"] = "command_finished";
  object["exit_code"] = exit_code;
  object["nothing_to_run"] = runs.empty();
  object["selection"] = choices_json(choices);
  object["cannot_run"] = names_json(cannot_run);
  object["runs"] = std::move(array);
  return object;
}

std::vector<std::string> quoted(std::vector<std::string> names) {
  for (auto& name : names) name = pika::quote_name(name);
  return names;
}

struct Prepared {
  Project project;
  Catalogue catalogue;
  Choosing choosing;
  std::vector<std::string> changed;
};

void tell_selection(Console& console, const ChangeSet& changes, const Choosing& choosing, std::size_t lanes) {
  auto selected =
      std::count_if(choosing.choices.begin(), choosing.choices.end(), [](const Choice& c) { return c.selected; });
  if (!changes.note.empty()) console.note(changes.note);
  console.say(fmt::format(
      "{} of {} chosen{}", selected, pika::plural(static_cast<std::int64_t>(lanes), "lane"),
      changes.base_name.empty()
          ? ""
          : fmt::format(": {} since {} ({})",
                        pika::plural(static_cast<std::int64_t>(changes.paths.size()), "path changed", "paths changed"),
                        printable(changes.base_name), changes.merge_base.short_hex())));
  for (const auto& choice : choosing.choices)
    if (choice.selected) console.say(console.paint(Ink::faint, fmt::format("  {}: {}", choice.lane, choice.reason)));
}

Outcome<Prepared> prepare(Console& console, const std::vector<std::string>& names, const Range& range) {
  auto project = CLI_TRY(Project::find(console.context().folder));
  auto catalogue = CLI_TRY(project.catalogue());
  if (!names.empty()) {
    if (!range.base.empty())
      return std::unexpected(
          Failure(2, "--base chooses lanes by what changed, and these are named already", "leave one of the two away"));
    auto choosing = CLI_TRY(choose_named(catalogue, names));
    return Prepared{std::move(project), std::move(catalogue), std::move(choosing), {}};
  }
  auto changes = CLI_TRY(project.changes(range));
  auto choosing = choose_changed(catalogue, changes.paths);
  tell_selection(console, changes, choosing, choosing.choices.size());
  if (!changes.base_tip.is_zero()) {
    auto differing = project.differing_catalogue(changes.base_tip);
    if (!differing.empty())
      console.note(fmt::format("{} differ{} from that of {}, which is what gates a branch", pika::join(differing, ", "),
                               differing.size() == 1 ? "s" : "", printable(changes.base_name)));
  }
  return Prepared{std::move(project), std::move(catalogue), std::move(choosing), std::move(changes.paths)};
}

Outcome<RunRecord> run_one(Console& console, jerichoci::Engine& engine, const jerichoci::RunRequest& request) {
  bool described = !request.target_description.empty() && request.target_description != request.target_id;
  console.say(console.paint(Ink::strong, request.target_id) +
              (described ? ": " + request.target_description : std::string()));
  auto record = [&] {
    RunProgress progress(console, tail_of(engine));
    return engine.run_jobs(
        request, [&](const json::Value& event) { progress.on_event(event); }, console.context().cancel);
  }();
  if (!record) return std::unexpected(Failure(std::move(record.error())));
  say_verdict(console, *record);
  say_limits(console, *record);
  say_artifacts(console, *record);
  say_cache_stories(console, engine, *record);
  return std::move(*record);
}

// "4 runs: 2 passed, 1 failed, 1 skipped", where each has had its own line some screens ago.
void say_all(Console& console, const std::vector<RunRecord>& runs, std::size_t not_run) {
  if (runs.size() + not_run < 2) return;
  std::vector<std::string> words;
  auto count = [&](jerichoci::Status status) {
    auto n = std::count_if(runs.begin(), runs.end(), [&](const RunRecord& run) { return run.status == status; });
    if (n > 0) words.push_back(console.paint(ink_of(status), fmt::format("{} {}", n, jerichoci::to_string(status))));
  };
  for (auto status : {jerichoci::Status::passed, jerichoci::Status::failed, jerichoci::Status::cancelled,
                      jerichoci::Status::skipped, jerichoci::Status::nothing_ran})
    count(status);
  if (not_run > 0) words.push_back(fmt::format("{} not run", not_run));
  console.say(fmt::format("all: {}", pika::join(words, ", ")));
}

// What was chosen, one run after the other.
class RunAll {
 public:
  RunAll(Console& console, jerichoci::Engine& engine, const Prepared& prepared,
         const jerichoci::SnapshotRecord& snapshot, int exit_code)
      : console_(console), engine_(engine), prepared_(prepared), snapshot_(snapshot), exit_code_(exit_code) {}

  Outcome<int> operator()() {
    for (const auto& planned : prepared_.choosing.runs) CLI_TRY(one(planned));
    return exit_code_;
  }
  const std::vector<RunRecord>& runs() const { return runs_; }

 private:
  Outcome<int> one(const Planned& planned) {
    const auto& context = console_.context();
    if (context.cancel.cancelled()) return not_begun(planned, "", 6);
    if (context.fail_fast && exit_code_ != 0 && !runs_.empty())
      return not_begun(planned, fmt::format(": {} did not pass", runs_.back().target_id), 0);
    auto request =
        request_for(prepared_.catalogue, planned, snapshot_, prepared_.changed, prepared_.project, context.secrets);
    request.fail_fast = context.fail_fast;
    if (auto why = missing_need(planned); !why.empty()) return skip(planned, request, why);
    auto slots = GroupSlots::take(console_, prepared_.catalogue, planned.concurrency_groups);
    if (!slots) return not_begun(planned, "", 6);
    settle(planned, CLI_TRY(run_one(console_, engine_, request)));
    return 0;
  }

  Outcome<int> not_begun(const Planned& planned, const std::string& why, int code) {
    exit_code_ = jerichoci::worse_exit_code(exit_code_, code);
    console_.note(fmt::format("{} was not begun{}", planned.target, why));
    return 0;
  }

  // A record too: who looks for the lane finds why there is no verdict.
  Outcome<int> skip(const Planned& planned, const jerichoci::RunRequest& request, const std::string& why) {
    auto record = engine_.record_skipped_run(request, why);
    if (!record) return std::unexpected(Failure(std::move(record.error())));
    console_.say(fmt::format("{} {}: {}", console_.paint(Ink::strong, name_of(*record)),
                             console_.paint(Ink::faint, "skipped"), why));
    settle(planned, std::move(*record));
    return 0;
  }

  // Why a lane that this needs gives no leave; empty: all passed.
  std::string missing_need(const Planned& planned) const {
    for (const auto& need : planned.needs) {
      auto at = ended_.find(need);
      if (at == ended_.end()) return fmt::format("it needs the lane {}, which was not run", need);
      if (at->second != jerichoci::Status::passed)
        return fmt::format("it needs the lane {}, which {}", need,
                           at->second == jerichoci::Status::failed
                               ? "failed"
                               : fmt::format("was {}", jerichoci::to_string(at->second)));
    }
    return {};
  }

  void settle(const Planned& planned, RunRecord run) {
    for (const auto& lane : planned.lanes) ended_[lane] = run.status;
    exit_code_ = jerichoci::worse_exit_code(exit_code_, jerichoci::exit_code(run.status, run.failure));
    runs_.push_back(std::move(run));
  }

  Console& console_;
  jerichoci::Engine& engine_;
  const Prepared& prepared_;
  const jerichoci::SnapshotRecord& snapshot_;
  int exit_code_;
  std::vector<RunRecord> runs_;
  std::map<std::string, jerichoci::Status> ended_;  // by lane
};

}  // namespace

int cli_run(const CliContext& context, const std::vector<std::string>& names, const Range& range) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto prepared = CLI_TRY(prepare(console, names, range));
    auto& choosing = prepared.choosing;
    if (auto refused = hold_back_host_processes(context, prepared.catalogue, !names.empty(), choosing))
      return std::unexpected(std::move(*refused));
    if (auto refused = hold_back_ungiven(context, prepared.catalogue, !names.empty(), choosing))
      return std::unexpected(std::move(*refused));
    int exit_code = choosing.runs.empty() || !choosing.cannot_run.empty() ? 3 : 0;
    for (const auto& why : choosing.cannot_run) console.note("not run: " + why);
    std::vector<RunRecord> runs;
    if (!choosing.runs.empty()) {
      if (prepared.project.would_capture(context.state_root))
        return std::unexpected(
            Failure(2, fmt::format("the state folder '{}' lies in the work tree", context.state_root.string()),
                    "git would see it as part of what is run; ignore it in .gitignore or name another with --state"));
      if (auto modules = prepared.project.submodules(); !modules.empty())
        console.note(fmt::format("jobs get the tree without {}: {}",
                                 pika::plural(static_cast<std::int64_t>(modules.size()), "submodule"),
                                 clip(pika::join(quoted(modules), ", "), 200)));
      auto engine = CLI_TRY(open_engine(context));
      auto snapshot = CLI_TRY(engine->snapshot_worktree(prepared.project.root()));
      console.say(fmt::format("tree {}", snapshot_words(snapshot)));
      RunAll all(console, *engine, prepared, snapshot, exit_code);
      exit_code = CLI_TRY(all());
      runs = all.runs();
      say_all(console, runs, choosing.cannot_run.size());
    } else {
      console.say("nothing to run");
    }
    console.document(summary(runs, choosing.choices, choosing.cannot_run, exit_code, console));
    return exit_code;
  });
}

int cli_rerun(const CliContext& context, const std::string& name) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto engine = CLI_TRY(open_engine(context));
    auto before = CLI_TRY(find_run(*engine, name));
    bool on_host = std::any_of(before.jobs.begin(), before.jobs.end(),
                               [](const auto& job) { return job.runtime == jerichoci::Runtime::host_process; });
    if (on_host && !context.allow_host_process)
      return std::unexpected(Failure(2, "a job of that run runs on this host without isolation (runtime host_process)",
                                     "say --allow-host-process if you trust what it runs"));
    CLI_TRY(check_secrets(context, *engine, before.run_id, ""));
    console.say(
        fmt::format("{} again, of {}: tree {}", name_of(before), before.run_id, snapshot_words(before.snapshot)));
    auto record = [&] {
      RunProgress progress(console, tail_of(*engine));
      return engine->rerun_jobs(
          before.run_id, [&](const json::Value& event) { progress.on_event(event); }, context.cancel, context.secrets);
    }();
    if (!record) return std::unexpected(Failure(std::move(record.error())));
    say_verdict(console, *record);
    auto exit_code = jerichoci::exit_code(record->status, record->failure);
    console.document(summary({*record}, {}, {}, exit_code, console));
    return exit_code;
  });
}

}  // namespace pikaci
