#include "pika/runner/lane_text.hpp"

#include <fmt/format.h>

#include "pika/base/text.hpp"

namespace pika::runner {

std::vector<std::string> summary_lines(const wire::Assign& assign, const std::string& run_id) {
  std::vector<std::string> jobs;
  for (const auto& job : assign.jobs) jobs.push_back(quote_name(json::find_string(job, "id").value_or("?")));
  const auto target = quote_name(assign.target);
  return {
      fmt::format("pika: lane {} of {}", quote_name(assign.lane_title), quote_name(assign.repository)),
      fmt::format("pika: commit {}", quote_name(assign.commit)),
      fmt::format("pika: tree {}", quote_name(assign.tree)),
      fmt::format("pika: target {}, {}: {}", target, plural(static_cast<std::int64_t>(jobs.size()), "job"),
                  join(jobs, ", ")),
      fmt::format("pika: run {}", run_id),
      fmt::format("pika: again in a clone: git fetch origin {0} && git checkout {0} && pikaci run {1}",
                  quote_name(assign.commit), target),
      fmt::format("pika: again on the runner's host: pikaci --state ITS_STATE_FOLDER rerun {}", run_id),
  };
}

std::string outcome_line(const wire::AttemptResult& result) {
  auto line = "pika: " + quote_name(result.status);
  if (!result.failure.empty()) line += fmt::format(" ({})", quote_name(result.failure));
  if (!result.message.empty()) line += ": " + to_utf8(result.message);
  return line;
}

std::string job_line(const std::string& job_id) {
  return fmt::format("== job {} ==", quote_name(job_id));
}

}  // namespace pika::runner
