// jericho-bench: runs `true` in a sandbox again and again and prints a line of JSON for each run, in microseconds:
//   snapshot   from the call to the tree's id, durable
//   records    run folder, plan, pin, the slot
//   checkout   the files of the tree, as a layer
//   workspace  the job's own view of them
//   all        from the call for the snapshot until the job's command is being started
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "jerichoci/jerichoci.hpp"
#include "pika/base/clock.hpp"
#include "pika/base/files.hpp"
#include "pika/json/json.hpp"

using namespace jerichoci;
using pika::Micros;

namespace {

struct Options {
  std::string state, repository, commit, edit;
  int times = 1;
};

Micros now() {
  return pika::system_clock().now();
}

pika::Result<SnapshotRecord> take_snapshot(Engine& engine, const Options& options) {
  if (options.commit.empty()) return engine.snapshot_worktree(options.repository);
  auto commit = pika::git::Oid::parse(options.commit);
  if (!commit) return pika::fail(pika::ErrorKind::invalid, "--commit wants 40 hex digits");
  return engine.snapshot_commit(options.repository, *commit);
}

// Of "2026-11-22T21:41:22.937514Z".
Micros time_of_day(const std::string& iso) {
  int hour = 0, minute = 0;
  double second = 0;
  if (iso.size() < 12 || std::sscanf(iso.c_str() + 11, "%d:%d:%lf", &hour, &minute, &second) != 3) return 0;
  return (hour * 60 + minute) * 60 * pika::kSecond + static_cast<Micros>(second * 1e6 + 0.5);
}

void measure_one(Engine& engine, const Options& options) {
  auto began = now();
  auto snapshot = take_snapshot(engine, options).value();
  auto captured = now();
  JobSpec job;
  job.id = "test";
  job.command = {"/bin/true"};
  Micros checkout = 0;
  auto sink = [&](const pika::json::Value& event) {
    if (pika::json::find_string(event, "node_id") != "prepare/checkout") return;
    auto at = time_of_day(std::string(pika::json::find_string(event, "time").value_or("")));
    checkout = pika::json::find_string(event, "event") == "node_finished" ? at + checkout : -at;
  };
  auto run = engine.run_jobs({.target_id = "bench", .snapshot = snapshot, .jobs = {job}}, sink, {}).value();
  const auto& done = run.jobs.at(0);
  if (run.status != Status::passed) throw std::runtime_error(run.message + ": " + done.message);
  const auto& workspace = done.phases.at(0);
  std::cout << fmt::format(
      R"({{"snapshot": {}, "records": {}, "checkout": {}, "workspace": {}, "all": {}, "kind": "{}"}})"
      "\n",
      captured - began, workspace.started_at - captured - checkout, checkout,
      workspace.finished_at - workspace.started_at, workspace.finished_at - began, done.workspace_kind);
}

}  // namespace

int main(int count, char** words) try {
  Options options;
  CLI::App app("Phases of a run that does nothing: what script/bench measures");
  app.add_option("state", options.state, "State root")->required();
  app.add_option("repository", options.repository, "Repository")->required();
  app.add_option("--commit", options.commit, "This commit, not the work tree");
  app.add_option("--edit", options.edit, "Written anew before each run");
  app.add_option("--times", options.times, "How many runs");
  CLI11_PARSE(app, count, words);
  auto engine = Engine::open({.state_root = std::filesystem::absolute(options.state)}).value();
  (void)engine->isolation();
  for (int i = 0; i < options.times; ++i) {
    if (!options.edit.empty()) pika::write_file_atomic(options.edit, fmt::format("edited {} {}\n", i, now()));
    measure_one(*engine, options);
  }
  return 0;
} catch (const std::bad_expected_access<pika::Error>& refused) {
  std::cerr << refused.error().text() << '\n';
  return 4;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 4;
}
