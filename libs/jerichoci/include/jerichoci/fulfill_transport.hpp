// How a request to fulfil a prepared output (fulfill.hpp) gets to where it is fulfilled, and its result back.
//
// transport  {"schema_version": 1, "kind": "same_host_v1" | "command_v1", "prefix": ["/usr/bin/ssh", "host"],
//             "launcher": "/...", "program": "/...", "near_folder": "/...", "far_folder": "/...", "timeout_ms": 60000}
//
// Both sides see one folder: as near_folder here, as far_folder there (the same on one host; shared or mounted else).
// In it are request.json, launch.json and result.json. `launcher FAR_FOLDER/launch.json` is run, behind `prefix` with
// command_v1; it starts `program --result-path FAR_FOLDER/result.json FAR_FOLDER/request.json`. Whoever on the way
// finds that no result was written writes one that says why.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "jerichoci/fulfill.hpp"
#include "pika/base/clock.hpp"

namespace jerichoci {

struct FulfillTransport {
  std::string kind = "same_host_v1";
  std::vector<std::string> prefix{};  // of command_v1: what runs a command on the far side
  std::string launcher{}, program{};  // on the far side, absolute
  std::string near_folder{}, far_folder{};
  pika::Micros timeout = 60 * pika::kSecond;  // whole milliseconds, an hour at most
  friend bool operator==(const FulfillTransport&, const FulfillTransport&) = default;
};

pika::json::Value to_json(const FulfillTransport& transport);
// Every field is needed and checked; others are refused.
pika::Result<FulfillTransport> fulfill_transport_from_json(const pika::json::Value& value);

// The launcher's work: reads the launch file, runs its program to the end (TERM, then KILL after `timeout`), and gives
// the result that it wrote, or one of its own, also written, when it wrote none. An error only when there is no launch
// file that says where a result belongs, or it could not be written. With a `program_name` no other program is run: the
// launch must name a file of that name, and it must belong to root or to us and be nobody else's to write.
pika::Result<FulfillResult> launch_fulfillment(const std::filesystem::path& launch_path, pika::Micros timeout,
                                               int cancel_fd = -1, std::string_view program_name = {});

// The near side: writes request and launch, runs the launcher, reads the result back and checks every field against the
// request. A result that is not "fulfilled" says why; an error is trouble of the transport: nothing came back in time,
// or something else than was asked for. `cancel_fd` as in pika::proc::Io.
pika::Result<FulfillResult> send_fulfillment(const FulfillTransport& transport, const FulfillRequest& request,
                                             int cancel_fd = -1);

}  // namespace jerichoci
