#include "runner_process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>

#include "pika/base/files.hpp"
#include "pika/base/log.hpp"
#include "pika/proc/child.hpp"

namespace pika::server {

namespace {
constexpr auto kLook = std::chrono::milliseconds(500);
constexpr const char* kLinger = "60";  // seconds
}  // namespace

RunnerProcess::RunnerProcess(const SiteOptions& options, forge::Layout layout)
    : options_(options), layout_(std::move(layout)) {}

RunnerProcess::~RunnerProcess() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RunnerProcess::start() {
  thread_ = std::thread([this] { watch(); });
}

// A runner holds the file `lock` in its state while it lives: free means that none is there.
void RunnerProcess::watch() {
  std::optional<proc::Child> child;
  int failures = 0;
  for (;;) {
    try {
      bool free = FileLock::try_lock(layout_.runner_state() / "lock").has_value();
      if (child && child->try_wait()) child.reset();
      if (free && !child) {
        proc::Command command;
        auto program = options_.runner_program.empty() ? program_dir() / "pika-runner" : options_.runner_program;
        command.argv = {program.string(),
                        "--server",
                        "unix:" + fs::absolute(layout_.runner_socket()).string(),
                        "--state",
                        fs::absolute(layout_.runner_state()).string(),
                        "--token-file",
                        fs::absolute(layout_.runner_token()).string(),
                        "--name",
                        "here",
                        "--linger",
                        kLinger};
        if (options_.runner_slots > 0) {
          command.argv.push_back("--slots");
          command.argv.push_back(std::to_string(options_.runner_slots));
        }
        for (const auto& root : options_.runner_roots) {
          command.argv.push_back("--root");
          command.argv.push_back(root);
        }
        if (options_.allow_host_process) command.argv.push_back("--allow-host-process");
        command.new_session = true;
        UniqueFd log(::open(layout_.runner_log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        UniqueFd none(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        child.emplace(proc::Child::start(command, none.get(), log.get(), log.get()));
        if (!child->start_error().empty()) {
          if (failures++ == 0) log_error("runner", "can't start the runner of this host: {}", child->start_error());
          child->wait();
          child.reset();
        } else {
          failures = 0;
          log_info("runner", "started the runner of this host, process {}", child->pid());
        }
      }
    } catch (const std::exception& e) {
      if (failures++ == 0) log_error("runner", "{}", e.what());
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLook, [&] { return stop_; });
    if (stop_) break;
  }
  if (child) child->release();  // it goes on without us
}

}  // namespace pika::server
