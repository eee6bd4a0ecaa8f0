// pika-runner: runs lanes for a forge on this host. See docs/runner-protocol.md.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "pika/base/fd.hpp"
#include "pika/base/log.hpp"
#include "pika/runner/service.hpp"

namespace {

int exit_code(pika::ErrorKind kind) {
  switch (kind) {
    case pika::ErrorKind::invalid:
    case pika::ErrorKind::not_found:
    case pika::ErrorKind::too_large:
      return 2;
    case pika::ErrorKind::unauthorised:
    case pika::ErrorKind::forbidden:
      return 9;
    case pika::ErrorKind::conflict:
    case pika::ErrorKind::unavailable:
    case pika::ErrorKind::internal:
      return 4;
  }
  return 4;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "runner";
}

}  // namespace

int main(int argc, char** argv) {
  pika::open_standard_streams();
  ::signal(SIGCHLD, SIG_DFL);  // whoever started us may ignore it
  CLI::App app(
      "Runs lanes for a forge on this host. Connects outward, goes on when the forge is gone, and delivers what it has "
      "when it is back.");
  app.set_version_flag("--version", "pika-runner " PIKA_VERSION);
  pika::runner::ServiceOptions options;
  options.name = host_name();
  double linger = -1, drain = 600;
  long long job_user = -1;
  std::vector<std::string> job_env;
  app.add_option("--server", options.server,
                 "where the forge listens for runners: unix:/path/runner.sock, or tcp:127.0.0.1:PORT\n"
                 "(TLS for forges on other hosts comes later)")
      ->required();
  app.add_option("--state", options.state, "folder for the engine, fetched commits, and what is not delivered yet")
      ->required();
  app.add_option("--name", options.name, "this runner's name (default: the host's)");
  app.add_option("--token-file", options.token_file, "file with the runner's token");
  app.add_option("--slots", options.slots, "lanes at once (default: one a processor)")->check(CLI::Range(1, 4096));
  app.add_option("--linger", linger, "end when the forge is gone for SECONDS and nothing is left to run or deliver")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--drain", drain, "after SIGTERM, seconds that running lanes get before they are cancelled")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--allow-host-process", options.allow_host_process,
               "let lanes run without a sandbox where their catalogue says so");
  app.add_option("--job-user", job_user, "uid that jobs run as when the runner is root (default 65534)")
      ->check(CLI::Range(1LL, 4294967294LL));
  app.add_option("--job-env", job_env, "name of a variable of this environment that jobs may ask for; can be repeated");
  std::vector<std::string> roots;
  app.add_option("--root", roots,
                 "NAME=PATH: a root filesystem, or an OCI image, that lanes may name as their root; can be repeated")
      ->type_name("NAME=PATH");
  double gc_hours = 24;
  auto& keep = options.housekeeping.policy;
  app.add_option("--gc-every", gc_hours, "hours between collections of what is not needed any more; 0: never (24)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--keep-days", keep.keep_days, "runs that are younger stay (14)")->check(CLI::NonNegativeNumber);
  app.add_option("--keep-runs", keep.keep_runs, "so many of the newest stay, whatever their age (200)")
      ->check(CLI::NonNegativeNumber);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  options.housekeeping.every = static_cast<pika::Micros>(gc_hours * 3600 * pika::kSecond);
  if (linger >= 0) options.linger = static_cast<pika::Micros>(linger * pika::kSecond);
  options.drain_limit = static_cast<pika::Micros>(drain * pika::kSecond);
  if (job_user > 0) options.job_uid = static_cast<std::uint32_t>(job_user);
  for (const auto& name : job_env)
    if (const char* value = std::getenv(name.c_str())) options.job_env[name] = value;
  for (const auto& word : roots) {
    auto root = pika::runner::parse_root(word);
    if (!root) {
      std::fprintf(stderr, "pika-runner: %s\n", root.error().text().c_str());
      return 2;
    }
    options.roots[root->first] = root->second;
  }
  try {
    auto done = pika::runner::run_service(options);
    if (done) return 0;
    std::fprintf(stderr, "pika-runner: %s\n", done.error().text().c_str());
    return exit_code(done.error().kind);
  } catch (const std::exception& error) {
    pika::log_error("runner", "{}", error.what());
    return 4;
  }
}
