// The caches of one job: what it restores, and what is saved of it when it passed.
//
// Trouble with a cache is a miss and a line in the record, never a failed job.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "caches/cache_store.hpp"
#include "caches/touched.hpp"
#include "exec/cache_view.hpp"
#include "jerichoci/model.hpp"
#include "pika/gitx/oid.hpp"
#include "run/reach.hpp"
#include "snapshot/object_store.hpp"

namespace jerichoci {

struct JobCachesRequest {
  const CacheStore& store;
  const ObjectStore& objects;
  const FaultHook& fault;
  pika::git::Oid tree;  // of the job's workspace
  TrustDomain trust;
  std::string run_id;
  std::optional<std::uint32_t> owner;
};

class JobCaches {
 public:
  JobCaches(const JobCachesRequest& request, const std::vector<CacheSpec>& specs);

  // For the workspace: the views of all caches but those that cannot be, and the times that files must have.
  const std::vector<CacheView>& views() const { return views_; }
  const TouchedPaths& touched() const { return touched_; }
  // A view that the workspace could not fill begins empty.
  void filled(const std::vector<CacheView>& views);

  enum class Left { upper, whole };  // what is in a view's folder afterwards: the changes as overlay has them, or all
  // Saves what is to be saved; folders[i] is what the i-th view left, `aside` a folder on the store's file system.
  void save(bool passed, const std::vector<std::filesystem::path>& folders, Left left,
            const std::filesystem::path& aside);

  // One for each declared cache.
  const std::vector<CacheUse>& uses() const { return uses_; }

 private:
  struct Cache {
    CachePlace place;
    std::optional<Generation> generation;
    std::size_t use;  // in uses_
  };
  void open(const CacheSpec& spec);
  std::optional<TouchedPaths> times_for(const Generation& generation, pika::Micros now) const;
  std::string save_one(std::size_t view, const std::filesystem::path& folder, Left left,
                       const std::filesystem::path& aside);
  const JobCachesRequest request_;
  std::vector<CacheView> views_;
  std::vector<Cache> caches_;  // of the views, in their order
  std::vector<CacheUse> uses_;
  TouchedPaths touched_;
};

// The key of a cache: of what the tree has at these paths.
std::string cache_key(const ObjectStore& objects, const pika::git::Oid& tree, const std::vector<std::string>& files);

}  // namespace jerichoci
