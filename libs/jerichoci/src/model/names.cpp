// Ids and paths that others wrote: what is one, and what stays below its folder. No more than that, so that the small
// programs that run on other hosts hold nothing else of the engine.
#include <fmt/format.h>

#include <algorithm>

#include "jerichoci/model.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;
using pika::quote_name;

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

}  // namespace

bool valid_id(std::string_view id) {
  if (id.empty() || id.size() > 64) return false;
  return std::all_of(id.begin(), id.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool valid_run_id(std::string_view id) {
  if (id.empty() || id.size() > 64 || id[0] == '-' || id[0] == '_') return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_' || c == '-'; });
}

pika::Status check_inner_path(const std::string& path, std::string_view what) {
  std::filesystem::path clean(path);
  bool up = std::any_of(clean.begin(), clean.end(), [](const auto& part) { return part == ".."; });
  if (!path.empty() && !has_nul(path) && clean.is_relative() && !up) return {};
  return fail(ErrorKind::invalid, fmt::format("{}: {} is no path below the workspace", what, quote_name(path)),
              "write it relative, without '..'");
}

pika::Status check_cache_path(const std::string& path, std::string_view what) {
  PIKA_TRY(check_inner_path(path, what));
  std::filesystem::path clean(path);
  if (std::any_of(clean.begin(), clean.end(), [](const auto& part) { return !part.empty() && part != "."; })) return {};
  return fail(ErrorKind::invalid, fmt::format("{}: {} is the workspace itself", what, quote_name(path)),
              "name a folder of its own below it, like \"build\"");
}

pika::Status check_mount_path(const std::string& path, std::string_view what) {
  std::filesystem::path clean(path);
  bool good = clean.is_absolute() && clean == clean.lexically_normal() && clean.has_filename() && !has_nul(path) &&
              path.size() < 1024;
  bool inside = path.starts_with("/workspace/");
  for (auto* never : {"/usr", "/etc", "/proc", "/sys", "/dev", "/workspace", "/caches", "/bin", "/sbin", "/lib",
                      "/lib32", "/lib64", "/libx32", "/run", "/tmp", "/var", "/mnt", "/output", "/nix"})
    if (path == never || path.starts_with(std::string(never) + "/")) good = good && inside;
  if (good) return {};
  return fail(ErrorKind::invalid, fmt::format("{}: nothing can be mounted at {}", what, quote_name(path)),
              "use a folder of its own, like /prepared/deps, or one below /workspace");
}

}  // namespace jerichoci
