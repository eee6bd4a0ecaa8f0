#include "jerichoci/fulfill.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "jerichoci/model.hpp"
#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "prepared/confined.hpp"
#include "prepared/protocol_file.hpp"
#include "prepared/store_path.hpp"
#include "prepared/strict_json.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
namespace json = pika::json;
using pika::ErrorKind;
using pika::fail;
using pika::quote_name;

namespace {

constexpr const char* kRequest = "the fulfilment request";
constexpr const char* kLaunch = "the fulfilment launch";
constexpr const char* kResult = "the fulfilment result";
constexpr std::size_t kManyExposures = 64;
constexpr std::size_t kLargestFile = 1u << 20;

bool is_clean(const std::string& path) {
  fs::path p(path);
  return p.is_absolute() && path == p.lexically_normal().native() && p.has_filename();
}

pika::Status check_realized(const FulfillRequest& request) {
  PIKA_TRY(check_clean_path(request.realized_path, kRequest));
  if (request.protocol == "prepared_store_v1") return {};
  if (request.protocol != "nix_store_path_v1")
    return fail(ErrorKind::invalid,
                fmt::format("{}: the protocol {} is not known", kRequest, quote_name(request.protocol)));
  if (is_store_path(request.realized_path)) return {};
  return fail(ErrorKind::invalid,
              fmt::format("{}: {} is no path of the nix store", kRequest, quote_name(request.realized_path)));
}

json::Array exposures_to_json(const std::vector<Exposure>& exposures) {
  json::Array out;
  for (const auto& e : exposures)
    out.push_back(json::Object{{"kind", e.kind}, {"path", bytes_to_json(e.path)}, {"access", e.access}});
  return out;
}

pika::Result<std::vector<Exposure>> exposures_from_json(const json::Value& value, std::string_view key,
                                                        std::string_view what) {
  std::vector<Exposure> out;
  auto list = PIKA_TRY(strict_array(value, key, what));
  if (list.size() > kManyExposures) return fail(ErrorKind::invalid, fmt::format("{} has too many exposures", what));
  for (const auto& item : list) {
    PIKA_TRY(check_part(item, "an exposure", {"kind", "path", "access"}));
    Exposure e;
    e.kind = PIKA_TRY(strict_string(item, "kind", what));
    e.path = PIKA_TRY(strict_string(item, "path", what));
    e.access = PIKA_TRY(strict_string(item, "access", what));
    if (e.kind != "host_local_symlink_mounts_v1" || e.access != "read_only")
      return fail(ErrorKind::invalid, fmt::format("{}: an exposure of kind {} and access {} is not known", what,
                                                  quote_name(e.kind), quote_name(e.access)));
    PIKA_TRY(check_inner_path(e.path, what));
    bool again = std::any_of(out.begin(), out.end(), [&](const Exposure& other) {
      return fs::path(other.path).lexically_normal() == fs::path(e.path).lexically_normal();
    });
    if (again) return fail(ErrorKind::invalid, fmt::format("{} has two exposures at {}", what, quote_name(e.path)));
    out.push_back(std::move(e));
  }
  return out;
}

// Where an exposure goes: an entry of an open folder.
struct Place {
  pika::UniqueFd folder;
  std::string name;
};

pika::Result<Place> place_of(int job_folder, const Exposure& exposure) {
  fs::path path(exposure.path);
  auto name = path.filename().string();
  auto parent = path.parent_path().string();
  if (name.empty() || name == ".")
    return fail(ErrorKind::invalid, fmt::format("{} names no entry of the job's folder", quote_name(exposure.path)));
  auto folder = PIKA_TRY(open_below(job_folder, parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY, "an exposure"));
  struct stat st{};
  if (::fstatat(folder.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(st.st_mode))
    return fail(ErrorKind::conflict,
                fmt::format("there is something at {} already, and it is no symlink", quote_name(exposure.path)),
                "nothing was removed; name another path");
  return Place{std::move(folder), std::move(name)};
}

void expose(const Place& place, const std::string& realized, const Exposure& exposure) {
  const auto& [folder, name] = place;
  auto aside = ".exposure-" + pika::random_hex(6);
  if (::symlinkat(realized.c_str(), folder.get(), aside.c_str()) != 0)
    throw pika::SystemError(fmt::format("symlink '{}'", exposure.path));
  if (::renameat(folder.get(), aside.c_str(), folder.get(), name.c_str()) != 0) {
    int error = errno;
    ::unlinkat(folder.get(), aside.c_str(), 0);
    throw pika::SystemError(error, fmt::format("rename to '{}'", exposure.path));
  }
}

pika::Status fulfill(const fs::path& request_path, FulfillResult& result) {
  auto text = PIKA_TRY(read_protocol_file(request_path, kRequest));
  auto value = PIKA_TRY(json::parse(text, kRequest));
  auto request = PIKA_TRY(fulfill_request_from_json(value));
  result.node_id = request.node_id;
  result.output_name = request.output_name;
  result.realized_path = request.realized_path;
  struct stat st{};
  if (::stat(request.realized_path.c_str(), &st) != 0)
    return fail(ErrorKind::not_found, fmt::format("{} is not realised here", quote_name(request.realized_path)));
  pika::UniqueFd folder(::open(request.job_folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder)
    return fail(ErrorKind::not_found, fmt::format("there is no job folder {}", quote_name(request.job_folder)));
  // All of them are looked at before the first is made: one that is refused leaves no others behind.
  std::vector<Place> places;
  for (const auto& exposure : request.requested_exposures) places.push_back(PIKA_TRY(place_of(folder.get(), exposure)));
  for (std::size_t i = 0; i < places.size(); ++i) {
    expose(places[i], request.realized_path, request.requested_exposures[i]);
    result.fulfilled_exposures.push_back(request.requested_exposures[i]);
  }
  return {};
}

}  // namespace

pika::Status check_clean_path(const std::string& path, std::string_view what) {
  if (is_clean(path)) return {};
  return fail(ErrorKind::invalid, fmt::format("{}: {} is no absolute path without '..'", what, quote_name(path)));
}

pika::Result<std::string> read_protocol_file(const fs::path& path, std::string_view what) {
  auto parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  pika::UniqueFd folder(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder || path.filename().empty())
    return fail(ErrorKind::not_found, fmt::format("{}: there is no {}", what, quote_name(path.string())));
  return read_below(folder.get(), path.filename().string(), kLargestFile, what);
}

json::Value to_json(const FulfillRequest& r) {
  return json::Object{{"schema_version", 1},
                      {"node_id", r.node_id},
                      {"installable", bytes_to_json(r.installable)},
                      {"output_name", bytes_to_json(r.output_name)},
                      {"protocol", r.protocol},
                      {"residency", r.residency},
                      {"realized_path", bytes_to_json(r.realized_path)},
                      {"job_folder", bytes_to_json(r.job_folder)},
                      {"requested_exposures", exposures_to_json(r.requested_exposures)}};
}

json::Value to_json(const FulfillLaunch& l) {
  return json::Object{{"schema_version", 1},
                      {"request_path", bytes_to_json(l.request_path)},
                      {"result_path", bytes_to_json(l.result_path)},
                      {"program", bytes_to_json(l.program)}};
}

json::Value to_json(const FulfillResult& r) {
  return json::Object{{"schema_version", 1},
                      {"request_path", bytes_to_json(r.request_path)},
                      {"node_id", bytes_to_json(r.node_id)},
                      {"output_name", bytes_to_json(r.output_name)},
                      {"realized_path", bytes_to_json(r.realized_path)},
                      {"status", r.fulfilled ? "fulfilled" : "failed"},
                      {"fulfilled_exposures_count", r.fulfilled_exposures.size()},
                      {"fulfilled_exposures", exposures_to_json(r.fulfilled_exposures)},
                      {"error", pika::to_utf8(r.error)}};
}

pika::Result<FulfillRequest> fulfill_request_from_json(const json::Value& value) {
  PIKA_TRY(check_fields(value, kRequest,
                        {"node_id", "installable", "output_name", "protocol", "residency", "realized_path",
                         "job_folder", "requested_exposures"}));
  FulfillRequest r;
  r.node_id = PIKA_TRY(strict_string(value, "node_id", kRequest));
  if (!valid_id(r.node_id))
    return fail(ErrorKind::invalid, fmt::format("{}: {} is no node id", kRequest, quote_name(r.node_id)));
  r.installable = PIKA_TRY(strict_string(value, "installable", kRequest));
  r.output_name = PIKA_TRY(strict_string(value, "output_name", kRequest));
  r.protocol = PIKA_TRY(strict_string(value, "protocol", kRequest));
  r.residency = PIKA_TRY(strict_string(value, "residency", kRequest));
  if (r.residency != "local" && r.residency != "remote")
    return fail(ErrorKind::invalid,
                fmt::format("{}: the residency {} is not known", kRequest, quote_name(r.residency)));
  r.realized_path = PIKA_TRY(strict_string(value, "realized_path", kRequest));
  r.job_folder = PIKA_TRY(strict_string(value, "job_folder", kRequest));
  PIKA_TRY(check_realized(r));
  PIKA_TRY(check_clean_path(r.job_folder, kRequest));
  r.requested_exposures = PIKA_TRY(exposures_from_json(value, "requested_exposures", kRequest));
  return r;
}

pika::Result<FulfillLaunch> fulfill_launch_from_json(const json::Value& value) {
  PIKA_TRY(check_fields(value, kLaunch, {"request_path", "result_path", "program"}));
  FulfillLaunch l;
  l.request_path = PIKA_TRY(strict_string(value, "request_path", kLaunch));
  l.result_path = PIKA_TRY(strict_string(value, "result_path", kLaunch));
  l.program = PIKA_TRY(strict_string(value, "program", kLaunch));
  for (const auto& path : {l.request_path, l.result_path, l.program}) PIKA_TRY(check_clean_path(path, kLaunch));
  return l;
}

pika::Result<FulfillResult> fulfill_result_from_json(const json::Value& value) {
  PIKA_TRY(check_fields(value, kResult,
                        {"request_path", "node_id", "output_name", "realized_path", "status",
                         "fulfilled_exposures_count", "fulfilled_exposures", "error"}));
  FulfillResult r;
  r.request_path = PIKA_TRY(strict_string(value, "request_path", kResult));
  r.node_id = PIKA_TRY(strict_string(value, "node_id", kResult));
  r.output_name = PIKA_TRY(strict_string(value, "output_name", kResult));
  r.realized_path = PIKA_TRY(strict_string(value, "realized_path", kResult));
  auto status = PIKA_TRY(strict_string(value, "status", kResult));
  if (status != "fulfilled" && status != "failed")
    return fail(ErrorKind::invalid, fmt::format("{}: the status {} is not known", kResult, quote_name(status)));
  r.fulfilled = status == "fulfilled";
  r.fulfilled_exposures = PIKA_TRY(exposures_from_json(value, "fulfilled_exposures", kResult));
  r.error = PIKA_TRY(strict_string(value, "error", kResult));
  auto count = PIKA_TRY(json::get_int(value, "fulfilled_exposures_count"));
  if (count != static_cast<std::int64_t>(r.fulfilled_exposures.size()))
    return fail(ErrorKind::invalid,
                fmt::format("{}: it counts {} exposures and names {}", kResult, count, r.fulfilled_exposures.size()));
  if (r.fulfilled != r.error.empty())
    return fail(ErrorKind::invalid, fmt::format("{}: its status and its error do not agree", kResult));
  return r;
}

pika::Result<FulfillResult> fulfill_prepared_output_request(const fs::path& request_path, const fs::path& result_path) {
  FulfillResult result;
  result.request_path = request_path.string();
  try {
    auto done = fulfill(request_path, result);
    result.fulfilled = done.has_value();
    if (!done) result.error = done.error().text();
  } catch (const pika::SystemError& error) {
    result.error = error.what();
  }
  return write_fulfill_result(result_path, std::move(result));
}

pika::Result<FulfillResult> write_fulfill_result(const fs::path& result_path, FulfillResult result) {
  try {
    pika::write_file_atomic(result_path, json::print_pretty(to_json(result)));
  } catch (const pika::SystemError& error) {
    return fail(ErrorKind::unavailable, fmt::format("the result could not be written: {}", error.what()));
  }
  return result;
}

pika::Result<FulfillResult> load_fulfill_result(const fs::path& result_path, const fs::path& request_path,
                                                const FulfillRequest& request) {
  auto text = PIKA_TRY(read_protocol_file(result_path, kResult));
  auto value = PIKA_TRY(json::parse(text, kResult));
  auto result = PIKA_TRY(fulfill_result_from_json(value));
  if (result.request_path != request_path.string())
    return fail(ErrorKind::invalid, fmt::format("{} answers another request", kResult));
  auto other = [](const std::string& said, const std::string& asked) { return !said.empty() && said != asked; };
  // A failure may come before anything of the request was read, and then names nothing of it.
  if (!result.fulfilled && !other(result.node_id, request.node_id) && !other(result.output_name, request.output_name) &&
      !other(result.realized_path, request.realized_path))
    return result;
  if (!result.fulfilled || result.node_id != request.node_id || result.output_name != request.output_name ||
      result.realized_path != request.realized_path || result.fulfilled_exposures != request.requested_exposures)
    return fail(ErrorKind::invalid, fmt::format("{} says another thing than what was asked", kResult));
  return result;
}

}  // namespace jerichoci
