// Any bytes as run.json: a record, or an error with a sentence; what was read is written and read again as the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "jerichoci/model.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  auto value = pika::json::parse(text, "run.json");
  if (!value) return 0;
  auto run = jerichoci::run_record_from_json(*value);
  if (!run) {
    if (run.error().what.empty()) std::abort();
    return 0;
  }
  auto written = pika::json::print(to_json(*run));
  auto again = jerichoci::run_record_from_json(*pika::json::parse(written));
  if (!again || pika::json::print(to_json(*again)) != written) std::abort();
  return 0;
}
