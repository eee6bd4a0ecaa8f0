#include "cli/secrets.hpp"

#include <fmt/format.h>

#include "pika/base/text.hpp"
#include "pika/json/json.hpp"

namespace pikaci {

namespace json = pika::json;

std::optional<Failure> missing_given(const std::vector<jerichoci::JobSpec>& jobs, const CliContext& context) {
  for (const auto& job : jobs) {
    if (!job.root.empty() && !context.roots.contains(job.root))
      return Failure(2, fmt::format("job {} needs the root filesystem {}, which was not given", job.id, job.root),
                     fmt::format("say --root {}=PATH: a folder, or an OCI image layout", job.root));
    for (const auto& secret : job.secrets)
      if (!context.secrets.contains(secret.name))
        return Failure(2, fmt::format("job {} needs the secret {}, which was not given", job.id, secret.name),
                       fmt::format("say --secret {0}, with its value in the variable {0}", secret.name));
  }
  return std::nullopt;
}

Outcome<bool> check_secrets(const CliContext& context, jerichoci::Engine& engine, const std::string& run_id,
                            const std::string& job) {
  auto text = engine.load_plan(run_id);
  auto plan = text ? json::parse(*text, "the plan") : json::parse("", "");
  const auto* nodes = plan ? json::find_array(*plan, "nodes") : nullptr;
  if (!nodes) return true;  // the engine says what is wrong with it
  std::vector<jerichoci::JobSpec> jobs;
  for (const auto& node : *nodes)
    if (const auto* value = json::find(node, "job"))
      if (auto spec = jerichoci::job_spec_from_json(*value); spec && (job.empty() || spec->id == job))
        jobs.push_back(std::move(*spec));
  if (auto failure = missing_given(jobs, context)) return std::unexpected(std::move(*failure));
  return true;
}

}  // namespace pikaci
