// What a job leaves behind is kept by content, and nothing that it does can make the engine take more than that.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "artifacts/collect.hpp"
#include "artifacts/glob.hpp"
#include "engine_support.hpp"
#include "pika/base/hash.hpp"

using namespace jerichoci;
using namespace jerichoci::test;

namespace {

JobSpec leaving(const std::string& script, std::vector<std::string> globs) {
  auto job = shell_job("test", script);
  job.artifacts = ArtifactSpec{.globs = std::move(globs)};
  return job;
}

std::vector<std::string> paths_of(const std::vector<ArtifactRecord>& artifacts) {
  std::vector<std::string> out;
  for (const auto& a : artifacts) out.push_back(a.path);
  return out;
}

std::string bytes_of(Engine& engine, const ArtifactRecord& artifact) {
  auto fd = engine.open_artifact(artifact.content);
  REQUIRE(fd.has_value());
  std::string bytes(artifact.bytes + 1, '\0');
  bytes.resize(pika::read_some(fd->get(), bytes.data(), bytes.size()));
  return bytes;
}

// collect_artifacts on a plain folder.
CollectedArtifacts collect(const fs::path& folder, const fs::path& state, std::vector<std::string> globs,
                           ArtifactLimits limits = {1 << 20, 100}) {
  ArtifactStore store(state);
  pika::UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(fd);
  return collect_artifacts(fd.get(), {.globs = std::move(globs)}, store, limits);
}

void put(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::size_t stored_files(const fs::path& state) {
  std::size_t n = 0;
  for (const auto& entry : fs::recursive_directory_iterator(state / "artifacts"))
    n += entry.is_regular_file() && entry.path().filename() != ".lock";
  return n;
}

}  // namespace

TEST_CASE("a glob's parts: *, ?, classes, escapes, within a name only") {
  CHECK(match_name("*", ""));
  CHECK(match_name("*.txt", ".txt"));
  CHECK(match_name("a*b*c", "axxbxxbc"));
  CHECK(!match_name("a*b*c", "axxbxxb"));
  CHECK(match_name("?[a-c][!a-c]", "xbd"));
  CHECK(!match_name("?[a-c][!a-c]", "xbb"));
  CHECK(match_name("[]]", "]"));
  CHECK(match_name("[", "["));
  CHECK(match_name("\\*", "*"));
  CHECK(!match_name("\\*", "x"));
  CHECK(match_name("\xff?", "\xff\xfe"));
  // Nothing that a job can be named makes it take long.
  CHECK(!match_name("*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST_CASE("globs lead a walk: it goes only where something can match") {
  GlobWalk walk({"report/**/*.xml", "out/", "top"});
  CHECK(walk.matches("top"));
  CHECK(!walk.matches("other"));
  CHECK(!walk.enter("elsewhere"));
  REQUIRE(walk.enter("report"));
  CHECK(walk.matches("a.xml"));
  REQUIRE(walk.enter("deep"));
  CHECK(walk.matches("a.xml"));
  CHECK(!walk.matches("a.txt"));
  walk.leave();
  walk.leave();
  REQUIRE(walk.enter("out"));
  CHECK(walk.matches("anything"));
  REQUIRE(walk.enter("x"));
  CHECK(walk.matches("anything"));
}

TEST_CASE("artifacts: what a job made, changed and did not touch is kept with its path, once for each content") {
  TestEngine engine;
  TestRepository repo;
  repo.write("kept.txt", "from the tree\n");
  repo.write("gone.txt", "deleted\n");
  repo.write("changed.txt", "before\n");
  repo.write("dir/inner.txt", "inner\n");
  auto snapshot = *engine->snapshot_commit(repo.path(), repo.commit());
  for (auto runtime : {Runtime::sandbox}) {
    auto job = leaving(
        "rm gone.txt; echo after > changed.txt; mv dir moved; mkdir out; echo new > out/a; echo new > out/b;"
        "printf '#!/bin/sh\\n' > out/run; chmod 6755 out/run; ln out/a out/linked",
        {"*.txt", "moved/", "out/**", "dir/**"});
    job.runtime = runtime;
    auto record = run(*engine, snapshot, {job}).record.jobs[0];
    CHECK_MESSAGE(record.status == Status::passed, record.message);
    CHECK(record.artifacts_message == "no file matches 'dir/**'");
    CHECK(paths_of(record.artifacts) == std::vector<std::string>{"changed.txt", "kept.txt", "moved/inner.txt", "out/a",
                                                                 "out/b", "out/linked", "out/run"});
    CHECK(bytes_of(*engine, record.artifacts[0]) == "after\n");
    CHECK(bytes_of(*engine, record.artifacts[1]) == "from the tree\n");
    CHECK(bytes_of(*engine, record.artifacts[2]) == "inner\n");
    CHECK(record.artifacts[3].content == record.artifacts[4].content);
    CHECK(record.artifacts[3].content == pika::sha256_hex("new\n"));
    CHECK(record.artifacts[6].executable);
    struct stat st{};
    REQUIRE(
        ::stat((engine.root() / "artifacts" / record.artifacts[6].content.substr(0, 2) / record.artifacts[6].content)
                   .c_str(),
               &st) == 0);
    CHECK((st.st_mode & 07777) == 0400);
    CHECK(stored_files(engine.root()) == 5);
  }
  CHECK(leftovers(engine.root()).empty());
}

TEST_CASE("artifacts of a host process, of a job that failed, and of one that timed out") {
  TestEngine engine({.allow_host_process = true});
  auto host = leaving("echo x > made", {"made"});
  host.runtime = Runtime::host_process;
  CHECK(run_one(*engine, host).record.jobs[0].artifacts.size() == 1);
  auto failed = leaving("echo x > made; exit 1", {"made"});
  CHECK(run_one(*engine, failed).record.jobs[0].artifacts.size() == 1);
  failed.artifacts->when = ArtifactSpec::When::passed;
  CHECK(run_one(*engine, failed).record.jobs[0].artifacts.empty());
  auto slow = leaving("echo x > made; sleep 100", {"made"});
  slow.limits.time = pika::kSecond / 2;
  auto late = run_one(*engine, slow).record.jobs[0];
  CHECK(late.failure == FailureKind::timed_out);
  CHECK(paths_of(late.artifacts) == std::vector<std::string>{"made"});
}

TEST_CASE("artifacts never lead out of the workspace: symlinks, fifos, sockets and devices are left out and counted") {
  pika::TempDir folder;
  auto work = folder.path() / "work", state = folder.path() / "state";
  put(folder.path() / "secret/inside", "secret\n");
  put(work / "plain", "plain\n");
  fs::create_symlink(folder.path() / "secret/inside", work / "link");
  fs::create_directory_symlink(folder.path() / "secret", work / "folder");
  fs::create_symlink("/etc/passwd", work / "passwd");
  REQUIRE(::mkfifo((work / "fifo").c_str(), 0644) == 0);
  pika::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto path = (work / "socket").string();
  std::copy(path.begin(), path.end(), address.sun_path);
  REQUIRE(::bind(socket.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address) == 0);
  bool device = ::mknod((work / "zero").c_str(), S_IFCHR | 0666, (1 << 8) | 5) == 0;
  auto kept = collect(work, state, {"**"});
  CHECK(paths_of(kept.files) == std::vector<std::string>{"plain"});
  CHECK(kept.message == std::string("3 symlinks not followed; ") + (device ? "3" : "2") + " special files left out");
  CHECK(stored_files(state) == 1);
  for (const auto& entry : fs::recursive_directory_iterator(state / "artifacts"))
    if (entry.is_regular_file()) CHECK(pika::read_file(entry.path())->find("secret") == std::string::npos);
}

TEST_CASE("a folder that the job closed is told as not readable, not as one without artifacts") {
  if (::geteuid() == 0) {
    MESSAGE("root reads every folder; the run as an ordinary user tests it");
    return;
  }
  pika::TempDir folder;
  auto work = folder.path() / "work", state = folder.path() / "state";
  put(work / "listed/f", "x");
  REQUIRE(::chmod((work / "listed").c_str(), 0400) == 0);
  CHECK(collect(work, state, {"**"}).message == "1 entry not readable: listed/");
  REQUIRE(::chmod((work / "listed").c_str(), 0700) == 0);
  ArtifactStore store(state);
  pika::UniqueFd fd(::open(work.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(::chmod(work.c_str(), 0) == 0);
  auto kept = collect_artifacts(fd.get(), {.globs = {"**"}}, store, {1 << 20, 100});
  REQUIRE(::chmod(work.c_str(), 0700) == 0);
  CHECK(kept.message == "1 entry not readable: .");
}

TEST_CASE("artifacts have a limit in bytes and in number, and say what was left out") {
  pika::TempDir folder;
  auto work = folder.path() / "work", state = folder.path() / "state";
  put(work / "a", std::string(600, 'a'));
  put(work / "b", std::string(600, 'b'));
  put(work / "c", std::string(100, 'c'));
  auto kept = collect(work, state, {"*"}, {1000, 100});
  CHECK(paths_of(kept.files) == std::vector<std::string>{"a", "c"});
  CHECK(kept.message == "1 file left out, because artifacts may take 1.0 kB: b (600 B)");
  auto few = collect(work, state, {"*"}, {10000, 2});
  CHECK(paths_of(few.files) == std::vector<std::string>{"a", "b"});
  CHECK(few.message == "only the first 2 files were kept");
  CHECK(collect(work, state, {"nothing*"}).message == "no file matches 'nothing*'");
  CHECK(collect(work, state, {"a", "nothing/", "c"}).message == "no file matches 'nothing/'");
  // A thousand folders within each other are no way to keep the engine busy or to end it.
  auto deep = work / "d";
  for (int i = 0; i < 300; ++i) deep /= "d";
  fs::create_directories(deep);
  put(deep / "file", "x");
  CHECK(collect(work, state, {"d/**"}).message == "1 folder more than 128 deep left out");
}

TEST_CASE(
    "an artifact whose name is no text is kept, recorded and saved as it is; a saved one never leaves its folder") {
  TestEngine engine;
  auto record = run_one(*engine, leaving("mkdir d; echo x > \"d/$(printf '\\377\\nname')\"", {"d/*"})).record;
  auto read = engine->load_run_record(record.run_id)->jobs[0];
  REQUIRE(read.artifacts.size() == 1);
  CHECK(read.artifacts[0].path == "d/\xff\nname");
  pika::TempDir out;
  auto saved = engine->save_artifact(read.artifacts[0], out.path());
  REQUIRE(saved.has_value());
  CHECK(*pika::read_file(*saved) == "x\n");
  CHECK(engine->save_artifact(read.artifacts[0], out.path()).error().kind == pika::ErrorKind::conflict);

  auto forged = read.artifacts[0];
  for (auto* path : {"../escaped", "/tmp/escaped", "", ".", "a/../../b"}) {
    forged.path = path;
    CHECK(!engine->save_artifact(forged, out.path()).has_value());
  }
  pika::TempDir elsewhere;
  fs::create_directory_symlink(elsewhere.path(), out.path() / "link");
  forged.path = "link/x";
  CHECK(!engine->save_artifact(forged, out.path()).has_value());
  CHECK(fs::is_empty(elsewhere.path()));
  for (auto* content : {"", "../../../etc/passwd", "abc"})
    CHECK(engine->open_artifact(content).error().kind == pika::ErrorKind::invalid);
  CHECK(engine->open_artifact(std::string(64, '0')).error().kind == pika::ErrorKind::not_found);
}

TEST_CASE("artifacts that the disk does not take change no verdict") {
  if (::geteuid() == 0) return;  // root may write everywhere
  TestEngine engine;
  fs::create_directory(engine.root() / "artifacts");
  ::chmod((engine.root() / "artifacts").c_str(), 0500);
  auto record = run_one(*engine, leaving("echo x > made", {"made"})).record;
  CHECK(record.status == Status::passed);
  CHECK(record.jobs[0].artifacts_message.find("could not be kept") != std::string::npos);
  ::chmod((engine.root() / "artifacts").c_str(), 0700);
}
