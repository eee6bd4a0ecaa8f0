// The points at which an engine may die and leave something half done. Each is tested: killed there, started again,
// checked. They are in the order in which a run meets them.
#pragma once
#include <array>
#include <string_view>

namespace jerichoci {

enum class FaultPoint {
  snapshot_objects_written,  // trees are in the store, nothing refers to them
  run_folder_made,           // the folder is there, no record in it
  run_record_written,
  plan_written,
  snapshot_pinned,
  checkout_written,  // aside, before it is renamed into place
  checkout_published,
  output_built,  // a prepared output, aside
  output_published,
  slot_taken,
  workspace_made,
  cgroup_made,
  job_started,
  job_ended,          // its processes are gone, nothing is recorded
  cache_saved_aside,  // before the new generation is the current one
  artifact_stored,    // content in the store, no record names it
  log_closed,
  log_compressed,  // beside the raw log, before that is removed
  workspace_removed,
  job_recorded,
  verdict_stored,  // for reuse
  run_recorded,
  gc_marked,    // what goes is known
  gc_removing,  // between two removals
};
inline constexpr std::array kFaultPoints = {FaultPoint::snapshot_objects_written,
                                            FaultPoint::run_folder_made,
                                            FaultPoint::run_record_written,
                                            FaultPoint::plan_written,
                                            FaultPoint::snapshot_pinned,
                                            FaultPoint::checkout_written,
                                            FaultPoint::checkout_published,
                                            FaultPoint::output_built,
                                            FaultPoint::output_published,
                                            FaultPoint::slot_taken,
                                            FaultPoint::workspace_made,
                                            FaultPoint::cgroup_made,
                                            FaultPoint::job_started,
                                            FaultPoint::job_ended,
                                            FaultPoint::cache_saved_aside,
                                            FaultPoint::artifact_stored,
                                            FaultPoint::log_closed,
                                            FaultPoint::log_compressed,
                                            FaultPoint::workspace_removed,
                                            FaultPoint::job_recorded,
                                            FaultPoint::verdict_stored,
                                            FaultPoint::run_recorded,
                                            FaultPoint::gc_marked,
                                            FaultPoint::gc_removing};

// Its name as above.
std::string_view to_string(FaultPoint point);

}  // namespace jerichoci
