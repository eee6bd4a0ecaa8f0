#pragma once
#include "context.hpp"

namespace pika::server {
// Adds attempts to lanes of the branch's newest suite; `what` is all, failed (whatever did not pass) or lane. Gives how
// many.
Result<int> rerun(Context& site, const store::Suite& suite, const std::string& what, const std::string& lane,
                  const std::string& by);
}  // namespace pika::server
