// The keys of lanes, native and older, and of the files as a whole.
#include "catalogue/keys.hpp"

namespace pikaci::keys {

using namespace shape;  // NOLINT(google-build-using-namespace): the tables are read as sentences

namespace {

constexpr auto kOptional = Need::optional;
constexpr auto kRequired = Need::required;

// A lane, or a cell of one.
constexpr std::string_view kLaneName = "^[a-z0-9_-]{1,64}(\\.[a-z0-9_-]{1,64})?$";

// What both forms of a lane begin with.
std::vector<Key> any_lane() {
  return {
      {"id", kRequired, "", text(kId), "up to 64 of `a-z 0-9 - _`"},
      {"title", kOptional, "the id", text(kLine), "what pages show"},
      {"entrypoint", kOptional, "", text(kLine), "words to show"},
      {"paths", kOptional, "always", some(text(kNotEmpty)), "filters; `@name` stands for a group"},
      {"concurrency_group", kOptional, "", text(kLine),
       "of the lanes in one group, one runs at a time, or as many as `[concurrency_groups]` says"},
  };
}

constexpr std::string_view kSchedule = "when the nightly lanes run, in UTC: `\"08:00\"`";

}  // namespace

const KeyTable* image() {
  static const KeyTable table{
      "image",
      "A root filesystem that jobs name with `root`.",
      {
          {"description", kOptional, "", text(kLine), "one line"},
          {"digest", kOptional, "any", text(kDigest),
           "`\"sha256:…\"`: a job on another content of it fails before it begins. `pikaci doctor --root NAME=PATH` "
           "tells what a folder or an image has"},
      }};
  return &table;
}

const KeyTable* service() {
  static const KeyTable table{
      "service",
      "A program that runs beside the command of a job that names it.",
      {
          {"description", kOptional, "", text(kLine), "one line"},
          {"command", kRequired, "", some(text()), "list of words, as a job's; it stays in the foreground"},
          {"ready", kOptional, "at once", some(text()),
           "a command that is tried until it succeeds; then the next begins"},
          {"ready_within", kOptional, "`\"60s\"`", text(kSpan), "else the job fails, and shows what the service wrote"},
          {"env", kOptional, "", map(kVariable, text()), "`{ NAME = \"value\" }`, for it alone"},
      }};
  return &table;
}

const KeyTable* matrix() {
  static const KeyTable table = [] {
    auto value = any_of({text(kSomeLine), whole(-1e9, 1e9), yes_no()});
    auto cells = some(map(kId, value));
    KeyTable made{"matrix",
                  "Values of which each combination is a lane of its own, a cell.",
                  {
                      {"include", kOptional, "", cells, "further cells; each has a value for every name"},
                      {"exclude", kOptional, "", cells, "cells with these values are left out"},
                  }};
    made.others = {some(value)};
    made.other_pattern = kId;
    return made;
  }();
  return &table;
}

const KeyTable* lane() {
  static const KeyTable table = [] {
    KeyTable made{"lane", "A named check, chosen by what changed.", any_lane()};
    std::vector<Key> own{
        {"target", kOptional, "", text(kId), "the target it runs, or …"},
        {"command", kOptional, "", some(text()),
         "… its own command: a list of words, no shell. The keys of a job that say how it runs may stand beside it"},
        {"needs", kOptional, "", list(text(kLaneName)),
         "lanes that must pass first. They are chosen with it; where one did not pass, it is skipped, which is not "
         "green. A lane with a matrix means all its cells, `unit.gcc` one"},
        {"matrix", kOptional, "", shape::table(&matrix), "a lane for each combination of values; see below"},
        {"required", kOptional, "`true`, nightly: `false`", yes_no(),
         "whether it must pass to land. Where `ci/policy.toml` has an entry for the branch, that alone counts; `pikaci "
         "lint` says where the two differ"},
        {"timeout", kOptional, "", text(kSpan), "no job of it runs longer: the smaller of this and its `limits.time`"},
        {"nightly", kOptional, "`false`", yes_no(), "`true`: not chosen by changes"},
        {"nightly_schedule_utc", kOptional, "the catalogue's", any_of({text(kTimeOfDay), some(text(kTimeOfDay))}),
         "of a nightly lane: `\"03:30\"`, or several"},
    };
    made.keys.insert(made.keys.end(), own.begin(), own.end());
    made.keys.insert(made.keys.end(), execution().begin(), execution().end());
    return made;
  }();
  return &table;
}

const KeyTable* catalogue() {
  static const KeyTable table{
      "catalogue",
      "The checks of a repository: ci/pikaci.toml.",
      {
          {"version", kRequired, "", whole(1, 1), "of this format"},
          {"nightly_schedule_utc", kOptional, "", text(kTimeOfDay), kSchedule},
          {"groups", kOptional, "", map(kId, some(text(kNotEmpty))), "lists of filters by name"},
          {"concurrency_groups", kOptional, "", map(kSomeLine, whole(1, 1000)),
           "how many lanes of a group run at once: `apple-host = 2`; a group that is not here: one"},
          {"images", kOptional, "", map(kId, shape::table(&image)),
           "root filesystems by name. Where there are any, jobs can name no others. Where they lie is told by whoever "
           "runs the jobs"},
          {"services", kOptional, "", map(kId, shape::table(&service)), "programs that run beside jobs, by name"},
          {"targets", kOptional, "", map(kId, shape::table(&target)), "what lanes run, by name"},
          {"lane", kOptional, "", list(shape::table(&lane)), "`[[lane]]`: the checks"},
      }};
  return &table;
}

const KeyTable* older_lane() {
  static const KeyTable table = [] {
    KeyTable made{"older_lane", "A lane of the older form.", any_lane()};
    made.keys.push_back(
        {"staged_linux_target", kOptional, "", text(kNotEmpty), "the target of ci/pikaci.toml it runs"});
    made.keys.push_back({"command", kOptional, "", some(text()), "its own command: a list of words, no shell"});
    return made;
  }();
  return &table;
}

const KeyTable* older_lanes() {
  static const KeyTable table{
      "older_lanes",
      "Lanes of one kind.",
      {{"lanes", kOptional, "", list(shape::table(&older_lane)), "`[[branch.lanes]]`, `[[nightly.lanes]]`"}}};
  return &table;
}

const KeyTable* older() {
  static const KeyTable table{"older",
                              "The older form of a catalogue: ci/forge-lanes.toml.",
                              {
                                  {"version", kRequired, "", whole(1, 1), "of this format"},
                                  {"nightly_schedule_utc", kOptional, "", text(kTimeOfDay), kSchedule},
                                  {"branch", kOptional, "", shape::table(&older_lanes), "lanes that changes choose"},
                                  {"nightly", kOptional, "", shape::table(&older_lanes), "lanes that run at night"},
                              }};
  return &table;
}

const KeyTable* policy_target() {
  static const KeyTable table{
      "policy_target",
      "What a branch must do to land on this one.",
      {
          {"required_lanes", kRequired, "", list(text(kLaneName)),
           "the lanes that must pass; `[]` where none is. A lane with a matrix means all its cells, `unit.gcc` one"},
          {"override", kOptional, "nobody", list(words({"admin", "lander", "writer"})),
           "the roles that may merge over red, with a reason that stays on the page"},
          {"allow_nothing_to_run", kOptional, "`false`", yes_no(), "whether a branch that chooses nothing may land"},
      }};
  return &table;
}

const KeyTable* policy() {
  static const KeyTable table{
      "policy",
      "What a branch must pass to land: ci/policy.toml, read from the target branch.",
      {
          {"version", kRequired, "", whole(1, 1), "of this format"},
          {"target", kOptional, "", map("", shape::table(&policy_target)), "by the target branch's name"},
      }};
  return &table;
}

}  // namespace pikaci::keys
