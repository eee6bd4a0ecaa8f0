// Declared caches: generations apart for each trust domain, views of a job's own, and times that build tools need.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "caches/cache_store.hpp"
#include "engine_support.hpp"
#include "pika/base/text.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

struct Cached {
  TestEngine engine{{.allow_host_process = true}};
  TestRepository repo;
  SnapshotRecord snapshot;

  Cached() { commit(); }
  void commit() {
    repo.write("hello.txt", "hello\n");
    snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  }

  struct Outcome {
    RunRecord run;
    std::string log;
    CacheUse cache;
  };
  Outcome job(const JobSpec& spec, const TrustDomain& trust = {}) {
    RunRequest request{.snapshot = snapshot, .jobs = {spec}, .trust = trust};
    auto run = engine->run_jobs(request, {}, {});
    REQUIRE_MESSAGE(run.has_value(), (run ? "" : run.error().text()));
    INFO(run->jobs[0].message);
    REQUIRE(run->jobs[0].caches.size() == spec.caches.size());
    auto log = *pika::read_file(engine->log_file(run->run_id, spec.id));
    CHECK(leftovers(engine.root()).empty());
    return {*run, log, run->jobs[0].caches[0]};
  }
  Outcome script(const std::string& text, const TrustDomain& trust = {}, Runtime runtime = Runtime::sandbox) {
    auto spec = shell_job("test", text);
    spec.runtime = runtime;
    spec.caches = {"c"};
    return job(spec, trust);
  }
  // Names of the generations of cache "c".
  std::vector<std::string> generations(const std::string& domain = "local") {
    std::vector<std::string> out;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(engine.root() / "caches" / domain / "c/any", error))
      if (entry.is_directory()) out.push_back(entry.path().filename().string());
    std::sort(out.begin(), out.end());
    return out;
  }
};

constexpr Runtime kRuntimes[] = {Runtime::sandbox, Runtime::host_process};

}  // namespace

TEST_CASE("a cache is saved by a job that passed, restored by the next, and an unchanged one saves nothing") {
  for (auto runtime : kRuntimes) {
    Cached c;
    auto first = c.script("ls -a $PIKA_CACHE_C; mkdir $PIKA_CACHE_C/d; echo kept > $PIKA_CACHE_C/d/f", {}, runtime);
    CHECK(first.log == ".\n..\n");
    CHECK(first.cache.restored == "miss");
    CHECK(first.cache.saved == "saved");
    auto second = c.script("cat $PIKA_CACHE_C/d/f", {}, runtime);
    CHECK(second.log == "kept\n");
    CHECK(second.cache.restored == "hit");
    CHECK(second.cache.saved == "unchanged");
    CHECK(second.cache.bytes > 0);
    CHECK(c.generations() == std::vector<std::string>{"1"});
  }
}

TEST_CASE("a job that failed saves nothing, and neither does a domain that may not") {
  Cached c;
  c.script("echo good > $PIKA_CACHE_C/f");
  CHECK(c.script("echo bad > $PIKA_CACHE_C/f; false").cache.saved == "not passed");
  CHECK(c.script("echo bad > $PIKA_CACHE_C/f", {"local", "", false}).cache.saved == "not trusted");
  CHECK(c.script("cat $PIKA_CACHE_C/f").log == "good\n");
}

TEST_CASE("a cache written by an untrusted domain is never read by a trusted one") {
  Cached c;
  TrustDomain target{"target", ""}, branch{"branch", "target"}, other{"other", ""};
  c.script("echo clean > $PIKA_CACHE_C/f", target);
  auto poison = c.script("cat $PIKA_CACHE_C/f; echo poison > $PIKA_CACHE_C/f", branch);
  CHECK(poison.log == "clean\n");
  CHECK(poison.cache.restored == "other-domain");
  CHECK(poison.cache.saved == "saved");
  CHECK(c.script("cat $PIKA_CACHE_C/f", target).log == "clean\n");
  CHECK(c.script("cat $PIKA_CACHE_C/f", branch).log == "poison\n");
  CHECK(c.script("ls $PIKA_CACHE_C", other).log.empty());
  for (auto* bad : {"../target", "a/b", "", "A"}) {
    RunRequest request{.snapshot = c.snapshot, .jobs = {shell_job("test", "true")}, .trust = {bad, ""}};
    CHECK(c.engine->run_jobs(request, {}, {}).error().kind == pika::ErrorKind::invalid);
    request.trust = {"local", bad};
    CHECK(c.engine->run_jobs(request, {}, {}).has_value() == (*bad == 0));
  }
}

TEST_CASE(
    "a domain whose trees are foreign to one another hands over what the trusted tree's own runs saved and no more") {
  Cached c;
  TrustDomain branch{"branch", "target", true, true}, other{"other", "target", true, true};
  const auto first = c.snapshot;
  CHECK(c.script("echo poison > $PIKA_CACHE_C/f", branch).cache.saved == "saved");
  CHECK(c.script("cat $PIKA_CACHE_C/f", branch).log == "poison\n");  // the same tree
  c.repo.write("more.txt", "more\n");
  c.commit();
  // A later push: what the earlier left is not there, neither is it what is taken over when that lands.
  auto second = c.script("ls $PIKA_CACHE_C", branch);
  CHECK(second.log.empty());
  CHECK(second.cache.restored == "miss");
  CHECK(*c.engine->take_over_caches("branch", "target", c.snapshot.tree) == 0);
  CHECK(c.script("ls $PIKA_CACHE_C", other).log.empty());
  c.script("echo good > $PIKA_CACHE_C/f", branch);
  CHECK(c.script("ls $PIKA_CACHE_C", other).log.empty());  // it has not landed
  CHECK(*c.engine->take_over_caches("branch", "target", first.tree) == 0);
  CHECK(*c.engine->take_over_caches("branch", "target", c.snapshot.tree) == 1);
  CHECK(*c.engine->take_over_caches("branch", "target", c.snapshot.tree) == 0);
  auto warm = c.script("cat $PIKA_CACHE_C/f; echo mine >> $PIKA_CACHE_C/f", other);
  CHECK(warm.log == "good\n");
  CHECK(warm.cache.restored == "other-domain");
  // What came of the target's is one tree's too; the newest landing counts.
  CHECK(*c.engine->take_over_caches("other", "target", c.snapshot.tree) == 1);
  CHECK(c.script("cat $PIKA_CACHE_C/f", branch).log == "good\nmine\n");
  // A domain that mixes trees hands over nothing, and names are checked.
  c.script("echo mixed > $PIKA_CACHE_C/f", {"mixed", "target"});
  CHECK(*c.engine->take_over_caches("mixed", "target", c.snapshot.tree) == 0);
  CHECK(c.engine->take_over_caches("../branch", "target", first.tree).error().kind == pika::ErrorKind::invalid);
  CHECK(c.engine->take_over_caches("branch", "", first.tree).error().kind == pika::ErrorKind::invalid);
}

TEST_CASE("a cache that a job uses is not taken over before that has ended") {
  TestEngine engine;
  CacheStore store(engine.root(), std::nullopt);
  auto save = [&](const char* text) {
    auto aside = engine.root() / "aside";
    pika::make_dirs(aside);
    pika::write_file_atomic(aside / "f", text);
    store.publish({"branch", "c", "any"}, aside, {.saved_at = 1, .one_tree = true});
  };
  save("one");
  auto used = store.current({"branch", "c", "any"});
  REQUIRE(used);
  CHECK(store.take_over("branch", "target", {}) == 0);
  used.reset();
  CHECK(store.take_over("branch", "target", {}) == 1);
  CHECK_FALSE(store.current({"branch", "c", "any"}));
  auto now = store.current({"target", "c", "any"});
  REQUIRE(now);
  CHECK(*pika::read_file(now->files / "f") == "one");
  CHECK(now->facts.one_tree);
}

TEST_CASE("jobs at the same time each have their own view, and each saves a whole one") {
  Cached c;
  c.script("echo 0 > $PIKA_CACHE_C/n; echo 0 > $PIKA_CACHE_C/m");
  pika::TempDir meet("jci-meet-");
  ::chmod(meet.path().c_str(), 0777);
  auto place = meet.path().string();
  std::vector<JobSpec> jobs;
  for (const std::string id : {"a", "b"}) {
    auto other = id == "a" ? "b" : "a";
    jobs.push_back(shell_job(id, "echo " + id + " > $PIKA_CACHE_C/n; touch " + place + "/" + id + "; until test -e " +
                                     place + "/" + other + "; do sleep 0.01; done; echo " + id +
                                     " > $PIKA_CACHE_C/m; cat $PIKA_CACHE_C/n"));
    jobs.back().runtime = Runtime::host_process;
    jobs.back().caches = {"c"};
  }
  TestEngine two({.slots = 2, .allow_host_process = true});
  auto snapshot = *two->snapshot_commit(c.repo.path(), *c.snapshot.head);
  auto ran = run(*two, snapshot, jobs);
  CHECK(ran.record.status == Status::passed);
  CHECK(ran.logs["a"] == "a\n");
  CHECK(ran.logs["b"] == "b\n");
  auto after = shell_job("after", "cat $PIKA_CACHE_C/n $PIKA_CACHE_C/m");
  after.caches = {"c"};
  auto log = run(*two, snapshot, {after}).logs["after"];
  CHECK_MESSAGE((log == "a\na\n" || log == "b\nb\n"), log);
}

TEST_CASE("what a job deletes, renames or replaces in its cache is so for the next one") {
  Cached c;
  c.script(
      "cd $PIKA_CACHE_C; mkdir -p gone/x was-folder renamed replaced; echo 1 > gone/x/f; echo 1 > was-file; "
      "echo 1 > was-folder/f; echo 1 > renamed/f; echo 1 > replaced/old; echo 1 > stays");
  c.script(
      "cd $PIKA_CACHE_C; rm -r gone was-folder was-file; echo 2 > was-folder; mkdir was-file; echo 2 > was-file/f; "
      "mv renamed new-name; rm -r replaced; mkdir replaced; echo 2 > replaced/new; chmod 755 stays");
  auto list =
      c.script("cd $PIKA_CACHE_C; find . -type f -printf '%p %m ' -exec cat {} \\; | sort; find . -type d | sort");
  CHECK(list.log ==
        "./new-name/f 644 1\n./replaced/new 644 2\n./stays 755 1\n./was-file/f 644 2\n./was-folder 644 2\n"
        ".\n./new-name\n./replaced\n./was-file\n");
  CHECK(c.generations() == std::vector<std::string>{"2"});
}

TEST_CASE("another content of a key file is another cache") {
  Cached c;
  auto spec = shell_job("test", "cat $PIKA_CACHE_C/f 2>/dev/null; echo of $(cat lock) > $PIKA_CACHE_C/f");
  CacheSpec cache("c");
  cache.key_files = {"lock", "not/there"};
  spec.caches = {cache};
  auto with = [&](const std::string& content) {
    c.repo.write("lock", content);
    c.commit();
    return c.job(spec).log;
  };
  CHECK(with("one").empty());
  CHECK(with("two").empty());
  CHECK(with("one") == "of one\n");
  CHECK(with("two") == "of two\n");
}

TEST_CASE("links, fifos, set-id bits and folders that nobody may read are no trouble in a cache") {
  for (auto runtime : kRuntimes) {
    Cached c;
    auto hostile = c.script(
        "cd $PIKA_CACHE_C; ln -s /etc/passwd link; ln -s ../../../.. up; mkfifo fifo; mkdir -p locked/in; echo 1 > "
        "locked/in/f; cp /bin/true suid; chmod 6755 suid; echo 1 > secret; chmod 000 secret locked/in locked; chmod "
        "000 .",
        {}, runtime);
    CHECK(hostile.cache.saved == "saved");
    auto next =
        c.script("cd $PIKA_CACHE_C; readlink link up; ls; stat -c %a suid; cat secret locked/in/f", {}, runtime);
    CHECK(next.log == "/etc/passwd\n../../../..\nlink\nlocked\nsecret\nsuid\nup\n755\n1\n1\n");
  }
}

TEST_CASE("a cache that is broken is a miss, and no job fails for it") {
  Cached c;
  auto folder = c.engine.root() / "caches/local/c/any";
  for (auto* broken : {"", "{", "{\"schema_version\": 1}", "[]"}) {
    c.script("echo kept > $PIKA_CACHE_C/f");
    auto names = c.generations();
    std::ofstream(folder / (names.back() + ".json")) << broken;
    auto ran = c.script("cat $PIKA_CACHE_C/f 2>/dev/null; true");
    CHECK(ran.run.status == Status::passed);
    CHECK(ran.log.empty());
    CHECK(ran.cache.restored == "miss");
  }
  c.script("echo kept > $PIKA_CACHE_C/f");
  fs::remove_all(folder / c.generations().back());
  CHECK(c.script("ls $PIKA_CACHE_C").cache.restored == "miss");
  fs::remove_all(c.engine.root() / "caches/local");
  std::ofstream(c.engine.root() / "caches/local") << "a file";
  auto ran = c.script("echo lost > $PIKA_CACHE_C/f");
  CHECK(ran.run.status == Status::passed);
  CHECK(ran.cache.saved.starts_with("not saved: "));
}

TEST_CASE("a cache with a path lies in the workspace, and never where the tree has something") {
  for (auto runtime : kRuntimes) {
    Cached c;
    auto spec = shell_job("test",
                          "cat out/build/f 2>/dev/null; echo kept > out/build/f; ls; cd $PIKA_CACHE_C && pwd | "
                          "grep -c /workspace/out/build");
    spec.runtime = runtime;
    CacheSpec cache("c");
    cache.path = "out/build";
    spec.caches = {cache};
    CHECK(c.job(spec).log == "hello.txt\nout\n1\n");
    CHECK(c.job(spec).log == "kept\nhello.txt\nout\n1\n");
    c.repo.write("out/other", "1");
    c.commit();
    CHECK(c.job(spec).log == "kept\nhello.txt\nout\n1\n");
    for (const auto* way : {"out/build", "out"}) {
      fs::remove_all(c.repo.path() / "out");
      if (way == std::string("out")) {
        fs::create_symlink("/etc", c.repo.path() / way);
      } else {
        c.repo.write("out/build/tracked", "1");
      }
      c.commit();
      auto blocked = spec;
      blocked.command = {"sh", "-c", "cat out/build/tracked 2>/dev/null; readlink out; echo -n $PIKA_CACHE_C"};
      auto ran = c.job(blocked);
      CHECK(ran.cache.restored.starts_with("miss: the tree has"));
      CHECK(ran.log == (way == std::string("out") ? "/etc\n" : "1"));
    }
  }
}

TEST_CASE("old generations go when nobody uses them, and one that is used stays") {
  pika::TempDir folder("jci-caches-");
  CacheStore store(folder.path(), {});
  CachePlace place{"local", "c", "any"};
  auto publish = [&](const std::string& content) {
    auto aside = folder.path() / "aside";
    pika::make_dirs(aside);
    std::ofstream(aside / "f") << content;
    store.publish(place, aside, {.saved_at = 1, .tree = {}});
  };
  publish("1");
  auto held = store.current(place);
  REQUIRE(held.has_value());
  publish("2");
  CHECK(*pika::read_file(held->files / "f") == "1");
  CHECK(*pika::read_file(store.current(place)->files / "f") == "2");
  CHECK(!store.remove(place));
  held.reset();
  publish("3");
  CHECK(store.list().size() == 1);
  // what a kill between the two renames leaves
  pika::make_dirs(folder.path() / "caches/local/c/any/9");
  CacheStore again(folder.path(), {});
  CHECK(*pika::read_file(again.current(place)->files / "f") == "3");
  CHECK(!fs::exists(folder.path() / "caches/local/c/any/9"));
  CHECK(again.remove(place));
  CHECK(!again.current(place).has_value());
}

TEST_CASE("the folder of caches of an earlier make, which every job could write, is emptied") {
  pika::TempDir folder("jci-caches-");
  pika::make_dirs(folder.path() / "caches/npm/any/1");
  std::ofstream(folder.path() / "caches/npm/any/1.json") << "{}";
  CacheStore store(folder.path(), {});
  CHECK(!fs::exists(folder.path() / "caches/npm"));
}

TEST_CASE("a collection takes caches by use, one at a time, and none that a job uses") {
  Cached c;
  c.script("head -c 200000 /dev/zero > $PIKA_CACHE_C/f");
  GcPolicy policy;
  policy.quotas["caches"] = 0;
  std::optional<std::uint32_t> owner;
  if (::geteuid() == 0) owner = 65534;
  auto used = CacheStore(c.engine.root(), owner).current({"local", "c", "any"});
  REQUIRE(used.has_value());
  CHECK(c.engine->gc(policy).has_value());
  CHECK(fs::exists(used->files / "f"));
  used.reset();
  CHECK(c.engine->gc(policy).has_value());
  CHECK(c.script("ls $PIKA_CACHE_C").cache.restored == "miss");
}
