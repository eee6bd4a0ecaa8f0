// A job's limit of disk: prevented by a file system of its own where the host has one to give, else watched.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cstdlib>
#include <fstream>

#include "engine_support.hpp"
#include "exec/disk_limit.hpp"
#include "jerichoci/testing/image_fixture.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

constexpr std::uint64_t kMiB = 1u << 20;

bool skipped() {
  if (has_job_disks()) return false;
  MESSAGE("skipped: no loop devices for us, or no mkfs.ext4");
  return true;
}

std::uint64_t size_of_device(const std::string& name) {
  return 512 * *pika::parse_number<std::uint64_t>(pika::trim(*pika::read_file("/sys/block/" + name + "/size")));
}

// What lies below a folder as this process sees it.
std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    struct stat st{};
    if (::lstat(entry.path().c_str(), &st) == 0) bytes += static_cast<std::uint64_t>(st.st_blocks) * 512;
  }
  return bytes;
}

// Writes 50 MiB at each of four places, all of which count. In one stream, so that the count of them is the last line.
constexpr const char* kFill =
    "exec 2>&1; echo first > report.txt; dd if=/dev/zero of=$PIKA_CACHE_C/d bs=1M count=6 2>/dev/null; "
    "for f in big $HOME/b $TMPDIR/c $PIKA_CACHE_C/e; do head -c 52428800 /dev/zero > $f; done; "
    "du -skc $PIKA_WORKSPACE $TMPDIR $HOME $PIKA_CACHE_C | tail -n 1 | cut -f 1; exit 3";

}  // namespace

TEST_CASE("a job with a limit of disk cannot write more, wherever it writes, and its artifacts are kept") {
  if (skipped()) return;
  std::vector<std::uint64_t> devices;
  std::uint64_t outside = 0;
  fs::path root;
  EngineConfig config{.allow_host_process = true};
  config.fault = [&](FaultPoint point) {
    if (point != FaultPoint::job_ended) return;
    for (const auto& loop : loops_of(root)) devices.push_back(size_of_device(loop));
    outside = bytes_below(root / "work");
  };
  auto layer = jerichoci::testing::busybox_layer();
  pika::TempDir folder("jci-image-");
  ::chmod(folder.path().c_str(), 0755);
  if (!layer.empty()) {
    jerichoci::testing::write_image_layout(folder.path() / "image", {layer});
    config.roots = {{"tools", folder.path() / "image"}};
  }
  TestEngine engine(config);
  root = engine.root();
  struct Where {
    Runtime runtime;
    const char* root;
  };
  for (auto [runtime, tools] : {Where{Runtime::sandbox, ""}, Where{Runtime::sandbox, "tools"},
                                Where{Runtime::host_process, ""}, Where{Runtime::oci, "tools"}}) {
    if ((*tools && layer.empty()) || (runtime == Runtime::oci && !has_oci_runtime())) continue;
    auto job = shell_job("test", kFill);
    job.runtime = runtime;
    job.root = tools;
    job.caches = {"c"};
    job.artifacts = ArtifactSpec{.globs = {"report.txt"}};
    job.limits.disk_bytes = 20 * kMiB;
    devices.clear();
    auto ran = run_one(*engine, job);
    const auto& record = ran.record.jobs[0];
    INFO(to_string(runtime), ": ", record.message, "\n", ran.logs["test"]);
    CHECK(record.failure == FailureKind::test_failed);
    CHECK(record.message == "disk: the 21.0 MB that it may write were full; exit code 3");
    CHECK(record.enforced.at(0) == kDiskPrevented);
    // The image's head has words of its own for it.
    CHECK(ran.logs["test"].find(*tools ? "error" : "No space left on device") != std::string::npos);
    CHECK(devices == std::vector<std::uint64_t>{20 * kMiB});
    CHECK(outside < kMiB);
    auto lines = pika::split(pika::trim(ran.logs["test"]), '\n');
    CHECK(pika::parse_number<std::uint64_t>(lines.back()).value_or(UINT64_MAX) <= 20 * 1024);
    CHECK(record.used.disk_bytes.value_or(0) > 18 * kMiB);
    CHECK(record.used.disk_bytes.value_or(0) <= 20 * kMiB);
    REQUIRE(record.artifacts.size() == 1);
    CHECK(record.artifacts[0].bytes == 6);
    CHECK(leftovers(engine.root()).empty());
  }
}

TEST_CASE("a job that was at its limit of disk and made room passes; its artifacts and caches are saved") {
  TestEngine engine({.allow_host_process = true});
  TestRepository repo;
  repo.write("d/old.txt", "old\n");
  auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  bool prevented = has_job_disks();
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    auto job = shell_job("test", "");
    job.runtime = runtime;
    job.caches = {std::string("c-") + (runtime == Runtime::sandbox ? "s" : "h")};
    job.artifacts = ArtifactSpec{.globs = {"d/"}};
    job.limits.disk_bytes = 8 * kMiB;
    auto cache = runtime == Runtime::sandbox ? std::string("$PIKA_CACHE_C_S") : std::string("$PIKA_CACHE_C_H");
    auto step = [&](const std::string& script) {
      job.command[2] = "set -e; cd $PIKA_WORKSPACE; C=" + cache + "; " + script;
      auto ran = run(*engine, snapshot, {job});
      INFO(script, ": ", ran.logs["test"]);
      CHECK_MESSAGE(ran.record.status == Status::passed, ran.record.jobs[0].message);
      CHECK(ran.record.jobs[0].caches.at(0).saved == "saved");
      CHECK(leftovers(engine.root()).empty());
      return ran.record.jobs[0].artifacts;
    };
    // Of what only takes names: where it is watched, no file may be as large as the limit.
    step(std::string(prevented ? "head -c 20000000 /dev/zero > d/x && exit 1; rm d/x; truncate -s 64M $C/hole; " : "") +
         "mkdir $C/sub; echo one > $C/sub/one; echo two > $C/two; ln -s two $C/link; chmod 555 $C/sub" +
         (prevented ? "; head -c 20000000 /dev/zero > y && exit 1; true" : ""));
    auto kept = step(
        "test $(cat $C/sub/one)$(cat $C/link) = onetwo; rm $C/two; echo three > $C/three; "
        "mv d/old.txt d/new.txt; echo more > d/more.txt");
    CHECK(kept.size() == 2);
    kept = step("test ! -e $C/two; test $(cat $C/sub/one)$(cat $C/three) = onethree; rm d/old.txt; echo 4 > $C/four");
    CHECK(kept.empty());
    if (prevented) CHECK(bytes_below(engine.root() / "caches") < 4 * kMiB);
  }
}

TEST_CASE("jobs at once each have a file system of their own") {
  if (skipped()) return;
  TestEngine engine;
  TestRepository repo;
  repo.write("a", "1");
  auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  std::vector<JobSpec> jobs;
  for (int i = 0; i < 8; ++i) {
    jobs.push_back(
        shell_job("test" + std::to_string(i), "head -c 3000000 /dev/urandom > x; test $(wc -c < x) = 3000000"));
    jobs.back().limits.disk_bytes = 4 * kMiB;
  }
  auto ran = run(*engine, snapshot, jobs);
  for (const auto& job : ran.record.jobs) {
    CHECK_MESSAGE(job.status == Status::passed, job.message);
    CHECK(job.enforced.at(0) == kDiskPrevented);
    CHECK(job.used.disk_bytes.value_or(0) >= 3'000'000);
  }
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("where a limit of disk is watched, /tmp and caches count") {
  if (has_job_disks()) {
    MESSAGE("skipped: here it is prevented");
    return;
  }
  TestEngine engine({.allow_host_process = true});
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    for (auto* place : {"$TMPDIR", "$HOME", "$PIKA_CACHE_C"}) {
      auto job =
          shell_job("test", fmt::format("for i in 1 2 3 4 5 6; do head -c 900000 /dev/zero > {}/f$i; done", place));
      job.runtime = runtime;
      job.caches = {"c"};
      job.limits.disk_bytes = 4 * kMiB;
      auto ran = run_one(*engine, job);
      CHECK(ran.record.jobs[0].message == "disk: it wrote more than 4.2 MB");
      CHECK(ran.record.jobs[0].used.disk_bytes.value_or(0) > 4 * kMiB);
      CHECK(ran.record.jobs[0].enforced.at(0) == kDiskWatched);
      CHECK(leftovers(engine.root()).empty());
    }
  }
}

TEST_CASE("the report on isolation says whether a limit of disk is prevented or watched") {
  TestEngine engine;
  auto limits = engine->isolation().limits;
  if (has_job_disks()) {
    CHECK(limits.back() == kDiskPrevented);
  } else {
    CHECK(limits.back().starts_with(kDiskWatched + std::string("; ")));
  }
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("a job's file system on a disk that is full says that it lost something") {
  if (skipped()) return;
  pika::TempDir folder("jci-disk-");
  {
    JobDisk host(folder.path(), 4 * kMiB);
    JobDisk disk(host.root(), 64 * kMiB);
    auto write = [&](const char* name, std::size_t bytes) {
      std::ofstream(disk.root() / name) << std::string(bytes, 'x');
    };
    write("a", kMiB);
    CHECK(!disk.lost());
    CHECK(!disk.full());
    write("b", 20 * kMiB);
    CHECK(disk.used() >= 20 * kMiB);
    CHECK(disk.lost());
  }
  wait_until("the loop devices are clear", [&] { return loops_of(folder.path()).empty(); });
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("helper: run one job with a limit of disk on a small disk" * doctest::skip()) {
  const char* root = std::getenv("JCI_ROOT");
  REQUIRE(root);
  auto state = fs::path(root) / "state";
  auto engine = Engine::open({.state_root = state});
  REQUIRE(engine.has_value());
  auto job = shell_job("test", "head -c 40000000 /dev/urandom > x");
  job.limits.disk_bytes = 64 * kMiB;
  auto ran = run_one(**engine, job);
  CHECK(ran.record.failure == FailureKind::infrastructure);
  CHECK(ran.record.jobs[0].message.starts_with("disk: the host could not keep what the job wrote"));
  CHECK(leftovers(state).empty());
}

TEST_CASE("a job whose host had no room for what it wrote below its limit of disk has no verdict of its own") {
  if (skipped()) return;
  pika::TempDir folder("jci-small-");
  pika::proc::Command command;
  command.argv = {"unshare",
                  "--mount",
                  "sh",
                  "-c",
                  "mount -t tmpfs -o size=16m,mode=0755 small \"$JCI_ROOT\" && exec \"$@\"",
                  "sh",
                  fs::read_symlink("/proc/self/exe"),
                  "--no-skip",
                  "--test-case=helper: run one job with a limit of disk on a small disk"};
  command.env = {"JCI_ROOT=" + folder.path().string()};
  auto out = pika::proc::run(command);
  CHECK_MESSAGE(out.ok(), out.out << out.err);
}

TEST_CASE("helper: run one job with a limit of disk until killed" * doctest::skip()) {
  const char* root = std::getenv("JCI_ROOT");
  REQUIRE(root);
  auto engine = Engine::open({.state_root = root, .allow_host_process = true});
  REQUIRE(engine.has_value());
  TestRepository repo;
  repo.write("a", "1");
  RunRequest request{.snapshot = *(*engine)->snapshot_commit(repo.path(), repo.commit()),
                     .run_id = std::getenv("JCI_WORD")};
  auto word = std::string(std::getenv("JCI_WORD"));
  request.jobs = {shell_job("test", "head -c 2000000 /dev/zero > x; echo up; sleep 600; : " + word)};
  request.jobs[0].runtime = *parse_runtime(std::getenv("JCI_RUNTIME"));
  request.jobs[0].limits.disk_bytes = 16 * kMiB;
  (void)(*engine)->run_jobs(request, {}, {});
}

TEST_CASE("an engine killed with a job on a file system of its own: no mount, loop device or file of it is left") {
  if (skipped()) return;
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    pika::TempDir folder("jci-crash-");
    auto root = folder.path() / "state";
    auto word = unique_word();
    pika::proc::Command command;
    command.argv = {fs::read_symlink("/proc/self/exe"), "--no-skip",
                    "--test-case=helper: run one job with a limit of disk until killed"};
    command.env = {"JCI_ROOT=" + root.string(), "JCI_WORD=" + word, "JCI_RUNTIME=" + std::string(to_string(runtime))};
    auto helper = pika::proc::Child::start(command);
    auto log = root / "runs" / word / "jobs/test/log.raw";
    wait_until("the job is up", [&] {
      auto text = pika::read_file(log);
      return text && text->find("up\n") != std::string::npos;
    });
    CHECK(loops_of(root).size() == 1);
    ::kill(helper.pid(), SIGKILL);
    helper.wait();
    // Before anyone cleans up.
    wait_until("the job's processes are gone", [&] { return processes_with(word).empty(); });
    wait_until("the loop device is clear", [&] { return loops_of(root).empty(); });
    CHECK(bytes_below(root / "work") < kMiB);
    auto engine = Engine::open({.state_root = root});
    REQUIRE(engine.has_value());
    CHECK((*engine)->load_run_record(word)->failure == FailureKind::lost);
    CHECK(leftovers(root).empty());
  }
}
