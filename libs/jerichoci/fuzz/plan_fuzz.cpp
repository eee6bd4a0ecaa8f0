// Any bytes as plan.json: a plan, or an error with a sentence; what was read is written and read again as the same, and
// its jobs are checked without harm.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "plan/plan.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  auto value = pika::json::parse(text, "plan.json");
  if (!value) return 0;
  auto plan = jerichoci::plan_from_json(*value);
  if (!plan) {
    if (plan.error().what.empty()) std::abort();
    return 0;
  }
  auto checked = jerichoci::check_jobs(plan->jobs, plan->prepares);
  if (!checked && checked.error().what.empty()) std::abort();
  auto written = pika::json::print(to_json(*plan));
  auto again = jerichoci::plan_from_json(*pika::json::parse(written));
  if (!again || pika::json::print(to_json(*again)) != written) std::abort();
  return 0;
}
