#include <doctest/doctest.h>

#include "jerichoci/model.hpp"
#include "jerichoci/status.hpp"
#include "run/run_driver.hpp"

using namespace jerichoci;

namespace {
JobRecord job(const std::string& id, Status status, FailureKind failure = FailureKind::none) {
  JobRecord record;
  record.id = id;
  record.status = status;
  record.failure = failure;
  return record;
}
}  // namespace

TEST_CASE("every status and failure kind is read back from the word it is written as") {
  for (auto s : {Status::queued, Status::running, Status::passed, Status::failed, Status::skipped, Status::cancelled,
                 Status::nothing_ran})
    CHECK(parse_status(to_string(s)) == s);
  for (auto k :
       {FailureKind::none, FailureKind::test_failed, FailureKind::timed_out, FailureKind::out_of_memory,
        FailureKind::setup_failed, FailureKind::infrastructure, FailureKind::lost, FailureKind::catalogue_error})
    CHECK(parse_failure_kind(to_string(k)) == k);
  CHECK(!parse_status("green"));
}

TEST_CASE("the worse exit code wins in the order of the contract") {
  const int order[] = {7, 2, 4, 1, 5, 6, 3, 0};
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < 8; ++j) CHECK(worse_exit_code(order[i], order[j]) == order[std::min(i, j)]);
}

TEST_CASE("a run in which nothing ran has never passed") {
  CHECK(judge_run({}).status == Status::nothing_ran);
  CHECK(exit_code(Status::nothing_ran, FailureKind::none) == 3);
  CHECK(judge_run({job("a", Status::skipped)}).status == Status::skipped);
  CHECK(judge_run({job("a", Status::passed), job("b", Status::skipped)}).status != Status::passed);
}

TEST_CASE("the worst job decides a run, wherever it stands in the list") {
  auto lost = job("l", Status::failed, FailureKind::lost), red = job("r", Status::failed, FailureKind::test_failed),
       late = job("t", Status::failed, FailureKind::timed_out), stopped = job("c", Status::cancelled),
       good = job("g", Status::passed), skipped = job("s", Status::skipped);
  CHECK(judge_run({good, red, lost}).failure == FailureKind::lost);
  CHECK(judge_run({lost, red, good}).failure == FailureKind::lost);
  CHECK(judge_run({late, red, skipped}).failure == FailureKind::test_failed);
  CHECK(judge_run({stopped, late}).failure == FailureKind::timed_out);
  CHECK(judge_run({good, stopped, skipped}).status == Status::cancelled);
  CHECK(judge_run({good, good}).status == Status::passed);
}

TEST_CASE("a record read back is the record that was written, bytes that are no text among them") {
  RunRecord run;
  run.run_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  run.status = Status::failed;
  run.failure = FailureKind::timed_out;
  run.target_id = "unit";
  run.snapshot.tree = *pika::git::Oid::parse("0123456789012345678901234567890123456789");
  run.snapshot.dirty = true;
  run.snapshot.dirty_files = {"a\xff\n<script>", "é", "b c"};
  run.labels = {{"suite", "168"}};
  auto one = job("test", Status::failed, FailureKind::timed_out);
  one.command = {"printf", "\xff\xfe"};
  one.exit_code = 143;
  one.not_enforced = {"memory: none"};
  one.phases = {{"run", 5, 9}};
  run.jobs = {one};
  auto text = pika::json::print(to_json(run));
  auto back = run_record_from_json(*pika::json::parse(text));
  REQUIRE(back.has_value());
  CHECK(back->snapshot.dirty_files == run.snapshot.dirty_files);
  CHECK(back->jobs[0].command == one.command);
  CHECK(back->jobs[0].exit_code == 143);
  CHECK(pika::json::print(to_json(*back)) == text);
}

TEST_CASE("a record of a newer version is refused with a sentence") {
  auto value = pika::json::parse(R"({"schema_version": 2, "run_id": "x"})");
  auto run = run_record_from_json(*value);
  REQUIRE(!run);
  CHECK(run.error().what.find("schema_version 2") != std::string::npos);
}

TEST_CASE("a job's definition read back from a plan is the one that was written") {
  JobSpec spec;
  spec.id = "test";
  spec.command = {"sh", "-c", "echo \xff"};
  spec.runtime = Runtime::host_process;
  spec.network = Network::on;
  spec.limits = {.cpus = 1.5, .memory_bytes = 1u << 30, .pids = 64, .time = 7 * pika::kSecond, .grace = 1};
  spec.env = {{"A", "\xff"}};
  spec.env_allow = {"TERM"};
  spec.caches = {"npm"};
  spec.needs = {"build"};
  auto back = job_spec_from_json(to_json(spec));
  REQUIRE(back.has_value());
  CHECK(pika::json::print(to_json(*back)) == pika::json::print(to_json(spec)));
}

TEST_CASE("wrong jobs are refused with a sentence that names them") {
  JobSpec good;
  good.id = "a";
  good.command = {"true"};
  auto refused = [](std::vector<JobSpec> jobs, std::string_view word) {
    auto checked = check_jobs(jobs);
    REQUIRE(!checked);
    CHECK_MESSAGE(checked.error().what.find(word) != std::string::npos, checked.error().what);
  };
  CHECK(check_jobs({good}).has_value());
  auto changed = [&](auto&& change) {
    auto job = good;
    change(job);
    return job;
  };
  refused({changed([](auto& j) { j.id = "../x"; })}, "no job id");
  refused({good, good}, "two jobs");
  refused({changed([](auto& j) { j.command = {}; })}, "no command");
  refused({changed([](auto& j) { j.command.push_back(std::string(128 * 1024, 'x')); })}, "a program is given at most");
  refused({changed([](auto& j) { j.env["LONG"] = std::string(128 * 1024, 'x'); })}, "a program is given at most");
  refused({changed([](auto& j) { j.command.assign(20, std::string(100 * 1024, 'x')); })}, "are 2.0 MB long");
  refused({changed([](auto& j) { j.command = {std::string("a\0b", 3)}; })}, "NUL");
  refused({changed([](auto& j) { j.needs = {"b"}; })}, "needs");
  refused({changed([](auto& j) { j.needs = {"a"}; })}, "circle");
  refused({changed([](auto& j) { j.caches = {"../../etc"}; })}, "cache name");
  refused({changed([](auto& j) { j.env["A=B"] = ""; })}, "environment name");
  refused({changed([](auto& j) { j.limits.time = 0; })}, "time limit");
  refused({changed([](auto& j) { j.limits.memory_bytes = 8; })}, "1 MiB");
}

TEST_CASE("a run id names one folder and nothing else") {
  for (auto* good : {"01ARZ3NDEKTSV4RRFFQ69G5FAV", "a", "A-b_c"}) CHECK(valid_run_id(good));
  for (auto* bad : {"", ".", "..", "a/b", "../x", "-a", "a b", "a\n", "\xff"}) CHECK(!valid_run_id(bad));
}
