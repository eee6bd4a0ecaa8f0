#include "run/first_record.hpp"

#include "prepared/prepare_node.hpp"
#include "run/job_runner.hpp"

namespace jerichoci {

RunRecord first_record(const RunRequest& request) {
  RunRecord run;
  run.run_id = *request.run_id;
  run.rerun_of = request.rerun_of;
  run.target_id = request.target_id;
  run.target_description = request.target_description;
  run.snapshot = request.snapshot;
  run.created_at = pika::system_clock().now();
  run.changed_files = request.changed_files;
  run.filters = request.filters;
  run.labels = request.labels;
  run.trust = request.trust;
  run.gate = request.gate;
  for (const auto& job : request.jobs) run.jobs.push_back(new_job_record(job));
  for (const auto& prepare : request.prepares) run.prepared.push_back(new_prepared_record(prepare));
  return run;
}

}  // namespace jerichoci
