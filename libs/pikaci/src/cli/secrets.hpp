// Secrets and root filesystems that jobs name and that were not given.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/outcome.hpp"
#include "jerichoci/jerichoci.hpp"
#include "pikaci/cli.hpp"

namespace pikaci {

// The first of these jobs' secrets and roots that the context does not hold, as a refusal with what to do.
std::optional<Failure> missing_given(const std::vector<jerichoci::JobSpec>& jobs, const CliContext& context);

// The same for the jobs of a run that is to run again, or for one of them (`job`; empty: all).
Outcome<bool> check_secrets(const CliContext& context, jerichoci::Engine& engine, const std::string& run_id,
                            const std::string& job);

}  // namespace pikaci
