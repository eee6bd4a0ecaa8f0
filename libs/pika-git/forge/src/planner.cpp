#include "pika/forge/planner.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/forge/keep.hpp"
#include "pika/gitx/diff.hpp"
#include "pika/gitx/git.hpp"
#include "pika/gitx/repository.hpp"
#include "pikaci/catalogue.hpp"
#include "pikaci/selection.hpp"

namespace pika::forge {

namespace {

pikaci::FileReader reader_at(const git::Repository& repository, const git::Oid& commit) {
  return [&repository, commit](std::string_view path) -> std::optional<std::string> {
    auto file = repository.file(commit, path);
    if (!file) return std::nullopt;
    return std::move(*file);
  };
}

std::string print_problems(const std::vector<pikaci::Problem>& problems) {
  std::string out;
  for (std::size_t i = 0; i < problems.size() && i < 5; ++i) {
    if (i) out += "\n";
    out += problems[i].print();
  }
  if (problems.size() > 5) out += fmt::format("\nand {} more", problems.size() - 5);
  return out;
}

std::string jobs_json(const pikaci::Catalogue& catalogue, const std::string& target) {
  json::Array jobs;
  if (auto at = catalogue.targets.find(target); at != catalogue.targets.end())
    for (const auto& job : at->second.jobs) jobs.push_back(jerichoci::to_json(job));
  return json::print(jobs);
}

store::NewLane new_lane(const pikaci::Catalogue& catalogue, const pikaci::Lane& lane, const std::string& reason) {
  store::NewLane out;
  out.lane = lane.id;
  out.title = lane.title;
  out.group = lane.concurrency_group;
  out.reason = reason;
  out.target = lane.target;
  out.jobs = jobs_json(catalogue, lane.target);
  out.unrunnable = lane.unrunnable;
  return out;
}

bool same_definition(const pikaci::Catalogue& a, const pikaci::Lane& x, const pikaci::Catalogue& b,
                     const pikaci::Lane& y) {
  return x.paths == y.paths && x.unrunnable == y.unrunnable && jobs_json(a, x.target) == jobs_json(b, y.target);
}

const pikaci::Choice* choice_of(const std::vector<pikaci::Choice>& choices, const std::string& lane) {
  auto at = std::find_if(choices.begin(), choices.end(), [&](const auto& c) { return c.lane == lane; });
  return at == choices.end() ? nullptr : &*at;
}

}  // namespace

Planner::Planner(store::Store& store, Layout layout, RepositoryLocks& locks,
                 std::function<void(const std::vector<store::RunningLease>&, const std::string&)> cancel,
                 std::function<void()> work)
    : store_(store), layout_(std::move(layout)), locks_(locks), cancel_(std::move(cancel)), work_(std::move(work)) {}

Result<store::Candidate> Planner::build_candidate(const store::Repository& r, const store::Branch& branch,
                                                  const store::Version& version) {
  auto path = layout_.repository(r);
  auto repository = PIKA_TRY(git::Repository::open(path));
  store::Candidate c;
  c.version = version.id;
  c.created_at = system_clock().now();
  auto tip = repository.ref(r.target_ref());
  auto head = git::Oid::parse(version.head).value();
  if (!tip) {
    c.policy_id = "none";
    c.problem = fmt::format("there is no branch `{}` to land on yet", r.target);
    return store_.save_candidate(c);
  }
  c.target_tip = tip->hex();
  auto reader = reader_at(repository, *tip);
  auto policy = pikaci::load_policy(reader);
  auto catalogue = pikaci::load_catalogue(reader);
  // With a policy that does not parse nothing is known of what must pass: nothing lands.
  c.policy_id = policy.policy.hash;
  if (!policy.problems.empty()) {
    c.problem = print_problems(policy.problems);
    c.policy_id += "!";
    return store_.save_candidate(c);
  }
  c.required = pikaci::required_lanes(policy.policy, catalogue.catalogue, r.target);
  if (auto at = policy.policy.targets.find(r.target); at != policy.policy.targets.end())
    c.allow_nothing_to_run = at->second.allow_nothing_to_run;
  if (!repository.merge_base(*tip, head)) {
    c.problem = fmt::format("the branch and `{}` have no common history", r.target);
    return store_.save_candidate(c);
  }
  if (repository.is_ancestor(head, *tip)) {
    c.problem = fmt::format("`{}` has everything that is on this branch", r.target);
    return store_.save_candidate(c);
  }
  auto merge = PIKA_TRY(git::merge_tree(path, *tip, head));
  if (!merge.clean()) {
    c.conflicts = merge.conflicts;
    return store_.save_candidate(c);
  }
  // The same candidate asked for again keeps its commit.
  if (auto there = store_.newest_candidate(version.id);
      there && there->target_tip == c.target_tip && there->policy_id == c.policy_id)
    return *there;
  auto author = PIKA_TRY(repository.commit(head)).author;
  git::Signature forge{"Pika", "pika@localhost", c.created_at};
  auto commit = repository.write_commit(
      merge.tree, {*tip, head}, author, forge,
      fmt::format("Merge branch '{}' into {} (#{})\n\n{}\n", branch.name, r.target, branch.number, branch.title));
  PIKA_TRY(keep_commits(path, {commit}, c.created_at));
  c.tree = merge.tree.hex();
  c.commit = commit.hex();
  return store_.save_candidate(c);
}

Result<store::NewSuite> Planner::choose(const store::Repository& r, const store::Branch& branch,
                                        const store::Version& version, const store::Candidate& candidate,
                                        const std::string& why, PlannedVersion& planned) {
  auto path = layout_.repository(r);
  auto repository = PIKA_TRY(git::Repository::open(path));
  store::NewSuite out;
  auto& s = out.suite;
  s.repository = r.id;
  s.branch = branch.id;
  s.version = version.id;
  s.head = version.head;
  s.target_tip = candidate.target_tip;
  s.queued_at = system_clock().now();
  s.why = why;
  auto head = git::Oid::parse(version.head).value();
  if (candidate.commit.empty()) {
    // It does not merge: its lanes run on the version alone, for the author to see; they never count for landing.
    s.commit = version.head;
    s.tree = repository.tree_of(head).hex();
  } else {
    s.candidate = candidate.id;
    s.commit = candidate.commit;
    s.tree = candidate.tree;
  }
  auto base = git::Oid::parse(version.merge_base).value_or(git::Oid());
  // Not known is not empty: with no paths, the lanes that filter by them would count as not concerned.
  auto paths = PIKA_TRY(git::changed_paths(path, base, head));

  pikaci::CatalogueResult target;
  if (auto tip = git::Oid::parse(candidate.target_tip)) target = pikaci::load_catalogue(reader_at(repository, *tip));
  if (!target.problems.empty()) s.catalogue_error = print_problems(target.problems);
  if (target.problems.empty()) {
    for (const auto& choice : pikaci::select_lanes(target.catalogue, paths)) {
      const auto* lane = target.catalogue.find_lane(choice.lane);
      if (!lane || lane->nightly) continue;
      if (!choice.selected) {
        s.not_chosen.emplace_back(lane->id, choice.reason);
        continue;
      }
      auto l = new_lane(target.catalogue, *lane, choice.reason);
      l.gating = true;
      l.required =
          std::find(candidate.required.begin(), candidate.required.end(), lane->id) != candidate.required.end();
      planned.lanes.push_back(lane->title);
      out.lanes.push_back(std::move(l));
    }
  }
  auto own = pikaci::load_catalogue(reader_at(repository, head));
  if (!own.problems.empty()) {
    s.head_catalogue_error = print_problems(own.problems);
  } else {
    auto choices = pikaci::select_lanes(own.catalogue, paths);
    for (const auto& lane : own.catalogue.lanes) {
      const auto* choice = choice_of(choices, lane.id);
      if (lane.nightly || !choice || !choice->selected) continue;
      const auto* theirs = target.problems.empty() ? target.catalogue.find_lane(lane.id) : nullptr;
      if (theirs && same_definition(target.catalogue, *theirs, own.catalogue, lane)) continue;
      out.lanes.push_back(new_lane(own.catalogue, lane,
                                   theirs ? "as this branch defines it; advisory" : "new in this branch; advisory"));
    }
  }
  if (!s.catalogue_error.empty())
    planned.notice = fmt::format("the catalogue of {} does not parse:\n{}", r.target, s.catalogue_error);
  if (!s.head_catalogue_error.empty())
    planned.notice = fmt::format("the catalogue of this branch does not parse, its own lanes do not run:\n{}",
                                 s.head_catalogue_error);
  return out;
}

Result<PlannedVersion> Planner::plan(const store::Repository& r, const store::Branch& branch, const std::string& why,
                                     bool again) {
  auto lock = locks_.lock(r.id);
  PlannedVersion planned;
  auto version = store_.newest_version(branch.id);
  if (!version) return fail(ErrorKind::internal, fmt::format("branch #{} has no version", branch.number));
  planned.candidate = PIKA_TRY(build_candidate(r, branch, *version));
  auto newest = store_.newest_suite(branch.id);
  bool tested =
      newest && newest->version == version->id &&
      (planned.candidate.commit.empty() ? !newest->candidate && newest->target_tip == planned.candidate.target_tip
                                        : newest->candidate == planned.candidate.id);
  if (tested && !again) return planned;
  auto wanted = PIKA_TRY(choose(r, branch, *version, planned.candidate, why, planned));
  std::vector<store::RunningLease> superseded;
  planned.suite = store_.create_suite(wanted, &superseded);
  if (!superseded.empty()) cancel_(superseded, "superseded: " + why);
  work_();
  if (!planned.candidate.conflicts.empty()) {
    std::vector<std::string> names;
    for (const auto& path : planned.candidate.conflicts) names.push_back(quote_name(to_utf8(path)));
    planned.notice = fmt::format("it conflicts with {} in: {}", r.target, join(names, ", "));
  } else if (!planned.candidate.problem.empty()) {
    planned.notice = planned.candidate.problem;
  }
  return planned;
}

void Planner::plan_open_branches(const store::Repository& r, const std::string& why) {
  for (const auto& branch :
       store_.branches({.repository = r.id, .state = store::BranchState::open, .limit = 100'000})) {
    try {
      if (auto planned = plan(r, branch, why); !planned)
        log_warning("planner", "{} branch #{}: {}", r.full_name(), branch.number, planned.error().what);
    } catch (const std::exception& e) {
      log_error("planner", "{} branch #{}: {}", r.full_name(), branch.number, e.what());
    }
  }
}

}  // namespace pika::forge
