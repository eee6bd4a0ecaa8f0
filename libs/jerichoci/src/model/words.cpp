// The words of placements, runtimes, networks and fault points.
#include <utility>

#include "jerichoci/fault.hpp"
#include "jerichoci/model.hpp"

namespace jerichoci {

namespace {

constexpr std::pair<Placement, std::string_view> kPlacements[] = {{Placement::local, "local"}};
constexpr std::pair<Runtime, std::string_view> kRuntimes[] = {
    {Runtime::host_process, "host_process"}, {Runtime::sandbox, "sandbox"}, {Runtime::oci, "oci"}};
constexpr std::pair<Network, std::string_view> kNetworks[] = {
    {Network::off, "off"}, {Network::allow_list, "allow_list"}, {Network::on, "on"}};
constexpr std::pair<FaultPoint, std::string_view> kPoints[] = {
    {FaultPoint::snapshot_objects_written, "snapshot_objects_written"},
    {FaultPoint::run_folder_made, "run_folder_made"},
    {FaultPoint::run_record_written, "run_record_written"},
    {FaultPoint::plan_written, "plan_written"},
    {FaultPoint::snapshot_pinned, "snapshot_pinned"},
    {FaultPoint::checkout_written, "checkout_written"},
    {FaultPoint::checkout_published, "checkout_published"},
    {FaultPoint::output_built, "output_built"},
    {FaultPoint::output_published, "output_published"},
    {FaultPoint::slot_taken, "slot_taken"},
    {FaultPoint::workspace_made, "workspace_made"},
    {FaultPoint::cgroup_made, "cgroup_made"},
    {FaultPoint::job_started, "job_started"},
    {FaultPoint::job_ended, "job_ended"},
    {FaultPoint::cache_saved_aside, "cache_saved_aside"},
    {FaultPoint::artifact_stored, "artifact_stored"},
    {FaultPoint::log_closed, "log_closed"},
    {FaultPoint::log_compressed, "log_compressed"},
    {FaultPoint::workspace_removed, "workspace_removed"},
    {FaultPoint::job_recorded, "job_recorded"},
    {FaultPoint::verdict_stored, "verdict_stored"},
    {FaultPoint::run_recorded, "run_recorded"},
    {FaultPoint::gc_marked, "gc_marked"},
    {FaultPoint::gc_removing, "gc_removing"},
};

template <class T, std::size_t N>
std::string_view word_of(const std::pair<T, std::string_view> (&table)[N], T value) {
  for (const auto& [known, word] : table)
    if (known == value) return word;
  return "";
}

template <class T, std::size_t N>
std::optional<T> value_of(const std::pair<T, std::string_view> (&table)[N], std::string_view text) {
  for (const auto& [value, word] : table)
    if (word == text) return value;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Placement placement) {
  return word_of(kPlacements, placement);
}
std::string_view to_string(Runtime runtime) {
  return word_of(kRuntimes, runtime);
}
std::string_view to_string(Network network) {
  return word_of(kNetworks, network);
}
std::string_view to_string(FaultPoint point) {
  return word_of(kPoints, point);
}
std::optional<Placement> parse_placement(std::string_view word) {
  return value_of(kPlacements, word);
}
std::optional<Runtime> parse_runtime(std::string_view word) {
  return value_of(kRuntimes, word);
}
std::optional<Network> parse_network(std::string_view word) {
  return value_of(kNetworks, word);
}

}  // namespace jerichoci
