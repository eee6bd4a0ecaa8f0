// The planner: builds candidates and chooses what runs on them.
//
// The lanes that gate, their commands, filters and limits, are taken from the target; the head's own lanes run beside
// them as advisory where their definition differs, so that a branch can try what it adds and cannot gut, narrow or
// drop what it must pass.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/forge/layout.hpp"
#include "pika/forge/locks.hpp"
#include "pika/store/store.hpp"

namespace pika::forge {

struct PlannedVersion {
  store::Candidate candidate;
  std::optional<store::Suite> suite;  // the suite made now; none when one for this candidate is there already
  std::vector<std::string> lanes;     // titles of the chosen lanes that gate, catalogue order
  std::string notice;                 // sentence for the pusher: conflicts, catalogue errors; may be empty
};

class Planner {
 public:
  // `cancel`: told of running attempts that a new suite superseded; `work`: told that something was queued.
  Planner(store::Store& store, Layout layout, RepositoryLocks& locks,
          std::function<void(const std::vector<store::RunningLease>&, const std::string&)> cancel,
          std::function<void()> work);

  // Builds the candidate of the branch's newest version on the target's tip and queues its suite. The same candidate
  // is not tested twice.
  Result<PlannedVersion> plan(const store::Repository& repository, const store::Branch& branch, const std::string& why);
  // After the target moved: every open branch anew, most recently pushed first.
  void plan_open_branches(const store::Repository& repository, const std::string& why);

 private:
  Result<store::Candidate> build_candidate(const store::Repository& repository, const store::Branch& branch,
                                           const store::Version& version);
  Result<store::NewSuite> choose(const store::Repository& repository, const store::Branch& branch,
                                 const store::Version& version, const store::Candidate& candidate,
                                 const std::string& why, PlannedVersion& planned);

  store::Store& store_;
  Layout layout_;
  RepositoryLocks& locks_;
  std::function<void(const std::vector<store::RunningLease>&, const std::string&)> cancel_;
  std::function<void()> work_;
};

}  // namespace pika::forge
