// Any bytes as invariants.toml: never a crash; without problems every invariant can be named and has a scope.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pika/invariants/file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto result = pika::invariants::read_invariants({reinterpret_cast<const char*>(data), size});
  if (result.problems.size() > 101) std::abort();
  for (const auto& problem : result.problems)
    if (problem.text.empty() || problem.line < 0) std::abort();
  if (!result.problems.empty()) return 0;
  for (const auto& invariant : result.file.invariants)
    if (invariant.id.empty() || invariant.statement.empty() || invariant.scope.filters().empty()) std::abort();
  return 0;
}
