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
  out.group_size = static_cast<int>(catalogue.group_size(lane.concurrency_group));
  out.needs = lane.needs;
  out.reason = reason;
  out.target = lane.target;
  out.jobs = jobs_json(catalogue, lane.target);
  out.unrunnable = lane.unrunnable;
  return out;
}

// A lane of the branch's own. Its id says so where the target has one of that name. It is given nothing that only the
// target may grant: no job without a sandbox, no variable of the host.
store::NewLane advisory_lane(pikaci::Catalogue catalogue, const pikaci::Lane& lane, bool theirs) {
  bool host_process = false;
  if (auto at = catalogue.targets.find(lane.target); at != catalogue.targets.end()) {
    for (auto& job : at->second.jobs) {
      job.env_allow.clear();
      if (job.runtime == jerichoci::Runtime::host_process) host_process = true;
    }
  }
  auto out = new_lane(catalogue, lane, theirs ? "as this branch defines it; advisory" : "new in this branch; advisory");
  if (theirs) out.lane += "~head";
  if (host_process && out.unrunnable.empty())
    out.unrunnable = "only the target's catalogue may ask for host_process; a branch's own lane runs in the sandbox";
  return out;
}

// The paths that choose lanes: what the version changes since it left the target, and what landing it would change.
// The second differs when the branch takes back something that landed by another way.
Result<std::vector<std::string>> changed_by(const fs::path& path, const store::Version& version,
                                            const store::Candidate& candidate) {
  auto base = git::Oid::parse(version.merge_base).value_or(git::Oid());
  auto head = git::Oid::parse(version.head).value_or(git::Oid());
  auto paths = PIKA_TRY(git::changed_paths(path, base, head));
  auto tip = git::Oid::parse(candidate.target_tip), tree = git::Oid::parse(candidate.tree);
  if (!tip || !tree) return paths;
  auto landing = PIKA_TRY(git::changed_paths(path, *tip, *tree));
  paths.insert(paths.end(), landing.begin(), landing.end());
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

// What is wrong with the catalogue (read already, or read here when it is empty) and the policy of a commit.
std::string rules_problem(const git::Repository& repository, const std::string& commit,
                          const pikaci::CatalogueResult& read) {
  auto id = git::Oid::parse(commit);
  if (!id) return {};
  auto reader = reader_at(repository, *id);
  auto catalogue = read.catalogue.present || !read.problems.empty() ? read : pikaci::load_catalogue(reader);
  if (!catalogue.problems.empty()) return print_problems(catalogue.problems);
  auto policy = pikaci::load_policy(reader);
  return print_problems(policy.problems);
}

bool same_definition(const pikaci::Catalogue& a, const pikaci::Lane& x, const pikaci::Catalogue& b,
                     const pikaci::Lane& y) {
  return x.paths == y.paths && x.unrunnable == y.unrunnable && x.needs == y.needs &&
         jobs_json(a, x.target) == jobs_json(b, y.target);
}

bool has_lane(const std::vector<store::NewLane>& lanes, const std::string& id) {
  return std::any_of(lanes.begin(), lanes.end(), [&](const auto& lane) { return lane.lane == id; });
}

// An advisory lane needs the branch's own lanes, where they differ from the target's.
void need_own_lanes(std::vector<store::NewLane>& lanes) {
  for (auto& lane : lanes)
    if (!lane.gating)
      for (auto& need : lane.needs)
        if (has_lane(lanes, need + "~head")) need += "~head";
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
  // With a policy that does not parse nothing is known of what must pass: choose() says so on the suite, and nothing
  // lands but by an administrator's word.
  c.policy_id = policy.policy.hash;
  if (!policy.problems.empty()) c.policy_id += "!";
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
  // Not known is not empty: with no paths, the lanes that filter by them would count as not concerned.
  auto paths = PIKA_TRY(changed_by(path, version, candidate));

  pikaci::CatalogueResult target;
  if (auto tip = git::Oid::parse(candidate.target_tip)) target = pikaci::load_catalogue(reader_at(repository, *tip));
  s.catalogue_error = rules_problem(repository, candidate.target_tip, target);
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
  // What would land is the merge: its catalogue and its policy must be usable too, or the target would be stuck.
  s.head_catalogue_error = rules_problem(repository, version.head, own);
  if (s.head_catalogue_error.empty() && !candidate.commit.empty())
    s.head_catalogue_error = rules_problem(repository, candidate.commit, {});
  if (own.problems.empty()) {
    auto choices = pikaci::select_lanes(own.catalogue, paths);
    for (const auto& lane : own.catalogue.lanes) {
      const auto* choice = choice_of(choices, lane.id);
      if (lane.nightly || !choice || !choice->selected) continue;
      const auto* theirs = target.problems.empty() ? target.catalogue.find_lane(lane.id) : nullptr;
      // The target's own stands for it, where it was chosen there too.
      bool same = theirs && same_definition(target.catalogue, *theirs, own.catalogue, lane);
      if (same && has_lane(out.lanes, lane.id)) continue;
      out.lanes.push_back(advisory_lane(own.catalogue, lane, theirs != nullptr));
    }
    need_own_lanes(out.lanes);
  }
  if (!s.catalogue_error.empty())
    planned.notice = fmt::format("the rules of {} do not parse:\n{}", r.target, s.catalogue_error);
  if (!s.head_catalogue_error.empty())
    planned.notice = fmt::format("the rules this branch would land do not parse:\n{}", s.head_catalogue_error);
  return out;
}

Result<PlannedVersion> Planner::plan(const store::Repository& r, const store::Branch& branch, const std::string& why) {
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
  if (tested) return planned;
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
