// Receiving: what a push may do, and how what it did becomes versions. Git is the truth, the store an index of it: a
// push is told by the hook, and whatever was missed (a kill between the ref's move and the hook) is found by the
// repair scan at the next start.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "pika/forge/layout.hpp"
#include "pika/forge/locks.hpp"
#include "pika/forge/planner.hpp"
#include "pika/gitx/oid.hpp"
#include "pika/store/store.hpp"

namespace pika::forge {

struct RefChange {
  std::string ref;
  std::string from, to;  // hex; forty zeros: not there
};
struct PushOptions {
  std::string title;  // -o title=...
};

class Review {
 public:
  // `url_of` gives the address of a branch's page; `explain` is told that a version waits for its tutorial.
  Review(store::Store& store, Layout layout, RepositoryLocks& locks, Planner& planner,
         std::function<std::string(const store::Repository&, const store::Branch&)> url_of,
         std::function<void()> explain);

  // Before the refs move: forbidden with a sentence that says what to do instead.
  Status check_push(const store::Repository& repository, const std::vector<RefChange>& changes);
  // After they moved. Gives the lines for the pusher's terminal. Idempotent.
  std::vector<std::string> record_push(const store::Repository& repository, const std::vector<RefChange>& changes,
                                       const PushOptions& options, const std::string& user);
  // Compares git's refs with the store and records what differs. Refuses to close many branches at once: a folder
  // that lost its refs is not a decision of a person.
  void repair(const store::Repository& repository);
  // Deletes the branch's ref and closes it.
  Status close(const store::Repository& repository, const store::Branch& branch, const std::string& user);

 private:
  std::vector<std::string> record_branch(const store::Repository& repository, const std::string& name,
                                         const git::Oid& head, const PushOptions& options, const std::string& user);

  store::Store& store_;
  Layout layout_;
  RepositoryLocks& locks_;
  Planner& planner_;
  std::function<std::string(const store::Repository&, const store::Branch&)> url_of_;
  std::function<void()> explain_;
};

// "HEAD" of a new repository, or what the push names when its target is not there yet.
std::string choose_target(const store::Repository& repository, const std::vector<RefChange>& changes);

}  // namespace pika::forge
