// Engine::shell: a run of one job with a person in front of it, of which nothing stays.
#include <fmt/format.h>
#include <unistd.h>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "replay/shell.hpp"
#include "run/engine_impl.hpp"
#include "run/request_again.hpp"
#include "run/run_driver.hpp"

namespace jerichoci {

namespace {

// As a collection does it, at once. Aside first, so that nobody sees half a run; what stays for trouble is the next
// start's to remove.
void remove_run(EngineParts& engine, const std::string& run_id) {
  try {
    auto mark = BusyMark::take(engine.config.state_root, run_id);
    if (!mark) return;
    auto aside = engine.runs.root() / "runs" / (".gc-" + run_id);
    if (::rename(engine.runs.run_folder(run_id).c_str(), aside.c_str()) != 0)
      throw pika::SystemError(fmt::format("rename run '{}'", run_id));
    mark->done();
    engine.objects.unpin(run_id);
    pika::remove_tree(aside);
  } catch (const pika::SystemError& error) {
    pika::log_warning("jerichoci", "the record of a shell stays: {}", error.what());
  }
}

ShellEnd end_of(const RunRecord& run) {
  ShellEnd end{.status = run.status, .failure = run.failure, .message = run.message};
  if (run.jobs.size() != 1) return end;
  const auto& job = run.jobs[0];
  if (job.status == Status::failed || job.status == Status::cancelled) end.message = job.message;
  bool it_ended = job.status == Status::passed || job.failure == FailureKind::test_failed ||
                  job.failure == FailureKind::out_of_memory;
  if (it_ended) end.exit_code = job.exit_code;
  return end;
}

}  // namespace

pika::Result<ShellEnd> Engine::shell(const std::string& run_id, const std::string& job, const ShellTerminal& terminal,
                                     const std::function<void(const ShellWorld&)>& tell, const CancelToken& cancel) {
  if (::isatty(terminal.in) != 1 || ::isatty(terminal.out) != 1)
    return pika::fail(pika::ErrorKind::invalid, "a shell needs a terminal, and this is none",
                      "without one, replay runs the job's own command");
  auto before = PIKA_TRY(load_run_record(run_id));
  auto id = PIKA_TRY(shell_job_of(before, job));
  auto request = PIKA_TRY(request_again(*this, before, {}));
  auto world = make_shell_request(request, id, terminal.term);
  PIKA_TRY(check_jobs(request.jobs, request.prepares));
  return guarded([&]() -> pika::Result<ShellEnd> {
    if (!impl_->objects.has_tree(request.snapshot.tree))
      return pika::fail(pika::ErrorKind::not_found,
                        fmt::format("the tree {} is not in the store any more", request.snapshot.tree.hex()));
    request.run_id = pika::make_ulid();
    if (tell) tell(world);
    auto run = PIKA_TRY(drive_run(*impl_, request, {}, cancel, &terminal));
    remove_run(*impl_, run.run_id);
    return end_of(run);
  });
}

}  // namespace jerichoci
