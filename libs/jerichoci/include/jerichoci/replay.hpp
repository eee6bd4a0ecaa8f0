// What running the same again says about a run: Engine::replay.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jerichoci/model.hpp"

namespace jerichoci {

enum class ReplayVerdict {
  same,         // outcome and exit code are what they were
  flaky,        // another outcome in the same environment
  environment,  // another outcome, and something of what it ran in is another
  not_compared  // one of the two did not run to an end of its own: cancelled, skipped, the host's trouble
};
std::string_view to_string(ReplayVerdict verdict);

struct ReplayJob {
  std::string id;
  ReplayVerdict verdict = ReplayVerdict::not_compared;
  JobRecord before, after;
  std::vector<std::string> environment;  // "kernel: 6.1.0 before, 6.18.4 now"; also when the outcome is the same
  std::vector<std::string> artifacts;    // "out/report.xml: another content", "x: not made now", "y: new"
  // The first line of the two logs that differs, counted from 1; a log that ends has no line there.
  struct LogLine {
    std::uint64_t number = 0;
    std::optional<std::string> before, after;  // at most 4 KiB of each
  };
  std::optional<LogLine> log;
};

struct ReplayReport {
  RunRecord before, after;  // `after` is a run of its own
  std::vector<ReplayJob> jobs;
  // The worst of the jobs: environment before flaky before not_compared before same.
  ReplayVerdict verdict = ReplayVerdict::not_compared;
  // same: how the run ended. Otherwise 4 when nothing could be compared, else the worse of both runs.
  int exit_code() const;
};

pika::json::Value to_json(const ReplayReport& report);

}  // namespace jerichoci
