// The events of a run's nodes, as they are in the journal (jerichoci.hpp, EventSink).
#pragma once
#include <string>

#include "pika/base/text.hpp"
#include "runstore/journal.hpp"

namespace jerichoci {

inline void tell_node_started(Journal& journal, const std::string& node, const char* kind) {
  journal.event("node_started", {{"node_id", node}, {"kind", kind}});
}

inline void tell_node_finished(Journal& journal, const std::string& node, const char* kind, Status status) {
  journal.event("node_finished", {{"node_id", node}, {"kind", kind}, {"status", to_string(status)}});
}

inline void tell_prepare_finished(Journal& journal, const std::string& node, const PreparedOutputRecord& output) {
  journal.event("node_finished", {{"node_id", node},
                                  {"kind", "prepare"},
                                  {"status", to_string(output.status)},
                                  {"failure", to_string(output.failure)},
                                  {"message", pika::to_utf8(output.message)},
                                  {"content", output.content},
                                  {"reused", output.reused},
                                  {"bytes", output.bytes}});
}

inline void tell_job_started(Journal& journal, const JobRecord& job) {
  pika::json::Object fields{{"job_id", job.id}, {"runtime", to_string(job.runtime)}};
  if (job.attempt > 1) fields["attempt"] = job.attempt;
  journal.event("job_started", std::move(fields));
}

inline pika::json::Object ending_of(const JobRecord& job) {
  pika::json::Object fields{{"job_id", job.id},
                            {"status", to_string(job.status)},
                            {"failure", to_string(job.failure)},
                            {"message", pika::to_utf8(job.message)},
                            {"log_bytes", job.log_bytes}};
  if (job.exit_code) fields["exit_code"] = *job.exit_code;
  if (job.attempt > 1) fields["attempt"] = job.attempt;
  return fields;
}

inline void tell_job_finished(Journal& journal, const JobRecord& job) {
  journal.event("job_finished", ending_of(job));
}

// The attempt `job` failed and another will follow.
inline void tell_job_retried(Journal& journal, const JobRecord& job) {
  auto fields = ending_of(job);
  fields["attempt"] = job.attempt;
  fields["next_attempt"] = job.attempt + 1;
  journal.event("job_retried", std::move(fields));
}

inline void tell_job_skipped(Journal& journal, const JobRecord& job) {
  journal.event("job_skipped",
                {{"job_id", job.id}, {"status", to_string(job.status)}, {"message", pika::to_utf8(job.message)}});
}

}  // namespace jerichoci
