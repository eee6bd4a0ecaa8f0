// Prepared outputs: made once, named by what they are made from, shown read-only to many jobs.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "engine_support.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"
#include "prepared/output_lock.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

// An engine and a repository whose folder `lock` the prepare nodes read.
struct World {
  explicit World(EngineConfig config = {}) : engine(std::move(config)) { repo.write("lock/deps.txt", "one\n"); }
  SnapshotRecord snapshot() { return *engine->snapshot_commit(repo.path(), repo.commit()); }
  RunRecord run(RunRequest request) {
    request.snapshot = snapshot();
    events.clear();
    auto record = engine->run_jobs(request, [&](const auto& e) { events.push_back(e); }, {});
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().text()));
    return *record;
  }
  std::string log(const RunRecord& run, const std::string& job) {
    auto text = pika::read_file(engine->log_file(run.run_id, job));
    return text ? *text : "(none)";
  }
  TestRepository repo;
  TestEngine engine;
  std::vector<pika::json::Value> events;
};

PrepareSpec make_node(const std::string& id, const std::string& script, std::vector<std::string> inputs = {"lock"}) {
  PrepareSpec spec;
  spec.id = id;
  spec.command = {"sh", "-c", script};
  spec.inputs = std::move(inputs);
  return spec;
}

JobSpec reader(const std::string& id, const std::string& script, std::vector<PreparedMount> mounts) {
  auto job = shell_job(id, script);
  job.prepared = std::move(mounts);
  return job;
}

RunRequest deps_request() {
  RunRequest request;
  request.prepares = {make_node("deps",
                                "cp lock/deps.txt \"$PIKA_OUTPUT/\"; ls; head -c 6 /dev/urandom | od -An -tx1 > "
                                "\"$PIKA_OUTPUT/nonce\"")};
  request.jobs = {reader("test", "cat /deps/deps.txt /deps/nonce", {{"deps", "/deps"}})};
  return request;
}

std::string nonce_of(World& world, const RunRecord& run) {
  auto text = world.log(run, "test");
  return text.substr(text.find('\n'));
}

}  // namespace

TEST_CASE("a prepared output is made in a sandbox from its inputs only, and jobs read it at the place they name") {
  World world;
  world.repo.write("other", "x");
  auto run = world.run(deps_request());
  CHECK_MESSAGE(run.status == Status::passed, run.message);
  REQUIRE(run.prepared.size() == 1);
  CHECK(run.prepared[0].status == Status::passed);
  CHECK(!run.prepared[0].reused);
  CHECK(run.prepared[0].content.size() == 64);
  CHECK(run.prepared[0].bytes > 4);
  CHECK(world.log(run, "deps") == "lock\n");  // what of the tree it saw
  CHECK(run.prepared[0].log_bytes == 5);
  CHECK(world.log(run, "test").starts_with("one\n"));
  CHECK(world.engine->load_run_record(run.run_id)->prepared[0].content == run.prepared[0].content);
  CHECK(leftovers(world.engine.root()).empty());
}

TEST_CASE("an output is used again while its inputs are the same, and made anew when one of them changes") {
  World world;
  auto first = world.run(deps_request());
  world.repo.write("unrelated", "2");
  auto second = world.run(deps_request());
  CHECK(second.prepared[0].reused);
  CHECK(second.prepared[0].content == first.prepared[0].content);
  CHECK(nonce_of(world, second) == nonce_of(world, first));
  world.repo.write("lock/deps.txt", "two\n");
  auto third = world.run(deps_request());
  CHECK(!third.prepared[0].reused);
  CHECK(world.log(third, "test").starts_with("two\n"));
  auto request = deps_request();
  request.prepares[0].env["OTHER"] = "1";
  CHECK(!world.run(request).prepared[0].reused);
  CHECK(world.engine->list_prepared_outputs(nullptr).size() == 3);
}

TEST_CASE("a rerun after the branch moved on reads the same tree and the same outputs: it never runs newer code") {
  World world;
  auto first = world.run(deps_request());
  world.repo.write("lock/deps.txt", "newer\n");
  world.snapshot();
  auto newer = world.run(deps_request());
  CHECK(newer.snapshot.tree != first.snapshot.tree);
  auto again = world.engine->rerun_jobs(first.run_id, {}, {});
  REQUIRE(again.has_value());
  CHECK(again->snapshot.tree == first.snapshot.tree);
  CHECK(again->prepared[0].content == first.prepared[0].content);
  CHECK(world.log(*again, "test") == world.log(first, "test"));
  auto plan = *pika::json::parse(*world.engine->load_plan(first.run_id));
  auto plan_again = *pika::json::parse(*world.engine->load_plan(again->run_id));
  CHECK(*pika::json::find(plan, "nodes") == *pika::json::find(plan_again, "nodes"));
}

TEST_CASE("jobs cannot write an output, whatever they are, and nothing of one leaks into it") {
  World world({.allow_host_process = true});
  auto request = deps_request();
  world.run(request);
  // Its files' own modes protect it too; here the mount alone has to.
  for (const auto& entry : fs::recursive_directory_iterator(world.engine.root() / "outputs"))
    if (!entry.is_symlink()) ::chmod(entry.path().c_str(), 0777);
  request.jobs = {reader("test",
                         "(echo bad > /deps/deps.txt; touch /deps/new; rm -f /deps/nonce; chmod 777 /deps) 2> "
                         "/dev/null; ls /deps; cat /deps/deps.txt",
                         {{"deps", "/deps"}})};
  auto host = reader("host", "echo \"$PIKA_PREPARED_DEPS\"; cat \"$PIKA_PREPARED_DEPS/deps.txt\"", {{"deps", "/deps"}});
  host.runtime = Runtime::host_process;
  request.jobs.push_back(host);
  auto run = world.run(request);
  CHECK(run.status == Status::passed);
  CHECK(world.log(run, "test").ends_with("deps.txt\nnonce\none\n"));
  CHECK(world.log(run, "host").ends_with("\none\n"));
}

TEST_CASE("workspace_build gets what workspace_deps made, and both lie at their places in a job") {
  World world;
  RunRequest request;
  request.prepares = {make_node("build",
                                "cp /prepared/deps/d \"$PIKA_OUTPUT/b\"; test \"$PIKA_PREPARED_DEPS\" = "
                                "/prepared/deps"),
                      make_node("deps", "cp lock/deps.txt \"$PIKA_OUTPUT/d\"")};
  request.prepares[0].role = "workspace_build";
  request.prepares[0].needs = {"deps"};
  request.prepares[1].role = "workspace_deps";
  request.jobs = {reader("test", "cat /staged/linux-rust/workspace-deps/d /staged/linux-rust/workspace-build/b",
                         {{"deps", ""}, {"build", ""}})};
  auto run = world.run(request);
  CHECK_MESSAGE(run.status == Status::passed, run.message);
  CHECK(world.log(run, "test") == "one\none\n");
  // Another content of what it needs is another output of its own.
  world.repo.write("lock/deps.txt", "two\n");
  request.prepares[0].inputs = {"other"};
  world.repo.write("other", "same");
  auto changed = world.run(request);
  CHECK(changed.prepared[0].content != run.prepared[0].content);
  CHECK(world.log(changed, "test") == "two\ntwo\n");
}

TEST_CASE("a payload's manifest says where its mounts go, unless the job does") {
  World world;
  RunRequest request;
  request.prepares = {make_node(
      "pay",
      "cd \"$PIKA_OUTPUT\"; mkdir -p share/pikaci bin data/in; echo d > data/in/d; printf '#!/bin/sh\\necho ran' > "
      "bin/go; chmod +x bin/go; echo '{\"schema_version\":1,\"kind\":\"test\",\"entrypoints\":[\"bin/go\"],"
      "\"asset_roots\":[\"data\"],\"mounts\":[{\"name\":\"data\",\"relative_path\":\"data/in\",\"guest_path\":"
      "\"/there/data\",\"read_only\":true},{\"name\":\"all\",\"relative_path\":\".\",\"guest_path\":\"/all\","
      "\"read_only\":true}]}' > share/pikaci/payload-manifest.json")};
  request.jobs = {reader("test", "cat /there/data/d; /all/bin/go", {{"pay", ""}}),
                  reader("other", "cat /mine/data/in/d; test ! -e /all", {{"pay", "/mine"}}),
                  reader("inside", "cat deep/er/data/in/d", {{"pay", "/workspace/deep/er"}})};
  auto run = world.run(request);
  CHECK_MESSAGE(run.status == Status::passed, run.message);
  CHECK(world.log(run, "test") == "d\nran\n");
  CHECK(world.log(run, "inside") == "d\n");
}

TEST_CASE("a prepare node that fails says why, skips what needs it, and leaves nothing in the store") {
  struct Row {
    std::string script;
    FailureKind failure;
    std::string says;
  };
  for (const auto& row : std::vector<Row>{
           {"echo half > \"$PIKA_OUTPUT/x\"; exit 3", FailureKind::test_failed, "exit code 3"},
           {"mkfifo \"$PIKA_OUTPUT/pipe\"", FailureKind::setup_failed, "no file, folder or symlink"},
           {"mkdir -p \"$PIKA_OUTPUT/share/pikaci\"; echo '{}' > \"$PIKA_OUTPUT/share/pikaci/payload-manifest.json\"",
            FailureKind::setup_failed, "payload manifest"},
           {"mkdir -p \"$PIKA_OUTPUT/share\"; ln -s /etc \"$PIKA_OUTPUT/share/pikaci\"; ln -s /etc/passwd "
            "\"$PIKA_OUTPUT/link\"; mkdir \"$PIKA_OUTPUT/locked\"; chmod 0 \"$PIKA_OUTPUT/locked\"",
            FailureKind::setup_failed, "symlink"},
       }) {
    World world;
    RunRequest request;
    request.prepares = {make_node("deps", row.script)};
    request.jobs = {reader("test", "true", {{"deps", "/deps"}}), shell_job("beside", "true")};
    auto run = world.run(request);
    CHECK(run.status == Status::failed);
    CHECK(run.failure == row.failure);
    CHECK_MESSAGE(run.message.find(row.says) != std::string::npos, run.message);
    CHECK(run.jobs[0].status == Status::skipped);
    CHECK(run.jobs[0].message == "skipped: it needs 'deps', which failed");
    CHECK(run.jobs[1].status == Status::passed);
    CHECK(world.engine->list_prepared_outputs(nullptr).empty());
    CHECK(leftovers(world.engine.root()).empty());
  }
}

TEST_CASE("inputs that the tree does not have are the node's mistake, with their name") {
  World world;
  RunRequest request;
  request.prepares = {make_node("deps", "true", {"lock", "no/such"})};
  auto run = world.run(request);
  CHECK(run.failure == FailureKind::setup_failed);
  CHECK(run.prepared[0].message.find("no/such") != std::string::npos);
}

TEST_CASE("an output of one trust domain is never read by another, but for the one it may read") {
  World world;
  auto of = [&](const std::string& name, const std::string& reads_from = {}, bool may_save = true) {
    auto request = deps_request();
    request.trust = {name, reads_from, may_save};
    return world.run(request);
  };
  auto main = of("main");
  auto untrusted = of("branch-1", "main");
  CHECK(untrusted.prepared[0].reused);
  world.repo.write("lock/deps.txt", "evil\n");
  auto evil = of("branch-1", "main");
  CHECK(!evil.prepared[0].reused);
  auto again = of("main");
  CHECK(!again.prepared[0].reused);  // it did not take what the branch made
  CHECK(nonce_of(world, again) != nonce_of(world, evil));
  CHECK(again.prepared[0].content != evil.prepared[0].content);
  CHECK(!of("branch-2").prepared[0].reused);
  // Who may not save still has what it made, for this run alone.
  world.repo.write("lock/deps.txt", "guest\n");
  auto before = world.engine->list_prepared_outputs(nullptr).size();
  auto guest = of("guest", "main", false);
  CHECK(guest.status == Status::passed);
  CHECK(world.log(guest, "test").starts_with("guest\n"));
  CHECK(world.engine->list_prepared_outputs(nullptr).size() == before);
  CHECK(leftovers(world.engine.root()).empty());
}

TEST_CASE("the store is held in its quota: least recently used first, never what is in use or pinned") {
  World world({.allow_host_process = true, .prepared_quota = {.bytes = 1 << 30, .count = 2}});
  pika::TempDir go("jci-go-");
  fs::permissions(go.path(), fs::perms::all);
  std::vector<std::string> contents;
  auto make = [&](const std::string& text) {
    world.repo.write("lock/deps.txt", text);
    contents.push_back(world.run(deps_request()).prepared[0].content);
  };
  make("1\n");
  make("2\n");
  auto listed = world.engine->list_prepared_outputs(nullptr);
  REQUIRE(listed.size() == 2);
  CHECK(listed[0].content == contents[1]);
  CHECK(listed[0].id == "deps");
  CHECK(listed[0].used_by.empty());
  CHECK(world.engine->pin_prepared_output(contents[0], "release-1").has_value());
  make("3\n");
  auto kept = world.engine->list_prepared_outputs(nullptr);
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].content == contents[2]);
  CHECK(kept[1].content == contents[0]);
  CHECK(kept[1].pinned_by == std::vector<std::string>{"release-1"});
  // In use: while a job of a run reads it.
  world.repo.write("lock/deps.txt", "3\n");
  auto request = deps_request();
  request.jobs[0].command = {"sh", "-c", "until test -e \"$GO/now\"; do sleep 0.01; done"};
  request.jobs[0].runtime = Runtime::host_process;
  request.jobs[0].env["GO"] = go.path();
  request.snapshot = world.snapshot();
  auto run = world.engine->run_jobs(
      request,
      [&](const auto& e) {
        if (pika::json::find_string(e, "event") != "node_finished" ||
            pika::json::find_string(e, "node_id") != "prepare/deps")
          return;
        CHECK(world.engine->collect_prepared_outputs({.bytes = 0, .count = 0}, DryRun::no)->empty());
        CHECK(world.engine->list_prepared_outputs(nullptr).size() == 2);
        for (const auto& o : world.engine->list_prepared_outputs(nullptr))
          if (o.content == contents[2]) CHECK(o.used_by.size() == 1);
        pika::write_file_atomic(go.path() / "now", "");
      },
      {});
  CHECK(run->status == Status::passed);
  CHECK(world.engine->unpin_prepared_output(contents[0], "release-1").has_value());
  CHECK(world.engine->collect_prepared_outputs({.bytes = 0, .count = 0}, DryRun::yes)->size() == 2);
  CHECK(world.engine->list_prepared_outputs(nullptr).size() == 2);
  CHECK(world.engine->collect_prepared_outputs({.bytes = 0, .count = 0}, DryRun::no)->size() == 2);
  CHECK(world.engine->list_prepared_outputs(nullptr).empty());
  CHECK(!world.engine->pin_prepared_output(contents[0], "x").has_value());
  CHECK(world.engine->pin_prepared_output("../../x", "x").error().kind == pika::ErrorKind::invalid);
  CHECK(world.engine->pin_prepared_output(contents[0], "../x").error().kind == pika::ErrorKind::invalid);
}

TEST_CASE("an output whose record is damaged harms only itself: it is named in the list and made again") {
  World world;
  auto first = world.run(deps_request());
  auto folder = world.engine.root() / "outputs" / first.prepared[0].content;
  pika::write_file_atomic(folder / "output.json", "{\"schema_version\": 1");
  std::vector<std::string> warnings;
  CHECK(world.engine->list_prepared_outputs(&warnings).empty());
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find(first.prepared[0].content) != std::string::npos);
  auto second = world.run(deps_request());
  CHECK(second.status == Status::passed);
  CHECK(!second.prepared[0].reused);
  CHECK(world.engine->list_prepared_outputs(nullptr).size() == 1);
}

TEST_CASE("a cancelled run's prepare node ends, and a time limit holds for it") {
  World world;
  auto request = deps_request();
  request.prepares[0].command = {"sh", "-c", "echo up; sleep 600"};
  request.snapshot = world.snapshot();
  CancelToken cancel;
  auto run = world.engine->run_jobs(
      request,
      [&](const auto& e) {
        if (pika::json::find_string(e, "node_id") == "prepare/deps") cancel.cancel();
      },
      cancel);
  CHECK(run->status == Status::cancelled);
  CHECK(run->jobs[0].status != Status::passed);
  request.prepares[0].limits.time = pika::kSecond / 10;
  run = world.engine->run_jobs(request, {}, {});
  CHECK(run->failure == FailureKind::timed_out);
  CHECK(leftovers(world.engine.root()).empty());
}

TEST_CASE("runs that need the same output at once make it once: the others wait for it, with a deadline and a cancel") {
  World world;
  auto state = world.engine.root();
  auto request = deps_request();
  request.snapshot = world.snapshot();
  request.prepares[0].env["PIKA_TEST"] = "once";
  // Whoever makes one holds its lock: here it is the test.
  auto name = world.run(request).prepared[0].content;
  CHECK(world.engine->collect_prepared_outputs({.bytes = 0, .count = 0}, DryRun::no)->size() == 1);
  OutputLock lock;
  REQUIRE(OutputLock::take(state / "outputs", name, 0, -1, lock) == OutputLock::Got::it);
  request.prepares[0].limits.time = pika::kSecond / 5;
  auto late = world.engine->run_jobs(request, {}, {});
  CHECK(late->failure == FailureKind::timed_out);
  CHECK(late->prepared[0].message.find("another run") != std::string::npos);
  request.prepares[0].limits.time = 60 * pika::kSecond;
  CancelToken cancel;
  auto stopped = world.engine->run_jobs(
      request,
      [&](const auto& e) {
        if (pika::json::find_string(e, "node_id") == "prepare/deps") cancel.cancel();
      },
      cancel);
  CHECK(stopped->status == Status::cancelled);
  // Two that wait, one that makes it when the lock is free.
  std::vector<RunRecord> runs(2);
  std::atomic<int> begun = 0;
  std::vector<std::jthread> threads;
  for (auto& run : runs)
    threads.emplace_back([&] {
      auto sink = [&](const auto& e) {
        if (pika::json::find_string(e, "node_id") == "prepare/deps" &&
            pika::json::find_string(e, "event") == "node_started")
          ++begun;
      };
      run = *world.engine->run_jobs(request, sink, {});
    });
  wait_until("both began", [&] { return begun == 2; });
  lock = {};
  threads.clear();
  for (const auto& run : runs) CHECK_MESSAGE(run.status == Status::passed, run.message);
  CHECK(runs[0].prepared[0].reused != runs[1].prepared[0].reused);
  CHECK(world.log(runs[0], "test") == world.log(runs[1], "test"));
  for (const auto& entry : fs::directory_iterator(state / "outputs"))
    CHECK(!entry.path().filename().string().starts_with(".making-"));
}
