#include "gc/objects.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "snapshot/git_program.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::Micros;

namespace {

constexpr Micros kMostHours = 100 * 365 * 24;  // more would be no number of microseconds

struct Ref {
  fs::path path;
  std::string name, tree;
  Micros at;
};

std::vector<Ref> refs_in(const fs::path& folder) {
  std::vector<Ref> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    struct stat st{};
    auto name = it->path().filename().string();
    if (name.starts_with('.') || ::stat(it->path().c_str(), &st) != 0) continue;
    auto text = pika::read_file(it->path());
    if (text)
      out.push_back({it->path(), name, std::string(pika::trim(*text)),
                     st.st_mtim.tv_sec * pika::kSecond + st.st_mtim.tv_nsec / 1000});
  }
  return out;
}

std::uint64_t packed_bytes(const fs::path& store) {
  Freed all;
  all.add(store / "objects");
  return all.bytes();
}

// Bytes on disk of everything below these trees.
std::optional<std::uint64_t> reachable_bytes(const fs::path& store, const std::vector<Ref>& refs) {
  if (refs.empty()) return 0;
  std::string wanted;
  for (const auto& ref : refs) wanted += ref.tree + "\n";
  auto out = git_output(git_command(store, {"rev-list", "--objects", "--disk-usage", "--stdin"}), wanted);
  return out ? pika::parse_number<std::uint64_t>(pika::trim(*out)) : std::nullopt;
}

// Old objects go with the packs they are in: what is referred to is packed anew, the old packs are removed after.
pika::Status prune(const ObjectStore& store) {
  PIKA_TRY(git_output(git_command(store.path(), {"repack", "-a", "-d", "-q", "--window=0"})));
  PIKA_TRY(git_output(git_command(store.path(), {"prune", "--expire=now"})));
  return {};
}

struct Split {
  std::vector<Ref> kept, dropped;
};

Split split_refs(const EngineParts& engine, const GcPolicy& policy, const Looked& looked,
                 const std::set<std::string>& gone_runs, Marked& snapshots) {
  Split split;
  std::set<std::string> trees;
  auto keep = [&](Ref ref, const char* why) {
    if (trees.insert(ref.tree).second) snapshots.keep(why);
    split.kept.push_back(std::move(ref));
  };
  for (auto& ref : refs_in(engine.objects.path() / "refs/jerichoci/runs")) {
    // Its folder is there before a run is pinned.
    bool there = fs::exists(engine.runs.run_folder(ref.name)) && !gone_runs.contains(ref.name);
    if (there) {
      keep(std::move(ref), "a run's rerun needs it");
    } else {
      split.dropped.push_back(std::move(ref));
    }
  }
  auto fresh = looked.now - std::min<Micros>(policy.keep_snapshot_hours, kMostHours) * 3600 * pika::kSecond;
  for (auto& ref : refs_in(engine.objects.path() / "refs/jerichoci/snapshots")) {
    if (ref.at >= fresh) {
      keep(std::move(ref), fmt::format("captured within {} hours", policy.keep_snapshot_hours).c_str());
    } else {
      split.dropped.push_back(std::move(ref));
    }
  }
  std::set<std::string> gone;
  for (const auto& ref : split.dropped)
    if (!trees.contains(ref.tree)) gone.insert(ref.tree);
  snapshots.sum.removed = gone.size();
  return split;
}

}  // namespace

void collect_objects(EngineParts& engine, const GcPolicy& policy, const Looked& looked,
                     const std::set<std::string>& gone_runs, Marked& snapshots, std::vector<std::string>& notes) {
  const auto& store = engine.objects;
  auto due = store.path() / "jerichoci-prune-due";
  if (policy.mode == GcPolicy::Mode::dry_run) {
    auto split = split_refs(engine, policy, looked, gone_runs, snapshots);
    bool pending = ::access(due.c_str(), F_OK) == 0;
    auto reachable = split.dropped.empty() && !pending ? std::nullopt : reachable_bytes(store.path(), split.kept);
    auto all = packed_bytes(store.path());
    if (reachable) snapshots.sum.removed_bytes = all - std::min(all, *reachable);
    return;
  }
  // Nobody relies on a tree without a pin from here on, and nobody merges packs.
  auto alone = store.lock_alone();
  auto packs = pika::FileLock::try_lock(store.path() / "jerichoci-repack.lock");
  std::error_code error;
  bool at_work = fs::directory_iterator(engine.config.state_root / "busy", error) != fs::directory_iterator();
  if (!alone || !packs || at_work) {
    for (const auto* folder : {"refs/jerichoci/runs", "refs/jerichoci/snapshots"})
      for ([[maybe_unused]] const auto& ref : refs_in(store.path() / folder)) snapshots.keep("runs are at work");
    notes.emplace_back("trees stay, because runs are at work");
    return;
  }
  auto split = split_refs(engine, policy, looked, gone_runs, snapshots);
  if (split.dropped.empty() && ::access(due.c_str(), F_OK) != 0) return;
  auto before = packed_bytes(store.path());
  pika::write_file_atomic(due, "");  // a kill from here on: the next collection prunes although no pin goes then
  for (const auto& ref : split.dropped) ::unlink(ref.path.c_str());
  reach(engine, FaultPoint::gc_removing);
  if (auto done = prune(store); !done) {
    notes.push_back("objects that nothing needs stay: " + done.error().what);
    return;
  }
  ::unlink(due.c_str());
  auto after = packed_bytes(store.path());
  snapshots.sum.removed_bytes = before - std::min(before, after);
}

}  // namespace jerichoci
