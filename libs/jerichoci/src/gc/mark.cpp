#include "gc/mark.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "pika/base/files.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::Micros;

namespace {

constexpr Micros kHour = 3600 * pika::kSecond;
constexpr Micros kDay = 24 * kHour;
constexpr Micros kMostDays = 36'500;  // more is "for ever" and would be no number of microseconds

struct Entry {
  fs::path path;
  Micros used_at;
};

std::vector<Entry> entries(const fs::path& folder) {
  std::vector<Entry> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    struct stat st{};
    if (::lstat(it->path().c_str(), &st) == 0)
      out.push_back({it->path(), st.st_mtim.tv_sec * pika::kSecond + st.st_mtim.tv_nsec / 1000});
  }
  return out;
}

std::uint64_t bytes_of(const fs::path& path) {
  Freed f;
  f.add(path);
  return f.bytes();
}

std::uint64_t quota_of(const GcPolicy& policy, const std::string& name) {
  auto it = policy.quotas.find(name);
  return it == policy.quotas.end() ? ~0ull : it->second;
}

// Why a run stays whatever its age; empty: nothing says so.
std::string held(const RunSeen& run) {
  if (run.busy) return "at work";
  if (run.pinned) return "pinned";
  if (!run.readable) return "its record cannot be read";
  if (!run.final) return "it has not ended";
  return {};
}

std::uint64_t count_logs(const EngineParts& engine, const std::string& run_id) {
  std::error_code error;
  std::uint64_t n = 0;
  for (fs::directory_iterator it(engine.runs.run_folder(run_id) / "jobs", error), end; !error && it != end;
       it.increment(error))
    ++n;
  return n;
}

}  // namespace

void Marked::keep(const std::string& why, std::uint64_t bytes) {
  ++sum.kept;
  sum.kept_bytes += bytes;
  ++sum.why_kept[why];
}

void Marked::take(const fs::path& path) {
  ++sum.removed;
  freed.add(path);
  goes.push_back(path);
}

std::vector<std::string> mark_runs(const EngineParts& engine, const GcPolicy& policy, const Looked& looked,
                                   Marked& runs, Marked& logs) {
  auto quota = quota_of(policy, "runs");
  std::uint64_t room = 0;
  std::vector<std::string> gone;
  for (std::size_t i = 0; i < looked.runs.size(); ++i) {
    const auto& run = looked.runs[i];
    auto why = held(run);
    bool newest = i < policy.keep_runs;
    bool young = run.created_at > looked.now - std::min<Micros>(policy.keep_days, kMostDays) * kDay;
    if (why.empty() && newest) why = fmt::format("among the newest {}", policy.keep_runs);
    if (why.empty() && young) why = fmt::format("younger than {} days", policy.keep_days);
    if (quota != ~0ull) room += bytes_of(engine.runs.run_folder(run.id));
    // A quota takes from the old end what only its age or number kept; the newest run always stays.
    bool over = room > quota && i > 0 && held(run).empty();
    auto with_logs = count_logs(engine, run.id);
    if (!why.empty() && !over) {
      runs.keep(why);
      logs.sum.kept += with_logs;
      continue;
    }
    runs.sum.removed += 1;
    logs.sum.removed += with_logs;
    logs.freed.add(engine.runs.run_folder(run.id) / "jobs");
    runs.freed.add(engine.runs.run_folder(run.id));
    gone.push_back(run.id);
  }
  std::reverse(gone.begin(), gone.end());
  return gone;
}

void mark_artifacts(const EngineParts& engine, const Looked& looked, const std::set<std::string>& gone_runs,
                    Marked& artifacts) {
  std::set<std::string> wanted;
  bool unknown = false;
  for (const auto& run : looked.runs) {
    if (gone_runs.contains(run.id)) continue;
    if (!run.readable) unknown = true;
    for (const auto& [content, until] : run.artifacts)
      if (until > looked.now) wanted.insert(content);
  }
  for (const auto& folder : entries(engine.artifacts.root())) {
    if (folder.path.filename().string().size() != 2) continue;
    for (const auto& file : entries(folder.path)) {
      if (wanted.contains(file.path.filename().string())) {
        artifacts.keep("a run has it");
      } else if (unknown) {
        artifacts.keep("a run whose record cannot be read may have it");
      } else if (file.used_at >= looked.cutoff) {
        artifacts.keep("stored while runs are at work");
      } else {
        artifacts.take(file.path);
      }
    }
  }
}

void mark_verdicts(const EngineParts& engine, const GcPolicy& policy, const Looked& looked,
                   const std::set<std::string>& gone_runs, Marked& verdicts) {
  std::set<std::string> there;
  for (const auto& run : looked.runs)
    if (!gone_runs.contains(run.id)) there.insert(run.id);
  auto quota = quota_of(policy, "verdicts");
  std::vector<Entry> found;
  for (const auto& domain : entries(engine.config.state_root / "verdicts"))
    for (auto& file : entries(domain.path))
      if (file.path.extension() == ".json") found.push_back(std::move(file));
  std::sort(found.begin(), found.end(), [](const Entry& a, const Entry& b) { return a.used_at > b.used_at; });
  std::uint64_t room = 0;
  for (const auto& file : found) {
    room += bytes_of(file.path);
    auto text = pika::read_file(file.path);
    auto value = text ? pika::json::parse(*text, "verdict") : std::unexpected(text.error());
    auto run = value ? pika::json::find_string(*value, "run_id") : std::nullopt;
    if (file.used_at >= looked.cutoff) {
      verdicts.keep("stored while runs are at work");
    } else if (run && there.contains(*run) && room <= quota) {
      verdicts.keep("its run is there");
    } else {
      verdicts.take(file.path);
    }
  }
}

void mark_half_made(const EngineParts& engine, const Looked& looked, Marked& tmp) {
  const auto& root = engine.config.state_root;
  // Captures have no mark of their own: a day is longer than any of them takes.
  auto old = std::min(looked.cutoff, looked.now - kDay);
  auto take_old = [&](const fs::path& folder, std::string_view prefix, Micros before) {
    for (const auto& e : entries(folder)) {
      if (!e.path.filename().string().starts_with(prefix)) continue;
      if (e.used_at < before) {
        tmp.take(e.path);
      } else {
        tmp.keep("may be being written");
      }
    }
  };
  take_old(root / "tmp", "", old);
  take_old(root, ".objects-", old);
  take_old(engine.artifacts.root(), ".new-", looked.cutoff);  // only runs at work make these
  for (const auto* prefix : {".new-", ".gone-"}) take_old(root / "images", prefix, looked.cutoff);
  take_old(root / "nix", ".gone-", looked.cutoff);
  for (const auto& e : entries(root / "runs"))  // only a collection makes these, and there is no other
    if (e.path.filename().string().starts_with(".gc-")) tmp.take(e.path);
}

}  // namespace jerichoci
