#include "gc/keep_quota.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <set>

#include "pika/base/files.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::Micros;

namespace {

constexpr std::size_t kAnyCount = ~std::size_t{0};  // only bytes are limited

struct Entry {
  fs::path path;
  Micros used_at = 0;
};

std::uint64_t bytes_of(const fs::path& path) {
  Freed f;
  f.add(path);
  return f.bytes();
}

// Keeps from the newest on while they fit.
void mark_by_quota(const std::vector<Entry>& entries, std::optional<std::uint64_t> quota, std::size_t most,
                   Micros cutoff, Marked& marked) {
  std::uint64_t room = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (quota) room += bytes_of(entries[i].path);
    if (entries[i].used_at >= cutoff) {
      marked.keep("used while runs are at work");
    } else if (quota ? room <= *quota : i < most) {
      marked.keep(quota ? "within the quota" : fmt::format("among the newest {}", most));
    } else {
      marked.take(entries[i].path);
    }
  }
}

std::optional<std::uint64_t> quota_of(const GcPolicy& policy, const std::string& name) {
  auto it = policy.quotas.find(name);
  return it == policy.quotas.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace

bool untouched(const fs::path& path, Micros cutoff) {
  struct stat st{};
  return ::lstat(path.c_str(), &st) == 0 && st.st_mtim.tv_sec * pika::kSecond + st.st_mtim.tv_nsec / 1000 < cutoff;
}

void mark_checkouts(EngineParts& engine, const GcPolicy& policy, const Looked& looked, Marked& checkouts) {
  auto quota = quota_of(policy, "checkouts");
  auto there = engine.checkouts.list();  // least recently used first
  std::set<std::string> below;           // layers that a kept one lies on
  std::uint64_t room = 0;
  std::size_t kept = 0;
  for (auto it = there.rbegin(); it != there.rend(); ++it) {
    auto path = engine.checkouts.folder(it->tree);
    if (quota) room += bytes_of(path);
    bool wanted = quota ? room <= *quota : kept < kCheckoutsKept;
    if (it->used_at >= looked.cutoff) {
      checkouts.keep("used while runs are at work");
    } else if (below.contains(it->tree.hex())) {
      checkouts.keep("another lies on it");
    } else if (wanted) {
      checkouts.keep(quota ? "within the quota" : fmt::format("among the newest {}", kCheckoutsKept));
    } else {
      checkouts.take(path);
      continue;
    }
    ++kept;
    for (const auto& tree : it->below) below.insert(tree.hex());
  }
}

void remove_checkouts(EngineParts& engine, Marked& checkouts, const std::function<void()>& removed) {
  auto left = checkouts.goes;
  // Layers before what they lie on, in whatever order they were used.
  for (bool moved = true; moved;) {
    moved = false;
    std::erase_if(left, [&](const fs::path& path) {
      auto tree = pika::git::Oid::parse(path.filename().string());
      if (!tree || !engine.checkouts.remove(*tree)) return false;
      removed();
      return moved = true;
    });
  }
  for (std::size_t i = 0; i < left.size(); ++i) {
    --checkouts.sum.removed;
    checkouts.keep("read now");
  }
}

void mark_caches(EngineParts& engine, const GcPolicy& policy, const Looked& looked, Marked& caches) {
  std::vector<Entry> entries;
  for (const auto& kept : engine.caches.list()) entries.push_back({engine.caches.folder(kept.place), kept.used_at});
  std::reverse(entries.begin(), entries.end());
  mark_by_quota(entries, quota_of(policy, "caches"), ~std::size_t{0}, looked.cutoff, caches);
}

void remove_caches(EngineParts& engine, Marked& caches, const std::function<void()>& removed) {
  for (const auto& path : caches.goes) {
    auto name = path.parent_path();
    CachePlace place{name.parent_path().filename().string(), name.filename().string(), path.filename().string()};
    if (engine.caches.remove(place)) {
      removed();
    } else {
      --caches.sum.removed;
      caches.keep("used now");
    }
  }
}

void mark_outputs(EngineParts& engine, const GcPolicy& policy, const Looked&, Marked& outputs) {
  auto quota = quota_of(policy, "outputs");
  std::set<std::string> goes;
  if (quota)
    for (const auto& output : engine.outputs.collect({.bytes = *quota, .count = kAnyCount}, DryRun::yes))
      goes.insert(output.content);
  for (const auto& output : engine.outputs.list(nullptr)) {
    if (goes.contains(output.content)) {
      outputs.take(engine.config.state_root / "outputs" / output.content);
    } else {
      outputs.keep(!output.used_by.empty() ? "at work" : !output.pinned_by.empty() ? "pinned" : "within the quota");
    }
  }
}

void remove_outputs(EngineParts& engine, const GcPolicy& policy, Marked& outputs) {
  if (outputs.goes.empty()) return;
  auto gone = engine.outputs.collect({.bytes = *quota_of(policy, "outputs"), .count = kAnyCount}, DryRun::no);
  outputs.sum.removed = gone.size();
}

}  // namespace jerichoci
