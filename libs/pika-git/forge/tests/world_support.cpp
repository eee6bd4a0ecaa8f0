#include <fmt/format.h>

#include <stdexcept>

#include "world.hpp"

namespace pika::forge {

namespace {
const std::string kZero(40, '0');
}

std::string catalogue(const std::map<std::string, std::pair<std::string, std::string>>& lanes) {
  std::string text = "version = 1\n";
  for (const auto& [id, lane] : lanes) {
    text += fmt::format("[[lane]]\nid = \"{0}\"\ntitle = \"check-{0}\"\ntarget = \"{0}\"\n", id);
    if (!lane.second.empty()) text += fmt::format("paths = {}\n", lane.second);
    text += fmt::format(
        "[[targets.{}.jobs]]\nid = \"test\"\ncommand = [\"/bin/sh\", \"-c\", \"{}\"]\nplacement = \"local\"\n"
        "runtime = \"sandbox\"\nnetwork = \"off\"\nlimits = {{ memory = \"1GiB\", time = \"5m\" }}\n",
        id, lane.first);
  }
  return text;
}

std::string policy(const std::string& required, const std::string& more) {
  return fmt::format("version = 1\n[target.main]\nrequired_lanes = [{}]\n{}", required, more);
}

World::World(const Files& first) : files(first) {
  layout.make();
  restart();
  repository = store->create_repository("ada", "engine", "main", 1).value();
  make_dirs(path().parent_path());
  if (auto made = git::init_hosted(path(), "main"); !made) throw std::runtime_error(made.error().what);
  if (first.empty()) return;
  base = commit(first, {}, "The first state");
  push("main", base);
}

void World::restart() {
  lander.reset();
  review.reset();
  planner.reset();
  store.reset();
  store = store::Store::open(folder.path()).value();
  planner = std::make_unique<Planner>(
      *store, layout, locks,
      [this](const auto& leases, const std::string&) {
        cancelled.insert(cancelled.end(), leases.begin(), leases.end());
      },
      [] {});
  review = std::make_unique<Review>(
      *store, layout, locks, *planner,
      [](const store::Repository& r, const store::Branch& b) {
        return fmt::format("http://forge/{}/branches/{}", r.full_name(), b.number);
      },
      [this] { ++explained; });
  lander = std::make_unique<Lander>(*store, layout, locks);
}

std::string World::git(std::vector<std::string> words) const {
  auto out = git::run(path(), std::move(words));
  if (!out) throw std::runtime_error(out.error().what);
  while (!out->empty() && out->back() == '\n') out->pop_back();
  return *out;
}

git::Oid World::commit(const Files& content, const std::vector<git::Oid>& parents, const std::string& message) {
  std::string in = "commit refs/made\n";
  in += "committer Ada <ada@example.org> 1767225600 +0000\n";
  in += fmt::format("data {}\n{}\n", message.size(), message);
  for (std::size_t i = 0; i < parents.size(); ++i) in += fmt::format("{} {}\n", i ? "merge" : "from", parents[i].hex());
  in += "deleteall\n";
  for (const auto& [name, text] : content)
    in += fmt::format("M 100644 inline {}\ndata {}\n{}\n", name, text.size(), text);
  // The ref is new each time: fast-import would not move it to a commit that does not follow the one before.
  if (auto made = git::run(path(), {"fast-import", "--quiet", "--force"}, 60 * kSecond, in); !made)
    throw std::runtime_error(made.error().what);
  auto id = open().ref("refs/made").value();
  git({"update-ref", "-d", "refs/made"});
  return id;
}

git::Oid World::at(const std::string& branch) const {
  return open().ref("refs/heads/" + branch).value_or(git::Oid());
}

void World::set_ref(const std::string& name, const git::Oid& to) {
  if (auto moved = git::update_refs(path(), {{"refs/heads/" + name, at(name), to}}, "push"); !moved)
    throw std::runtime_error(moved.error().what);
}

std::vector<std::string> World::push(const std::string& name, const git::Oid& to, const PushOptions& options) {
  auto from = at(name);
  std::vector<RefChange> changes = {{"refs/heads/" + name, from.hex(), to.hex()}};
  if (auto checked = review->check_push(repository, changes); !checked) throw std::runtime_error(checked.error().what);
  set_ref(name, to);
  auto lines = review->record_push(repository, changes, options, "ada");
  repository = *store->repository(repository.id);
  return lines;
}

store::Branch World::pushed(const std::string& name, const git::Oid& to) {
  push(name, to);
  return branch(name);
}

store::Branch World::branch(const std::string& name) const {
  auto found = store->open_branch(repository.id, name);
  if (!found) throw std::runtime_error("no open branch " + name);
  return *found;
}

store::Suite World::suite(const store::Branch& branch) const {
  auto found = store->newest_suite(branch.id);
  if (!found) throw std::runtime_error("no suite of " + branch.name);
  return *found;
}

std::vector<store::LaneWithAttempts> World::lanes(const store::Branch& branch) const {
  return store->lanes(suite(branch).id);
}

void World::run(const store::Branch& branch, Ran status, const std::string& only) {
  for (const auto& l : lanes(branch)) {
    if (l.newest().status != Ran::queued || (!only.empty() && l.lane.lane != only)) continue;
    auto now = system_clock().now();
    auto fence = store->assign(l.newest().id, "r", "why", now + kSecond, now).value();
    store->end_attempt({.attempt = l.newest().id, .fence = fence, .status = status, .at = now});
  }
}

Result<store::Landing> World::merge(const store::Branch& branch, const std::string& override_reason,
                                    domain::Role role) {
  auto now = store->branch(branch.id).value();
  return lander->merge(repository, now,
                       {.expected_head = now.head, .by = "ada", .role = role, .override_reason = override_reason});
}

domain::VerdictState World::verdict(const store::Branch& branch) {
  return judge(*store, layout, repository, store->branch(branch.id).value()).verdict.state;
}

}  // namespace pika::forge
