// Trees in objects.git that nothing needs any more.
#pragma once
#include "gc/look.hpp"
#include "gc/mark.hpp"

namespace jerichoci {

// Drops the pins of runs that are gone and of captures that were never run, then the objects that nothing refers to.
// Only while no run is at work; else it says so and leaves everything. In a dry run it tells what it would do, and an
// estimate of the bytes.
void collect_objects(EngineParts& engine, const GcPolicy& policy, const Looked& looked,
                     const std::set<std::string>& gone_runs, Marked& snapshots, std::vector<std::string>& notes);

}  // namespace jerichoci
