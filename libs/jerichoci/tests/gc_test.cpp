// A collection takes what nothing needs, and nothing else, whatever runs and whenever it is killed.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <limits>
#include <thread>

#include "engine_support.hpp"
#include "gc/usage.hpp"
#include "image/root_store.hpp"
#include "jerichoci/testing/image_fixture.hpp"
#include "jerichoci/testing/run_fixture.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"
#include "prepared/nix_store.hpp"
#include "runstore/run_store.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

constexpr pika::Micros kDay = 24 * 3600 * pika::kSecond;

// Everything that may go does.
GcPolicy greedy() {
  return {.keep_days = 0, .keep_runs = 0, .keep_snapshot_hours = 0};
}

const GcClass& of(const GcReport& report, std::string_view name) {
  auto it = std::find_if(report.classes.begin(), report.classes.end(), [&](const auto& c) { return c.name == name; });
  REQUIRE(it != report.classes.end());
  return *it;
}

std::uint64_t du(const fs::path& path) {
  auto out = pika::proc::run({.argv = {"du", "-s", "--block-size=1", path.string()}});
  REQUIRE(out.ok());
  return *pika::parse_number<std::uint64_t>(pika::split(out.out, '\t')[0]);
}

std::uint64_t sum_kept(const GcReport& report) {
  std::uint64_t sum = 0;
  for (const auto& c : report.classes) sum += c.kept_bytes;
  return sum;
}

// Pretends that everything below was last used long ago.
void age(const fs::path& root) {
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    struct timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    ::utimensat(AT_FDCWD, entry.path().c_str(), times, AT_SYMLINK_NOFOLLOW);
  }
}

std::string old_run(const fs::path& root, const std::string& id, int days) {
  auto at = pika::system_clock().now() - days * kDay;
  return testing::TestJerichociRunFixture(root)
      .id(id)
      .times(at, at)
      .job(testing::TestJerichociJobFixture("test").log(std::string(5000, 'x')))
      .write();
}

SnapshotRecord snapshot_of(TestEngine& engine, const std::string& content) {
  TestRepository repo;
  repo.write("a", content);
  return *engine->snapshot_commit(repo.path(), repo.commit());
}

JobSpec leaving(const std::string& words) {
  auto job = shell_job("test", "echo " + words + " > made");
  job.artifacts = ArtifactSpec{.globs = {"made"}};
  return job;
}

}  // namespace

TEST_CASE("gc: the classes add up to du of the state root, byte by byte, before and after") {
  TestEngine engine;
  auto one = snapshot_of(engine, std::string(100'000, '1')), two = snapshot_of(engine, std::string(100'000, '2'));
  run(*engine, one, {leaving("a")});
  run(*engine, two, {leaving("b")});
  std::ofstream(engine.root() / "somebody-elses-file") << std::string(10'000, 'x');
  auto before = du(engine.root());
  auto dry = engine->gc({.mode = GcPolicy::Mode::dry_run});
  REQUIRE(dry.has_value());
  CHECK(dry->bytes_before == before);
  CHECK(sum_kept(*dry) == before);
  CHECK(of(*dry, "other").kept_bytes >= 10'000);
  CHECK(dry->classes.size() == std::size(kGcClasses));
  auto done = engine->gc(greedy());
  REQUIRE(done.has_value());
  CHECK(sum_kept(*done) == du(engine.root()));
  CHECK(fs::exists(engine.root() / "somebody-elses-file"));
}

TEST_CASE("gc: a dry run removes nothing and names what a real one then removes") {
  TestEngine engine;
  old_run(engine.root(), "old", 60);
  old_run(engine.root(), "young", 1);
  auto policy = GcPolicy{.keep_days = 30, .keep_runs = 0, .mode = GcPolicy::Mode::dry_run};
  auto dry = engine->gc(policy);
  CHECK(dry->removed_runs == std::vector<std::string>{"old"});
  CHECK(engine->load_run_record("old").has_value());
  policy.mode = GcPolicy::Mode::remove;
  auto done = engine->gc(policy);
  CHECK(done->removed_runs == dry->removed_runs);
  for (auto* name : {"runs", "logs"}) {
    CHECK(of(*done, name).removed == 1);
    CHECK(of(*done, name).removed_bytes == of(*dry, name).removed_bytes);
    CHECK(of(*done, name).removed_bytes > 4000);
  }
  CHECK(of(*done, "runs").why_kept == std::map<std::string, std::uint64_t>{{"younger than 30 days", 1}});
  CHECK(!engine->load_run_record("old").has_value());
  CHECK(engine->load_run_record("young").has_value());
  CHECK(!fs::exists(engine.root() / "runs/old"));
}

TEST_CASE("gc: the newest runs stay whatever their age; a pinned one stays until it is unpinned") {
  TestEngine engine;
  for (int i = 1; i <= 4; ++i) old_run(engine.root(), fmt::format("r{}", i), 100 - i);
  REQUIRE(engine->pin_run("r1", "a release was built here").has_value());
  auto done = engine->gc({.keep_days = 30, .keep_runs = 1});
  CHECK(done->removed_runs.size() == 2);
  CHECK(engine->load_run_record("r1").has_value());
  CHECK(of(*done, "runs").why_kept.at("pinned") == 1);
  REQUIRE(engine->unpin_run("r1").has_value());
  CHECK(engine->gc(greedy())->removed_runs.size() == 2);
  CHECK(engine->list_runs(10, nullptr).empty());
}

TEST_CASE("gc never touches what runs: its folder, its tree, its checkout, what it has stored") {
  TestEngine engine;
  auto done_before = run(*engine, snapshot_of(engine, "old"), {leaving("x")}).record;
  auto snapshot = snapshot_of(engine, "running");
  // The first job has left its artifact when the second waits, and the collection comes in between.
  RunRequest request{.snapshot = snapshot, .jobs = {leaving("y"), shell_job("wait", "cat a; sleep 600")}};
  request.jobs[1].needs = {"test"};
  CancelToken cancel;
  std::optional<GcReport> report;
  auto sink = [&](const pika::json::Value& event) {
    if (pika::json::find_string(event, "event") != "job_started" || pika::json::find_string(event, "job_id") != "wait")
      return;
    age(engine.root() / "checkouts");  // as if it had been used long ago: it is read now
    report = *engine->gc(greedy());
    cancel.cancel();
  };
  auto record = *engine->run_jobs(request, sink, cancel);
  REQUIRE(report.has_value());
  CHECK(record.jobs[0].status == Status::passed);
  CHECK(record.jobs[1].status == Status::cancelled);
  CHECK(report->removed_runs == std::vector<std::string>{done_before.run_id});
  CHECK(of(*report, "runs").why_kept.at("at work") == 1);
  CHECK(engine->open_artifact(record.jobs[0].artifacts[0].content).has_value());
  CancelToken at_once;
  at_once.cancel();
  CHECK(engine->rerun_jobs(record.run_id, {}, at_once)->status == Status::cancelled);
}

TEST_CASE("gc: artifacts go with the runs that named them and when their time is over; one content, many runs") {
  TestEngine engine;
  auto snapshot = snapshot_of(engine, "1");
  auto first = run(*engine, snapshot, {leaving("same")}).record;
  auto second = run(*engine, snapshot, {leaving("same")}).record;
  auto short_lived = leaving("brief");
  short_lived.artifacts->retention = 1;
  auto third = run(*engine, snapshot, {short_lived}).record;
  age(engine.root() / "artifacts");
  engine->gc({.keep_days = 30});
  CHECK(engine->open_artifact(first.jobs[0].artifacts[0].content).has_value());
  CHECK(!engine->open_artifact(third.jobs[0].artifacts[0].content).has_value());
  CHECK(engine->load_run_record(third.run_id).has_value());
  REQUIRE(engine->pin_run(second.run_id, "wanted").has_value());
  CHECK(engine->gc(greedy())->removed_runs.size() == 2);
  CHECK(engine->open_artifact(second.jobs[0].artifacts[0].content).has_value());
  REQUIRE(engine->unpin_run(second.run_id).has_value());
  CHECK(engine->gc(greedy())->removed_runs.size() == 1);
  CHECK(!engine->open_artifact(second.jobs[0].artifacts[0].content).has_value());
}

TEST_CASE("gc: a run that is pinned while a collection goes on stays, with its artifacts and its tree") {
  Engine* running = nullptr;
  std::string wanted;
  EngineConfig config;
  config.fault = [&](FaultPoint point) {
    if (point == FaultPoint::gc_marked && running) CHECK(running->pin_run(wanted, "a release").has_value());
  };
  TestEngine engine(config);
  auto record = run(*engine, snapshot_of(engine, "1"), {leaving("words")}).record;
  age(engine.root() / "artifacts");
  age(engine.root() / "objects.git/refs/jerichoci/snapshots");
  running = &*engine;
  wanted = record.run_id;
  auto report = *engine->gc(greedy());
  running = nullptr;
  CHECK(report.removed_runs.empty());
  CHECK(engine->open_artifact(record.jobs[0].artifacts[0].content).has_value());
  CHECK(engine->rerun_jobs(wanted, {}, {})->status == Status::passed);
}

TEST_CASE("gc: while a run's record cannot be read no content goes that it may have") {
  TestEngine engine;
  auto record = run(*engine, snapshot_of(engine, "1"), {leaving("words")}).record;
  age(engine.root() / "artifacts");
  auto path = engine.root() / "runs" / record.run_id / "run.json";
  auto text = *pika::read_file(path);
  std::ofstream(path) << "{\"schema_version\": 2}";  // of a version to come
  engine->gc(greedy());
  std::ofstream(path) << text;
  CHECK(engine->open_artifact(record.jobs[0].artifacts[0].content).has_value());
}

TEST_CASE("gc: as many days and hours as there are numbers are for ever") {
  TestEngine engine;
  old_run(engine.root(), "old", 100);
  auto job = leaving("words");
  job.artifacts->retention = std::numeric_limits<pika::Micros>::max();
  auto record = run(*engine, snapshot_of(engine, "1"), {job}).record;
  age(engine.root() / "artifacts");
  age(engine.root() / "objects.git/refs/jerichoci/snapshots");
  GcPolicy policy{.keep_days = ~0u, .keep_runs = 0, .keep_snapshot_hours = ~0u};
  CHECK(engine->gc(policy)->removed_runs.empty());
  CHECK(engine->open_artifact(record.jobs[0].artifacts[0].content).has_value());
}

TEST_CASE("gc: trees go when no run's rerun needs them, and git finds the store sound") {
  TestEngine engine;
  auto kept = snapshot_of(engine, "kept"), gone = snapshot_of(engine, std::string(300'000, 'g'));
  auto fresh = snapshot_of(engine, "captured, not run");
  auto stays = run(*engine, kept, {shell_job("test", "true")}).record;
  run(*engine, gone, {shell_job("test", "true")});
  REQUIRE(engine->pin_run(stays.run_id, "wanted").has_value());
  age(engine.root() / "objects.git/refs/jerichoci/snapshots");
  auto policy = greedy();
  policy.keep_snapshot_hours = 24;
  ::utimensat(AT_FDCWD, (engine.root() / "objects.git/refs/jerichoci/snapshots" / fresh.tree.hex()).c_str(), nullptr,
              0);
  auto report = *engine->gc(policy);
  CHECK(of(report, "snapshots").removed == 1);
  CHECK(of(report, "snapshots").kept == 2);
  CHECK(of(report, "snapshots").removed_bytes > 0);
  auto git = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", (engine.root() / "objects.git").string()});
    return pika::proc::run({.argv = words});
  };
  CHECK(git({"fsck", "--strict"}).ok());
  CHECK(!git({"cat-file", "-e", gone.tree.hex()}).ok());
  CHECK(git({"cat-file", "-e", fresh.tree.hex()}).ok());
  CHECK(engine->rerun_jobs(stays.run_id, {}, {})->status == Status::passed);
  RunRequest request{.snapshot = gone, .jobs = {shell_job("test", "true")}};
  CHECK(engine->run_jobs(request, {}, {}).error().kind == pika::ErrorKind::not_found);
  CHECK(run(*engine, fresh, {shell_job("test", "true")}).record.status == Status::passed);
}

TEST_CASE("gc: a quota takes what was used least recently, and never the newest run") {
  TestEngine engine;
  for (int i = 1; i <= 4; ++i) old_run(engine.root(), fmt::format("r{}", i), 10 - i);
  auto report = *engine->gc({.quotas = {{"runs", 1}}});
  CHECK(report.removed_runs.size() == 3);
  CHECK(engine->list_runs(10, nullptr).size() == 1);
  auto a = snapshot_of(engine, "a"), b = snapshot_of(engine, "b");
  run(*engine, a, {shell_job("test", "true")});
  run(*engine, b, {shell_job("test", "true")});
  age(engine.root() / "checkouts");
  CHECK(of(*engine->gc({.quotas = {{"checkouts", 0}}}), "checkouts").kept == 0);
  CHECK(!fs::exists(engine.root() / "checkouts" / a.tree.hex()));
  CHECK(run(*engine, a, {shell_job("test", "cat a")}).logs["test"] == "a");
  auto caching = shell_job("test", "echo kept > /caches/things/file");
  caching.caches = {"things"};
  run(*engine, a, {caching});
  CHECK(of(*engine->gc({}), "caches").kept == 1);
  age(engine.root() / "caches");
  auto emptied = *engine->gc({.quotas = {{"caches", 0}}});
  CHECK(of(emptied, "caches").removed == 1);
  CHECK(of(emptied, "caches").removed_bytes > 0);
}

TEST_CASE("gc: a record that cannot be read stays and is named, and a collection that runs refuses a second") {
  TestEngine engine;
  old_run(engine.root(), "broken", 100);
  std::ofstream(engine.root() / "runs/broken/run.json") << "{";
  auto report = *engine->gc(greedy());
  CHECK(report.removed_runs.empty());
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0].find("runs/broken/run.json") != std::string::npos);
  auto lock = pika::FileLock::try_lock(engine.root() / "gc.lock");
  REQUIRE(lock.has_value());
  CHECK(engine->gc(greedy()).error().kind == pika::ErrorKind::unavailable);
}

TEST_CASE("gc beside engines that run: every run passes and every record is whole") {
  TestEngine engine;
  auto snapshot = snapshot_of(engine, "x");
  std::atomic<bool> over = false;
  std::thread collector([&] {
    auto other = Engine::open({.state_root = engine.root()});
    while (!over) (void)(*other)->gc({.keep_days = 0, .keep_runs = 0, .keep_snapshot_hours = 1});
  });
  for (int i = 0; i < 4; ++i) {
    auto again = snapshot_of(engine, fmt::format("x{}", i % 2));
    auto ran = run(*engine, again, {leaving(fmt::format("{}", i % 2))});
    CHECK_MESSAGE(ran.record.status == Status::passed, ran.record.message);
    CHECK(ran.record.jobs[0].artifacts.size() == 1);
  }
  over = true;
  collector.join();
  auto fsck = pika::proc::run({.argv = {"git", "-C", (engine.root() / "objects.git").string(), "fsck", "--strict"}});
  CHECK_MESSAGE(fsck.ok(), fsck.err);
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("gc: an unpacked image stays while a kept run or a job at work needs it, and goes when it is long unused") {
  pika::TempDir folder("jci-gc-");
  ::chmod(folder.path().c_str(), 0755);
  auto layout = folder.path() / "image", plain = folder.path() / "plain";
  testing::write_image_layout(layout, {testing::TarFixture().file("etc/marker", "x\n").bytes()}, {});
  pika::make_dirs(plain);
  TestEngine engine({.roots = {{"image", layout}, {"plain", plain}}});
  std::vector<std::string> run_ids;
  for (auto* root : {"image", "plain"}) {
    auto job = shell_job("test", "true");
    job.command = {"/etc/marker"};
    job.root = root;
    run_ids.push_back(run_one(*engine, job).record.run_id);
  }
  auto digest = engine->load_run_record(run_ids[0])->jobs[0].environment.root_digest.substr(7);
  auto image = engine.root() / "images" / digest;
  REQUIRE(fs::exists(image / "etc/marker"));
  age(engine.root());
  auto policy = greedy();
  policy.keep_runs = 2;
  CHECK(of(*engine->gc(policy), "images").why_kept.at("a run's rerun needs it") == 1);
  CHECK(fs::exists(image / "etc/marker"));
  CHECK(fs::is_empty(engine.root() / "roots"));  // reading a folder again gives the same digest
  {
    RootStore store(engine.root());
    auto used = store.ensure(layout);
    REQUIRE(used.has_value());
    age(engine.root());
    auto report = *engine->gc(greedy());
    CHECK(of(report, "images").why_kept.at("used now") == 1);
    CHECK(of(report, "images").removed == 0);
    CHECK(fs::exists(image / "etc/marker"));
  }
  age(engine.root());
  auto report = *engine->gc(greedy());
  CHECK(of(report, "images").removed == 1);
  CHECK(of(report, "images").removed_bytes > 0);
  CHECK(!fs::exists(image));
  CHECK(sum_kept(report) == du(engine.root()));
  auto job = shell_job("test", "true");
  job.command = {"/etc/marker"};
  job.root = "image";
  run_one(*engine, job);
  CHECK(fs::exists(image / "etc/marker"));
}

TEST_CASE(
    "gc: a domain's nix store goes when it is long unused or above a quota, but not while somebody builds there") {
  TestEngine engine;
  NixStore nix(engine.root(), {});
  auto fill = [&](const std::string& domain) {
    auto in_use = nix.use(domain, {});
    pika::write_file_atomic(in_use.folder / "some", std::string(100'000, 'x'));
    return in_use;
  };
  fill("old");
  fill("newer");
  auto policy = greedy();
  policy.keep_days = 30;
  CHECK(of(*engine->gc(policy), "nix").why_kept.at("used within 30 days") == 2);
  policy.quotas["nix"] = 150'000;
  struct timespec long_ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  ::utimensat(AT_FDCWD, (engine.root() / "nix/.old.lock").c_str(), long_ago, 0);
  CHECK(of(*engine->gc(policy), "nix").removed == 1);
  CHECK(!fs::exists(engine.root() / "nix/old"));
  CHECK(fs::exists(engine.root() / "nix/newer/some"));
  auto in_use = fill("newer");
  age(engine.root());
  CHECK(of(*engine->gc(greedy()), "nix").why_kept.at("used now") == 1);
  in_use.lock.reset();
  age(engine.root());
  auto report = *engine->gc(greedy());
  CHECK(of(report, "nix").removed == 1);
  CHECK(sum_kept(report) == du(engine.root()));
}
