#include "pika/forge/lander.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"
#include "pika/gitx/repository.hpp"
#include "pikaci/catalogue.hpp"

namespace pika::forge {

namespace {

// Who may merge over red is the target's policy to say; without one, admins.
bool policy_allows_override(const git::Repository& repository, const store::Repository& r, const std::string& tip,
                            domain::Role role) {
  std::vector<std::string> roles = {"admin"};
  if (auto commit = git::Oid::parse(tip)) {
    auto policy = pikaci::load_policy([&](std::string_view path) -> std::optional<std::string> {
      auto file = repository.file(*commit, path);
      return file ? std::optional(std::move(*file)) : std::nullopt;
    });
    if (auto at = policy.policy.targets.find(r.target); policy.problems.empty() && at != policy.policy.targets.end())
      roles = at->second.override_roles;
  }
  return std::find(roles.begin(), roles.end(), to_string(role)) != roles.end();
}

std::unexpected<Error> refuse(const domain::VerdictResult& verdict) {
  auto what = fmt::format("it can't land: {}", verdict.reasons.empty() ? std::string(to_string(verdict.state))
                                                                       : join(verdict.reasons, "; "));
  std::erase(what, '*');
  return fail(ErrorKind::conflict, what, "wait for the lanes, or mend what they found and push again");
}

}  // namespace

bool may_override(const Layout& layout, const store::Repository& r, const std::string& tip, domain::Role role) {
  auto repository = git::Repository::open(layout.repository(r));
  return repository && policy_allows_override(*repository, r, tip, role);
}

Judged judge(store::Store& store, const Layout& layout, const store::Repository& r, const store::Branch& branch) {
  Judged j;
  j.version = store.newest_version(branch.id);
  if (j.version) j.candidate = store.newest_candidate(j.version->id);
  j.suite = store.newest_suite(branch.id);
  if (j.suite) j.lanes = store.lanes(j.suite->id);
  if (branch.state == store::BranchState::merged) j.landing = store.landing_of(branch.id);
  if (auto repository = git::Repository::open(layout.repository(r))) {
    if (auto tip = repository->ref(r.target_ref())) j.target_tip = tip->hex();
  }
  // A suite of an older version says nothing of this one.
  bool of_version = j.suite && j.version && j.suite->version == j.version->id;
  j.verdict = domain::verdict({.branch = branch.state,
                               .over_red = j.landing && !j.landing->override_reason.empty(),
                               .target = r.target,
                               .target_tip = j.target_tip,
                               .candidate = j.candidate ? &*j.candidate : nullptr,
                               .suite = of_version ? &*j.suite : nullptr,
                               .lanes = of_version ? &j.lanes : nullptr});
  return j;
}

Lander::Lander(store::Store& store, Layout layout, RepositoryLocks& locks)
    : store_(store), layout_(std::move(layout)), locks_(locks) {}

Result<store::Landing> Lander::merge(const store::Repository& r, const store::Branch& given, const MergeOrder& order) {
  auto lock = locks_.lock(r.id);
  auto branch = store_.branch(given.id).value_or(given);
  if (branch.state != store::BranchState::open)
    return fail(ErrorKind::conflict, fmt::format("branch #{} is {} already", branch.number, to_string(branch.state)));
  auto path = layout_.repository(r);
  auto repository = PIKA_TRY(git::Repository::open(path));
  auto head = repository.ref(branch.ref());
  if (!head || head->hex() != order.expected_head || branch.head != order.expected_head)
    return fail(ErrorKind::conflict,
                fmt::format("the branch moved since you looked: you saw {}, it is at {} now",
                            order.expected_head.substr(0, 8), head ? head->short_hex() : "no commit"),
                "look at what changed and merge again");
  auto j = judge(store_, layout_, r, branch);
  if (!j.verdict.can_land) {
    if (order.override_reason.empty() || !j.verdict.can_override) return refuse(j.verdict);
    if (!policy_allows_override(repository, r, j.target_tip, order.role))
      return fail(ErrorKind::forbidden, fmt::format("{} may not merge over red here", order.by),
                  fmt::format("the policy of {} says who may", r.target));
  }
  store::Landing landing;
  landing.branch = branch.id;
  landing.version = j.version->id;
  landing.candidate = j.candidate->id;
  landing.target = r.target;
  landing.target_before = j.target_tip;
  landing.commit = j.candidate->commit;
  landing.tree_landed = j.candidate->tree;
  if (j.suite && j.suite->candidate == j.candidate->id) {
    landing.suite = j.suite->id;
    landing.tree_tested = j.suite->tree;
  }
  landing.by = order.by;
  landing.at = system_clock().now();
  landing.policy_id = j.candidate->policy_id;
  if (!j.verdict.can_land) {
    landing.red_lanes = j.verdict.red_lanes;
    landing.override_reason = order.override_reason;
  }
  landing = store_.begin_landing(landing);
  if (fault_) fault_(LandingFault::recorded);
  auto done = move_refs(r, landing, branch.ref(), order.expected_head);
  // Whatever git said, the target tells what happened: it may have moved although its answer was lost.
  if (!done && !settle(r, landing)) return std::unexpected(done.error());
  if (done) {
    if (fault_) fault_(LandingFault::ref_moved);
    store_.complete_landing(landing);
  }
  landing.state = "landed";
  log_info("land", "{} branch #{} landed as {} by {}{}", r.full_name(), branch.number, landing.commit, landing.by,
           landing.override_reason.empty() ? "" : " over red");
  return landing;
}

Status Lander::move_refs(const store::Repository& r, const store::Landing& landing, const std::string& branch_ref,
                         const std::string& head) {
  auto from = git::Oid::parse(landing.target_before).value();
  auto to = git::Oid::parse(landing.commit).value();
  PIKA_TRY(git::update_refs(layout_.repository(r),
                            {{r.target_ref(), from, to}, {branch_ref, git::Oid::parse(head).value(), git::Oid()}},
                            fmt::format("land record {}", landing.record)));
  return {};
}

bool Lander::settle(const store::Repository& r, const store::Landing& landing) {
  auto path = layout_.repository(r);
  auto repository = git::Repository::open(path);
  if (!repository) return false;  // no word about a repository that can't be read: it stays begun
  auto tip = repository->ref(r.target_ref());
  auto commit = git::Oid::parse(landing.commit).value_or(git::Oid());
  if (!tip || !repository->is_ancestor(commit, *tip)) {
    store_.abandon_landing(landing, "the target did not move");
    log_info("land", "{}: landing {} had not happened and is abandoned", r.full_name(), landing.record);
    return false;
  }
  if (auto branch = store_.branch(landing.branch)) {
    auto head = repository->ref(branch->ref());
    if (head && head->hex() == branch->head) {
      if (auto gone = git::update_refs(path, {{branch->ref(), *head, {}}}, "landed"); !gone)
        log_warning("land", "{}: {}", r.full_name(), gone.error().what);
    }
  }
  store_.complete_landing(landing);
  log_info("land", "{}: landing {} is settled", r.full_name(), landing.record);
  return true;
}

void Lander::recover() {
  for (const auto& [id, landing] : store_.unfinished_landings()) {
    auto r = store_.repository(id);
    if (!r) continue;
    auto lock = locks_.lock(id);
    // The same commit under an earlier record has landed once; it does not land twice.
    auto landed = store_.landing_of(landing.branch);
    if (landed && landed->commit == landing.commit)
      store_.abandon_landing(landing, "another record landed it");
    else
      settle(*r, landing);
  }
}

std::vector<std::string> verify_landings(store::Store& store, const Layout& layout, const store::Repository& r) {
  std::vector<std::string> faults;
  auto repository = git::Repository::open(layout.repository(r));
  if (!repository) return {repository.error().what};
  std::string previous;
  auto tip = repository->ref(r.target_ref());
  auto all = store.landings(r.id);
  std::set<std::string> landed;
  for (const auto& d : all)
    if (d.state == "landed") landed.insert(d.commit);
  for (const auto& d : all) {
    auto fault = [&](const std::string& text) {
      faults.push_back(fmt::format("{} record {}: {}", r.full_name(), d.record, text));
    };
    if (d.previous_hash != previous) fault("it does not follow the record before it");
    if (store::Store::landing_hash(r.id, d) != d.hash) fault("its hash does not match its fields");
    previous = d.hash;
    auto commit = git::Oid::parse(d.commit).value_or(git::Oid());
    if (d.state == "abandoned" && !landed.contains(d.commit) && tip && repository->exists(commit) &&
        repository->is_ancestor(commit, *tip))
      fault(fmt::format("it is called abandoned, and {} has its commit", d.target));
    if (d.state != "landed") continue;
    if (!repository->exists(commit)) {
      fault("its commit is not in the repository");
      continue;
    }
    if (repository->tree_of(commit).hex() != d.tree_landed) fault("its commit has another tree than the record says");
    if (d.override_reason.empty() && d.tree_tested != d.tree_landed)
      fault("the tree that landed is not the tree that was tested");
    if (!tip || !repository->is_ancestor(commit, *tip)) fault(fmt::format("{} does not contain its commit", d.target));
  }
  return faults;
}

}  // namespace pika::forge
