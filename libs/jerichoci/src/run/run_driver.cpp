#include "run/run_driver.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <thread>
#include <vector>

#include "pika/base/check.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/sync.hpp"
#include "pika/base/text.hpp"
#include "plan/plan.hpp"
#include "run/job_runner.hpp"
#include "runstore/replace_file.hpp"

namespace jerichoci {

namespace {

using pika::json::Object;

pika::Micros now() {
  return pika::system_clock().now();
}

// Room on the disk that the last record of the run will have, however full the jobs made it.
constexpr const char* kReserve = ".reserve";
void reserve_room(const std::filesystem::path& path) {
  pika::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw pika::SystemError(fmt::format("create '{}'", path.string()));
  if (int error = ::posix_fallocate(fd.get(), 0, 256 * 1024); error == ENOSPC)
    throw pika::SystemError(error, fmt::format("reserve room in '{}'", path.string()));
}

void sync_file(const std::filesystem::path& path) {
  pika::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) throw pika::SystemError(fmt::format("sync '{}'", path.string()));
}

class RunDriver {
 public:
  RunDriver(EngineParts& engine, const RunRequest& request, const EventSink& sink, const CancelToken& cancel,
            BusyMark busy)
      : engine_(engine),
        request_(request),
        cancel_(cancel),
        busy_(std::move(busy)),
        folder_(engine.runs.run_folder(*request.run_id)),
        journal_(folder_ / "events.jsonl", *request.run_id, sink),
        wakeup_(engine.bell, folder_),
        done_bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!done_bell_) throw pika::SystemError("eventfd");
  }

  // Nothing that was started is left behind, whatever happened.
  ~RunDriver() {
    stop_.cancel();
    for (auto& [index, thread] : threads_) thread.join();
    try {
      pika::remove_tree(engine_.config.state_root / "work" / *request_.run_id);
    } catch (const pika::SystemError& error) {
      pika::log_error("jerichoci", "{}", error.what());
    }
    if (recorded_) busy_.done();
  }

  RunRecord run() {
    begin();
    if (!request_.jobs.empty() && prepare()) run_jobs();
    return finish();
  }

 private:
  void begin() {
    record_.run_id = *request_.run_id;
    record_.status = Status::running;
    record_.rerun_of = request_.rerun_of;
    record_.target_id = request_.target_id;
    record_.target_description = request_.target_description;
    record_.snapshot = request_.snapshot;
    record_.created_at = record_.started_at = now();
    record_.changed_files = request_.changed_files;
    record_.filters = request_.filters;
    record_.labels = request_.labels;
    record_.trust = request_.trust;
    record_.gate = request_.gate;
    for (const auto& job : request_.jobs) record_.jobs.push_back(new_job_record(job));
    engine_.runs.write_record(record_, RunStore::Durable::no);
    reach(engine_, FaultPoint::run_record_written);
    reserve_room(folder_ / kReserve);
    Plan plan{record_.run_id,   record_.target_id, record_.target_description,
              record_.snapshot, request_.jobs,     request_.prepares,
              request_.trust,   request_.gate,     request_.fail_fast};
    replace_file(folder_ / "plan.json", pika::json::print_pretty(to_json(plan)));
    reach(engine_, FaultPoint::plan_written);
    if (!request_.jobs.empty()) engine_.objects.pin(record_.run_id, record_.snapshot.tree);
    reach(engine_, FaultPoint::snapshot_pinned);
    journal_.event("run_started",
                   {{"target_id", bytes_to_json(record_.target_id)}, {"tree", record_.snapshot.tree.hex()}});
    journal_.event("plan_ready", {{"jobs", record_.jobs.size()}});
  }

  void node_started(const std::string& node, const char* kind) {
    journal_.event("node_started", {{"node_id", node}, {"kind", kind}});
  }
  void node_finished(const std::string& node, const char* kind, Status status) {
    journal_.event("node_finished", {{"node_id", node}, {"kind", kind}, {"status", to_string(status)}});
  }

  // The shared checkout. False: there is none, and every job says why.
  bool prepare() {
    node_started(kCheckoutNode, "prepare");
    std::string why;
    try {
      auto made = engine_.checkouts.ensure(engine_.objects, record_.snapshot.tree);
      if (made) checkout_ = *made;
      if (!made) why = made.error().what;
    } catch (const std::exception& error) {
      why = error.what();
    }
    node_finished(kCheckoutNode, "prepare", why.empty() ? Status::passed : Status::failed);
    if (why.empty()) return true;
    for (auto& job : record_.jobs) {
      job.status = Status::failed;
      job.failure = FailureKind::infrastructure;
      job.message = "the files of the tree could not be written: " + why;
      tell_finished(job);
    }
    return false;
  }

  void tell_finished(const JobRecord& job) {
    Object fields{{"job_id", job.id},
                  {"status", to_string(job.status)},
                  {"failure", to_string(job.failure)},
                  {"message", pika::to_utf8(job.message)},
                  {"log_bytes", job.log_bytes}};
    if (job.exit_code) fields["exit_code"] = *job.exit_code;
    journal_.event("job_finished", std::move(fields));
  }

  void run_jobs() {
    while (true) {
      take_finished();
      if (!stopping_ && (cancel_.cancelled() || asked_to_cancel())) stop();
      skip_hopeless();
      start_ready();
      bool open =
          std::any_of(record_.jobs.begin(), record_.jobs.end(), [](const auto& j) { return !is_final(j.status); });
      if (!open) return;
      wait();
    }
  }

  bool asked_to_cancel() const { return ::access((folder_ / "cancel").c_str(), F_OK) == 0; }

  void stop() {
    stopping_ = true;
    stop_.cancel();
    for (auto& job : record_.jobs) {
      if (job.status != Status::queued) continue;
      job.status = Status::cancelled;
      job.message = "cancelled before it began";
      journal_.event("job_skipped", {{"job_id", job.id}, {"status", to_string(job.status)}, {"message", job.message}});
    }
    save();
  }

  JobRecord& job_by_id(const std::string& id) {
    auto it = std::find_if(record_.jobs.begin(), record_.jobs.end(), [&](const auto& j) { return j.id == id; });
    PIKA_CHECK(it != record_.jobs.end(), "needs were checked");
    return *it;
  }

  void skip_hopeless() {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t i = 0; i < record_.jobs.size(); ++i) {
        auto& job = record_.jobs[i];
        if (job.status != Status::queued) continue;
        for (const auto& need : request_.jobs[i].needs) {
          const auto& needed = job_by_id(need);
          if (!is_final(needed.status) || needed.status == Status::passed) continue;
          job.status = Status::skipped;
          job.message = fmt::format("skipped: it needs '{}', which {}", need,
                                    needed.status == Status::failed ? "failed" : "did not run");
          journal_.event("job_skipped",
                         {{"job_id", job.id}, {"status", to_string(job.status)}, {"message", job.message}});
          moved = true;
          break;
        }
      }
    }
  }

  bool ready(std::size_t i) {
    if (record_.jobs[i].status != Status::queued) return false;
    const auto& needs = request_.jobs[i].needs;
    return std::all_of(needs.begin(), needs.end(),
                       [&](const auto& n) { return job_by_id(n).status == Status::passed; });
  }

  void start_ready() {
    waiting_for_slot_ = false;
    for (std::size_t i = 0; i < record_.jobs.size(); ++i) {
      if (!ready(i)) continue;
      auto slot = engine_.slots.try_take();
      if (!slot) {
        waiting_for_slot_ = true;
        return;
      }
      reach(engine_, FaultPoint::slot_taken);
      start(i, std::move(*slot));
    }
  }

  void start(std::size_t i, Slot slot) {
    auto& job = record_.jobs[i];
    job.status = Status::running;
    job.started_at = now();
    save();
    node_started(execute_node(job.id), "execute");
    journal_.event("job_started", {{"job_id", job.id}, {"runtime", to_string(job.runtime)}});
    threads_[i] = std::thread([this, i, record = job, held = std::move(slot)]() mutable {
      JobContext context{engine_, *request_.run_id, checkout_, busy_, journal_, stop_.fd()};
      auto result = run_job(context, request_.jobs[i], std::move(record));
      {
        Slot given_back = std::move(held);
      }
      finished_.lock()->emplace_back(i, std::move(result));
      std::uint64_t one = 1;
      [[maybe_unused]] auto n = ::write(done_bell_.get(), &one, sizeof one);
    });
  }

  void take_finished() {
    std::uint64_t count = 0;
    [[maybe_unused]] auto n = ::read(done_bell_.get(), &count, sizeof count);
    std::vector<std::pair<std::size_t, JobRecord>> batch;
    batch.swap(*finished_.lock());
    for (auto& [i, result] : batch) {
      threads_[i].join();
      threads_.erase(i);
      record_.jobs[i] = std::move(result);
      tell_finished(record_.jobs[i]);
      node_finished(execute_node(record_.jobs[i].id), "execute", record_.jobs[i].status);
    }
    if (batch.empty()) return;
    save();
    reach(engine_, FaultPoint::job_recorded);
  }

  void wait() {
    struct pollfd fds[3] = {
        {done_bell_.get(), POLLIN, 0}, {wakeup_.fd(), POLLIN, 0}, {stopping_ ? -1 : cancel_.fd(), POLLIN, 0}};
    // A slot whose holder was killed in the middle of a fork rings late, and a host may have no watches left.
    int timeout = waiting_for_slot_ || !wakeup_.watching() ? 500 : -1;
    if (::poll(fds, 3, timeout) < 0 && errno != EINTR) throw pika::SystemError("poll");
    wakeup_.drain();
  }

  // Between begin and end the record is a help for readers: trouble with it does not stop the run.
  void save() {
    try {
      engine_.runs.write_record(record_, RunStore::Durable::no);
    } catch (const pika::SystemError& error) {
      pika::log_error("jerichoci", "run {}: {}", record_.run_id, error.what());
    }
  }

  RunRecord finish() {
    auto verdict = judge_run(record_.jobs);
    record_.status = verdict.status;
    record_.failure = verdict.failure;
    record_.message = verdict.message;
    record_.finished_at = now();
    try {
      ::unlink((folder_ / kReserve).c_str());
      sync_file(folder_ / "plan.json");
      engine_.runs.write_record(record_, RunStore::Durable::yes);
      recorded_ = true;
      reach(engine_, FaultPoint::run_recorded);
    } catch (const pika::SystemError& error) {
      // A verdict that is not on disk is none: the next start settles the run as lost.
      record_.status = Status::failed;
      record_.failure = FailureKind::infrastructure;
      record_.message = fmt::format("the run's record could not be written: {}", error.what());
    }
    journal_.event("run_finished", {{"status", to_string(record_.status)},
                                    {"failure", to_string(record_.failure)},
                                    {"message", pika::to_utf8(record_.message)},
                                    {"exit_code", exit_code(record_.status, record_.failure)}});
    return record_;
  }

  EngineParts& engine_;
  const RunRequest& request_;
  const CancelToken& cancel_;
  BusyMark busy_;
  std::filesystem::path folder_;
  Journal journal_;
  Bell::Waiter wakeup_;
  pika::UniqueFd done_bell_;
  CancelToken stop_;  // what the jobs watch
  RunRecord record_;
  std::filesystem::path checkout_;
  std::map<std::size_t, std::thread> threads_;
  pika::Sync<std::vector<std::pair<std::size_t, JobRecord>>> finished_;
  bool stopping_ = false, waiting_for_slot_ = false, recorded_ = false;
};

}  // namespace

pika::Result<RunRecord> drive_run(EngineParts& engine, const RunRequest& request, const EventSink& sink,
                                  const CancelToken& cancel) {
  if (!valid_run_id(*request.run_id)) return std::unexpected(engine.runs.create(*request.run_id).error());
  auto busy = BusyMark::take(engine.config.state_root, *request.run_id);
  for (int tries = 0; !busy && tries < 100; ++tries) {
    ::poll(nullptr, 0, 10);  // an engine that is just starting looks at every busy file
    busy = BusyMark::take(engine.config.state_root, *request.run_id);
  }
  if (!busy)
    return pika::fail(pika::ErrorKind::conflict, fmt::format("another engine works on run '{}'", *request.run_id));
  if (auto created = engine.runs.create(*request.run_id); !created) {
    // Its mark stays when the run is one that a dead engine left: the next start settles it.
    auto run = engine.runs.read_record(*request.run_id);
    if (run && is_final(run->status)) busy->done();
    return std::unexpected(created.error());
  }
  reach(engine, FaultPoint::run_folder_made);
  RunDriver driver(engine, request, sink, cancel, std::move(*busy));
  return driver.run();
}

}  // namespace jerichoci
