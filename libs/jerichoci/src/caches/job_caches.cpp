#include "caches/job_caches.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/clock.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/gitx/repository.hpp"
#include "snapshot/tree_compare.hpp"
#include "snapshot/tree_copy.hpp"
#include "snapshot/tree_diff.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::git::Repository;

namespace {

// `place` is not there yet.
bool same_device(const fs::path& folder, const fs::path& place) {
  struct stat a{}, b{};
  return ::stat(folder.c_str(), &a) == 0 && ::stat(place.parent_path().c_str(), &b) == 0 && a.st_dev == b.st_dev;
}

bool nothing_in(const fs::path& folder) {
  return ::chmod(folder.c_str(), 0755) == 0 && fs::is_empty(folder);
}

// What the tree has on the way to a path: a cache can only be where nothing is, below folders.
std::string what_is_in_the_way(const Repository& store, const pika::git::Oid& tree, const std::string& path) {
  if (tree.is_zero()) return {};
  fs::path part;
  auto whole = fs::path(path).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  for (const auto& name : whole) {
    part /= name;
    auto entry = store.entry(tree, part.string());
    if (!entry) return {};
    bool folder = (entry->mode & kGitFormat) == kGitFolder;
    if (!folder || part == whole)
      return fmt::format("the tree has {} '{}'", folder ? "the folder" : "a file", part.string());
  }
  return {};
}

}  // namespace

std::string cache_key(const ObjectStore& objects, const pika::git::Oid& tree, const std::vector<std::string>& files) {
  if (files.empty()) return "any";
  auto store = Repository::open(objects.path());
  std::string content;
  for (const auto& file : files) {
    auto entry = store && !tree.is_zero() ? store->entry(tree, file) : std::nullopt;
    content += file + '\0' + (entry ? fmt::format("{:o} {}", entry->mode, entry->id.hex()) : "none") + '\n';
  }
  return pika::sha256_hex(content).substr(0, 40);
}

JobCaches::JobCaches(const JobCachesRequest& request, const std::vector<CacheSpec>& specs) : request_(request) {
  for (const auto& spec : specs) {
    uses_.push_back({spec.name, "miss", "", 0});
    try {
      open(spec);
    } catch (const std::exception& error) {
      uses_.back().restored = fmt::format("miss: {}", error.what());
    }
  }
  // One workspace for all of them: a path is as new as the cache that knows it least needs it.
  auto now = pika::system_clock().now();
  for (std::size_t i = 0; i < caches_.size(); ++i) {
    auto& cache = caches_[i];
    if (!cache.generation) continue;
    auto times = times_for(*cache.generation, now);
    auto& use = uses_[cache.use];
    if (!times) {
      use.restored = "miss: too much changed since it was saved";
      use.bytes = 0;
      cache.generation.reset();
      views_[i].generation.clear();
      continue;
    }
    for (const auto& [path, time] : *times) touched_[path] = std::max(touched_[path], time);
  }
}

std::optional<TouchedPaths> JobCaches::times_for(const Generation& generation, pika::Micros now) const {
  auto store = Repository::open(request_.objects.path());
  if (!store) return std::nullopt;
  return touched_paths(*store, generation.facts, request_.tree, now);
}

void JobCaches::open(const CacheSpec& spec) {
  auto& use = uses_.back();
  if (!spec.path.empty()) {
    auto store = Repository::open(request_.objects.path());
    auto blocked = store ? what_is_in_the_way(*store, request_.tree, spec.path) : store.error().what;
    if (!blocked.empty()) {
      use.restored = "miss: " + blocked;
      use.saved = blocked;
      return;
    }
  }
  Cache cache{{request_.trust.name, spec.name, cache_key(request_.objects, request_.tree, spec.key_files)},
              {},
              uses_.size() - 1};
  cache.generation = request_.store.current(cache.place);
  if (cache.generation && request_.trust.own_tree_only &&
      !(cache.generation->facts.one_tree && cache.generation->facts.tree == request_.tree))
    cache.generation.reset();
  if (cache.generation) use.restored = "hit";
  if (!cache.generation && !request_.trust.reads_from.empty()) {
    cache.generation = request_.store.current({request_.trust.reads_from, spec.name, cache.place.key});
    if (cache.generation) use.restored = "other-domain";
  }
  if (cache.generation) use.bytes = cache.generation->facts.bytes;
  views_.push_back({spec.name, spec.path, cache.generation ? cache.generation->files : fs::path(), {}});
  caches_.push_back(std::move(cache));
}

void JobCaches::filled(const std::vector<CacheView>& views) {
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (views[i].trouble.empty()) continue;
    views_[i] = views[i];
    caches_[i].generation.reset();
    uses_[caches_[i].use].restored = "miss: " + views[i].trouble;
    uses_[caches_[i].use].bytes = 0;
  }
}

void JobCaches::save(bool passed, const std::vector<fs::path>& folders, Left left, const fs::path& aside) {
  for (std::size_t i = 0; i < caches_.size(); ++i) {
    auto& use = uses_[caches_[i].use];
    try {
      use.saved = !passed                    ? "not passed"
                  : !request_.trust.may_save ? "not trusted"
                                             : save_one(i, folders.at(i), left, aside / fmt::format("cache-{}-new", i));
    } catch (const std::exception& error) {
      use.saved = fmt::format("not saved: {}", error.what());
      pika::log_warning("jerichoci", "run {}: cache '{}': {}", request_.run_id, use.name, error.what());
    }
  }
}

std::string JobCaches::save_one(std::size_t view, const fs::path& folder, Left left, const fs::path& aside) {
  auto& cache = caches_[view];
  bool upper = left == Left::upper && cache.generation;
  bool same = upper || !cache.generation ? nothing_in(folder) : same_tree(folder, cache.generation->files);
  if (same) return "unchanged";
  CopyRules rules;
  rules.owner = request_.owner;
  if (upper) {
    rules.how = CopyFiles::link;
    lay_tree(cache.generation->files, aside, rules);
    rules.layer = true;
  }
  // From a job's own file system nothing can be moved.
  rules.how = same_device(folder, aside) ? CopyFiles::move : CopyFiles::copy;
  rules.tame = true;
  rules.sync = true;
  lay_tree(folder, aside, rules);
  GenerationFacts facts;
  // After everything that is in it.
  facts.saved_at = pika::system_clock().now();
  facts.bytes = tree_bytes(aside);
  facts.tree = request_.tree;
  facts.run_id = request_.run_id;
  facts.touched = touched_;
  facts.one_tree = request_.trust.own_tree_only;
  reach(request_.fault, FaultPoint::cache_saved_aside);
  cache.generation.reset();  // used no more: it can go
  request_.store.publish(cache.place, aside, facts);
  return "saved";
}

}  // namespace jerichoci
