#include "gc/keep_used.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gc/keep_quota.hpp"
#include "pika/base/files.hpp"

namespace jerichoci {

namespace {

constexpr pika::Micros kDay = 24 * 3600 * pika::kSecond;

// Decides one after another, the most recently used first.
class ByUse {
 public:
  ByUse(const GcPolicy& policy, const Looked& looked, const std::string& name) : policy_(policy), looked_(looked) {
    if (auto it = policy.quotas.find(name); it != policy.quotas.end()) quota_ = it->second;
  }

  void decide(const std::filesystem::path& path, pika::Micros used_at, bool needed, Marked& marked) {
    if (quota_) {
      Freed size;
      size.add(path);
      room_ += size.bytes();
    }
    bool young = looked_.now - used_at < policy_.keep_days * kDay;
    if (needed) {
      marked.keep("a run's rerun needs it");
    } else if (used_at >= looked_.cutoff) {
      marked.keep("used while runs are at work");
    } else if (quota_ ? room_ <= *quota_ : young) {
      marked.keep(quota_ ? "within the quota" : fmt::format("used within {} days", policy_.keep_days));
    } else {
      marked.take(path);
    }
  }

 private:
  const GcPolicy& policy_;
  const Looked& looked_;
  std::optional<std::uint64_t> quota_;
  std::uint64_t room_ = 0;
};

}  // namespace

void mark_images(EngineParts& engine, const GcPolicy& policy, const Looked& looked,
                 const std::set<std::string>& gone_runs, Marked& images) {
  std::set<std::string> needed;
  for (const auto& run : looked.runs)
    if (!gone_runs.contains(run.id)) needed.insert(run.roots.begin(), run.roots.end());
  auto there = engine.roots.list();
  std::sort(there.begin(), there.end(), [](const auto& a, const auto& b) { return a.used_at > b.used_at; });
  ByUse by_use(policy, looked, "images");
  for (const auto& kept : there)
    by_use.decide(kept.path, kept.used_at, needed.contains("sha256:" + kept.digest), images);
}

void mark_nix(EngineParts& engine, const GcPolicy& policy, const Looked& looked, Marked& nix) {
  ByUse by_use(policy, looked, "nix");
  for (const auto& kept : engine.nix.list()) by_use.decide(kept.folder, kept.used_at, false, nix);
}

void remove_images(EngineParts& engine, Marked& images, const std::function<void()>& removed) {
  for (const auto& path : images.goes) {
    bool gone = true;
    if (path.parent_path().filename() == "images") {
      gone = engine.roots.remove_image(path.filename().string());
    } else {
      pika::remove_tree(path);
    }
    if (gone) {
      removed();
    } else {
      --images.sum.removed;
      images.keep("used now");
    }
  }
}

void remove_nix(EngineParts& engine, Marked& nix, const std::function<void()>& removed) {
  for (const auto& path : nix.goes) {
    if (engine.nix.remove(path.filename().string())) {
      removed();
    } else {
      --nix.sum.removed;
      nix.keep("used now");
    }
  }
}

}  // namespace jerichoci
