// The far side of a prepared output: what was realised somewhere is exposed in the folder of a job there. Request and
// result are versioned JSON files, so that the far side may be another program on another host.
//
// request  {"schema_version": 1, "node_id": "deps", "installable": ".#deps" | "", "output_name": "out",
//           "protocol": "prepared_store_v1" | "nix_store_path_v1", "residency": "local" | "remote",
//           "realized_path": "/...", "job_folder": "/...", "requested_exposures": [{"kind":
//           "host_local_symlink_mounts_v1", "path": "mount-0", "access": "read_only"}]}
// launch   {"schema_version": 1, "request_path": "/...", "result_path": "/...", "program": "/..."}: what a launcher
//          starts, as `program --result-path result_path request_path`
// result   {"schema_version": 1, "request_path", "node_id", "output_name", "realized_path", "status": "fulfilled" |
//           "failed", "fulfilled_exposures_count", "fulfilled_exposures": [{"kind", "path", "access"}], "error"}
//
// `installable` is what a nix build was asked for, empty for a command; `residency` says whether the output was made
// on the host that asks or on the one that fulfils. How the files travel: fulfill_transport.hpp. No file is larger than
// 1 MiB.
//
// An exposure is a symlink at a relative path below job_folder, whose parent folders are there: no "..", no symlink on
// the way, no path twice. A symlink that was there is replaced; anything else (a folder, a file) is refused and nothing
// is deleted; one that is refused leaves the others unmade. A
// realised path of nix_store_path_v1 is an entry of /nix/store by its plain name: "/nix/store/../x" is none.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "pika/base/result.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

struct Exposure {
  std::string kind = "host_local_symlink_mounts_v1";
  std::string path{};
  std::string access = "read_only";
  friend bool operator==(const Exposure&, const Exposure&) = default;
};

struct FulfillRequest {
  std::string node_id{}, installable{}, output_name{}, protocol{}, residency = "local", realized_path{}, job_folder{};
  std::vector<Exposure> requested_exposures{};
};

struct FulfillLaunch {
  std::string request_path{}, result_path{}, program{};
};

struct FulfillResult {
  std::string request_path{}, node_id{}, output_name{}, realized_path{};
  bool fulfilled = false;
  std::vector<Exposure> fulfilled_exposures{};
  std::string error{};
};

pika::json::Value to_json(const FulfillRequest& request);
pika::json::Value to_json(const FulfillLaunch& launch);
pika::json::Value to_json(const FulfillResult& result);
// Every field is needed and checked; others are refused.
pika::Result<FulfillRequest> fulfill_request_from_json(const pika::json::Value& value);
pika::Result<FulfillLaunch> fulfill_launch_from_json(const pika::json::Value& value);
pika::Result<FulfillResult> fulfill_result_from_json(const pika::json::Value& value);

// Does what the request file asks and writes the result file, atomically, also when something fails; gives what it
// wrote. An error only when the result could not be written.
pika::Result<FulfillResult> fulfill_prepared_output_request(const std::filesystem::path& request_path,
                                                            const std::filesystem::path& result_path);
// The result file, atomically; gives it back.
pika::Result<FulfillResult> write_fulfill_result(const std::filesystem::path& result_path, FulfillResult result);
// A result read back, checked against what was asked.
pika::Result<FulfillResult> load_fulfill_result(const std::filesystem::path& result_path,
                                                const std::filesystem::path& request_path,
                                                const FulfillRequest& request);

}  // namespace jerichoci
