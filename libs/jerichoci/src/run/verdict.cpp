#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"
#include "run/run_driver.hpp"

namespace jerichoci {

namespace {

// A job or a prepared output, as far as the verdict goes.
struct Part {
  std::string name;
  Status status;
  FailureKind failure;
  const std::string* message;
};

bool is_worse(const Part& a, const Part& b) {
  auto of_a = exit_code(a.status, a.failure), of_b = exit_code(b.status, b.failure);
  return of_a != of_b && worse_exit_code(of_a, of_b) == of_a;
}

}  // namespace

Verdict judge_run(const std::vector<JobRecord>& jobs, const std::vector<PreparedOutputRecord>& prepared) {
  std::vector<Part> parts;
  for (const auto& job : jobs) parts.push_back({job.id, job.status, job.failure, &job.message});
  for (const auto& p : prepared) parts.push_back({"prepared output " + p.id, p.status, p.failure, &p.message});
  if (parts.empty()) return {Status::nothing_ran, FailureKind::none, "there was no job to run"};
  const Part* worst = &parts[0];
  std::size_t failed = 0, passed = 0;
  for (const auto& part : parts) {
    failed += part.status == Status::failed;
    passed += part.status == Status::passed;
    if (is_worse(part, *worst)) worst = &part;
  }
  if (passed == parts.size()) return {Status::passed, FailureKind::none, {}};
  Verdict verdict{worst->status, worst->failure, {}};
  if (failed > 0) {
    auto of = pika::plural(static_cast<std::int64_t>(parts.size()), prepared.empty() ? "job" : "node");
    verdict.message = fmt::format("{} of {} failed; {}: {}", failed, of, worst->name,
                                  worst->message->empty() ? std::string(to_string(worst->failure)) : *worst->message);
  } else {
    verdict.message = fmt::format("{}: {}", worst->name,
                                  worst->message->empty() ? std::string(to_string(worst->status)) : *worst->message);
  }
  return verdict;
}

}  // namespace jerichoci
