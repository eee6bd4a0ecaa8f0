#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "jerichoci/model.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::quote_name;

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool valid_env_name(std::string_view name) {
  if (name.empty() || name.size() > 256 || is_digit(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; });
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

pika::Status check_environment(const JobSpec& job) {
  for (const auto& [name, value] : job.env) {
    if (!valid_env_name(name))
      return fail(ErrorKind::invalid, fmt::format("job '{}': {} is no environment name", job.id, quote_name(name)),
                  "use letters, digits and _, not beginning with a digit");
    if (has_nul(value))
      return fail(ErrorKind::invalid, fmt::format("job '{}': the value of {} holds a NUL byte", job.id, name));
  }
  for (const auto& name : job.env_allow)
    if (!valid_env_name(name))
      return fail(ErrorKind::invalid, fmt::format("job '{}': {} is no environment name", job.id, quote_name(name)),
                  "use letters, digits and _, not beginning with a digit");
  for (const auto& name : job.caches)
    if (!valid_id(name))
      return fail(ErrorKind::invalid, fmt::format("job '{}': {} is no cache name", job.id, quote_name(name)),
                  "use [a-z0-9_-], at most 64 characters");
  return {};
}

pika::Status check_limits(const JobSpec& job) {
  const auto& l = job.limits;
  if (l.time <= 0 || l.grace < 0)
    return fail(ErrorKind::invalid, fmt::format("job '{}': its time limit must be more than 0", job.id));
  if (l.cpus && !(*l.cpus > 0 && *l.cpus < 100000))
    return fail(ErrorKind::invalid, fmt::format("job '{}': its cpu limit must be more than 0", job.id));
  if (l.memory_bytes && *l.memory_bytes < (1u << 20))
    return fail(ErrorKind::invalid, fmt::format("job '{}': its memory limit is under 1 MiB", job.id),
                "write sizes with a unit: \"512MiB\", \"8GiB\"");
  if (l.pids && *l.pids < 4)
    return fail(ErrorKind::invalid, fmt::format("job '{}': its process limit is under 4", job.id),
                "the sandbox itself takes two");
  return {};
}

pika::Status check_job(const JobSpec& job) {
  if (!valid_id(job.id))
    return fail(ErrorKind::invalid, fmt::format("{} is no job id", quote_name(job.id)),
                "use [a-z0-9_-], at most 64 characters");
  if (job.command.empty() || job.command[0].empty())
    return fail(ErrorKind::invalid, fmt::format("job '{}' has no command", job.id), "give it one: [\"script/test\"]");
  if (std::any_of(job.command.begin(), job.command.end(), has_nul))
    return fail(ErrorKind::invalid, fmt::format("job '{}': its command holds a NUL byte", job.id));
  PIKA_TRY(check_environment(job));
  return check_limits(job);
}

}  // namespace

bool valid_id(std::string_view id) {
  if (id.empty() || id.size() > 64) return false;
  return std::all_of(id.begin(), id.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool valid_run_id(std::string_view id) {
  if (id.empty() || id.size() > 64 || id[0] == '-' || id[0] == '_') return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_' || c == '-'; });
}

pika::Status check_jobs(const std::vector<JobSpec>& jobs) {
  std::set<std::string> ids;
  for (const auto& job : jobs) {
    PIKA_TRY(check_job(job));
    if (!ids.insert(job.id).second)
      return fail(ErrorKind::invalid, fmt::format("two jobs have the id '{}'", job.id), "give each its own");
  }
  for (const auto& job : jobs)
    for (const auto& need : job.needs)
      if (!ids.contains(need))
        return fail(ErrorKind::invalid,
                    fmt::format("job '{}' needs {}, which is no job here", job.id, quote_name(need)));
  // Take away what has no open need until nothing moves; what stays is a circle.
  std::set<std::string> done;
  for (bool moved = true; moved;) {
    moved = false;
    for (const auto& job : jobs) {
      if (done.contains(job.id)) continue;
      if (!std::all_of(job.needs.begin(), job.needs.end(), [&](const auto& n) { return done.contains(n); })) continue;
      done.insert(job.id);
      moved = true;
    }
  }
  for (const auto& job : jobs)
    if (!done.contains(job.id))
      return fail(ErrorKind::invalid, fmt::format("job '{}' waits for itself: its needs go round in a circle", job.id),
                  "remove one of the needs");
  return {};
}

}  // namespace jerichoci
