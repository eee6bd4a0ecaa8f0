// The statuses and failure kinds of runs, jobs and attempts: one set of words for engine, forge and clients.
// They are stored as the words below; a word that is not known is kept by readers as it is.
#pragma once
#include <optional>
#include <string_view>

namespace jerichoci {

enum class Status { queued, running, passed, failed, skipped, cancelled, nothing_ran };
enum class FailureKind {
  none,
  test_failed,  // the command ran and ended with another code than 0
  timed_out,
  out_of_memory,
  setup_failed,    // the job's own preparation: workspace, caches, program not found
  infrastructure,  // the host's trouble: disk full, sandbox program missing
  lost,            // the engine or its host went away while it ran
  catalogue_error,
};

std::string_view to_string(Status status);
std::string_view to_string(FailureKind kind);  // "" for none
std::optional<Status> parse_status(std::string_view word);
std::optional<FailureKind> parse_failure_kind(std::string_view word);
bool is_final(Status status);

// Exit codes of the command line, worst first when several apply (contracts): 7 catalogue, 2 arguments,
// 4 infrastructure, setup or lost, 1 test failed or out of memory, 5 timed out, 6 cancelled, 3 nothing ran, 0 passed.
int exit_code(Status status, FailureKind kind);
// The one that wins of two.
int worse_exit_code(int a, int b);

}  // namespace jerichoci
