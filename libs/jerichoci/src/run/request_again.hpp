// The request of a run that was, from its plan.
#pragma once
#include <map>
#include <string>

#include "jerichoci/jerichoci.hpp"

namespace jerichoci {

// The request that a run came from, as far as it can be made again: secrets are in no plan.
pika::Result<RunRequest> request_again(Engine& engine, const RunRecord& before,
                                       const std::map<std::string, std::string>& secrets);

}  // namespace jerichoci
