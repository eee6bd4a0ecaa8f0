#include "jerichoci/testing/conformance.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "pika/base/check.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"
#include "testing/conformance_case.hpp"
#include "testing/leftovers.hpp"

namespace jerichoci::testing {

namespace {

std::vector<CaseEntry> all_cases() {
  std::vector<CaseEntry> out;
  for (auto part : {process_cases(), limit_cases(), network_cases(), file_cases(), data_cases()})
    out.insert(out.end(), part.begin(), part.end());
  return out;
}

void git(const fs::path& folder, const std::vector<std::string>& words) {
  pika::proc::Command command;
  command.argv = {"git", "-C", folder.string(), "-c", "user.name=Suite", "-c", "user.email=suite@example.org"};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  command.env = {"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"};
  auto out = pika::proc::run(command);
  if (!out.ok()) throw std::runtime_error(fmt::format("git {}: {}{}", words[0], out.start_error, out.err));
}

// A repository with the tree that every case runs on.
void make_tree(const fs::path& folder, const std::string& probe) {
  fs::create_directories(folder / "folder");
  std::ofstream(folder / "hello.txt") << "hello\n";
  std::ofstream(folder / "folder/inner.txt") << "inner\n";
  std::ofstream(folder / "jericho-probe", std::ios::binary) << probe;
  ::chmod((folder / "jericho-probe").c_str(), 0755);
  git(folder, {"init", "--quiet", "--initial-branch=main"});
  git(folder, {"add", "-A"});
  git(folder, {"commit", "--quiet", "-m", "tree"});
}

std::unique_ptr<Engine> open_engine(const ConformanceSetup& setup, const fs::path& state_root) {
  auto config = setup.engine;
  config.state_root = state_root;
  if (setup.runtime == Runtime::host_process) config.allow_host_process = true;
  auto engine = Engine::open(std::move(config));
  if (!engine) throw std::runtime_error(engine.error().text());
  return std::move(*engine);
}

SnapshotRecord take_snapshot(Engine& engine, const fs::path& tree) {
  auto snapshot = engine.snapshot_worktree(tree);
  if (!snapshot) throw std::runtime_error(snapshot.error().text());
  return *snapshot;
}

}  // namespace

struct Conformance::Impl {
  ConformanceSetup setup;
  fs::path tree, state_root;
  std::unique_ptr<Engine> engine;
  SnapshotRecord snapshot;
};

Conformance::Conformance(ConformanceSetup setup) : impl_(std::make_unique<Impl>()) {
  impl_->setup = std::move(setup);
  impl_->tree = impl_->setup.scratch / "tree";
  impl_->state_root = impl_->setup.scratch / "state";
  make_tree(impl_->tree, impl_->setup.probe);
  impl_->engine = open_engine(impl_->setup, impl_->state_root);
  impl_->snapshot = take_snapshot(*impl_->engine, impl_->tree);
  // What is made once (the probe of the host, the shared checkout) is no case's leftover.
  ConformanceResult nothing;
  Case warm(impl_->setup, *impl_->engine, impl_->snapshot, "warm", nothing);
  warm.run(warm.shell(":"));
}

Conformance::~Conformance() = default;

std::vector<ConformanceCase> Conformance::cases() {
  std::vector<ConformanceCase> out;
  for (const auto& entry : all_cases()) out.push_back(entry.what);
  return out;
}

ConformanceResult Conformance::run(std::string_view name) {
  ConformanceResult result;
  result.name = name;
  auto cases = all_cases();
  auto entry = std::find_if(cases.begin(), cases.end(), [&](const auto& c) { return c.what.name == name; });
  if (entry == cases.end()) {
    result.outcome = ConformanceResult::Outcome::failed;
    result.words = {"there is no such case"};
    return result;
  }
  auto marker = "jericho-" + pika::random_hex(12);
  auto before = HostState::look(impl_->state_root, marker);
  try {
    Case one(impl_->setup, *impl_->engine, impl_->snapshot, marker, result);
    entry->body(one);
  } catch (const std::exception& error) {
    result.outcome = ConformanceResult::Outcome::failed;
    result.words.emplace_back(error.what());
  }
  result.leftovers = leftovers_since(before, impl_->state_root, marker);
  if (!result.leftovers.empty()) result.outcome = ConformanceResult::Outcome::failed;
  return result;
}

JobSpec Case::shell(const std::string& script) const {
  JobSpec job;
  job.id = "job";
  job.command = {"sh", "-c", script};
  job.runtime = setup.runtime;
  job.root = setup.root;
  job.limits.time = 60 * pika::kSecond;
  job.env["JERICHO_CONFORMANCE"] = marker;
  return job;
}

JobSpec Case::probe(std::vector<std::string> words) const {
  auto job = shell("");
  words.insert(words.begin(), "./jericho-probe");
  job.command = std::move(words);
  return job;
}

CaseRan Case::run(const JobSpec& job) {
  RunRequest request;
  request.jobs = {job};
  return run(std::move(request));
}

CaseRan Case::run(RunRequest request, const CancelToken& cancel) {
  request.target_id = "conformance";
  request.snapshot = tree;
  auto ran = engine.run_jobs(request, {}, cancel);
  if (!ran) throw std::runtime_error(ran.error().text());
  CaseRan out{*ran, ran->jobs.at(0), {}};
  std::uint64_t at = 0;
  while (true) {
    auto piece = engine.load_log(ran->run_id, out.job.id, at, 1u << 20);
    if (!piece || piece->bytes.empty()) break;
    out.log += piece->bytes;
    at = piece->next_offset;
  }
  return out;
}

void Case::expect(bool holds, const std::string& promise) {
  if (holds) return;
  result_.outcome = ConformanceResult::Outcome::failed;
  result_.words.push_back(promise);
}

void Case::expect(bool holds, const std::string& promise, const CaseRan& ran) {
  if (holds) return;
  constexpr std::size_t kShown = 400;
  auto log = ran.log.size() > kShown ? ran.log.substr(0, kShown) + "..." : ran.log;
  expect(false, fmt::format("{} (status {}, failure '{}', exit code {}, message '{}', log {})", promise,
                            to_string(ran.job.status), to_string(ran.job.failure), ran.job.exit_code.value_or(-1),
                            ran.job.message, pika::quote_name(log)));
}

bool Case::lacks(const CaseRan& ran, std::string_view limit) {
  for (const auto& line : ran.job.not_enforced) {
    if (!line.starts_with(limit)) continue;
    if (result_.outcome == ConformanceResult::Outcome::passed)
      result_.outcome = ConformanceResult::Outcome::not_enforced;
    result_.words.push_back(line);
    return true;
  }
  return false;
}

void run_doomed(const ConformanceSetup& setup, const fs::path& state_root) {
  auto engine = open_engine(setup, state_root);
  auto tree = state_root.parent_path() / "doomed-tree";
  make_tree(tree, setup.probe);
  RunRequest request{.target_id = "conformance", .snapshot = take_snapshot(*engine, tree), .run_id = "doomed"};
  ConformanceResult nothing;
  Case one(setup, *engine, request.snapshot, setup.engine.env.at("JERICHO_MARKER"), nothing);
  auto job = one.shell("./jericho-probe daemon 600; sleep 600 & echo up; sleep 600");
  job.limits.pids = 64;
  job.limits.time = 600 * pika::kSecond;
  request.jobs = {job};
  (void)engine->run_jobs(request, {}, {});
}

}  // namespace jerichoci::testing
