// What a state root keeps and what may go: Engine::gc.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

// A run goes when it is neither among the newest `keep_runs` nor younger than `keep_days`, and is not pinned, and
// nobody works on it. What only gone runs used goes with them: contents of artifacts, trees, verdicts. A byte quota
// of a class takes what was used least recently, down to the quota, but never what a run at work may be using.
struct GcPolicy {
  unsigned keep_days = 30;
  std::size_t keep_runs = 100;
  unsigned keep_snapshot_hours = 24;  // trees that were captured and not run yet
  // Class -> most bytes, of "runs" (with their logs), "checkouts", "caches", "outputs", "nix", "images", "verdicts".
  std::map<std::string, std::uint64_t> quotas{};
  enum class Mode { remove, dry_run } mode = Mode::remove;
};

// Things of a class are runs, logs, contents, trees, checkouts, ...; bytes are those the disk gives them, a file with
// several names counted once.
struct GcClass {
  std::string name;  // "runs", "logs", "artifacts", "snapshots", "checkouts", "caches", "outputs", "nix" (stores to
                     // build with), "images" (unpacked, and digests of roots), "verdicts", "work" (of running jobs),
                     // "tmp" (half-made things), "other"
  std::uint64_t kept = 0, kept_bytes = 0;
  std::uint64_t removed = 0, removed_bytes = 0;
  std::map<std::string, std::uint64_t> why_kept;  // "at work", "pinned", "among the newest 100" -> how many
};

struct GcReport {
  GcPolicy::Mode mode = GcPolicy::Mode::remove;
  std::vector<GcClass> classes;           // always all of them, in the order above
  std::uint64_t bytes_before = 0;         // of the whole state root, as `du` counts
  std::vector<std::string> removed_runs;  // oldest first
  std::vector<std::string> notes;         // what could not be read or removed
  pika::Micros took = 0;
};

pika::json::Value to_json(const GcReport& report);

}  // namespace jerichoci
