// One suite that any runtime must pass. Each case runs jobs by an engine of its own, looks at what is recorded, and
// afterwards at what is left on the host: nothing may be.
//
//   Conformance suite({.runtime = Runtime::sandbox, .probe = bytes_of_jericho_probe, ...});
//   for (const auto& one : Conformance::cases()) report(suite.run(one.name));
//
// For programs whose only work this is: the process must be the reaper of what its children leave
// (PR_SET_CHILD_SUBREAPER) and have no other children. Not thread-safe.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jerichoci/jerichoci.hpp"

namespace jerichoci::testing {

struct ConformanceSetup {
  Runtime runtime = Runtime::sandbox;
  std::string root{};     // a named root filesystem of `engine.roots`; empty: host tools
  EngineConfig engine{};  // its state_root is ignored: the suite makes one below `scratch`
  fs::path scratch{};     // a folder of the suite's own
  std::string probe{};    // the program jericho-probe: its bytes
  std::uint64_t big_output = 64u << 20;
  std::vector<std::string> doomed{};  // argv of a program that calls run_doomed(<the word that follows it>)
};

struct ConformanceCase {
  std::string_view name, promise;
};

struct ConformanceResult {
  enum class Outcome { passed, failed, not_enforced };
  std::string name;
  Outcome outcome = Outcome::passed;
  std::vector<std::string> words;      // what was not as promised; or what the record says is not enforced
  std::vector<std::string> leftovers;  // processes, mounts, cgroups, files, network namespaces, descriptors
};

class Conformance {
 public:
  explicit Conformance(ConformanceSetup setup);
  ~Conformance();
  static std::vector<ConformanceCase> cases();
  ConformanceResult run(std::string_view name);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

// For the case that kills an engine: opens one on `state_root`, runs a job of that runtime until somebody kills us.
void run_doomed(const ConformanceSetup& setup, const fs::path& state_root);

}  // namespace jerichoci::testing
