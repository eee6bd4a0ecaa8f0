// The leader of a job shares its engine's memory and comes from its engine's process: what that has of signals,
// descriptors and threads must not show in a job.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "engine_support.hpp"
#include "exec/host_process.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

HostProcessSpec spec_of(const pika::TempDir& folder, std::vector<std::string> command) {
  HostProcessSpec spec;
  spec.command = std::move(command);
  spec.workspace = folder.path();
  return spec;
}

}  // namespace

TEST_CASE("a job's end is told although whoever started the engine ignored the end of children") {
  TestEngine engine({.allow_host_process = true});
  auto before = ::signal(SIGCHLD, SIG_IGN);
  pika::TempDir folder("jci-leader-");
  auto process = start_host_process(spec_of(folder, {"/bin/sh", "-c", "/bin/true; exit 7"}));
  CHECK(process->finish({}).exit_code == 7);
  auto refused = Engine::open({.state_root = folder.path() / "state"});
  ::signal(SIGCHLD, before);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().text().find("SIGCHLD") != std::string::npos);
}

TEST_CASE("without a descriptor left a job does not begin, and nothing of it is left") {
  pika::TempDir folder("jci-leader-");
  auto word = unique_word();
  std::vector<pika::UniqueFd> taken;
  struct rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  // A sanitizer needs descriptors to look at a type for the first time.
  CHECK(pika::SystemError(EMFILE, "first seen").code().value() == EMFILE);
  // Each number of free descriptors once: whichever call it is that finds none.
  int lowest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(lowest);
  for (int free = 0; free < 16; ++free) {
    struct rlimit few{static_cast<rlim_t>(lowest + free), before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    try {
      auto process = start_host_process(spec_of(folder, {"/bin/sh", "-c", "sleep 600; : " + word}));
      process->kill_all();
      CHECK(process->finish({}).exit_code.value_or(-1) != 0);
    } catch (const pika::SystemError& error) {
      CHECK(error.code().value() == EMFILE);
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  }
  CHECK(processes_with(word).empty());
}

TEST_CASE("jobs begin while other threads come and go") {
  pika::TempDir folder("jci-leader-");
  std::atomic<bool> enough = false;
  std::thread busy([&] {
    while (!enough) std::thread([] {}).join();
  });
  for (int i = 0; i < 50; ++i) {
    auto spec = spec_of(folder, {"/bin/true"});
    if (::geteuid() == 0) {
      ::chmod(folder.path().c_str(), 0755);
      spec.identity.uid = 65534;
    }
    auto process = start_host_process(spec);
    CHECK(process->finish({}).exit_code == 0);
  }
  enough = true;
  busy.join();
}

TEST_CASE("a leader that its job stopped is continued and ends everything") {
  TestEngine engine({.allow_host_process = true});
  pika::TempDir folder("jci-leader-");
  auto word = unique_word();
  auto process = start_host_process(spec_of(folder, {"/bin/sh", "-c", "kill -STOP $PPID; sleep 600; : " + word}));
  wait_until("the leader is stopped", [&] {
    auto stat = pika::read_file("/proc/" + std::to_string(process->pid()) + "/stat");
    return stat && stat->find(") T ") != std::string::npos;
  });
  process->kill_all();
  CHECK(process->finish({}).exit_code.has_value());
  CHECK(processes_with(word).empty());
}
