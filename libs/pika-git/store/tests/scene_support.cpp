#include "scene.hpp"

namespace pika::store {

std::string object(char digit) {
  return std::string(40, digit);
}

Scene::Scene() {
  make_dirs(folder.path() / "db");
  make_dirs(folder.path() / "backup");
  reopen();
  repository = store->create_repository("ada", "engine", "main", 1).value();
}

void Scene::reopen() {
  store.reset();
  store = Store::open(folder.path()).value();
}

Pushed Scene::push(const std::string& branch, char head, Micros at) {
  PushRecord push;
  push.repository = repository.id;
  push.branch = branch;
  push.head = object(head);
  push.merge_base = object('0');
  push.title = "A title";
  push.author = push.pushed_by = "ada";
  push.at = at;
  return store->record_push(push);
}

Suite Scene::suite(const Pushed& pushed, const std::vector<std::string>& lanes, Micros at,
                   std::vector<RunningLease>* superseded) {
  NewSuite wanted;
  wanted.suite.repository = repository.id;
  wanted.suite.branch = pushed.branch.id;
  wanted.suite.version = pushed.version.id;
  wanted.suite.head = pushed.version.head;
  wanted.suite.queued_at = at;
  wanted.suite.why = "push";
  for (const auto& id : lanes) {
    NewLane lane;
    lane.lane = lane.title = id;
    lane.jobs = "[]";
    lane.gating = true;
    wanted.lanes.push_back(lane);
  }
  std::vector<RunningLease> unwanted;
  return store->create_suite(wanted, superseded ? superseded : &unwanted);
}

Attempt Scene::newest(const Suite& suite, std::size_t lane) {
  return store->lanes(suite.id).at(lane).newest();
}

Landing Scene::landing(const Pushed& pushed, char commit, Micros at) {
  Candidate candidate;
  candidate.version = pushed.version.id;
  candidate.target_tip = object('0');
  candidate.policy_id = "p";
  candidate.tree = object('d');
  candidate.commit = object(commit);
  auto saved = store->save_candidate(candidate);
  Landing landing;
  landing.branch = pushed.branch.id;
  landing.version = pushed.version.id;
  landing.candidate = saved.id;
  landing.target = "main";
  landing.commit = object(commit);
  landing.tree_tested = landing.tree_landed = object('d');
  landing.by = "ada";
  landing.at = at;
  return store->begin_landing(landing);
}

}  // namespace pika::store
