// run-on-head REPOSITORY STATE COMMAND...: runs a command on a repository's HEAD, in a sandbox, and says how it ended.
#include <cstdio>

#include "jerichoci/jerichoci.hpp"
#include "pika/gitx/repository.hpp"

int main(int count, char** words) try {
  if (count < 4) return std::fputs("usage: run-on-head REPOSITORY STATE COMMAND...\n", stderr), 2;
  auto engine = jerichoci::Engine::open({.state_root = std::filesystem::absolute(words[2])}).value();
  auto head = pika::git::Repository::open(words[1]).value().resolve_commit("HEAD").value();
  auto snapshot = engine->snapshot_commit(words[1], head).value();
  jerichoci::JobSpec job;
  job.id = "job";
  job.command = {words + 3, words + count};
  auto run = engine->run_jobs({.target_id = "example", .snapshot = snapshot, .jobs = {job}}, {}, {}).value();
  std::printf("%s %s\n", std::string(to_string(run.status)).c_str(), run.message.c_str());
  std::printf("%s", engine->load_log(run.run_id, job.id, 0, 1 << 20).value().bytes.c_str());
  return jerichoci::exit_code(run.status, run.failure);
} catch (const std::bad_expected_access<pika::Error>& refused) {
  return std::fprintf(stderr, "%s\n", refused.error().text().c_str()), 4;
} catch (const std::exception& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 4;
}
