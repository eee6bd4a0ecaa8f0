// caches/<domain>/<name>/<key>/: what passing jobs left in a declared cache, apart for each trust domain.
//
//   <number>/      one generation: its files, written by nobody once it has its name (jobs get views or copies)
//   <number>.json  {"schema_version": 1, "saved_at": micros, "bytes": n, "tree": "<id>", "run": "<run id>",
//                   "touched": [{"path": bytes, "time": micros}, ...], "one_tree": true}
//                  written last, so a generation without it is none; locked (shared) by jobs that use the generation
//   .lock          held by who publishes or removes
//
// The generation with the highest number counts. `tree` is what the workspace of the job that saved it held, `touched`
// the times that paths of it had there when that was not the time of all checkouts (touched.hpp). `one_tree`: of this
// domain only runs on that tree had a hand in it (TrustDomain::own_tree_only); where it is missing that is not known.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/base/fd.hpp"
#include "pika/gitx/oid.hpp"

namespace jerichoci {

struct CachePlace {
  std::string domain, name, key;
};

using TouchedPaths = std::map<std::string, pika::Micros>;

struct GenerationFacts {
  pika::Micros saved_at = 0;
  std::uint64_t bytes = 0;
  pika::git::Oid tree{};
  std::string run_id{};
  TouchedPaths touched{};
  bool one_tree = false;
};

// A generation that stays while this object lives.
struct Generation {
  std::filesystem::path files;
  GenerationFacts facts;
  pika::UniqueFd lock;
};

class CacheStore {
 public:
  // `owner`: the user jobs run as, when that is another than ours. Caches of an earlier make of this folder, which
  // every job could write, are removed.
  CacheStore(const std::filesystem::path& state_root, std::optional<std::uint32_t> owner);

  // The generation that counts, or nothing. Throws SystemError.
  std::optional<Generation> current(const CachePlace& place) const;
  // Makes the folder `aside` (on the same file system; its files are on disk) the generation that counts, and removes
  // older ones that nobody uses. Throws SystemError.
  void publish(const CachePlace& place, const std::filesystem::path& aside, const GenerationFacts& facts) const;

  // Moves what counts in the caches of one domain into another, where it counts then: of each cache only what runs on
  // exactly `tree` made (one_tree), and that nobody uses just now. Gives how many. Throws SystemError.
  std::size_t take_over(const std::string& from, const std::string& to, const pika::git::Oid& tree) const;

  // For who collects what is not used.
  struct Kept {
    CachePlace place;
    pika::Micros used_at = 0;
    std::uint64_t bytes = 0;
  };
  std::vector<Kept> list() const;
  std::filesystem::path folder(const CachePlace& place) const;
  // False when a job uses it.
  bool remove(const CachePlace& place) const;

 private:
  bool take_over_one(const CachePlace& from, const CachePlace& to, const pika::git::Oid& tree) const;
  bool remove_generation(const std::filesystem::path& files) const;
  void prune(const std::filesystem::path& folder) const;
  void sweep() const;
  std::vector<CachePlace> places(const std::string& domain) const;
  template <class F>
  void each_place(F&& each) const;
  std::filesystem::path root_;
  std::optional<std::uint32_t> owner_;
};

}  // namespace jerichoci
