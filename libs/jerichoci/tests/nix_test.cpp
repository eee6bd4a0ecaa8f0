// Prepared outputs by `nix build`: whole, shared, and without a trace on the host's own nix.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "engine_support.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"
#include "prepared/nix_build.hpp"
#include "prepared/nix_store.hpp"
#include "prepared/prepare_node.hpp"
#include "prepared/store_path.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

// Derivations without nixpkgs: the host's shell and tools build them, as those of a sandbox of ours may.
constexpr const char* kDefault = R"(rec {
  make = name: script: derivation {
    inherit name;
    system = "x86_64-linux";
    builder = "/bin/sh";
    args = [ "-c" "PATH=/usr/bin:/bin; mkdir -p $out; ${script}" ];
  };
  lib = make "lib" "echo words of the library > $out/words; head -c 8 /dev/urandom | od -An -tx1 > $out/nonce";
  deps = make "deps" ''
    mkdir $out/bin
    printf '#!/bin/sh\ncat ${lib}/words' > $out/bin/say; chmod +x $out/bin/say'';
  tools = make "tools" "ln -s ${lib}/nonce $out/nonce; echo tools > $out/name";
  told = make "told" ''
    mkdir -p $out/share/pikaci $out/inner; echo inner > $out/inner/file
    echo '{"schema_version": 1, "kind": "staged", "entrypoints": [], "asset_roots": ["inner"], "mounts":
      [{"name": "inner", "relative_path": "inner", "guest_path": "/told/inner", "read_only": true}]}' \
      > $out/share/pikaci/payload-manifest.json'';
  file = derivation { name = "file"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo x > $out" ]; };
  bad = make "bad" "echo the builder says no; exit 3";
  slow = make "slow" "while true; do sleep 0.1; done";
})";

constexpr const char* kFlake = R"({ outputs = { self }: { packages.x86_64-linux = import ./default.nix; }; })";

// Whether the tests of nix run; says why not, and fails where PIKA_WITH asks for it.
bool nix_is_there() {
  if (::access("/usr/bin/nix", X_OK) == 0) return true;
  auto* with = std::getenv("PIKA_WITH");
  for (auto part : pika::split(with ? with : "", ',')) CHECK_MESSAGE(part != "nix", "nix is asked for and not there");
  MESSAGE("skipped: no nix; script/setup --with nix");
  return false;
}

struct World {
  explicit World(EngineConfig config = {}) : engine(std::move(config)) {
    repo.write("default.nix", kDefault);
    repo.write("flake.nix", kFlake);
  }
  RunRecord run(RunRequest request) {
    request.snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
    auto record = engine->run_jobs(request, {}, {});
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().text()));
    return *record;
  }
  std::string log(const RunRecord& run, const std::string& job) {
    auto text = pika::read_file(engine->log_file(run.run_id, job));
    return text ? *text : "(none)";
  }
  TestRepository repo;
  TestEngine engine;
};

PrepareSpec nix_node(const std::string& id, std::vector<std::string> installable) {
  PrepareSpec spec;
  spec.id = id;
  spec.kind = PrepareSpec::Kind::nix_build;
  spec.command = std::move(installable);
  spec.inputs = {"default.nix", "flake.nix"};
  return spec;
}

JobSpec reader(const std::string& script, std::vector<PreparedMount> mounts) {
  auto job = shell_job("test", script);
  job.prepared = std::move(mounts);
  return job;
}

RunRequest deps_request() {
  RunRequest request;
  request.prepares = {nix_node("deps", {".#deps"})};
  request.jobs = {reader("/deps/bin/say; ls /nix/store | sed s/.*-//", {{"deps", "/deps"}})};
  return request;
}

}  // namespace

TEST_CASE("a nix build of an installable is shown with all that it refers to, and a program of it runs") {
  if (!nix_is_there()) return;
  World world;
  auto run = world.run(deps_request());
  REQUIRE_MESSAGE(run.status == Status::passed, run.message << world.log(run, "deps"));
  CHECK(world.log(run, "deps").find("-lib.drv") != std::string::npos);
  CHECK(world.log(run, "test") == "words of the library\nlib\ndeps\n" +
                                      std::string(world.log(run, "test").ends_with("lib\ndeps\n") ? "" : "(other)"));
  auto outputs = world.engine->list_prepared_outputs(nullptr);
  REQUIRE(outputs.size() == 1);
  CHECK(is_store_path(outputs[0].built_path));
  CHECK(outputs[0].bytes > 0);
  CHECK(leftovers(world.engine.root()).empty());
}

TEST_CASE("by a file and an attribute it is the same; again it is reused, also when the nix store is gone") {
  if (!nix_is_there()) return;
  World world;
  auto request = deps_request();
  request.prepares[0].command = {"-f", "default.nix", "deps"};
  auto first = world.run(request);
  REQUIRE_MESSAGE(first.status == Status::passed, first.message << world.log(first, "deps"));
  pika::remove_tree(world.engine.root() / "nix" / "local");
  auto second = world.run(request);
  CHECK(second.prepared[0].reused);
  CHECK(second.status == Status::passed);
  CHECK(world.log(second, "test") == world.log(first, "test"));
  world.repo.write("unrelated", "x");
  CHECK(world.run(request).prepared[0].content == first.prepared[0].content);
  world.repo.write("default.nix", std::string(kDefault) + "\n");
  CHECK(world.run(request).prepared[0].content != first.prepared[0].content);
}

TEST_CASE("two nix builds in one job share one nix store, with what both refer to") {
  if (!nix_is_there()) return;
  World world;
  RunRequest request;
  request.prepares = {nix_node("deps", {".#deps"}), nix_node("tools", {".#tools"})};
  request.jobs = {reader("/deps/bin/say && cat /tools/name /tools/nonce | wc -l && ls /nix/store | wc -l",
                         {{"deps", "/deps"}, {"tools", "/tools"}})};
  auto run = world.run(request);
  CHECK_MESSAGE(run.status == Status::passed, run.message << world.log(run, "deps") << world.log(run, "tools"));
  CHECK(world.log(run, "test") == "words of the library\n2\n3\n");
  CHECK(leftovers(world.engine.root()).empty());
}

TEST_CASE("the manifest of what nix built counts as that of any output, and another node may need it") {
  if (!nix_is_there()) return;
  World world;
  RunRequest request;
  request.prepares = {nix_node("told", {".#told"}), nix_node("deps", {".#deps"})};
  PrepareSpec user;
  user.id = "user";
  user.command = {"sh", "-c", "/prepared/deps/bin/say > \"$PIKA_OUTPUT/said\""};
  user.inputs = {"default.nix"};
  user.needs = {"deps"};
  request.prepares.push_back(user);
  request.jobs = {reader("cat /told/inner/file /user/said", {{"told", ""}, {"user", "/user"}})};
  auto run = world.run(request);
  CHECK_MESSAGE(run.status == Status::passed, run.message);
  CHECK(world.log(run, "test") == "inner\nwords of the library\n");
}

TEST_CASE("what goes wrong with a nix build is said, each by its own kind of failure") {
  if (!nix_is_there()) return;
  World world;
  RunRequest request;
  request.prepares = {nix_node("bad", {".#bad"}), nix_node("none", {".#nothere"}), nix_node("file", {".#file"})};
  auto run = world.run(request);
  CHECK(run.prepared[0].failure == FailureKind::test_failed);
  CHECK(run.prepared[0].message == "nix build .#bad failed; its log says where");
  CHECK(world.log(run, "bad").find("the builder says no") != std::string::npos);
  CHECK(run.prepared[1].failure == FailureKind::setup_failed);
  CHECK(run.prepared[1].message.starts_with("the installable .#nothere is not there"));
  CHECK(world.log(run, "none").find("does not provide attribute") != std::string::npos);
  CHECK(run.prepared[2].failure == FailureKind::setup_failed);
  CHECK(run.prepared[2].message.find("is no folder") != std::string::npos);
  CHECK(world.engine->list_prepared_outputs(nullptr).empty());
  CHECK(leftovers(world.engine.root()).empty());
}

TEST_CASE("a nix build ends at its deadline, and by a cancel, and nothing of it is left") {
  if (!nix_is_there()) return;
  World world;
  RunRequest request;
  request.prepares = {nix_node("slow", {".#slow"})};
  request.prepares[0].limits.time = 3 * pika::kSecond / 2;
  request.prepares[0].limits.grace = 0;
  CHECK(world.run(request).failure == FailureKind::timed_out);
  request.prepares[0].limits.time = 60 * pika::kSecond;
  request.snapshot = *world.engine->snapshot_commit(world.repo.path(), world.repo.commit());
  CancelToken cancel;
  auto run = world.engine->run_jobs(
      request,
      [&](const auto& e) {
        if (pika::json::find_string(e, "event") == "job_progress") cancel.cancel();
      },
      cancel);
  CHECK(run->status == Status::cancelled);
  CHECK(leftovers(world.engine.root()).empty());
  // And the store is as good as before.
  CHECK(world.run(deps_request()).status == Status::passed);
}

TEST_CASE("a trust domain has a nix store of its own, and who may save nothing leaves nothing there") {
  if (!nix_is_there()) return;
  World world;
  auto request = deps_request();
  request.trust = {.name = "replay", .may_save = false};
  CHECK(world.run(request).status == Status::passed);
  CHECK(!fs::exists(world.engine.root() / "nix"));
  request.trust = {.name = "branch", .reads_from = "main"};
  CHECK(world.run(request).status == Status::passed);
  CHECK(fs::exists(world.engine.root() / "nix" / "branch" / "store"));
  CHECK(!fs::exists(world.engine.root() / "nix" / "main"));
}

TEST_CASE("a nix store above its quota loses what no output came from, and a root goes with its output") {
  if (!nix_is_there()) return;
  EngineConfig config;
  config.nix_store_bytes = 0;
  World world(config);
  RunRequest request;
  request.prepares = {nix_node("deps", {".#deps"})};
  auto content = world.run(request).prepared[0].content;
  auto names = [&] {
    std::string out;
    for (const auto& e : fs::directory_iterator(world.engine.root() / "nix" / "local" / "store")) {
      auto name = e.path().filename().string();
      if (name.size() > 33 && !name.ends_with(".drv")) out += name.substr(32);
    }
    return out;
  };
  CHECK(names().find("-deps") != std::string::npos);
  request.prepares = {nix_node("tools", {".#tools"})};
  world.run(request);
  CHECK(names().find("-deps") != std::string::npos);
  CHECK(world.engine->collect_prepared_outputs({.bytes = 0, .count = 0}, DryRun::no)->size() == 2);
  request.prepares = {nix_node("told", {".#told"})};
  world.run(request);
  CHECK(names().find("-deps") == std::string::npos);
  CHECK(names().find("-told") != std::string::npos);
}

TEST_CASE("a host without nix says so, with the package's name") {
  EngineConfig config;
  config.nix = "/nonexistent/nix";
  World world(config);
  auto run = world.run(deps_request());
  CHECK(run.prepared[0].failure == FailureKind::infrastructure);
  CHECK(run.prepared[0].message ==
        "nix is not installed on this host ('/nonexistent/nix')\napt-get install --no-install-recommends nix-bin");
  CHECK(run.jobs[0].status == Status::skipped);
  auto report = world.engine->nix();
  CHECK(!report.usable);
  CHECK(report.words == "nix is not installed on this host ('/nonexistent/nix')");
  CHECK(report.remedy == "apt-get install --no-install-recommends nix-bin");
}

TEST_CASE("whether nix is usable is told by its version, and by whether a sandbox shows it") {
  pika::TempDir folder("jci-nix-");
  auto program = folder.path() / "nix";
  auto look = [&](const std::string& words, std::vector<fs::path> shown) {
    std::ofstream(program) << "#!/bin/sh\necho '" << words << "'\n";
    ::chmod(program.c_str(), 0755);
    EngineConfig config;
    config.nix = program;
    config.sandbox_paths = std::move(shown);
    return look_for_nix(config);
  };
  CHECK(!look("nix (Nix) 2.8.0", {}).usable);
  CHECK(look("nix (Nix) 2.8.0", {folder.path()}).usable);
  CHECK(look("nix (Nix) 3.0", {folder.path()}).words == "nix (Nix) 3.0");
  for (auto* words : {"nix (Nix) 2.3.16", "nix (Nix) 1.9", "something", "", "nix x.y"})
    CHECK_MESSAGE(!look(words, {folder.path()}).usable, words);
}

TEST_CASE("an installable is of the tree, so that its name says the same thing tomorrow") {
  auto good = [](std::vector<std::string> words) {
    return check_installable(nix_node("n", std::move(words))).has_value();
  };
  for (auto* word : {".", ".#deps", "./sub#deps", "path:./sub#deps", "path:.", ".?dir=sub#x"})
    CHECK_MESSAGE(good({word}), word);
  CHECK(good({"-f", "default.nix"}));
  CHECK(good({"--file", "nix/all.nix", "deps"}));
  for (auto* word : {"nixpkgs#hello", "github:a/b#c", "/nix/store/x", "/etc#x", "../x#y", "./../x", "path:/etc", "-x",
                     "deps", "--impure", "git+file:///etc", "path:..", "https://example.org/x.tar"})
    CHECK_MESSAGE(!good({word}), word);
  CHECK(!good({"-f", "../default.nix"}));
  CHECK(!good({"-f", "/etc/passwd", "x"}));
  CHECK(!good({"-f", "default.nix", "--impure"}));
  CHECK(!good({"-f"}));
  CHECK(!good({".#a", ".#b"}));
}

TEST_CASE("a path of the nix store is an entry of it by nix's own letters") {
  std::string hash = "0123456789abcdfghijklmnpqrsvwxyz";
  CHECK(is_store_path("/nix/store/" + hash + "-deps-1.0"));
  for (auto& path : {"/nix/store/" + hash + "-", "/nix/store/" + hash, "/nix/store/" + hash + "-a/b",
                     "/nix/store/" + hash + "-..\n", "/nix/store/../" + hash + "-a",
                     "/nix/store/e" + hash.substr(1) + "-a", std::string("/nix/store"), "nix/store/" + hash + "-a"})
    CHECK_MESSAGE(!is_store_path(path), path);
}

TEST_CASE("what nix builds refer to is at /nix/store, of all of a job's outputs at once; host processes get none") {
  pika::TempDir folder("jci-nix-");
  std::map<std::string, OutputInUse> outputs;
  std::vector<PrepareSpec> specs;
  JobSpec job = shell_job("test", "true");
  for (const std::string id : {"a", "b"}) {
    auto path = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-" + id;
    fs::create_directories(folder.path() / id / "store" / fs::path(path).filename());
    outputs[id] = std::make_shared<HeldOutput>(id, folder.path() / id, path);
    specs.push_back(nix_node(id, {".#" + id}));
    job.prepared.push_back({id, "/" + id});
  }
  auto mounts = mounts_of(job, specs, outputs);
  REQUIRE(mounts.has_value());
  REQUIRE(mounts->size() == 3);
  CHECK((*mounts)[0].source == folder.path() / "a/store/0123456789abcdfghijklmnpqrsvwxyz-a");
  CHECK((*mounts)[2].target == "/nix/store");
  CHECK((*mounts)[2].read_only);
  CHECK((*mounts)[2].source == folder.path() / "a/store");
  CHECK((*mounts)[2].below == std::vector<fs::path>{folder.path() / "b/store"});
  job.runtime = Runtime::host_process;
  CHECK(!mounts_of(job, specs, outputs));
  CHECK_THROWS_AS(HeldOutput("x", folder.path() / "a", "/nix/store/../../etc"), pika::SystemError);
}

TEST_CASE("what hostile hands left where a nix build's result should be is refused") {
  pika::TempDir folder("jci-nix-");
  auto payload = folder.path();
  std::string name = "0123456789abcdfghijklmnpqrsvwxyz-x";
  auto point = [&](const std::string& at) {
    fs::remove(payload / "result");
    fs::create_symlink(at, payload / "result");
  };
  CHECK(!built_path(payload));
  fs::create_directories(payload / "store");
  for (auto& at :
       {std::string("/etc"), "/nix/store/" + name, std::string("store/x"), std::string("/nix/store/../../etc")}) {
    point(at);
    CHECK_MESSAGE(!built_path(payload), at);
  }
  point("/nix/store/" + name);
  fs::create_symlink("/etc", payload / "store" / name);
  CHECK(!built_path(payload));
  fs::remove(payload / "store" / name);
  fs::create_directories(payload / "store" / name);
  CHECK(built_path(payload).has_value());
}

TEST_CASE("helper: build with nix until killed" * doctest::skip()) {
  World world;  // for its repository
  auto engine = Engine::open({.state_root = std::getenv("JCI_ROOT")});
  REQUIRE(engine.has_value());
  RunRequest request{.snapshot = *(*engine)->snapshot_commit(world.repo.path(), world.repo.commit()),
                     .run_id = "killed"};
  request.prepares = {nix_node("slow", {".#slow"})};
  (void)(*engine)->run_jobs(request, {}, {});
}

TEST_CASE("an engine killed while nix builds: the next start settles it, nothing is left, and the nix store is sound") {
  if (!nix_is_there()) return;
  World world;
  auto root = world.engine.root();
  world.engine.close();
  pika::proc::Command command;
  command.argv = {fs::read_symlink("/proc/self/exe"), "--no-skip", "--test-case=helper: build with nix until killed"};
  command.env = {"JCI_ROOT=" + root.string()};
  auto helper = pika::proc::Child::start(command);
  auto log = root / "runs/killed/jobs/slow/log.raw";
  wait_until("nix builds", [&] {
    auto text = pika::read_file(log);
    return text && text->find("building '") != std::string::npos;
  });
  ::kill(helper.pid(), SIGKILL);
  helper.wait();
  world.engine.reopen();
  auto run = world.engine->load_run_record("killed");
  REQUIRE(run.has_value());
  CHECK(run->failure == FailureKind::lost);
  CHECK(world.engine->list_prepared_outputs(nullptr).empty());
  wait_until("all of it is gone", [&] { return leftovers(root).empty(); });
  for (const auto& entry : fs::directory_iterator(root / "outputs"))
    CHECK_MESSAGE(!entry.path().filename().string().starts_with(".making-"), entry.path().string());
  CHECK(world.run(deps_request()).status == Status::passed);
}
