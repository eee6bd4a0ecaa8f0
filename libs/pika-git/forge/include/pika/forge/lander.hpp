// Landing: the commit that was built and tested is moved into place by compare-and-swap. The target ref is the commit
// point; what follows is redone from the record after a kill.
#pragma once
#include <functional>
#include <string>

#include "pika/domain/verdict.hpp"
#include "pika/forge/layout.hpp"
#include "pika/forge/locks.hpp"
#include "pika/store/store.hpp"

namespace pika::forge {

struct MergeOrder {
  std::string expected_head;  // what the person saw; hex
  std::string by;
  domain::Role role = domain::Role::reader;
  std::string override_reason;  // empty: no override
};

// Where tests may stop the program.
enum class LandingFault { recorded, ref_moved };

class Lander {
 public:
  Lander(store::Store& store, Layout layout, RepositoryLocks& locks);

  // conflict with reasons when the head moved, a required lane isn't green on the candidate's tree, it conflicts, or
  // the target moved; forbidden when an override is not this person's to give.
  Result<store::Landing> merge(const store::Repository& repository, const store::Branch& branch,
                               const MergeOrder& order);
  // Settles what a kill left: each begun landing is completed when the target has its commit, else abandoned.
  void recover();
  void on_fault(std::function<void(LandingFault)> hook) { fault_ = std::move(hook); }

 private:
  Status move_refs(const store::Repository& repository, const store::Landing& landing, const std::string& branch_ref,
                   const std::string& head);
  // What the target says of a begun landing: completed (true) or abandoned.
  bool settle(const store::Repository& repository, const store::Landing& landing);
  store::Store& store_;
  Layout layout_;
  RepositoryLocks& locks_;
  std::function<void(LandingFault)> fault_;
};

// All that the verdict needs, read from the store; kept together so that every caller judges the same.
struct Judged {
  std::optional<store::Version> version;
  std::optional<store::Candidate> candidate;
  std::optional<store::Suite> suite;
  std::vector<store::LaneWithAttempts> lanes;
  std::optional<store::Landing> landing;
  std::string target_tip;
  domain::VerdictResult verdict;
};
Judged judge(store::Store& store, const Layout& layout, const store::Repository& repository,
             const store::Branch& branch);

// Whether the policy at the target's tip lets this role merge over red; admins where it does not say.
bool may_override(const Layout& layout, const store::Repository& repository, const std::string& tip, domain::Role role);

// Re-checks the landing records of a repository against git and against each other; a sentence for each fault.
std::vector<std::string> verify_landings(store::Store& store, const Layout& layout,
                                         const store::Repository& repository);

}  // namespace pika::forge
