// What the runner itself writes into an attempt's log: lines that begin with "pika: ", around what the jobs print.
#pragma once
#include <string>
#include <vector>

#include "pika/forge_model/runner_protocol.hpp"

namespace pika::runner {

namespace wire = forge_model;

// The summary for people at the head of the log: lane, repository, commit, tree, run id, how to do it again.
std::vector<std::string> summary_lines(const wire::Assign& assign, const std::string& run_id);
// "pika: failed (timed_out): timed out after 20m 00s"
std::string outcome_line(const wire::AttemptResult& result);
// "== job test =="
std::string job_line(const std::string& job_id);

}  // namespace pika::runner
