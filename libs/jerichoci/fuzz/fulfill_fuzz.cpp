// Any bytes as a file of the fulfilment protocol: a value whose paths are what they promise and that is read again as
// itself, or an error with a sentence.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "jerichoci/fulfill_transport.hpp"
#include "pika/json/json.hpp"

namespace {

using namespace jerichoci;

void demand(bool holds) {
  if (!holds) std::abort();
}

void is_clean(const std::string& path) {
  demand(path.starts_with('/') && path.find('\0') == std::string::npos);
  for (const auto& part : std::filesystem::path(path)) demand(part != ".." && part != ".");
}

void stay_inside(const std::vector<Exposure>& exposures) {
  for (const auto& exposure : exposures) {
    demand(!exposure.path.empty() && exposure.path[0] != '/');
    for (const auto& part : std::filesystem::path(exposure.path)) demand(part != "..");
  }
}

template <class Read, class Check>
void try_one(const pika::json::Value& value, Read&& read, Check&& check) {
  auto got = read(value);
  if (!got) return demand(!got.error().what.empty());
  check(*got);
  auto text = pika::json::print(to_json(*got));
  auto again = read(*pika::json::parse(text, "again"));
  demand(again.has_value() && pika::json::print(to_json(*again)) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto value = pika::json::parse(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
  if (!value) return 0;
  try_one(*value, fulfill_request_from_json, [](const FulfillRequest& r) {
    is_clean(r.realized_path);
    is_clean(r.job_folder);
    stay_inside(r.requested_exposures);
    if (r.protocol == "nix_store_path_v1") demand(r.realized_path.starts_with("/nix/store/"));
  });
  try_one(*value, fulfill_launch_from_json, [](const FulfillLaunch& l) {
    for (const auto& path : {l.request_path, l.result_path, l.program}) is_clean(path);
  });
  try_one(*value, fulfill_result_from_json, [](const FulfillResult& r) { stay_inside(r.fulfilled_exposures); });
  try_one(*value, fulfill_transport_from_json, [](const FulfillTransport& t) {
    for (const auto& path : {t.launcher, t.program, t.near_folder, t.far_folder}) is_clean(path);
    demand(t.timeout > 0);
  });
  return 0;
}
