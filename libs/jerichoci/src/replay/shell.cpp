#include "replay/shell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "pika/base/text.hpp"

namespace jerichoci {

namespace {

// The prepare nodes that the job mounts, and what those need.
std::vector<PrepareSpec> needed_prepares(const std::vector<PrepareSpec>& all, const JobSpec& job) {
  std::set<std::string> wanted;
  std::vector<std::string> open;
  for (const auto& mount : job.prepared) open.push_back(mount.output);
  while (!open.empty()) {
    auto id = std::move(open.back());
    open.pop_back();
    if (!wanted.insert(id).second) continue;
    for (const auto& prepare : all)
      if (prepare.id == id) open.insert(open.end(), prepare.needs.begin(), prepare.needs.end());
  }
  std::vector<PrepareSpec> out;
  for (const auto& prepare : all)
    if (wanted.contains(prepare.id)) out.push_back(prepare);
  return out;
}

}  // namespace

pika::Result<std::string> shell_job_of(const RunRecord& run, const std::string& job) {
  std::vector<std::string> ids, failed;
  for (const auto& each : run.jobs) {
    if (!job.empty() && each.id == job) return job;
    ids.push_back(each.id);
    if (each.status == Status::failed) failed.push_back(each.id);
  }
  if (ids.empty()) return pika::fail(pika::ErrorKind::not_found, "the run has no jobs, and so no world to show");
  if (!job.empty())
    return pika::fail(pika::ErrorKind::not_found, fmt::format("the run has no job {}", pika::quote_name(job)),
                      "its jobs: " + pika::join(ids, ", "));
  if (ids.size() == 1) return ids[0];
  if (failed.size() == 1) return failed[0];
  return pika::fail(pika::ErrorKind::invalid, "the run has more than one job that a shell may be for",
                    "name one of them with --job: " + pika::join(ids, ", "));
}

ShellWorld make_shell_request(RunRequest& request, const std::string& job, const std::string& term) {
  std::erase_if(request.jobs, [&](const auto& each) { return each.id != job; });
  auto& spec = request.jobs.at(0);
  ShellWorld world{.job = spec};
  for (const auto& secret : spec.secrets) world.without.push_back(secret.name);
  request.prepares = needed_prepares(request.prepares, spec);
  request.secrets.clear();
  request.trust.may_save = false;
  request.gate = true;  // so that no earlier verdict is taken, or doubted, for what a person does in there
  request.labels["shell_of"] = request.rerun_of.value_or("");
  spec.command = shell_command(spec.command);
  if (!term.empty()) spec.env.try_emplace("TERM", term);
  spec.secrets.clear();
  spec.needs.clear();
  spec.retries.clear();
  spec.artifacts.reset();
  spec.weight = 1;
  return world;
}

std::vector<std::string> shell_command(const std::vector<std::string>& command) {
  std::string script = "#!/bin/sh\nexec";
  for (const auto& word : command) script += " " + pika::shell_quote(word);
  static const char* const begin =
      "f=\"${TMPDIR:-/tmp}/job\"\n"
      "if { printf '%s\\n' \"$1\" >\"$f\" && chmod 755 \"$f\"; } 2>/dev/null; then\n"
      "  printf 'The job itself: %s\\n' \"$f\"\n"
      "fi\n"
      "unset f\n"
      "set --\n"
      "if command -v bash >/dev/null 2>&1; then exec bash; fi\n"
      "exec sh -i\n";
  return {"/bin/sh", "-c", begin, "shell", std::move(script)};
}

}  // namespace jerichoci
