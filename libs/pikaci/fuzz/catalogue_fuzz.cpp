// Any bytes as each of the three files: a catalogue that keeps its own rules, or problems with a place.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pikaci/catalogue.hpp"
#include "pikaci/selection.hpp"

namespace {

void check_rules(const pikaci::Catalogue& catalogue) {
  for (const auto& lane : catalogue.lanes) {
    if (lane.id.empty() || lane.id.size() > 64) std::abort();
    if (lane.target.empty() == lane.unrunnable.empty()) std::abort();
    if (!lane.target.empty() && !catalogue.targets.contains(lane.target)) std::abort();
    for (const auto& path : lane.paths)
      if (!pikaci::check_filter(path)) std::abort();
  }
  for (const auto& [id, target] : catalogue.targets) {
    if (target.jobs.empty()) std::abort();
    for (const auto& job : target.jobs)
      if (job.command.empty() || job.command[0].empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  for (auto file : {pikaci::kCataloguePath, pikaci::kOlderCataloguePath}) {
    auto result = pikaci::load_catalogue(
        [&](std::string_view path) { return path == file ? std::optional(text) : std::nullopt; });
    for (const auto& problem : result.problems)
      if (problem.text.empty() || problem.file.empty()) std::abort();
    if (result.problems.empty()) check_rules(result.catalogue);
    (void)pikaci::select_lanes(result.catalogue, {"libs/a.cpp", "docs/é.md"});
  }
  (void)pikaci::load_policy([&](std::string_view) { return std::optional(text); });
  return 0;
}
