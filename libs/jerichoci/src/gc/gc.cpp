#include "gc/gc.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "gc/keep_quota.hpp"
#include "gc/keep_used.hpp"
#include "gc/mark.hpp"
#include "gc/objects.hpp"
#include "pika/base/files.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::UniqueFd;

namespace {

class Collection {
 public:
  Collection(EngineParts& engine, const GcPolicy& policy, int lock)
      : engine_(engine), policy_(policy), lock_(lock), began_(pika::monotonic_now()) {
    report_.mode = policy.mode;
    for (auto name : kGcClasses) marked_[name].sum.name = name;
  }

  GcReport run() {
    const auto& root = engine_.config.state_root;
    auto before = measure_usage(root);
    for (auto [name, bytes] : before) report_.bytes_before += bytes;
    mark();
    reach(engine_, FaultPoint::gc_marked);
    bool dry = policy_.mode == GcPolicy::Mode::dry_run;
    if (!dry) remove();
    collect_objects(engine_, policy_, looked_, gone_, marked_["snapshots"], report_.notes);
    finish(dry ? before : measure_usage(root), dry);
    return std::move(report_);
  }

 private:
  void mark() {
    looked_ = look_at_runs(engine_, lock_, report_.notes);
    report_.removed_runs = mark_runs(engine_, policy_, looked_, marked_["runs"], marked_["logs"]);
    gone_ = {report_.removed_runs.begin(), report_.removed_runs.end()};
    mark_artifacts(engine_, looked_, gone_, marked_["artifacts"]);
    mark_verdicts(engine_, policy_, looked_, gone_, marked_["verdicts"]);
    mark_half_made(engine_, looked_, marked_["tmp"]);
    mark_checkouts(engine_, policy_, looked_, marked_["checkouts"]);
    mark_caches(engine_, policy_, looked_, marked_["caches"]);
    mark_outputs(engine_, policy_, looked_, marked_["outputs"]);
    mark_nix(engine_, policy_, looked_, marked_["nix"]);
    mark_images(engine_, policy_, looked_, gone_, marked_["images"]);
  }

  void remove() {
    at_once(report_.removed_runs, [this](const std::string& id) {
      bool removed = false;
      guarded(id, [&] { removed = remove_run(id); });
      if (!removed) keep_after_all(id);
    });
    mark_again();
    // Alone with the contents: nobody finds one there, takes it for granted and loses it.
    auto lock_path = engine_.artifacts.root() / ".lock";
    if (!marked_["artifacts"].goes.empty()) {
      UniqueFd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
      if (lock && ::flock(lock.get(), LOCK_EX) == 0) remove_unused("artifacts");
    }
    for (auto name : {"verdicts", "tmp"}) remove_unused(name);
    guarded("some outputs", [&] { remove_outputs(engine_, policy_, marked_["outputs"]); });
    auto removed = [this] { reach(engine_, FaultPoint::gc_removing); };
    guarded("some caches", [&] { remove_caches(engine_, marked_["caches"], removed); });
    guarded("some nix stores", [&] { remove_nix(engine_, marked_["nix"], removed); });
    guarded("some images", [&] { remove_images(engine_, marked_["images"], removed); });
    guarded("some checkouts", [&] { remove_checkouts(engine_, marked_["checkouts"], removed); });
  }

  // False: somebody wants it since it was marked.
  bool remove_run(const std::string& id) {
    auto mark = BusyMark::take(engine_.config.state_root, id);
    if (!mark) {
      note(fmt::format("run {} stays: it is at work", id));
      return false;
    }
    auto folder = engine_.runs.run_folder(id), aside = engine_.runs.root() / "runs" / (".gc-" + id);
    if (::rename(folder.c_str(), aside.c_str()) != 0) throw pika::SystemError(fmt::format("rename run '{}'", id));
    // Looked at where nobody can pin it any more: who did so before is told the truth.
    if (::access((aside / pin_file(engine_.runs, id).filename()).c_str(), F_OK) == 0) {
      if (::rename(aside.c_str(), folder.c_str()) != 0) throw pika::SystemError(fmt::format("rename run '{}'", id));
      mark->done();
      note(fmt::format("run {} stays: it is pinned", id));
      return false;
    }
    mark->done();
    reach(engine_, FaultPoint::gc_removing);
    pika::remove_tree(aside);
    return true;
  }

  void keep_after_all(const std::string& id) {
    std::lock_guard lock(noting_);
    stayed_.insert(id);
  }

  // What the runs that stayed need stays with them.
  void mark_again() {
    if (stayed_.empty()) return;
    auto& runs = marked_["runs"];
    runs.sum.removed -= stayed_.size();
    for (const auto& id : stayed_) {
      gone_.erase(id);
      runs.keep("wanted meanwhile");
    }
    std::erase_if(report_.removed_runs, [&](const auto& id) { return stayed_.contains(id); });
    for (auto name : {"artifacts", "verdicts", "images"}) {
      marked_[name] = {};
      marked_[name].sum.name = name;
    }
    mark_artifacts(engine_, looked_, gone_, marked_["artifacts"]);
    mark_verdicts(engine_, policy_, looked_, gone_, marked_["verdicts"]);
    mark_images(engine_, policy_, looked_, gone_, marked_["images"]);
  }

  // What was touched since it was marked is wanted after all.
  void remove_unused(const char* name) {
    auto& m = marked_[name];
    for (const auto& path : m.goes) {
      if (!untouched(path, looked_.cutoff) && std::string_view(name) != "tmp") {
        --m.sum.removed;
        m.keep("used meanwhile");
        continue;
      }
      guarded(path.string(), [&] { pika::remove_tree(path); });
      reach(engine_, FaultPoint::gc_removing);
    }
  }

  void guarded(const std::string& what, const std::function<void()>& act) {
    try {
      act();
    } catch (const pika::SystemError& error) {
      note(fmt::format("{} stays: {}", what, error.what()));
    }
  }

  void note(std::string words) {
    std::lock_guard lock(noting_);
    report_.notes.push_back(std::move(words));
  }

  // A removal mostly waits for the file system's journal, and many wait together as long as one.
  static void at_once(const std::vector<std::string>& names, const std::function<void(const std::string&)>& act) {
    constexpr std::size_t kAtOnce = 8;
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::min(kAtOnce, names.size()); ++i)
      threads.emplace_back([&] {
        for (auto k = next++; k < names.size(); k = next++) act(names[k]);
      });
  }

  void finish(const std::map<std::string_view, std::uint64_t>& usage, bool dry) {
    for (auto name : kGcClasses) {
      auto& m = marked_[name];
      // A run's folder holds its logs; what they take is theirs.
      if (name != "snapshots") m.sum.removed_bytes = m.freed.bytes();
      if (name == "runs") m.sum.removed_bytes -= std::min(m.sum.removed_bytes, marked_["logs"].freed.bytes());
      auto now = usage.at(name);
      m.sum.kept_bytes = dry ? now - std::min(now, m.sum.removed_bytes) : now;
      report_.classes.push_back(std::move(m.sum));
    }
    report_.took = pika::monotonic_now() - began_;
  }

  EngineParts& engine_;
  const GcPolicy& policy_;
  int lock_;
  pika::Micros began_;
  Looked looked_;
  std::set<std::string> gone_, stayed_;
  std::map<std::string_view, Marked> marked_;
  GcReport report_;
  std::mutex noting_;
};

}  // namespace

pika::Result<GcReport> collect_garbage(EngineParts& engine, const GcPolicy& policy) {
  auto path = engine.config.state_root / "gc.lock";
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) throw pika::SystemError(fmt::format("open '{}'", path.string()));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return pika::fail(pika::ErrorKind::unavailable, "another collection is under way", "wait for it to end");
  return Collection(engine, policy, lock.get()).run();
}

}  // namespace jerichoci
