// Any bytes as a workflow: lanes that are a catalogue, or none, with what was left out; never slow, never a crash.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pikaci/catalogue.hpp"
#include "pikaci/import.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  auto imported = pikaci::import_workflows({{".github/workflows/a.yml", text}, {".github/workflows/b.yml", text}});
  if (imported.text.empty() != imported.lanes.empty()) std::abort();
  if (imported.text.empty()) return 0;
  auto loaded = pikaci::load_catalogue([&](std::string_view path) {
    return path == pikaci::kCataloguePath ? std::optional(imported.text) : std::nullopt;
  });
  if (!loaded.problems.empty() || loaded.catalogue.lanes.size() != imported.lanes.size()) std::abort();
  return 0;
}
