#include "run/request_again.hpp"

#include <fmt/format.h>

#include "plan/plan.hpp"

namespace jerichoci {

pika::Result<RunRequest> request_again(Engine& engine, const RunRecord& before,
                                       const std::map<std::string, std::string>& secrets) {
  auto text = PIKA_TRY(engine.load_plan(before.run_id));
  auto value = PIKA_TRY(pika::json::parse(text, fmt::format("runs/{}/plan.json", before.run_id)));
  auto plan = PIKA_TRY(plan_from_json(value));
  RunRequest request;
  request.target_id = plan.target_id;
  request.target_description = plan.target_description;
  request.snapshot = plan.snapshot;
  request.jobs = plan.jobs;
  request.rerun_of = before.run_id;
  request.secrets = secrets;
  request.changed_files = before.changed_files;
  request.filters = before.filters;
  request.labels = before.labels;
  request.prepares = plan.prepares;
  request.trust = plan.trust;
  request.gate = plan.gate;
  request.fail_fast = plan.fail_fast;
  return request;
}

}  // namespace jerichoci
