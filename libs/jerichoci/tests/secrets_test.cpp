// Secrets reach only the job that names them, and nothing that is kept.
#include <doctest/doctest.h>
#include <unistd.h>

#include "engine_support.hpp"
#include "pika/base/hash.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

const std::string kValue = "tok-5f3a\"9c/zQ==";

struct SecretRun {
  RunRecord record;
  std::map<std::string, std::string> logs;
};

// One run with the secret TOKEN and another that no job names.
SecretRun run_with_secrets(TestEngine& engine, std::vector<JobSpec> jobs,
                           std::map<std::string, std::string> secrets = {{"TOKEN", kValue}, {"OTHER", "other-7d1e"}}) {
  TestRepository repo;
  repo.write("a", "1");
  RunRequest request;
  request.snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  request.jobs = std::move(jobs);
  request.secrets = std::move(secrets);
  SecretRun out;
  auto record = engine->run_jobs(request, {}, {});
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().text()));
  out.record = *record;
  for (const auto& job : out.record.jobs)
    if (auto log = engine->load_log(out.record.run_id, job.id, 0, UINT64_MAX)) out.logs[job.id] = log->bytes;
  return out;
}

// Every file below the state root that holds `text`.
std::vector<std::string> files_with(const fs::path& root, const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    if (pika::read_file(entry.path())->find(text) != std::string::npos) found.push_back(entry.path());
  }
  return found;
}

JobSpec with_secret(const std::string& id, Runtime runtime, const std::string& script) {
  auto job = shell_job(id, script);
  job.runtime = runtime;
  job.secrets = {{"TOKEN", "TOKEN", false}, {"TOKEN", "TOKEN_FILE", true}};
  return job;
}

}  // namespace

TEST_CASE("a secret reaches the job that names it by variable and by file, and no other job") {
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    CAPTURE(to_string(runtime));
    TestEngine engine({.allow_host_process = true});
    auto check = "[ \"$TOKEN\" = '" + kValue + "' ] && [ \"$(cat $TOKEN_FILE)\" = '" + kValue + "' ] && ";
    auto job = with_secret("with", runtime, check + "stat -L -c %a $TOKEN_FILE && ! env | grep -q other-7d1e");
    auto other = shell_job("without", "env; ls /run/secrets; ! env | grep -q TOKEN");
    other.runtime = runtime;
    auto ran = run_with_secrets(engine, {job, other});
    CHECK_MESSAGE(ran.record.status == Status::passed, ran.logs["with"], ran.record.message);
    CHECK(ran.logs["with"] == "400\n");
    if (runtime == Runtime::sandbox)
      CHECK(ran.logs["without"].find("cannot access '/run/secrets'") != std::string::npos);
    CHECK(leftovers(engine.root()).empty());
  }
}

TEST_CASE("a secret is in no plan, record, event, log or other file, whatever the job prints") {
  TestEngine engine({.allow_host_process = true});
  for (auto runtime : {Runtime::sandbox, Runtime::host_process}) {
    auto script =
        "echo is $TOKEN; printf '%s' \"$TOKEN\" | base64; env; cat $TOKEN_FILE >&2; printf tok-; sleep 0.05; "
        "printf '5f3a\"9c/zQ==\\n'; exit 3";
    auto ran = run_with_secrets(engine, {with_secret("test", runtime, script)});
    CHECK(ran.record.jobs[0].failure == FailureKind::test_failed);
    CHECK(ran.logs["test"].find("is ***\n") != std::string::npos);
    CHECK(ran.logs["test"].find("TOKEN=***\n") != std::string::npos);
  }
  for (const auto& text : {kValue, pika::base64_encode(kValue), std::string("tok-5f3a"), std::string("other-7d1e")})
    CHECK(files_with(engine.root(), text).empty());
}

TEST_CASE("a job whose secret was not given, or cannot be masked, does not begin") {
  TestEngine engine;
  for (auto& [secrets, sentence] : std::vector<std::pair<std::map<std::string, std::string>, std::string>>{
           {{}, "job 'test' needs the secret TOKEN, which was not given"},
           {{{"TOKEN", "abc"}}, "shorter than 4 bytes"},
           {{{"TOKEN", std::string("ab\0cd", 5)}}, "NUL"},
           {{{"TOKEN", std::string(70'000, 'x')}}, "longer than"}}) {
    auto ran = run_with_secrets(engine, {with_secret("test", Runtime::sandbox, "echo ran")}, secrets);
    CHECK(ran.record.jobs[0].failure == FailureKind::setup_failed);
    CHECK_MESSAGE(ran.record.message.find(sentence) != std::string::npos, ran.record.message);
    CHECK(ran.logs["test"].find("ran\n") == std::string::npos);
  }
}

TEST_CASE("a secret that is no text is no variable of an OCI job: its bytes would go by the disk") {
  TestEngine engine;
  auto job = with_secret("test", Runtime::oci, "true");
  job.root = "any";
  auto ran = run_with_secrets(engine, {job}, {{"TOKEN", "caf\xE9-token"}});
  CHECK(ran.record.jobs[0].failure == FailureKind::setup_failed);
  CHECK_MESSAGE(ran.record.message.find("no UTF-8") != std::string::npos, ran.record.message);
}

TEST_CASE("a rerun takes no secret from the run before: it is given anew") {
  TestEngine engine;
  auto ran = run_with_secrets(engine, {with_secret("test", Runtime::sandbox, "echo $TOKEN")});
  CHECK(ran.record.status == Status::passed);
  auto without = engine->rerun_jobs(ran.record.run_id, {}, {});
  CHECK(without->jobs[0].failure == FailureKind::setup_failed);
  auto with = engine->rerun_jobs(ran.record.run_id, {}, {}, {{"TOKEN", kValue}});
  CHECK(with->status == Status::passed);
  CHECK(engine->load_log(with->run_id, "test", 0, 100)->bytes == "***\n");
}

TEST_CASE("the sandbox program's command line and arguments hold no secret that another could read") {
  TestEngine engine;
  // While the job waits, everything that /proc tells of its processes to others is looked at.
  TestRepository repo;
  repo.write("a", "1");
  auto job = with_secret("test", Runtime::sandbox, "echo up; while [ ! -e stop ]; do sleep 0.01; done");
  RunRequest request;
  request.snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  request.jobs = {job};
  request.secrets = {{"TOKEN", kValue}};
  CancelToken cancel;
  auto sink = [&](const pika::json::Value& event) {
    if (pika::json::find_string(event, "event") != "job_started") return;
    auto run_id = *pika::json::find_string(event, "run_id");
    wait_until("the job is up", [&] { return engine->load_log(run_id, "test", 0, 10)->bytes == "up\n"; });
    CHECK(processes_with("5f3a").empty());
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code error;
      auto target = fs::read_symlink(entry.path(), error).string();
      CHECK(target.find("memfd:arguments") == std::string::npos);
    }
    cancel.cancel();
  };
  auto run = engine->run_jobs(request, sink, cancel);
  CHECK(run->status == Status::cancelled);
}

TEST_CASE("a secret's name that would leave its folder is refused") {
  for (auto* name : {"../x", "a/b", ".", "..", ".hidden", "a b", ""}) {
    auto job = shell_job("test", "true");
    job.secrets = {{name, "TOKEN_FILE", true}};
    CHECK(!check_jobs({job}));
  }
}
