#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "engine_support.hpp"
#include "pika/base/text.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

TEST_CASE("a sandbox job of a committed tree runs, passes and leaves its log") {
  TestEngine engine;
  auto ran = run_script(*engine, "cat hello.txt; pwd; id -u; echo $CI $PIKA_JOB; echo oops >&2");
  // The two streams have no order between them.
  CHECK_MESSAGE(ran.record.status == Status::passed, ran.record.message);
  CHECK(ran.record.jobs[0].exit_code == 0);
  auto log = ran.logs["test"];
  auto at = log.find("oops\n");
  REQUIRE(at != std::string::npos);
  CHECK(log.erase(at, 5) == "hello\n/workspace\n1000\ntrue test\n");
  CHECK(ran.record.jobs[0].log_bytes == ran.logs["test"].size());
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("a sandbox shows an allow-list of the host and nothing else") {
  TestEngine engine;
  auto ran = run_script(*engine, "ls /; ls /root /home /etc/shadow /sys /var/lib " + engine.root().string() +
                                     " 2>/dev/null; wc -l < /etc/passwd");
  CHECK(ran.logs["test"].find("home") == std::string::npos);
  CHECK(ran.logs["test"].find("root") == std::string::npos);
  CHECK(ran.logs["test"].find("sys") == std::string::npos);
  CHECK(ran.logs["test"].find("objects.git") == std::string::npos);
  CHECK(ran.logs["test"].find("shadow") == std::string::npos);
  CHECK(ran.logs["test"].ends_with("\n3\n"));
}

TEST_CASE("a sandbox cannot write to the host's folders, has no privileges and sees only its own processes") {
  TestEngine engine;
  auto ran = run_script(*engine,
                        "touch /usr/x /etc/x /x 2>/dev/null && echo WROTE; grep -c '^[0-9]*$' /dev/null; "
                        "ls -d /proc/[0-9]* | wc -l; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status");
  CHECK(ran.logs["test"].find("WROTE") == std::string::npos);
  CHECK(ran.logs["test"].find("CapEff:\t0000000000000000") != std::string::npos);
  CHECK(ran.logs["test"].find("NoNewPrivs:\t1") != std::string::npos);
  auto lines = pika::split(ran.logs["test"], '\n');
  CHECK(pika::parse_number<int>(lines[1]).value_or(1000) < 6);
}

TEST_CASE(
    "every mount of a sandbox is without set-user-id, only devices are devices, and only its own places are written") {
  TestEngine engine;
  auto job = shell_job("test", "cut -d' ' -f5,6 /proc/self/mountinfo");
  job.caches = {CacheSpec("depot"), CacheSpec("inside")};
  job.caches[1].path = "made";
  auto ran = run_one(*engine, job);
  REQUIRE(ran.record.status == Status::passed);
  const std::set<std::string> written = {"/workspace", "/workspace/made", "/caches/depot", "/tmp",
                                         "/dev/shm",   "/dev/pts",        "/proc"};
  std::set<std::string> seen;
  for (auto line : pika::split(ran.logs["test"], '\n')) {
    auto words = pika::split(line, ' ');
    if (words.size() != 2) continue;
    auto place = std::string(words[0]);
    auto options = pika::split(words[1], ',');
    auto has = [&](std::string_view option) { return std::ranges::find(options, option) != options.end(); };
    CAPTURE(place);
    bool device = place.starts_with("/dev/") && !written.contains(place);
    CHECK(has("nosuid"));
    CHECK((device || place == "/dev/pts" || has("nodev")));
    CHECK((device || written.contains(place) || has("ro")));
    if (written.contains(place)) seen.insert(place);
  }
  CHECK(seen == written);
}

TEST_CASE("a job inherits no descriptor of the engine but its three streams") {
  TestEngine engine;
  for (auto network : {Network::off, Network::on}) {
    auto job = shell_job("test", "exec ls /proc/self/fd");
    job.network = network;
    CHECK(run_one(*engine, job).logs["test"] == "0\n1\n2\n3\n");  // 3 is what ls reads
  }
}

TEST_CASE("a job runs as another user than root, and owns its workspace") {
  TestEngine engine;
  auto ran = run_script(*engine, "stat -c '%u %a' . hello.txt; echo x > new && rm hello.txt && mkdir d && echo ok");
  CHECK(ran.logs["test"] == "1000 755\n1000 644\nok\n");
  if (::geteuid() != 0) return;
  auto as_host = shell_job("test", "id -u; echo x > new && rm hello.txt && echo ok");
  as_host.runtime = Runtime::host_process;
  TestEngine allowing({.allow_host_process = true});
  CHECK(run_one(*allowing, as_host).logs["test"] == "65534\nok\n");
  CHECK(!Engine::open({.state_root = "/tmp/jci-never", .job_uid = 0}).has_value());
}

TEST_CASE("one job's edits never reach another job or run") {
  TestEngine engine;
  TestRepository repo;
  repo.write("f", "clean");
  repo.write("d/g", "clean");
  auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  auto spoil = "cat f d/g; echo dirty > f; rm -r d; touch new; chmod 777 .; touch /tmp/t; ls /tmp/home";
  CHECK(run(*engine, snapshot, {shell_job("test", spoil)}).logs["test"] == "cleanclean");
  auto second = run(*engine, snapshot, {shell_job("test", "cat f d/g; ls; ls /tmp; stat -c %a .")});
  CHECK(second.logs["test"] == "cleancleand\nf\nhome\n755\n");
}

TEST_CASE("a declared cache is kept between runs, and only for jobs that name it") {
  TestEngine engine;
  auto job = shell_job("test",
                       "ls /caches 2>/dev/null; test -n \"$PIKA_CACHE_NPM_X\" && cat $PIKA_CACHE_NPM_X/n 2>/dev/null; "
                       "echo kept > $PIKA_CACHE_NPM_X/n");
  job.caches = {"npm-x"};
  CHECK(run_one(*engine, job).logs["test"] == "npm-x\n");
  CHECK(run_one(*engine, job).logs["test"] == "npm-x\nkept\n");
  CHECK(run_script(*engine, "ls /caches 2>/dev/null; echo -n $PIKA_CACHE_NPM_X").logs["test"].empty());
}

TEST_CASE("the network is off unless a job asks for it") {
  TestEngine engine;
  auto job = shell_job("test", "grep -c : /proc/net/dev");
  CHECK(run_one(*engine, job).logs["test"] == "1\n");
  job.command = {"sh", "-c", "readlink /proc/self/ns/net"};
  auto host = fs::read_symlink("/proc/self/ns/net").string() + "\n";
  CHECK(run_one(*engine, job).logs["test"] != host);
  job.network = Network::on;
  CHECK(run_one(*engine, job).logs["test"] == host);
}

TEST_CASE("the environment is clean: only what is built in, declared or allowed by name") {
  ::setenv("JCI_TEST_SECRET", "leak", 1);
  TestEngine engine({.env = {{"TERM", "dumb"}, {"OTHER", "no"}}});
  auto job = shell_job("test", "env | sort | cut -d= -f1 | tr '\\n' ' '; echo $TERM $MINE");
  job.env = {{"MINE", "a b"}, {"LD_PRELOAD", "/workspace/evil.so"}};
  job.env_allow = {"TERM", "ABSENT"};
  auto log = run_one(*engine, job).logs["test"];
  CHECK(log.find("JCI_TEST_SECRET") == std::string::npos);
  CHECK(log.find("OTHER") == std::string::npos);
  CHECK(log.find("dumb a b\n") != std::string::npos);
}

TEST_CASE("a program that is not there is a setup failure that names it, not a failed test") {
  TestEngine engine({.allow_host_process = true});
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    JobSpec job;
    job.id = "test";
    job.command = {"no-such-program"};
    job.runtime = runtime;
    auto ran = run_one(*engine, job);
    CHECK(ran.record.failure == FailureKind::setup_failed);
    CHECK_MESSAGE(ran.record.jobs[0].message.find("no-such-program") != std::string::npos, ran.record.jobs[0].message);
  }
}

TEST_CASE("exit codes and signals are told as a shell tells them") {
  TestEngine engine({.allow_host_process = true});
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    auto job = shell_job("test", "exit 7");
    job.runtime = runtime;
    auto ran = run_one(*engine, job);
    CHECK(ran.record.jobs[0].exit_code == 7);
    CHECK(ran.record.failure == FailureKind::test_failed);
    job.command = {"sh", "-c", "kill -SEGV $$"};
    CHECK(run_one(*engine, job).record.jobs[0].exit_code == 139);
  }
}

TEST_CASE("a host process is refused with a sentence unless an administrator allows it, never run") {
  TestEngine engine;
  auto job = shell_job("test", "echo RAN");
  job.runtime = Runtime::host_process;
  auto ran = run_one(*engine, job);
  CHECK(ran.record.status == Status::failed);
  CHECK(ran.record.failure == FailureKind::infrastructure);
  CHECK(ran.record.jobs[0].message.starts_with("no isolation: "));
  CHECK(ran.logs["test"].find("RAN") == std::string::npos);
}

TEST_CASE("a host that cannot isolate refuses sandbox jobs with the remedy, and never runs them without") {
  TestEngine engine({.allow_host_process = true, .bubblewrap = "/nonexistent/bwrap"});
  auto report = engine->isolation();
  CHECK(!report.sandbox);
  CHECK(report.remedy == "apt-get install bubblewrap");
  auto ran = run_script(*engine, "echo RAN");
  CHECK(ran.record.failure == FailureKind::infrastructure);
  CHECK(ran.record.jobs[0].message.find("apt-get install bubblewrap") != std::string::npos);
  CHECK(ran.logs["test"].find("RAN") == std::string::npos);
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("what a host can isolate with is tried once, and again when the sandbox program is another one") {
  pika::TempDir folder("jci-bwrap-");
  auto counting = folder.path() / "bwrap", count = folder.path() / "count";
  auto write = [&](const std::string& script) { pika::write_file_atomic(counting, script, 0755); };
  auto tries = [&] {
    auto text = pika::read_file(count);
    return text ? text->size() : 0;
  };
  fs::permissions(folder.path(), fs::perms::all);  // for a sandbox program that runs as the jobs' user
  write("#!/bin/sh\necho >> " + count.string() + "\nexec bwrap \"$@\"\n");
  TestEngine engine({.bubblewrap = counting});
  CHECK(engine->isolation().sandbox);
  auto once = tries();
  CHECK(once > 0);
  engine.reopen();
  CHECK(engine->isolation().sandbox);
  CHECK(tries() == once);
  write("#!/bin/sh\necho no >&2\nexit 1\n");
  engine.reopen();
  CHECK(!engine->isolation().sandbox);
}

TEST_CASE("the isolation report says how workspaces are made and which limits hold") {
  TestEngine engine;
  auto report = engine->isolation();
  CHECK_MESSAGE(report.sandbox, report.why_not);
  CHECK((report.workspace_kind == "overlay" || report.workspace_kind == "copy"));
  CHECK(report.limits.size() == 4);
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("folders that would give the host away are refused") {
  for (auto* path : {"/", "/root", "/home/", "relative", "/usr/../etc"}) {
    pika::TempDir folder("jci-state-");
    CHECK_MESSAGE(!Engine::open({.state_root = folder.path() / "s", .sandbox_paths = {path}}).has_value(), path);
  }
}

TEST_CASE("names and arguments with any byte reach the job as they are") {
  TestEngine engine;
  JobSpec job;
  job.id = "test";
  job.command = {"printf", "%s|", "a b", "\xff", "<script>'\"", "new\nline", "", "--"};
  CHECK(run_one(*engine, job).logs["test"] == "a b|\xff|<script>'\"|new\nline||--|");
}

TEST_CASE("a sandboxed job's system calls are filtered, and what builds need is let through") {
  TestEngine engine;
  auto ran =
      run_script(*engine,
                 "grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status; "
                 "perl -MSocket -e 'socket(my $s, 17, SOCK_RAW, 0) ? print \"packets\\n\" : print \"refused $!\\n\"; "
                 "socket(my $u, AF_UNIX, SOCK_STREAM, 0) and print \"unix\\n\"'");
  CHECK_MESSAGE(ran.logs["test"] == "NoNewPrivs:\t1\nSeccomp:\t2\nrefused Operation not permitted\nunix\n",
                ran.logs["test"]);
}
