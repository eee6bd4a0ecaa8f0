// The engine as the command line uses it.
#pragma once
#include <memory>
#include <string>

#include "cli/console.hpp"
#include "jerichoci/jerichoci.hpp"

namespace pikaci {

Outcome<std::unique_ptr<jerichoci::Engine>> open_engine(const CliContext& context);
// A run by its id, the beginning of one that is unique, or "last".
Outcome<jerichoci::RunRecord> find_run(jerichoci::Engine& engine, const std::string& name);
// "12s", or nothing while it has not begun; counts on while it runs.
std::string took(pika::Micros started_at, pika::Micros finished_at);
// "unit", or "lanes a, b": what a run is for.
std::string name_of(const jerichoci::RunRecord& run);
// "1a2b3c4d", with what was uncommitted in it
std::string snapshot_words(const jerichoci::SnapshotRecord& snapshot);

}  // namespace pikaci
