#include "cli/engine.hpp"

#include <fmt/format.h>

#include "pika/base/text.hpp"

namespace pikaci {

Outcome<std::unique_ptr<jerichoci::Engine>> open_engine(const CliContext& context) {
  jerichoci::EngineConfig config;
  config.state_root = context.state_root;
  config.allow_host_process = context.allow_host_process;
  config.env = context.env;
  config.roots = context.roots;
  auto engine = jerichoci::Engine::open(std::move(config));
  if (engine) return std::move(*engine);
  auto error = std::move(engine.error());
  error.what = fmt::format("the state folder '{}' cannot be used: {}", context.state_root.string(), error.what);
  if (error.advice.empty()) error.advice = "name another with --state DIR";
  return std::unexpected(Failure(std::move(error)));
}

Outcome<jerichoci::RunRecord> find_run(jerichoci::Engine& engine, const std::string& name) {
  constexpr std::size_t kLooked = 10'000;
  if (name == "last") {
    auto runs = engine.list_runs(1, nullptr);
    if (!runs.empty()) return std::move(runs.front());
    return std::unexpected(Failure(2, "there is no run yet", "pikaci run starts one"));
  }
  if (jerichoci::valid_run_id(name))
    if (auto run = engine.load_run_record(name)) return std::move(*run);
  std::optional<jerichoci::RunRecord> found;
  if (name.size() >= 4) {
    for (auto& run : engine.list_runs(kLooked, nullptr)) {
      if (!pika::lower(run.run_id).starts_with(pika::lower(name))) continue;
      if (found)
        return std::unexpected(
            Failure(2, fmt::format("more than one run begins with '{}': {}, {}", name, found->run_id, run.run_id),
                    "write more of it"));
      found = std::move(run);
    }
  }
  if (found) return std::move(*found);
  return std::unexpected(Failure(2, fmt::format("there is no run '{}'", clip(pika::quote_name(name), 80)),
                                 "pikaci list shows them; 'last' is the newest, and the beginning of an id will do"));
}

std::string took(pika::Micros started_at, pika::Micros finished_at) {
  if (started_at == 0) return {};
  auto end = finished_at == 0 ? pika::system_clock().now() : finished_at;
  return pika::format_duration(end > started_at ? end - started_at : 0);
}

std::string name_of(const jerichoci::RunRecord& run) {
  auto lanes = run.labels.find("lanes");
  auto target = printable(run.target_id);
  if (lanes == run.labels.end() || lanes->second == run.target_id || lanes->second.empty()) return target;
  return fmt::format("{} ({})", printable(lanes->second), target);
}

std::string snapshot_words(const jerichoci::SnapshotRecord& snapshot) {
  auto words = snapshot.tree.short_hex();
  if (snapshot.dirty)
    words += fmt::format(" ({} not committed)",
                         pika::plural(static_cast<std::int64_t>(snapshot.dirty_files.size()), "file"));
  else if (snapshot.head)
    words += fmt::format(" (commit {})", snapshot.head->short_hex());
  return words;
}

}  // namespace pikaci
