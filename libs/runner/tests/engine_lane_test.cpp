#include "pika/runner/engine_lane.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"
#include "pika/runner/fetch.hpp"
#include "pika/runner/lane_text.hpp"
#include "pika/runner/service.hpp"

using namespace pika;
using namespace pika::runner;

namespace {

// A hosted repository with one commit, and an engine that may run host processes.
struct Place {
  TempDir dir;
  fs::path hosted = dir.path() / "hosted.git";
  std::string commit, tree;
  std::unique_ptr<jerichoci::Engine> engine;

  Place() {
    set_log_level(LogLevel::error);
    fs::permissions(dir.path(), fs::perms(0755));
    const auto work = dir.path() / "work";
    make_dirs(work);
    git::run(work, {"init", "--quiet", "-b", "main"}).value();
    write_file_atomic(work / "a b.txt", "hello\n");
    git::run(work, {"add", "-A"}).value();
    git::run(work, {"-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "-m", "first"}).value();
    commit = trim(git::run(work, {"rev-parse", "HEAD"}).value());
    tree = trim(git::run(work, {"rev-parse", "HEAD^{tree}"}).value());
    git::run(dir.path(), {"clone", "--quiet", "--bare", "work", "hosted.git"}).value();
    engine = open_engine();
  }
  std::unique_ptr<jerichoci::Engine> open_engine() const {
    return jerichoci::Engine::open({.state_root = dir.path() / "state", .slots = 2, .allow_host_process = true})
        .value();
  }
  wire::Assign assign(std::vector<std::pair<std::string, std::string>> jobs) const {
    wire::Assign a;
    a.key = {wire::AttemptId(7), wire::Fence(1)};
    a.repository = "acme/rocket";
    a.git_url = hosted.string();
    a.commit = commit;
    a.tree = tree;
    a.lane = a.target = "unit";
    a.lane_title = "check-unit";
    for (const auto& [id, shell] : jobs) {
      jerichoci::JobSpec job;
      job.id = id;
      job.command = {"sh", "-c", shell};
      job.runtime = jerichoci::Runtime::host_process;
      a.jobs.push_back(jerichoci::to_json(job));
    }
    return a;
  }
};

struct Ran {
  wire::AttemptResult result;
  std::string log;
  std::vector<std::string> events;
};

Ran run(Place& place, const wire::Assign& assign, const jerichoci::CancelToken& cancel = {}) {
  Spool spool(place.dir.path() / "spool");
  const auto run_id = make_ulid();
  spool.create(assign, run_id);
  auto log = spool.open_log(assign.key, {});
  Ran ran;
  Sync<std::vector<std::string>> events;
  LaneReport report{
      [&](const json::Value& event) { events.lock()->push_back(json::get_string(event, "event").value()); }};
  EngineLane lane(*place.engine, place.dir.path() / "git", "");
  ran.result = lane.run(assign, run_id, log, report, cancel);
  ran.log = spool.read_log(assign.key, 0, 1u << 20);
  ran.events = *events.lock();
  if (!ran.result.run_id.empty()) CHECK(ran.result.run_id == run_id);
  return ran;
}

// One HTTP request, answered 404; gives what was asked.
std::string answer_once(const UniqueFd& listener) {
  UniqueFd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const auto got = ::recv(client.get(), buffer, sizeof buffer, 0);
    if (got <= 0) break;
    request.append(buffer, static_cast<std::size_t>(got));
  }
  write_all(client.get(), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  return request;
}

}  // namespace

TEST_CASE("a lane runs on the tree of its commit, and its log is the job's own bytes") {
  Place place;
  auto ran = run(place, place.assign({{"test", "cat 'a b.txt'; printf '\\377\\n'"}}));
  CHECK_MESSAGE(ran.result.status == "passed", ran.result.message);
  CHECK(ran.log == "hello\n\xff\n");
  CHECK(ran.events.front() == "attempt_started");
  CHECK(ran.events.back() == "run_finished");
  auto record = jerichoci::run_record_from_json(ran.result.run);
  REQUIRE(record);
  CHECK(record->snapshot.tree.hex() == place.tree);
  CHECK(record->labels.at("lane") == "unit");
}

TEST_CASE("a job that fails decides: its exit code and its sentence are the lane's") {
  Place place;
  auto ran = run(place, place.assign({{"fine", "true"}, {"wrong", "exit 7"}}));
  CHECK(ran.result.status == "failed");
  CHECK(ran.result.failure == "test_failed");
  CHECK(ran.result.exit_code == 7);
  CHECK_FALSE(ran.result.message.empty());
}

TEST_CASE("the log of several jobs names each where its bytes begin, on a line of its own") {
  Place place;
  auto assign = place.assign({{"one", "printf first"}, {"two", "echo second"}});
  assign.jobs[1].get_object()["needs"] = json::Array{"one"};
  auto ran = run(place, assign);
  CHECK(ran.log == "== job one ==\nfirst\n== job two ==\nsecond\n");
}

TEST_CASE("another tree than the forge named is refused before anything runs") {
  Place place;
  auto assign = place.assign({{"test", "true"}});
  assign.tree = std::string(40, '1');
  auto ran = run(place, assign);
  CHECK(ran.result.failure == "infrastructure");
  CHECK(ran.result.message.find("has tree") != std::string::npos);
  CHECK(ran.log.empty());
}

TEST_CASE("a commit that the forge does not have is a sentence, at once") {
  Place place;
  auto assign = place.assign({{"test", "true"}});
  assign.commit = std::string(40, '1');
  auto ran = run(place, assign);
  CHECK(ran.result.failure == "infrastructure");
  CHECK(ran.result.message.find(assign.commit) != std::string::npos);
}

TEST_CASE("on the forge's own host a commit is read where it was pushed, and no copy is made") {
  Place place;
  auto assign = place.assign({{"test", "true"}});
  CHECK(run(place, assign).result.status == "passed");
  CHECK_FALSE(fs::exists(place.dir.path() / "git"));
  assign.tree = std::string(40, '2');
  auto other = run(place, assign);
  CHECK(other.result.failure == "infrastructure");
  CHECK(other.result.message.find("the forge said " + assign.tree) != std::string::npos);
}

TEST_CASE("a job that does not read is the catalogue's fault") {
  Place place;
  auto assign = place.assign({});
  assign.jobs = {json::Object{{"id", 5}}};
  CHECK(run(place, assign).result.failure == "catalogue_error");
  CHECK(run(place, place.assign({})).result.status == "nothing_ran");
}

TEST_CASE("a lane that is cancelled before its commit is here ends as cancelled") {
  Place place;
  jerichoci::CancelToken cancel;
  cancel.cancel();
  auto ran = run(place, place.assign({{"test", "sleep 1000"}}), cancel);
  CHECK(ran.result.status == "cancelled");
}

TEST_CASE("the token goes to the forge as the password of Basic") {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener.get(), 4) == 0);
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  std::string request;
  std::thread forge([&] { request = answer_once(listener); });
  TempDir dir;
  auto fetched = fetch_commit({.root = dir.path(),
                               .repository = "acme/rocket",
                               .git_url = fmt::format("http://127.0.0.1:{}/acme/rocket.git", ntohs(address.sin_port)),
                               .commit = *git::Oid::parse(std::string(40, '1')),
                               .tree = *git::Oid::parse(std::string(40, '2')),
                               .token = "s3cret",
                               .pin = 1},
                              {});
  forge.join();
  REQUIRE_FALSE(fetched);
  CHECK(fetched.error().kind == ErrorKind::not_found);
  CHECK(fetched.error().text().find("s3cret") == std::string::npos);
  CHECK(request.find("Authorization: Basic " + base64_encode("runner:s3cret") + "\r\n") != std::string::npos);
}

TEST_CASE("what a killed runner had begun is lost, with its record; what it had not begun is still to run") {
  Place place;
  Spool spool(place.dir.path() / "spool");
  auto begun = place.assign({{"test", "true"}});
  auto waiting = begun;
  waiting.key.attempt = wire::AttemptId(8);
  auto over = begun;
  over.key.attempt = wire::AttemptId(9);
  const auto run_id = make_ulid();
  for (const auto* a : {&begun, &waiting, &over}) spool.create(*a, run_id);
  spool.mark_started(begun.key);
  spool.open_log(begun.key, {}).append("cut he");
  spool.mark_started(over.key);
  spool.finish(over.key, {.status = "passed"});
  auto attempts = settle(spool, *place.engine);
  REQUIRE(attempts.size() == 3);
  REQUIRE(attempts[0].result);
  CHECK(attempts[0].result->failure == "lost");
  CHECK(attempts[0].result->run_id == run_id);
  CHECK(spool.read_log(begun.key, 0, 4096).starts_with("cut he\npika: failed (lost)"));
  CHECK(attempts[0].log_size == spool.read_log(begun.key, 0, 4096).size());
  CHECK_FALSE(attempts[1].result);
  CHECK(attempts[2].result->status == "passed");
  CHECK(settle(spool, *place.engine)[0].result->failure == "lost");  // again: the same
}

TEST_CASE("each branch has a trust domain of its own that reads its repository's and no other branch's") {
  wire::Assign assign;
  assign.repository = "Acme/Rocket.Engine";
  auto repository = trust_of(assign);
  CHECK(repository.name.starts_with("acme-rocket-engine-"));
  CHECK(repository.reads_from.empty());
  CHECK_FALSE(repository.may_save);  // no branch: nothing says that this landed
  CHECK(jerichoci::check_trust(repository).has_value());
  assign.labels = {{"suite", "#7"}, {"branch", "#133"}};
  auto branch = trust_of(assign);
  CHECK(branch.name == repository.name + "-b133");
  CHECK(branch.reads_from == repository.name);
  CHECK(branch.own_tree_only);
  CHECK(jerichoci::check_trust(branch).has_value());
  assign.labels = {{"branch", "#134"}};
  CHECK(trust_of(assign).name != branch.name);
  assign.labels.clear();
  for (auto* other : {"acme/rocket.engine", "Acme-Rocket/Engine", "Acme/Rocket-Engine"}) {
    assign.repository = other;
    CHECK(trust_of(assign).name != repository.name);
  }
  assign.repository = std::string(64, 'o') + "/" + std::string(64, 'n');
  assign.labels = {{"branch", "../../" + std::string(80, 'x')}};
  CHECK(jerichoci::check_trust(trust_of(assign)).has_value());
}

TEST_CASE("a branch is warm by what landed before it, and by nothing that has not landed") {
  Place place;
  auto lane = [&](const std::string& shell, const std::string& branch, std::vector<wire::LandedBranch> landed = {}) {
    auto assign = place.assign({{"test", shell}});
    auto job = jerichoci::job_spec_from_json(assign.jobs[0]).value();
    job.caches = {"c"};
    assign.jobs[0] = jerichoci::to_json(job);
    assign.labels = {{"branch", branch}};
    assign.landed = std::move(landed);
    return run(place, assign).log;
  };
  const std::string poison = "echo poison > $PIKA_CACHE_C/f", look = "cat $PIKA_CACHE_C/f || true";
  lane(poison, "#1");
  CHECK(lane(look, "#2").find("poison") == std::string::npos);
  // It landed as another tree than the one that wrote this.
  CHECK(lane(look, "#2", {{"#1", std::string(40, 'a')}}).find("poison") == std::string::npos);
  CHECK(lane(look, "#2", {{"", place.tree}, {"#", "x"}, {"../1", place.tree}}).find("poison") == std::string::npos);
  lane("echo good > $PIKA_CACHE_C/f", "#3");
  CHECK(lane(look, "#4", {{"#3", place.tree}}).find("good") != std::string::npos);
  CHECK(lane(look, "#2").find("good") != std::string::npos);
}

TEST_CASE("with a named root a verdict is used again but never for a lane that gates") {
  Place place;
  const auto root = place.dir.path() / "root";
  make_dirs(root / "bin");
  REQUIRE_MESSAGE(fs::exists("/bin/busybox"), "apt-get install busybox-static");
  fs::copy_file("/bin/busybox", root / "bin/sh");
  REQUIRE(parse_root("small=" + root.string())->second == root);
  place.engine.reset();
  place.engine =
      jerichoci::Engine::open({.state_root = place.dir.path() / "state", .slots = 2, .roots = {{"small", root}}})
          .value();
  auto assign = place.assign({});
  jerichoci::JobSpec job;
  job.id = "test";
  job.command = {"/bin/sh", "-c", "echo really ran"};
  job.root = "small";
  job.reuse = jerichoci::ReuseSpec{{"a b.txt"}, 0};
  assign.jobs = {jerichoci::to_json(job)};
  assign.labels = {{"branch", "#1"}};
  auto ran = [&](bool gate) {
    assign.gate = gate;
    auto lane = run(place, assign);
    CHECK_MESSAGE(lane.result.status == "passed", lane.result.message);
    return json::print(lane.result.run).find("\"reused\":true") == std::string::npos;
  };
  CHECK(ran(true));
  CHECK(ran(true));
  CHECK(ran(false) == false);  // what the gate proved counts where nothing is gated
  CHECK(ran(true));
}

TEST_CASE("a root that is none is told in a sentence") {
  for (const auto* word : {"small", "small=", "=/", "../x=/", ""})
    CHECK(parse_root(word).error().text().find("NAME=PATH") != std::string::npos);
  CHECK(parse_root("small=/nonexistent").error().text().find("there is no folder '/nonexistent'") != std::string::npos);
}
