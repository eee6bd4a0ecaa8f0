#include <fmt/format.h>

#include <algorithm>

#include "pika/base/text.hpp"
#include "run/run_driver.hpp"

namespace jerichoci {

Verdict judge_run(const std::vector<JobRecord>& jobs) {
  if (jobs.empty()) return {Status::nothing_ran, FailureKind::none, "there was no job to run"};
  const JobRecord* worst = nullptr;
  std::size_t failed = 0, passed = 0;
  for (const auto& job : jobs) {
    failed += job.status == Status::failed;
    passed += job.status == Status::passed;
    if (!worst || worse_exit_code(exit_code(job.status, job.failure), exit_code(worst->status, worst->failure)) !=
                      exit_code(worst->status, worst->failure))
      worst = &job;
  }
  if (passed == jobs.size()) return {Status::passed, FailureKind::none, {}};
  Verdict verdict{worst->status, worst->failure, {}};
  if (failed > 0) {
    verdict.message =
        fmt::format("{} of {} failed; {}: {}", failed, pika::plural(static_cast<std::int64_t>(jobs.size()), "job"),
                    worst->id, worst->message.empty() ? std::string(to_string(worst->failure)) : worst->message);
  } else {
    verdict.message = fmt::format("{}: {}", worst->id,
                                  worst->message.empty() ? std::string(to_string(worst->status)) : worst->message);
  }
  return verdict;
}

}  // namespace jerichoci
