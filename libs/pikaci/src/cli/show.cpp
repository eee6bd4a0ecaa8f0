// pikaci lanes, targets, select, why, plan: what the catalogue says.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "catalogue/service_script.hpp"
#include "cli/choose.hpp"
#include "cli/console.hpp"
#include "cli/engine.hpp"
#include "cli/outcome.hpp"
#include "cli/project.hpp"
#include "pika/base/text.hpp"
#include "pikaci/filter.hpp"

namespace pikaci {

namespace {

std::string job_words(const jerichoci::JobSpec& job) {
  auto words = fmt::format("{}, network {}, {}", jerichoci::to_string(job.runtime), jerichoci::to_string(job.network),
                           pika::format_duration(job.limits.time));
  if (job.limits.memory_bytes) words += ", " + pika::format_bytes(*job.limits.memory_bytes);
  if (!job.needs.empty()) words += ", after " + pika::join(job.needs, ", ");
  std::vector<std::string> caches;
  for (const auto& cache : job.caches) caches.push_back(cache.name);
  if (!caches.empty()) words += ", caches " + pika::join(caches, ", ");
  if (auto served = without_services(job.command)) words += ", services " + pika::join(served->services, ", ");
  return words;
}

// When a nightly lane runs.
std::vector<std::string> schedules(const Catalogue& catalogue, const Lane& lane) {
  if (!lane.nightly) return {};
  if (!lane.schedules_utc.empty()) return lane.schedules_utc;
  return catalogue.nightly_schedule_utc.empty() ? std::vector<std::string>{}
                                                : std::vector<std::string>{catalogue.nightly_schedule_utc};
}

// "always", "3 filters, after build", "nightly at 08:00 UTC"
std::string when_words(const Catalogue& catalogue, const Lane& lane) {
  auto times = schedules(catalogue, lane);
  auto words = lane.nightly ? "nightly" + (times.empty() ? "" : fmt::format(" at {} UTC", pika::join(times, ", ")))
               : lane.paths.empty() ? "always"
                                    : pika::plural(static_cast<std::int64_t>(lane.paths.size()), "filter");
  if (!lane.needs.empty()) words += ", after " + pika::join(lane.needs, ", ");
  if (lane.required == false && !lane.nightly) words += ", not required";
  return words;
}

json::Value lane_json(const Catalogue& catalogue, const Lane& lane) {
  json::Object object{{"id", lane.id},
                      {"title", pika::to_utf8(lane.title)},
                      {"paths", names_json(lane.paths)},
                      {"nightly", lane.nightly},
                      {"target", lane.target}};
  if (!lane.concurrency_group.empty()) {
    object["concurrency_group"] = lane.concurrency_group;
    object["concurrency_group_size"] = catalogue.group_size(lane.concurrency_group);
  }
  if (!lane.needs.empty()) object["needs"] = names_json(lane.needs);
  if (lane.required) object["required"] = *lane.required;
  if (auto times = schedules(catalogue, lane); !times.empty()) object["nightly_schedule_utc"] = names_json(times);
  if (!lane.matrix_lane.empty()) {
    object["matrix_lane"] = lane.matrix_lane;
    object["cell"] = lane.cell;
    json::Object values;
    for (const auto& [name, value] : lane.values) values[name] = pika::to_utf8(value);
    object["values"] = std::move(values);
  }
  if (!lane.entrypoint.empty()) object["entrypoint"] = lane.entrypoint;
  if (!lane.unrunnable.empty()) object["unrunnable"] = lane.unrunnable;
  return object;
}

json::Value target_json(const Target& target) {
  json::Array jobs;
  for (const auto& job : target.jobs) jobs.push_back(jerichoci::to_json(job));
  return json::Object{{"id", target.id}, {"description", target.description}, {"jobs", std::move(jobs)}};
}

void say_target(Console& console, const Target& target) {
  console.say(console.paint(Ink::strong, target.id) + (target.description.empty() ? "" : ": " + target.description));
  for (const auto& job : target.jobs) {
    console.say(fmt::format("  {}  {}", job.id, command_line(job.command)));
    console.say("      " + console.paint(Ink::faint, job_words(job)));
  }
}

struct Selected {
  Catalogue catalogue;
  ChangeSet changes;
};

Outcome<Selected> selected(Console& console, const Range& range) {
  auto project = CLI_TRY(Project::find(console.context().folder));
  // A catalogue that cannot be read is said before a base that is not there: exit code 7 before 2.
  if (!range.gating && range.head.empty()) CLI_TRY(project.catalogue());
  auto changes = CLI_TRY(project.changes(range));
  if (!changes.note.empty()) console.note(changes.note);
  if (range.gating) {
    if (changes.base_tip.is_zero())
      return std::unexpected(Failure(2, "there is no base whose catalogue could gate", "name one with --base"));
    return Selected{CLI_TRY(project.catalogue_at(changes.base_tip, changes.base_name)), std::move(changes)};
  }
  if (range.head.empty()) return Selected{CLI_TRY(project.catalogue()), std::move(changes)};
  auto head = project.commit_of(range.head);  // changes() has found it before
  return Selected{CLI_TRY(project.catalogue_at(*head, range.head)), std::move(changes)};
}

json::Object range_json(const ChangeSet& changes) {
  json::Object object{{"schema_version", 1}};
  if (!changes.base_name.empty()) object["base"] = pika::to_utf8(changes.base_name);
  if (!changes.merge_base.is_zero()) object["merge_base"] = changes.merge_base.hex();
  object["head"] = pika::to_utf8(changes.head_name);
  if (!changes.note.empty()) object["note"] = changes.note;
  object["changed"] = names_json(changes.paths);
  return object;
}

}  // namespace

int cli_lanes(const CliContext& context) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto project = CLI_TRY(Project::find(context.folder));
    auto catalogue = CLI_TRY(project.catalogue());
    json::Array array;
    std::vector<std::vector<std::string>> rows;
    for (const auto& lane : catalogue.lanes) {
      if (console.jsonl()) console.json_line(lane_json(catalogue, lane));
      array.push_back(lane_json(catalogue, lane));
      rows.push_back({lane.id, lane.title == lane.id ? "" : printable(lane.title), when_words(catalogue, lane),
                      lane.unrunnable.empty() ? lane.target : "cannot run: " + lane.unrunnable});
    }
    console.say(rows.empty() ? "the catalogue has no lanes" : table(rows));
    if (!console.jsonl())
      console.document(json::Object{{"schema_version", 1}, {"source", catalogue.source}, {"lanes", std::move(array)}});
    return 0;
  });
}

int cli_targets(const CliContext& context) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto project = CLI_TRY(Project::find(context.folder));
    auto catalogue = CLI_TRY(project.catalogue());
    json::Array array;
    for (const auto& [id, target] : catalogue.targets) {
      if (console.jsonl()) console.json_line(target_json(target));
      array.push_back(target_json(target));
      say_target(console, target);
    }
    if (catalogue.targets.empty()) console.say("the catalogue has no targets");
    if (!console.jsonl()) console.document(json::Object{{"schema_version", 1}, {"targets", std::move(array)}});
    return 0;
  });
}

int cli_select(const CliContext& context, const Range& range) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto found = CLI_TRY(selected(console, range));
    auto choices = select_lanes(found.catalogue, found.changes.paths);
    bool any = std::any_of(choices.begin(), choices.end(), [](const Choice& c) { return c.selected; });
    std::vector<std::vector<std::string>> rows;
    for (const auto& choice : choices) rows.push_back({choice.selected ? "+" : "-", choice.lane, choice.reason});
    if (!rows.empty()) console.say(table(rows));
    if (!any) console.say("nothing to run");
    auto object = range_json(found.changes);
    object["lanes"] = choices_json(choices);
    object["nothing_to_run"] = !any;
    console.document(object);
    return any ? 0 : 3;
  });
}

int cli_why(const CliContext& context, const std::string& name, const Range& range) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    constexpr std::size_t kShown = 50;
    auto found = CLI_TRY(selected(console, range));
    auto lanes = found.catalogue.find_lanes(name);
    if (lanes.empty()) {
      std::vector<std::string> ids;
      for (const auto& each : found.catalogue.lanes) ids.push_back(each.id);
      return std::unexpected(
          Failure(2, fmt::format("there is no lane '{}'{}", clip(pika::quote_name(name), 80), did_you_mean(name, ids)),
                  "pikaci lanes lists them"));
    }
    const auto* lane = lanes.front();
    if (lanes.size() > 1) console.note(fmt::format("{} has {} cells; this is {}", name, lanes.size(), lane->id));
    Choice choice;
    for (auto& each : select_lanes(found.catalogue, found.changes.paths))
      if (each.lane == lane->id) choice = std::move(each);
    if (lane->nightly) choice.reason = "runs at night, whatever changes";
    console.say(fmt::format("{} is {}: {}", lane->id, choice.selected ? "chosen" : "not chosen", choice.reason));
    if (!lane->unrunnable.empty()) console.say("it cannot run: " + lane->unrunnable);
    auto filters = FilterList::parse(lane->paths).value_or(FilterList());
    json::Array matches;
    std::size_t shown = 0;
    for (const auto& path : found.changes.paths) {
      auto* filter = filters.choosing(path);
      if (!filter) continue;
      matches.push_back(
          json::Object{{"path", jerichoci::bytes_to_json(path)}, {"filter", jerichoci::bytes_to_json(filter->text())}});
      if (++shown <= kShown)
        console.say(fmt::format("  {} matches {}", pika::quote_name(path), pika::quote_name(filter->text())));
    }
    if (shown > kShown) console.say(fmt::format("  and {} more", shown - kShown));
    auto object = range_json(found.changes);
    object["lane"] = lane_json(found.catalogue, *lane);
    object["selected"] = choice.selected;
    object["reason"] = choice.reason;
    object["matches"] = std::move(matches);
    console.document(object);
    return choice.selected ? 0 : 3;
  });
}

int cli_plan(const CliContext& context, const std::vector<std::string>& names, const Range& range) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto project = CLI_TRY(Project::find(context.folder));
    auto catalogue = CLI_TRY(project.catalogue());
    Choosing choosing;
    if (names.empty()) {
      auto changes = CLI_TRY(project.changes(range));
      if (!changes.note.empty()) console.note(changes.note);
      choosing = choose_changed(catalogue, changes.paths);
    } else {
      choosing = CLI_TRY(choose_named(catalogue, names));
    }
    json::Array targets;
    for (const auto& planned : choosing.runs) {
      const auto& target = catalogue.targets.at(planned.target);
      say_target(console, target);
      if (!planned.needs.empty())
        console.say("      " + console.paint(Ink::faint, "after lane " + pika::join(planned.needs, ", ")));
      auto object = target_json(target);
      object.as_object()["lanes"] = names_json(planned.lanes);
      if (!planned.needs.empty()) object.as_object()["needs"] = names_json(planned.needs);
      targets.push_back(std::move(object));
    }
    for (const auto& why : choosing.cannot_run) console.note(why);
    if (choosing.runs.empty()) console.say("nothing to run");
    console.document(json::Object{{"schema_version", 1},
                                  {"selection", choices_json(choosing.choices)},
                                  {"cannot_run", names_json(choosing.cannot_run)},
                                  {"targets", std::move(targets)},
                                  {"nothing_to_run", choosing.runs.empty()}});
    return choosing.runs.empty() ? 3 : 0;
  });
}

int cli_names(const CliContext& context, const std::string& what) {
  // Asked at every press of a key: whatever is wrong here is said elsewhere.
  try {
    std::set<std::string> names;
    if (what == "runs") {
      auto engine = open_engine(context);
      if (!engine) return 0;
      for (const auto& run : (*engine)->list_runs(50, nullptr)) names.insert(run.run_id);
      if (!names.empty()) names.insert("last");
    } else if (auto project = Project::find(context.folder)) {
      auto catalogue = project->catalogue();
      if (!catalogue) return 0;
      for (const auto& lane : catalogue->lanes) {
        names.insert(lane.id);
        if (!lane.matrix_lane.empty()) names.insert(lane.matrix_lane);
      }
      for (const auto& [id, target] : catalogue->targets) names.insert(id);
    }
    for (const auto& name : names) *context.out << name << "\n";
  } catch (const std::exception&) {
    return 0;
  }
  return 0;
}

}  // namespace pikaci
