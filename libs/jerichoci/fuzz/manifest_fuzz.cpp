// Any bytes as a payload's manifest: a manifest whose paths stay inside, or an error with a sentence.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "prepared/payload_manifest.hpp"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

void stays_inside(const std::string& path) {
  demand(!path.empty() && path[0] != '/' && path.find('\0') == std::string::npos);
  for (const auto& part : std::filesystem::path(path)) demand(part != "..");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto manifest = jerichoci::parse_manifest(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!manifest) {
    demand(!manifest.error().what.empty());
    return 0;
  }
  for (const auto& path : manifest->entrypoints) stays_inside(path);
  for (const auto& path : manifest->asset_roots) stays_inside(path);
  for (const auto& mount : manifest->mounts) {
    stays_inside(mount.relative_path);
    demand(!mount.name.empty() && mount.guest_path.starts_with('/'));
    for (const auto& part : std::filesystem::path(mount.guest_path)) demand(part != "..");
  }
  return 0;
}
