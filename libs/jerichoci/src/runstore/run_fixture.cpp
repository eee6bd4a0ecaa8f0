#include "jerichoci/testing/run_fixture.hpp"

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "plan/plan.hpp"
#include "run/run_driver.hpp"
#include "runstore/journal.hpp"
#include "runstore/log_writer.hpp"
#include "runstore/run_store.hpp"

namespace jerichoci::testing {

TestJerichociJobFixture::TestJerichociJobFixture(std::string id) {
  record_.id = std::move(id);
  record_.command = {"true"};
  record_.status = Status::passed;
  record_.exit_code = 0;
  record_.workspace_kind = "overlay";
  record_.log_path = "jobs/" + record_.id + "/log.raw";
}

TestJerichociJobFixture& TestJerichociJobFixture::command(std::vector<std::string> argv) {
  record_.command = std::move(argv);
  return *this;
}

TestJerichociJobFixture& TestJerichociJobFixture::failed(FailureKind kind, std::string message, int exit_code) {
  record_.status = Status::failed;
  record_.failure = kind;
  record_.message = std::move(message);
  record_.exit_code = exit_code;
  return *this;
}

TestJerichociJobFixture& TestJerichociJobFixture::status(Status status) {
  record_.status = status;
  if (status != Status::passed) record_.exit_code.reset();
  return *this;
}

TestJerichociJobFixture& TestJerichociJobFixture::log(std::string bytes) {
  log_ = std::move(bytes);
  return *this;
}

TestJerichociRunFixture::TestJerichociRunFixture(std::filesystem::path state_root)
    : state_root_(std::move(state_root)) {
  run_.run_id = pika::make_ulid();
  run_.target_id = "unit";
  run_.created_at = run_.started_at = run_.finished_at = pika::system_clock().now();
}

TestJerichociRunFixture& TestJerichociRunFixture::id(std::string run_id) {
  run_.run_id = std::move(run_id);
  return *this;
}

TestJerichociRunFixture& TestJerichociRunFixture::target(std::string target_id) {
  run_.target_id = std::move(target_id);
  return *this;
}

TestJerichociRunFixture& TestJerichociRunFixture::snapshot(SnapshotRecord snapshot) {
  run_.snapshot = std::move(snapshot);
  return *this;
}

TestJerichociRunFixture& TestJerichociRunFixture::label(std::string name, std::string value) {
  run_.labels[std::move(name)] = std::move(value);
  return *this;
}

TestJerichociRunFixture& TestJerichociRunFixture::times(pika::Micros created, pika::Micros finished) {
  run_.created_at = run_.started_at = created;
  run_.finished_at = finished;
  return *this;
}

TestJerichociRunFixture& TestJerichociRunFixture::job(TestJerichociJobFixture job) {
  jobs_.push_back(std::move(job));
  return *this;
}

TestJerichociRunFixture& TestJerichociRunFixture::status(Status status, FailureKind failure) {
  run_.status = status;
  run_.failure = failure;
  judged_ = true;
  return *this;
}

std::string TestJerichociRunFixture::write() {
  RunStore store(state_root_);
  auto folder = store.run_folder(run_.run_id);
  pika::make_dirs(folder);
  Plan plan{run_.run_id, run_.target_id, run_.target_description, run_.snapshot, {}};
  Journal journal(folder / "events.jsonl", run_.run_id, {});
  journal.event("run_started", {{"target_id", run_.target_id}});
  for (auto& job : jobs_) {
    auto& record = job.record_;
    record.started_at = run_.started_at;
    record.finished_at = is_final(record.status) ? run_.finished_at : 0;
    pika::make_dirs(store.job_folder(run_.run_id, record.id));
    LogWriter log(store.job_folder(run_.run_id, record.id), 256u << 20);
    log.write(job.log_, LogStream::out, run_.started_at);
    log.close(run_.finished_at);
    record.log_bytes = log.size();
    run_.jobs.push_back(record);
    JobSpec spec;
    spec.id = record.id;
    spec.command = record.command;
    plan.jobs.push_back(std::move(spec));
    journal.event("job_finished", {{"job_id", record.id}, {"status", to_string(record.status)}});
  }
  if (!judged_) {
    auto verdict = judge_run(run_.jobs);
    run_.status = verdict.status;
    run_.failure = verdict.failure;
    run_.message = verdict.message;
  }
  pika::write_file_atomic(folder / "plan.json", pika::json::print_pretty(to_json(plan)));
  store.write_record(run_, RunStore::Durable::yes);
  journal.event("run_finished", {{"status", to_string(run_.status)}});
  return run_.run_id;
}

}  // namespace jerichoci::testing
