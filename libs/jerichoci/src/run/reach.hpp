// Passing a fault point (jerichoci/fault.hpp): a test may end the process there.
#pragma once
#include <functional>

#include "jerichoci/fault.hpp"

namespace jerichoci {

// EngineConfig::fault, for parts that are given no more of the engine than this.
using FaultHook = std::function<void(FaultPoint)>;

inline void reach(const FaultHook& hook, FaultPoint point) {
  if (hook) hook(point);
}

}  // namespace jerichoci
