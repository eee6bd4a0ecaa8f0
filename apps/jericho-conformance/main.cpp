// jericho-conformance: runs the engine's conformance suite for one runtime, a line for each case, a count at the end.
// Exit code 0: all passed or said to be not enforced here; 1: one failed, or something was left; 77: this host has not
// the runtime.
#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "jerichoci/testing/conformance.hpp"
#include "jerichoci/testing/image_fixture.hpp"
#include "pika/base/files.hpp"

using namespace jerichoci;
using jerichoci::testing::Conformance;
using jerichoci::testing::ConformanceResult;
using jerichoci::testing::ConformanceSetup;

namespace {

struct Options {
  std::string runtime = "sandbox", user = "self", root, layout, only, doomed, probe;
  std::uint64_t output_mib = 64;
  bool list = false;
};

constexpr std::uint32_t kNobody = 65534;

int become_nobody() {
  if (::geteuid() != 0) return 0;  // already an ordinary user
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
      ::setresuid(kNobody, kNobody, kNobody) != 0)
    return errno;
  ::setenv("HOME", "/nonexistent", 1);  // root's is closed, and git insists on looking
  ::prctl(PR_SET_DUMPABLE, 1);          // /proc/self is ours again, for user namespaces
  return 0;
}

// What this host has not, in words; empty when it can.
std::string lacking(const ConformanceSetup& setup, const fs::path& scratch) {
  auto config = setup.engine;
  config.state_root = scratch / "look";
  auto engine = Engine::open(config);
  if (!engine) return engine.error().text();
  auto report = (*engine)->isolation();
  if (setup.runtime == Runtime::sandbox && !report.sandbox) return report.why_not;
  if (setup.runtime == Runtime::oci) {
    if (::access(config.runc.c_str(), X_OK) != 0) return "no OCI runtime; apt-get install runc";
    if (!report.sandbox) return report.why_not;
  }
  return {};
}

const char* word_of(ConformanceResult::Outcome outcome) {
  switch (outcome) {
    case ConformanceResult::Outcome::passed:
      return "passed";
    case ConformanceResult::Outcome::failed:
      return "FAILED";
    case ConformanceResult::Outcome::not_enforced:
      return "not enforced";
  }
  return "";
}

int run_suite(ConformanceSetup setup, const Options& options) {
  Conformance suite(std::move(setup));
  int passed = 0, failed = 0, not_enforced = 0, left = 0;
  for (const auto& one : Conformance::cases()) {
    if (!options.only.empty() && options.only != one.name) continue;
    auto result = suite.run(one.name);
    fmt::print("{:<12} {:<22} {}\n", word_of(result.outcome), result.name, one.promise);
    for (const auto& words : result.words) fmt::print("             {}\n", words);
    for (const auto& thing : result.leftovers) fmt::print("             left: {}\n", thing);
    std::fflush(stdout);
    left += static_cast<int>(result.leftovers.size());
    if (result.outcome == ConformanceResult::Outcome::failed) {
      ++failed;
    } else if (result.outcome == ConformanceResult::Outcome::not_enforced) {
      ++not_enforced;
    } else {
      ++passed;
    }
  }
  fmt::print("{} passed, {} failed, {} not enforced; {} left behind\n", passed, failed, not_enforced, left);
  return failed == 0 && left == 0 && passed > 0 ? 0 : 1;
}

int run(Options options) {
  auto probe = pika::read_file(options.probe.empty() ? pika::program_dir() / "jericho-probe" : fs::path(options.probe));
  if (!probe) {
    std::cerr << probe.error().text() << "\n";
    return 2;
  }
  auto runtime = parse_runtime(options.runtime);
  if (!runtime) {
    std::cerr << "there is no runtime '" << options.runtime << "'\n";
    return 2;
  }
  ConformanceSetup setup;
  setup.runtime = *runtime;
  setup.root = options.root;
  setup.probe = std::move(*probe);
  setup.big_output = options.output_mib << 20;
  setup.engine.slots = 4;
  setup.engine.env = {{"PASSED_ON", "yes"}, {"HIDDEN", "no"}};
  if (!options.root.empty()) setup.engine.roots[options.root] = options.layout;
  if (const char* marker = std::getenv("JERICHO_MARKER")) setup.engine.env["JERICHO_MARKER"] = marker;
  if (!options.doomed.empty()) {
    setup.engine.allow_host_process = true;
    testing::run_doomed(setup, options.doomed);
    return 0;
  }
  // An engine that was killed leaves its job's processes to their reaper: that is us.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  pika::TempDir scratch("jericho-conformance-");
  ::chmod(scratch.path().c_str(), 0755);
  setup.scratch = scratch.path();
  if (*runtime == Runtime::oci && options.root.empty()) {
    auto layer = testing::busybox_layer();
    if (layer.empty()) {
      fmt::print("skipped: no /bin/busybox to make an image of; apt-get install busybox-static\n");
      return 77;
    }
    testing::write_image_layout(scratch.path() / "image", {layer}, {"PATH=/usr/bin:/bin"});
    setup.root = options.root = "image";
    options.layout = scratch.path() / "image";
    setup.engine.roots["image"] = options.layout;
  }
  if (auto why = lacking(setup, scratch.path()); !why.empty()) {
    fmt::print("skipped: {}\n", why);
    return 77;
  }
  // Itself again, for the engine that is killed: by a descriptor, whose file an ordinary user may not reach by name.
  setup.doomed = {"/proc/self/exe", "--runtime",    options.runtime, "--root",      options.root,
                  "--layout",       options.layout, "--probe",       options.probe, "--doomed"};
  auto copy = scratch.path() / "self";
  fs::copy_file("/proc/self/exe", copy);
  pika::write_file_atomic(scratch.path() / "jericho-probe", setup.probe, 0755);
  setup.doomed[0] = copy.string();
  setup.doomed[8] = (scratch.path() / "jericho-probe").string();
  return run_suite(std::move(setup), options);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs the conformance suite of the engine for one runtime");
  app.set_version_flag("--version", "jericho-conformance " PIKA_VERSION);
  Options options;
  app.add_option("--runtime", options.runtime, "sandbox, host_process, oci");
  app.add_option("--user", options.user, "self, or ordinary: drop to nobody first");
  app.add_option("--root", options.root, "a root filesystem's name");
  app.add_option("--layout", options.layout, "and its folder or OCI image layout");
  app.add_option("--case", options.only, "one case only");
  app.add_option("--output-mib", options.output_mib, "size of the big output; 1024 for the whole of it");
  app.add_option("--probe", options.probe, "the program jericho-probe, if it is not beside this one");
  app.add_flag("--list", options.list, "the cases");
  app.add_option("--doomed", options.doomed)->group("");
  CLI11_PARSE(app, argc, argv);
  if (options.list) {
    for (const auto& one : Conformance::cases()) fmt::print("{:<22} {}\n", one.name, one.promise);
    return 0;
  }
  try {
    if (options.user == "ordinary") {
      // Read before the drop: a build folder need not be open to everybody.
      auto folder = pika::TempDir("jericho-probe-");
      auto probe = folder.path() / "jericho-probe";
      fs::copy_file(options.probe.empty() ? pika::program_dir() / "jericho-probe" : fs::path(options.probe), probe);
      ::chmod(folder.path().c_str(), 0755);
      options.probe = probe.string();
      if (::geteuid() == 0) ::chown(folder.path().c_str(), kNobody, kNobody);
      if (int error = become_nobody()) throw pika::SystemError(error, "become an ordinary user");
      return run(options);
    }
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "jericho-conformance: " << error.what() << "\n";
    return 1;
  }
}
