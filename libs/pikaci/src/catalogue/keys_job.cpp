// The keys of jobs, and of what stands inside them.
#include "catalogue/keys.hpp"

namespace pikaci::keys {

using namespace shape;  // NOLINT(google-build-using-namespace): the tables are read as sentences

namespace {
constexpr auto kOptional = Need::optional;
constexpr auto kRequired = Need::required;
}  // namespace

const KeyTable* limits() {
  static const KeyTable table{
      "limits",
      "What a job may use.",
      {
          {"time", kOptional, "`\"30m\"`", text(kSpan),
           "`\"90s\"`, `\"1h30m\"`; then everything the job started is killed"},
          {"grace", kOptional, "`\"5s\"`", text(kSpan), "between the request to end and the kill"},
          {"memory", kOptional, "", text(kSize), "`\"8GiB\"`, `\"512MiB\"`"},
          {"cpus", kOptional, "", number(0.01, 1024), "`2`, `0.5`"},
          {"pids", kOptional, "", whole(1, 4'194'304), "processes and threads"},
          {"disk", kOptional, "", text(kSize),
           "`\"2GiB\"`: what the job may write: to its tree, `/tmp`, home and caches. Above it is `ENOSPC`, or, where "
           "the host cannot prevent it, the end ([engine.md](engine.md))"},
      }};
  return &table;
}

const KeyTable* cache() {
  static const KeyTable table{"cache",
                              "A cache in its long form.",
                              {
                                  {"name", kRequired, "", text(kId), "as in the short form"},
                                  {"path", kOptional, "", text(kInnerPath), "in the workspace, for build folders"},
                                  {"key_files", kOptional, "", some(text(kInnerPath)),
                                   "paths of the tree: another content of one of them is another cache"},
                              }};
  return &table;
}

const KeyTable* secret() {
  static const KeyTable table{"secret",
                              "A secret in its long form.",
                              {
                                  {"name", kRequired, "", text(kNotEmpty), "as whoever starts the run gives it"},
                                  {"env", kOptional, "the name", text(kVariable), "the variable that holds it"},
                                  {"file", kOptional, "`false`", yes_no(),
                                   "`true`: the variable holds the path of a file that holds the value"},
                              }};
  return &table;
}

const KeyTable* artifacts() {
  static const KeyTable table{
      "artifacts",
      "What is kept of a workspace, in its long form.",
      {
          {"paths", kRequired, "", some(text(kInnerPath)), "`report/` is everything below it"},
          {"when", kOptional, "`\"always\"`", words({"always", "passed"}), "`\"passed\"`: of a job that passed"},
          {"keep", kOptional, "`\"168h\"` at most, 30 days without", text(kSpan), "how long"},
      }};
  return &table;
}

const KeyTable* reuse() {
  static const KeyTable table{
      "reuse",
      "When an earlier pass counts again.",
      {
          {"inputs", kRequired, "", some(text(kInnerPath)),
           "the paths that decide the verdict; the job sees no others"},
          {"audit", kOptional, "`0.02`", number(0, 1), "the share of hits that run nevertheless, and are compared"},
      }};
  return &table;
}

const KeyTable* retries() {
  static const KeyTable table = [] {
    KeyTable made{"retries", "Further attempts by kind of failure.", {}};
    for (auto kind : {"test_failed", "timed_out", "out_of_memory", "setup_failed", "infrastructure", "lost"})
      made.keys.push_back({kind, kOptional, "`0`", whole(0, 10), "further attempts after a failure of this kind"});
    return made;
  }();
  return &table;
}

const std::vector<Key>& execution() {
  static const std::vector<Key> all{
      {"runtime", kOptional, "`\"sandbox\"`", words({"sandbox", "host_process", "oci"}),
       "or `\"oci\"`: in the image that `root` names, by runc; or `\"host_process\"`, which needs an administrator's "
       "word"},
      {"root", kOptional, "the host's tools", text(kId),
       "the name of a root filesystem: a folder or an OCI image layout. Where it lies is told by whoever runs the "
       "jobs: "
       "`pikaci run --root NAME=PATH`, `pika-runner --root NAME=PATH`, or `roots = [\"NAME=PATH\"]` below `[runner]` "
       "in "
       "the forge's `server.toml`"},
      {"placement", kOptional, "`\"local\"`", words({"local"}), "where it runs"},
      {"network", kOptional, "`\"off\"`", any_of({words({"off", "on"}), some(text(kNotEmpty))}),
       "or `\"on\"`, or the hosts that may be reached, through a proxy (`https_proxy` is set): "
       "`[\"registry.npmjs.org\", \"*.debian.org\", \"10.0.0.7:8080\"]`"},
      {"limits", kOptional, "", shape::table(&limits), "what it may use; see below"},
      {"env", kOptional, "", map(kVariable, text()), "`{ NAME = \"value\" }`, set as given"},
      {"env_allow", kOptional, "", list(text(kVariable)), "names passed through from whoever starts the run"},
      {"caches", kOptional, "", list(any_of({text(kId), shape::table(&cache)})),
       "names; each is a folder that outlives the run, `$PIKA_CACHE_<NAME>`: `npm` is `$PIKA_CACHE_NPM`. Or `{ name = "
       "\"build\", path = \"build\", key_files = [\"CMakeLists.txt\"] }`: in the workspace at `path`, another one for "
       "each content of `key_files`. A job gets its own copy of what was saved last, and what it leaves is kept when "
       "it "
       "passed. On a laptop each work tree has caches of its own; on the forge a branch begins with what the last "
       "landed "
       "branch had left, and sees nothing of another branch, or of another push of its own"},
      {"secrets", kOptional, "", list(any_of({text(kVariable), shape::table(&secret)})),
       "names; each is the variable of its name. Or `{ name = \"deploy\", env = \"KEY_FILE\", file = true }`: the "
       "variable holds the path of a file. Given with `pikaci run --secret NAME`, from the variable NAME; masked in "
       "logs"},
      {"artifacts", kOptional, "", any_of({some(text(kInnerPath)), shape::table(&artifacts)}),
       "what is kept of the workspace: `[\"report/**\"]`, or `{ paths = [\"report/**\"], when = \"passed\", keep = "
       "\"168h\" }`. See them with `pikaci artifacts`. A pattern that no file matches is told, and fails nothing"},
      {"retries", kOptional, "", shape::table(&retries),
       "further attempts by kind of failure: `{ lost = 2, infrastructure = 1 }`. Kinds: `test_failed` `timed_out` "
       "`out_of_memory` `setup_failed` `infrastructure` `lost`"},
      {"services", kOptional, "", list(text(kId)),
       "names of `[services]`, which run while the command does, in the same sandbox; begun in this order"},
      {"weight", kOptional, "`1`", whole(1, 1024), "slots of the host it takes"},
      {"reuse", kOptional, "", shape::table(&reuse),
       "`{ inputs = [\"libs/\", \"Makefile\"] }`: the job sees only these, and an earlier pass on the same content "
       "counts again, if it has a `root`, and neither network, caches, secrets nor prepared outputs. Never for what "
       "gates a branch"},
  };
  return all;
}

const KeyTable* job() {
  static const KeyTable table = [] {
    KeyTable made{"job",
                  "One command of a target.",
                  {
                      {"id", kRequired, "", text(kId), "as a lane's"},
                      {"description", kOptional, "", text(kLine), "one line"},
                      {"command", kRequired, "", some(text()),
                       "list of words, run in the root of the tree. For a shell: `[\"sh\", \"-c\", \"…\"]`"},
                      {"needs", kOptional, "", list(text(kId)), "jobs of this target that must pass first"},
                  }};
    made.keys.insert(made.keys.end(), execution().begin(), execution().end());
    return made;
  }();
  return &table;
}

const KeyTable* target() {
  static const KeyTable table{
      "target",
      "What a lane runs: one job or several.",
      {
          {"description", kOptional, "", text(kLine), "one line"},
          {"jobs", kRequired, "", some(shape::table(&job)), "`[[targets.NAME.jobs]]`, see below"},
      }};
  return &table;
}

}  // namespace pikaci::keys
