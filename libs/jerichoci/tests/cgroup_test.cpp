// Control groups on folders made for the test: what the kernel of this host does not have is tried too.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "engine_support.hpp"
#include "exec/cgroup.hpp"
#include "exec/host_process.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

// A cgroup file system of plain files: writes are kept, and nothing is enforced.
class FakeCgroups {
 public:
  const fs::path& root() const { return folder_.path(); }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((root() / name).parent_path());
    std::ofstream(root() / name) << text;
  }
  std::string read(const std::string& name) { return *pika::read_file(root() / name); }
  CgroupHost detect() { return CgroupHost::detect(root() / "mountinfo", root() / "own"); }

 private:
  pika::TempDir folder_{"jci-cgroups-"};
};

std::string mount_line(const fs::path& point, const std::string& type, const std::string& options) {
  return "30 20 0:26 / " + point.string() + " rw,nosuid shared:9 - " + type + " " + type + " rw," + options + "\n";
}

}  // namespace

TEST_CASE("version 2: the controllers of our own group are handed to the job's, with their limits and counts") {
  FakeCgroups fake;
  fake.write("mountinfo", mount_line(fake.root() / "v2", "cgroup2", "nsdelegate"));
  fake.write("own", "0::/user.slice/pika\n");
  const std::string own = "v2/user.slice/pika/";
  fake.write(own + "cgroup.controllers", "cpu io memory pids\n");
  fake.write(own + "cgroup.subtree_control", "cpu memory pids\n");
  fake.write(own + "cgroup.procs", "");
  for (auto* file : {"cgroup.procs", "memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cpu.max"})
    fake.write(own + "job/" + file, "");
  auto host = fake.detect();
  CHECK(host.describe() == std::vector<std::string>{"memory: cgroup v2", "pids: cgroup v2", "cpu: cgroup v2"});
  std::vector<std::string> enforced, not_enforced, told;
  Limits limits{.cpus = 1.5, .memory_bytes = 1u << 30, .pids = 100};
  auto group = JobCgroup::make(host, "job", limits, enforced, not_enforced,
                               [&](const fs::path& folder) { told.push_back(folder.filename()); });
  CHECK(not_enforced.empty());
  CHECK(enforced == std::vector<std::string>{"memory: cgroup v2", "pids: cgroup v2", "cpu: cgroup v2"});
  CHECK(told == std::vector<std::string>{"job"});
  CHECK(group.folders().size() == 1);
  CHECK(fake.read(own + "job/memory.max") == "1073741824");
  CHECK(fake.read(own + "job/memory.swap.max") == "0");
  CHECK(fake.read(own + "job/pids.max") == "100");
  CHECK(fake.read(own + "job/cpu.max") == "150000 100000");
  CHECK(group.oom_kills() == 0);
  fake.write(own + "job/memory.events", "low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 7\n");
  fake.write(own + "job/cpu.stat", "usage_usec 123456\nuser_usec 100000\n");
  fake.write(own + "job/memory.peak", "4096\n");
  CHECK(group.oom_kills() == 2);
  CHECK(group.used().cpu_time == 123456);
  CHECK(group.used().peak_memory_bytes == 4096u);
}

TEST_CASE("version 2: only what was delegated is enforced, the rest is said") {
  FakeCgroups fake;
  fake.write("mountinfo", mount_line(fake.root() / "v2", "cgroup2", "nsdelegate"));
  fake.write("own", "0::/\n");
  fake.write("v2/cgroup.controllers", "pids\n");
  fake.write("v2/cgroup.subtree_control", "pids\n");
  fake.write("v2/cgroup.procs", "");
  fake.write("v2/job/cgroup.procs", "");
  fake.write("v2/job/pids.max", "");
  std::vector<std::string> enforced, not_enforced;
  auto group =
      JobCgroup::make(fake.detect(), "job", {.cpus = 1, .memory_bytes = 1u << 30, .pids = 9}, enforced, not_enforced);
  CHECK(enforced == std::vector<std::string>{"pids: cgroup v2"});
  CHECK(not_enforced.size() == 2);
  CHECK(not_enforced[0].starts_with("memory: "));
  CHECK(not_enforced[1].starts_with("cpu: "));
}

TEST_CASE("a hybrid host: each controller is used where it is") {
  FakeCgroups fake;
  fake.write("mountinfo", mount_line(fake.root() / "v2", "cgroup2", "nsdelegate") +
                              mount_line(fake.root() / "memory", "cgroup", "memory") +
                              mount_line(fake.root() / "cpu", "cgroup", "cpu,cpuacct"));
  fake.write("own", "3:memory:/a\n2:cpu,cpuacct:/b\n0::/c\n");
  for (auto* folder : {"v2/c", "memory/a", "cpu/b"}) fake.write(std::string(folder) + "/cgroup.procs", "");
  fake.write("v2/c/cgroup.controllers", "pids\n");
  fake.write("v2/c/cgroup.subtree_control", "pids\n");
  auto host = fake.detect();
  CHECK(host.describe() == std::vector<std::string>{"memory: cgroup v1", "pids: cgroup v2", "cpu: cgroup v1"});
  CHECK(host.memory->base == fake.root() / "memory/a");
  CHECK(host.cpu->base == fake.root() / "cpu/b");
}

TEST_CASE("files of control groups that say nonsense are no limits and no counts") {
  FakeCgroups fake;
  fake.write("mountinfo", "\n - \nx y z - cgroup2\n" + mount_line(fake.root() / "no", "cgroup2", ""));
  fake.write("own", "::\n0\n\xff:\xff:\xff\n");
  auto host = fake.detect();
  CHECK(!host.memory);
  CHECK(!host.unified);
}

TEST_CASE("as root every limit is held where the host has its controller, and the record says by what") {
  auto host = CgroupHost::detect();
  if (!host.memory || !host.pids || !host.cpu) {
    MESSAGE("skipped: not every controller may be written");
    return;
  }
  TestEngine engine;
  auto job = shell_job("test", "while :; do :; done");
  job.limits = {
      .cpus = 0.2, .memory_bytes = 256u << 20, .pids = 50, .time = pika::kSecond, .grace = pika::kSecond / 10};
  auto ran = run_one(*engine, job);
  const auto& record = ran.record.jobs[0];
  CHECK(record.failure == FailureKind::timed_out);
  CHECK(record.not_enforced.empty());
  auto expected = host.describe();
  CHECK(record.enforced == expected);
  // A fifth of a processor for 1.1 s; the rest is for starting, which the quota holds too.
  REQUIRE(record.used.cpu_time);
  CHECK(*record.used.cpu_time < 6 * pika::kSecond / 10);
  CHECK(*record.used.cpu_time > 0);
  REQUIRE(record.used.peak_memory_bytes);
  CHECK(*record.used.peak_memory_bytes < (256u << 20));
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("a job without limits has its processor time recorded, and what it ran on") {
  TestEngine engine({.allow_host_process = true});
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    auto job = shell_job("test", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
    job.runtime = runtime;
    auto record = run_one(*engine, job).record.jobs[0];
    REQUIRE(record.used.cpu_time);
    CHECK(*record.used.cpu_time > 1000);
    CHECK(record.environment.kernel.starts_with("Linux "));
    CHECK(!record.environment.architecture.empty());
    CHECK(record.environment.host_tools.size() == 64);
  }
}

// A kernel of version 1 has an empty version 2 tree beside it: enough to see where a process is born.
TEST_CASE("version 2: a job's first process is born in its group, and the leader is not in it") {
  if (::geteuid() != 0) return;
  auto host = CgroupHost::detect();
  if (!host.unified) {
    MESSAGE("skipped: no version 2 tree that may be written");
    return;
  }
  auto group = host.unified->base / ("jericho-test-" + pika::random_hex(6));
  REQUIRE(::mkdir(group.c_str(), 0755) == 0);
  {
    pika::TempDir folder("jci-born-");
    pika::UniqueFd fd(::open(group.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    HostProcessSpec spec;
    spec.command = {"/bin/sh", "-c", "grep ^0: /proc/self/cgroup; grep ^0: /proc/$PPID/cgroup"};
    spec.workspace = folder.path();
    spec.identity.born_in = fd.get();
    auto process = start_host_process(spec);
    struct pollfd ended{process->pidfd(), POLLIN, 0};
    REQUIRE(::poll(&ended, 1, 20'000) == 1);
    CHECK(process->finish({}).exit_code == 0);
    std::string words(4096, '\0');
    words.resize(pika::read_some(process->out.get(), words.data(), words.size()));
    auto lines = pika::split(words, '\n');
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].ends_with(group.filename().string()));
    CHECK(!lines[1].ends_with(group.filename().string()));
  }
  CHECK(remove_cgroups({group}));
}
