#include "pika/runner/service.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/runner/address.hpp"
#include "pika/runner/engine_lane.hpp"

namespace pika::runner {

namespace {

constexpr std::string_view kProgram = "pika-runner " PIKA_VERSION;

Result<std::string> read_token(const fs::path& file) {
  if (file.empty()) return std::string();
  auto text = read_file(file);
  if (!text)
    return fail(ErrorKind::invalid, fmt::format("there is no token file '{}'", file.string()),
                "it is DATA/runner/token in the server's data folder");
  const auto token = std::string(trim(*text));
  if (token.empty() || token.find_first_of("\r\n") != std::string::npos)
    return fail(ErrorKind::invalid, fmt::format("'{}' does not hold one line with a token", file.string()));
  return token;
}

// Waits for SIGTERM and SIGINT on a thread of its own; SIGUSR1 to that thread ends it.
class StopSignals {
 public:
  StopSignals() {
    ::sigemptyset(&set_);
    for (int s : {SIGTERM, SIGINT, SIGUSR1}) ::sigaddset(&set_, s);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  void watch(std::function<void()> first) {
    thread_ = std::thread([this, first = std::move(first)] {
      for (bool asked = false;;) {
        int got = 0;
        if (::sigwait(&set_, &got) != 0 || got == SIGUSR1) return;
        if (asked) ::_exit(6);
        asked = true;
        log_info("runner", "stopping; once more to stop at once");
        first();
      }
    });
  }
  ~StopSignals() {
    if (!thread_.joinable()) return;
    ::pthread_kill(thread_.native_handle(), SIGUSR1);
    thread_.join();
  }

 private:
  sigset_t set_{};
  std::thread thread_;
};

wire::IsolationFacts facts_of(const jerichoci::IsolationReport& report, bool host_process) {
  return {report.sandbox, report.why_not, report.remedy, report.workspace_kind, report.limits, host_process};
}

std::function<double()> random_jitter() {
  auto engine = std::make_shared<std::minstd_rand>(std::random_device{}());
  return [engine] { return std::uniform_real_distribution<double>(0, 1)(*engine); };
}

}  // namespace

Result<std::pair<std::string, fs::path>> parse_root(const std::string& word) {
  const auto at = word.find('=');
  const auto name = word.substr(0, at);
  if (at == std::string::npos || at + 1 == word.size() || !jerichoci::valid_id(name))
    return fail(ErrorKind::invalid, fmt::format("--root wants NAME=PATH, and this is '{}'", quote_name(word)),
                "as in --root bookworm=/srv/roots/bookworm");
  auto path = fs::absolute(word.substr(at + 1)).lexically_normal();
  std::error_code error;
  if (!fs::is_directory(path, error))
    return fail(ErrorKind::invalid,
                fmt::format("there is no folder '{}' for the root {}", quote_name(path.string()), name),
                "an image is made into one with skopeo copy docker://debian:bookworm oci:" + name);
  return std::pair(name, std::move(path));
}

Status run_service(const ServiceOptions& options) {
  StopSignals signals;
  const auto address = PIKA_TRY(parse_address(options.server));
  if (options.name.empty() || options.name.size() > 64 || !is_utf8(options.name))
    return fail(ErrorKind::invalid, "a runner's name has 1 to 64 characters", "give one with --name");
  const auto token = PIKA_TRY(read_token(options.token_file));
  make_dirs(options.state, 0700);
  const auto lock = FileLock::try_lock(options.state / "lock");
  if (!lock)
    return fail(ErrorKind::conflict, fmt::format("another runner uses '{}'", options.state.string()),
                "stop it, or give this one a folder of its own with --state");

  const unsigned slots = options.slots != 0 ? options.slots : std::max(1u, std::thread::hardware_concurrency());
  jerichoci::EngineConfig config;
  config.state_root = options.state;
  config.slots = slots;
  config.job_uid = options.job_uid;
  config.allow_host_process = options.allow_host_process;
  config.env = options.job_env;
  config.roots = options.roots;
  auto engine = PIKA_TRY(jerichoci::Engine::open(std::move(config)));
  const auto isolation = engine->isolation();
  if (!isolation.sandbox) log_warning("runner", "no sandbox on this host: {}; {}", isolation.why_not, isolation.remedy);

  Spool spool(options.state / "spool");
  EngineLane lanes(*engine, options.state / "git", token);
  LoopOptions loop_options{
      .machine = {.program = std::string(kProgram),
                  .name = options.name,
                  .token = token,
                  .slots = static_cast<int>(slots),
                  .isolation = facts_of(isolation, options.allow_host_process)},
      .connect = [address] { return connect_to(address); },
      .new_run_id = [] { return make_ulid(); },
      .jitter = random_jitter(),
      .linger = options.linger,
      .drain_limit = options.drain_limit,
  };
  Loop loop(std::move(loop_options), spool, lanes);
  for (auto& attempt : settle(spool, *engine)) loop.restore(std::move(attempt));
  Housekeeping housekeeping(*engine, options.housekeeping);
  signals.watch([&loop] { loop.drain(); });
  switch (loop.run()) {
    case Loop::End::drained:
      log_info("runner", "stopped");
      break;
    case Loop::End::lingered:
      log_info("runner", "stopped: the forge is gone and there is nothing to run or to deliver");
      break;
  }
  return {};
}

}  // namespace pika::runner
