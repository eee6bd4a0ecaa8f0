#include "prepared/payload_manifest.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <set>

#include "jerichoci/model.hpp"
#include "pika/base/text.hpp"
#include "prepared/confined.hpp"
#include "prepared/strict_json.hpp"

namespace jerichoci {

namespace json = pika::json;
using pika::ErrorKind;
using pika::fail;

namespace {

constexpr const char* kWhat = "the payload manifest";
constexpr std::size_t kCap = 1 << 20, kManyMounts = 64;

pika::Result<ManifestMount> parse_mount(const json::Value& value) {
  PIKA_TRY(check_part(value, "a mount of the payload manifest", {"name", "relative_path", "guest_path", "read_only"}));
  ManifestMount mount;
  mount.name = PIKA_TRY(strict_string(value, "name", kWhat));
  mount.relative_path = PIKA_TRY(strict_string(value, "relative_path", kWhat));
  mount.guest_path = PIKA_TRY(strict_string(value, "guest_path", kWhat));
  if (!valid_id(mount.name))
    return fail(ErrorKind::invalid, fmt::format("{}: {} is no name of a mount", kWhat, pika::quote_name(mount.name)));
  PIKA_TRY(check_inner_path(mount.relative_path, kWhat));
  PIKA_TRY(check_mount_path(mount.guest_path, kWhat));
  if (!PIKA_TRY(strict_bool(value, "read_only", kWhat)))
    return fail(ErrorKind::invalid, fmt::format("{}: the mount '{}' must be read_only", kWhat, mount.name),
                "many jobs share a prepared output; copy what must be written");
  return mount;
}

pika::Status check_kind(int payload, const std::string& path, mode_t format, mode_t bits, std::string_view kind) {
  auto fd = PIKA_TRY(open_below(payload, path, O_PATH | O_NOFOLLOW, kWhat));
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0) throw pika::SystemError(fmt::format("stat '{}'", path));
  if ((st.st_mode & S_IFMT) == format && (st.st_mode & bits) == bits) return {};
  return fail(ErrorKind::invalid, fmt::format("{}: {} is no {}", kWhat, pika::quote_name(path), kind));
}

}  // namespace

pika::Result<PayloadManifest> parse_manifest(std::string_view text) {
  auto value = PIKA_TRY(json::parse(text, kWhat));
  PIKA_TRY(check_fields(value, kWhat, {"kind", "entrypoints", "asset_roots", "mounts"}));
  PayloadManifest out;
  out.kind = PIKA_TRY(strict_string(value, "kind", kWhat));
  if (!valid_id(out.kind))
    return fail(ErrorKind::invalid, fmt::format("{}: {} is no kind", kWhat, pika::quote_name(out.kind)));
  out.entrypoints = PIKA_TRY(strict_list(value, "entrypoints", kWhat));
  out.asset_roots = PIKA_TRY(strict_list(value, "asset_roots", kWhat));
  for (const auto& list : {out.entrypoints, out.asset_roots})
    for (const auto& path : list) PIKA_TRY(check_inner_path(path, kWhat));
  std::set<std::string> names, places;
  auto mounts = PIKA_TRY(strict_array(value, "mounts", kWhat));
  for (const auto& item : mounts) {
    auto mount = PIKA_TRY(parse_mount(item));
    if (!names.insert(mount.name).second || !places.insert(mount.guest_path).second)
      return fail(ErrorKind::invalid, fmt::format("{}: the mount '{}' is there twice", kWhat, mount.name));
    out.mounts.push_back(std::move(mount));
  }
  if (out.mounts.size() > kManyMounts) return fail(ErrorKind::invalid, fmt::format("{} has too many mounts", kWhat));
  return out;
}

pika::Result<std::optional<PayloadManifest>> read_manifest(const std::filesystem::path& payload) {
  pika::UniqueFd root(::open(payload.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root) throw pika::SystemError(fmt::format("open '{}'", payload.string()));
  auto text = read_below(root.get(), kManifestPath, kCap, kWhat);
  if (!text && text.error().kind == ErrorKind::not_found) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  auto manifest = PIKA_TRY(parse_manifest(*text));
  for (const auto& path : manifest.entrypoints) PIKA_TRY(check_kind(root.get(), path, S_IFREG, S_IXUSR, "program"));
  for (const auto& path : manifest.asset_roots) PIKA_TRY(check_kind(root.get(), path, S_IFDIR, 0, "folder"));
  for (const auto& mount : manifest.mounts) PIKA_TRY(check_kind(root.get(), mount.relative_path, S_IFDIR, 0, "folder"));
  return manifest;
}

}  // namespace jerichoci
