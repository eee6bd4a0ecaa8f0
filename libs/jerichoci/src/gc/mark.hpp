// What goes, and why the rest stays.
#pragma once
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "gc/look.hpp"
#include "gc/usage.hpp"

namespace jerichoci {

// A class while it is decided about.
struct Marked {
  GcClass sum;
  std::vector<std::filesystem::path> goes;
  Freed freed;
  void keep(const std::string& why, std::uint64_t bytes = 0);
  void take(const std::filesystem::path& path);
};

// The ids of the runs that go, oldest first. `runs` counts folders, `logs` the jobs that have one.
std::vector<std::string> mark_runs(const EngineParts& engine, const GcPolicy& policy, const Looked& looked,
                                   Marked& runs, Marked& logs);
// Contents that no kept run's record wants any more.
void mark_artifacts(const EngineParts& engine, const Looked& looked, const std::set<std::string>& gone_runs,
                    Marked& artifacts);
// Verdicts whose run is gone; above the quota those that were used least recently.
void mark_verdicts(const EngineParts& engine, const GcPolicy& policy, const Looked& looked,
                   const std::set<std::string>& gone_runs, Marked& verdicts);
// What was being written aside by somebody who is gone.
void mark_half_made(const EngineParts& engine, const Looked& looked, Marked& tmp);

}  // namespace jerichoci
