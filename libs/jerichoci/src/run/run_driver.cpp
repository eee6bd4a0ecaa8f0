#include "run/run_driver.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "pika/base/files.hpp"
#include "pika/base/log.hpp"
#include "pika/base/sync.hpp"
#include "pika/base/text.hpp"
#include "plan/plan.hpp"
#include "prepared/prepare_node.hpp"
#include "reuse/reuse.hpp"
#include "run/attempts.hpp"
#include "run/first_record.hpp"
#include "run/job_runner.hpp"
#include "run/record_keeper.hpp"
#include "run/run_events.hpp"
#include "run/run_graph.hpp"
#include "runstore/replace_file.hpp"

namespace jerichoci {

namespace {

pika::Micros now() {
  return pika::system_clock().now();
}

// What a node of the graph stands for.
struct NodeRef {
  enum class Kind { checkout, prepare, job } kind;
  std::size_t index = 0;  // in the request's list
};

// What a node's thread gives back.
struct CheckoutMade {
  Checkout files{};
  std::string why_not{};
};
using NodeResult = std::variant<CheckoutMade, Prepared, JobRecord>;

// A job's slot. It is free as soon as the job's processes are gone: the next job runs while the engine saves what this
// one left and removes its workspace. But no more jobs are tidied up at once than run at once.
class HeldSlot {
 public:
  HeldSlot(Slot slot, std::atomic<unsigned>& tidying, unsigned most)
      : slot_(std::move(slot)), tidying_(&tidying), most_(most) {}
  HeldSlot(HeldSlot&& other) noexcept
      : slot_(std::exchange(other.slot_, std::nullopt)),
        tidying_(other.tidying_),
        most_(other.most_),
        counted_(std::exchange(other.counted_, false)) {}
  HeldSlot& operator=(HeldSlot&&) = delete;
  ~HeldSlot() { give_back(); }

  void job_tidies() {
    if (std::exchange(counted_, true)) return;
    if (tidying_->fetch_add(1) < most_) slot_.reset();
  }
  void give_back() {
    if (std::exchange(counted_, false)) tidying_->fetch_sub(1);
    slot_.reset();
  }

 private:
  std::optional<Slot> slot_;
  std::atomic<unsigned>* tidying_;
  unsigned most_;
  bool counted_ = false;
};

class RunDriver {
 public:
  RunDriver(EngineParts& engine, const RunRequest& request, const EventSink& sink, const CancelToken& cancel,
            BusyMark busy, const ShellTerminal* terminal)
      : engine_(engine),
        request_(request),
        cancel_(cancel),
        terminal_(terminal),
        busy_(std::move(busy)),
        folder_(engine.runs.run_folder(*request.run_id)),
        journal_(folder_ / "events.jsonl", *request.run_id, sink, engine.config.sink_patience),
        wakeup_(engine.bell, folder_),
        line_(engine.slots, *request.run_id),
        keeper_(engine.runs),
        done_bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        graph_(make_graph()) {
    if (!done_bell_) throw pika::SystemError("eventfd");
    if (terminal) busy_.note(kForget);  // what a person does in a shell is no run to be told of
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
    while (true) {
      take_finished();
      if (!graph_.stopped() && (cancel_.cancelled() || asked_to_cancel())) stop("cancelled before it began");
      if (!killed_ && cancel_.killed()) kill();
      next_wake_ = graph_.wake(pika::monotonic_now());
      start_ready();
      keeper_.write_due(record_);
      if (graph_.finished()) break;
      wait();
    }
    return finish();
  }

 private:
  // The checkout, the prepare nodes, the jobs: as plan.json has them.
  RunGraph make_graph() {
    std::vector<GraphNode> graph;
    std::map<std::string, std::size_t> places;  // of prepare nodes and jobs: their ids differ
    if (!request_.jobs.empty()) {
      nodes_.push_back({NodeRef::Kind::checkout});
      graph.emplace_back();
    }
    for (std::size_t i = 0; i < request_.prepares.size(); ++i) {
      places[request_.prepares[i].id] = nodes_.size();
      nodes_.push_back({NodeRef::Kind::prepare, i});
    }
    for (std::size_t i = 0; i < request_.jobs.size(); ++i) {
      places[request_.jobs[i].id] = nodes_.size();
      nodes_.push_back({NodeRef::Kind::job, i});
    }
    for (const auto& prepare : request_.prepares) {
      auto& node = graph.emplace_back();
      for (const auto& need : prepare.needs) node.needs.push_back(places.at(need));
    }
    for (const auto& job : request_.jobs) {
      auto& node = graph.emplace_back(GraphNode{.needs = {0}, .retries = job.retries});
      for (const auto& mount : job.prepared) node.needs.push_back(places.at(mount.output));
      for (const auto& need : job.needs) node.needs.push_back(places.at(need));
    }
    return RunGraph(std::move(graph), {.fail_fast = request_.fail_fast, .pause = engine_.config.retry_pause});
  }

  void begin() {
    record_ = first_record(request_);
    record_.status = Status::running;
    record_.started_at = record_.created_at;
    keeper_.write_first(record_);
    reach(engine_, FaultPoint::run_record_written);
    Plan plan{record_.run_id,   record_.target_id, record_.target_description,
              record_.snapshot, request_.jobs,     request_.prepares,
              request_.trust,   request_.gate,     request_.fail_fast};
    replace_file(folder_ / "plan.json", pika::json::print_pretty(to_json(plan)));
    reach(engine_, FaultPoint::plan_written);
    if (!nodes_.empty())
      if (auto pinned = engine_.objects.pin(record_.run_id, record_.snapshot.tree); !pinned)
        no_tree_ = pinned.error().what;
    reach(engine_, FaultPoint::snapshot_pinned);
    journal_.event("run_started",
                   {{"target_id", bytes_to_json(record_.target_id)}, {"tree", record_.snapshot.tree.hex()}});
    journal_.event("plan_ready", {{"jobs", record_.jobs.size()}});
  }

  bool asked_to_cancel() const { return ::access((folder_ / "cancel").c_str(), F_OK) == 0; }

  // Ends what runs; what has not begun is cancelled, and what waits for another attempt stays as the last one left it.
  void stop(const std::string& why) {
    stop_.cancel();
    auto stopped = graph_.stop();
    for (auto node : stopped.not_begun) {
      if (nodes_[node].kind == NodeRef::Kind::prepare) leave_out(output_of(node), Status::cancelled, why);
      if (nodes_[node].kind != NodeRef::Kind::job) continue;
      auto& job = job_of(node);
      job.status = Status::cancelled;
      job.message = why;
      tell_job_skipped(journal_, job);
    }
    for (auto node : stopped.resting) {
      auto& job = job_of(node);
      job = std::move(resting_.at(node));
      job.message += "; the run stopped before another attempt";
      tell_job_ended(job);
    }
    keeper_.changed(record_);
  }

  void kill() {
    killed_ = true;
    stop_.kill();
  }

  JobRecord& job_of(std::size_t node) { return record_.jobs[nodes_[node].index]; }
  PreparedOutputRecord& output_of(std::size_t node) { return record_.prepared[nodes_[node].index]; }

  void leave_out(PreparedOutputRecord& output, Status status, const std::string& why) {
    output.status = status;
    output.message = why;
    tell_node_finished(journal_, prepare_node(output.id), "prepare", status);
  }

  void tell_job_ended(const JobRecord& job) {
    tell_job_finished(journal_, job);
    tell_node_finished(journal_, execute_node(job.id), "execute", job.status);
  }

  // In the order of the request, jobs only as far as slots go: one that takes many is not overtaken for ever.
  void start_ready() {
    waiting_for_slot_ = false;
    while (!graph_.ready().empty()) {
      auto node = *graph_.ready().begin();  // begins, or we leave
      if (nodes_[node].kind == NodeRef::Kind::checkout) {
        start_checkout(node);
        continue;
      }
      bool is_job = nodes_[node].kind == NodeRef::Kind::job;
      auto slot = line_.try_take(is_job ? request_.jobs[nodes_[node].index].weight : 1);
      if (!slot) {
        waiting_for_slot_ = true;
        return;
      }
      reach(engine_, FaultPoint::slot_taken);
      is_job ? start_job(node, std::move(*slot)) : start_prepare(node, std::move(*slot));
    }
    line_.leave();
  }

  void start_checkout(std::size_t node) {
    tell_node_started(journal_, kCheckoutNode, "prepare");
    start(node, [this] {
      CheckoutMade checkout{.why_not = no_tree_};
      if (!no_tree_.empty()) return checkout;
      try {
        auto made = engine_.checkouts.ensure(engine_.objects, record_.snapshot.tree,
                                             engine_.config.state_root / "work" / record_.run_id);
        if (made) checkout.files = std::move(*made);
        if (!made)
          checkout.why_not = made.error().what + (made.error().advice.empty() ? "" : "; " + made.error().advice);
      } catch (const std::exception& error) {
        checkout.why_not = error.what();
      }
      return checkout;
    });
  }

  void start_prepare(std::size_t node, Slot slot) {
    auto& output = output_of(node);
    output.status = Status::running;
    output.started_at = now();
    keeper_.changed(record_);
    tell_node_started(journal_, prepare_node(output.id), "prepare");
    const auto& spec = request_.prepares[nodes_[node].index];
    std::map<std::string, OutputInUse> needed;
    for (const auto& need : spec.needs) needed[need] = outputs_.at(need);
    start(node, [this, &spec, record = output, needed = std::move(needed), held = std::move(slot)]() mutable {
      PrepareContext context{engine_,        *request_.run_id,  request_.snapshot.tree,
                             request_.trust, std::move(needed), busy_,
                             journal_,       stop_.fd(),        stop_.kill_fd()};
      auto result = run_prepare(context, spec, std::move(record));
      {
        Slot given_back = std::move(held);
      }
      return result;
    });
  }

  void start_job(std::size_t node, Slot slot) {
    auto& job = job_of(node);
    job.status = Status::running;
    job.message.clear();
    job.started_at = now();
    keeper_.changed(record_);
    if (job.attempt == 1) tell_node_started(journal_, execute_node(job.id), "execute");
    tell_job_started(journal_, job);
    resting_.erase(node);
    const auto& spec = request_.jobs[nodes_[node].index];
    auto mounts = mounts_of(spec, request_.prepares, outputs_);
    start(node, [this, &spec, record = job, mounts = std::move(mounts),
                 held = HeldSlot(std::move(slot), tidying_, engine_.slots.count())]() mutable {
      JobContext context{engine_, *request_.run_id, checkout_, busy_, journal_, stop_.fd()};
      context.tree = record_.snapshot.tree;
      context.trust = request_.trust;
      context.secrets = &request_.secrets;
      context.terminal = terminal_;
      context.kill_fd = stop_.kill_fd();
      context.processes_ended = [&held] { held.job_tidies(); };
      if (mounts) context.mounts = std::move(*mounts);
      auto result = mounts ? run_or_reuse(context, request_, spec, std::move(record))
                           : not_set_up(std::move(record), mounts.error().text());
      held.give_back();
      return result;
    });
  }

  template <class F>
  void start(std::size_t node, F&& work) {
    graph_.begin(node);
    threads_[node] = std::thread([this, node, run = std::forward<F>(work)]() mutable {
      auto result = run();
      finished_.lock()->emplace_back(node, std::move(result));
      std::uint64_t one = 1;
      [[maybe_unused]] auto n = ::write(done_bell_.get(), &one, sizeof one);
    });
  }

  void take_finished() {
    std::uint64_t count = 0;
    [[maybe_unused]] auto n = ::read(done_bell_.get(), &count, sizeof count);
    std::vector<std::pair<std::size_t, NodeResult>> batch;
    batch.swap(*finished_.lock());
    for (auto& [node, result] : batch) {
      threads_[node].join();
      threads_.erase(node);
      if (auto* checkout = std::get_if<CheckoutMade>(&result)) take_checkout(node, std::move(*checkout));
      if (auto* output = std::get_if<Prepared>(&result)) take_prepared(node, std::move(*output));
      if (auto* job = std::get_if<JobRecord>(&result)) take_job(node, std::move(*job));
    }
    if (batch.empty()) return;
    keeper_.changed(record_);
    reach(engine_, FaultPoint::job_recorded);
  }

  void take_checkout(std::size_t node, CheckoutMade checkout) {
    checkout_ = std::move(checkout.files);
    auto status = checkout.why_not.empty() ? Status::passed : Status::failed;
    tell_node_finished(journal_, kCheckoutNode, "prepare", status);
    auto outcome = graph_.end(node, status, FailureKind::infrastructure, pika::monotonic_now());
    // Without the files of the tree every job failed, and says why.
    for (auto [lost, because] : outcome.hopeless) {
      auto& job = job_of(lost);
      job.status = Status::failed;
      job.failure = FailureKind::infrastructure;
      job.message = "the files of the tree could not be written: " + checkout.why_not;
      tell_job_finished(journal_, job);
    }
  }

  void take_prepared(std::size_t node, Prepared result) {
    auto& output = output_of(node);
    output = std::move(result.record);
    if (result.output) outputs_[output.id] = std::move(result.output);
    tell_prepare_finished(journal_, prepare_node(output.id), output);
    auto outcome = graph_.end(node, output.status, output.failure, pika::monotonic_now());
    skip(outcome.hopeless);
    if (outcome.stop) stop(fmt::format("cancelled: '{}' failed, and the run stops at the first failure", output.id));
  }

  void take_job(std::size_t node, JobRecord result) {
    auto& job = job_of(node);
    auto outcome = graph_.end(node, result.status, result.failure, pika::monotonic_now());
    if (outcome.again) {
      tell_job_retried(journal_, result);
      job = next_attempt(result);
      resting_.insert_or_assign(node, std::move(result));
      return;
    }
    job = std::move(result);
    tell_job_ended(job);
    skip(outcome.hopeless);
    if (outcome.stop) stop(fmt::format("cancelled: '{}' failed, and the run stops at the first failure", job.id));
  }

  void skip(const std::vector<RunGraph::Hopeless>& hopeless) {
    for (auto [node, because] : hopeless) {
      bool on_job = nodes_[because].kind == NodeRef::Kind::job;
      auto needed = on_job ? job_of(because).status : output_of(because).status;
      auto why = fmt::format("skipped: it needs '{}', which {}", on_job ? job_of(because).id : output_of(because).id,
                             needed == Status::failed ? "failed" : "did not run");
      if (nodes_[node].kind == NodeRef::Kind::prepare) {
        leave_out(output_of(node), Status::skipped, why);
        continue;
      }
      auto& job = job_of(node);
      job.status = Status::skipped;
      job.message = why;
      tell_job_skipped(journal_, job);
    }
  }

  void wait() {
    struct pollfd fds[4] = {{done_bell_.get(), POLLIN, 0},
                            {wakeup_.fd(), POLLIN, 0},
                            {graph_.stopped() ? -1 : cancel_.fd(), POLLIN, 0},
                            {killed_ ? -1 : cancel_.kill_fd(), POLLIN, 0}};
    if (::poll(fds, 4, patience()) < 0 && errno != EINTR) throw pika::SystemError("poll");
    wakeup_.drain();
  }

  // Milliseconds until there is something to do although nothing happened; -1: never.
  int patience() const {
    // A slot whose holder was killed in the middle of a fork rings late, and a host may have no watches left.
    std::optional<pika::Micros> least;
    if (waiting_for_slot_ || !wakeup_.watching()) least = 500'000;
    for (auto at : {next_wake_, keeper_.due()}) {
      if (!at) continue;
      auto left = std::max<pika::Micros>(0, *at - pika::monotonic_now());
      least = least ? std::min(*least, left) : left;
    }
    return least ? static_cast<int>(std::min<pika::Micros>((*least + 999) / 1000, 60'000)) : -1;
  }

  RunRecord finish() {
    auto verdict = judge_run(record_.jobs, record_.prepared);
    record_.status = verdict.status;
    record_.failure = verdict.failure;
    record_.message = verdict.message;
    record_.finished_at = now();
    try {
      keeper_.write_last(record_);
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
  const ShellTerminal* terminal_;
  BusyMark busy_;
  std::filesystem::path folder_;
  Journal journal_;
  Bell::Waiter wakeup_;
  SlotLine line_;
  RecordKeeper keeper_;
  pika::UniqueFd done_bell_;
  CancelToken stop_;  // what the jobs watch
  RunRecord record_;
  Checkout checkout_;
  std::string no_tree_;  // why the run's tree is not there
  std::vector<NodeRef> nodes_;
  RunGraph graph_;
  std::map<std::string, OutputInUse> outputs_;  // by prepare node
  std::map<std::size_t, JobRecord> resting_;    // the last attempts of jobs that have another
  std::map<std::size_t, std::thread> threads_;
  pika::Sync<std::vector<std::pair<std::size_t, NodeResult>>> finished_;
  std::optional<pika::Micros> next_wake_;
  std::atomic<unsigned> tidying_ = 0;  // jobs whose processes are gone and whose workspace is not
  bool killed_ = false, waiting_for_slot_ = false, recorded_ = false;
};

}  // namespace

pika::Result<RunRecord> drive_run(EngineParts& engine, const RunRequest& request, const EventSink& sink,
                                  const CancelToken& cancel, const ShellTerminal* terminal) {
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
  RunDriver driver(engine, request, sink, cancel, std::move(*busy), terminal);
  return driver.run();
}

}  // namespace jerichoci
