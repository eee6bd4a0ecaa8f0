// What the files that implement Engine's methods share.
#pragma once
#include "jerichoci/jerichoci.hpp"
#include "pika/base/result.hpp"
#include "run/engine_parts.hpp"

namespace jerichoci {

struct Engine::Impl : EngineParts {
  using EngineParts::EngineParts;
};

// An environment failure as an answer: the caller asked for something this host does not give now.
template <class F>
auto guarded(F&& f) -> decltype(f()) {
  try {
    return f();
  } catch (const pika::SystemError& error) {
    return pika::fail(pika::ErrorKind::unavailable, error.what(),
                      "look at the state folder: space, owner, permissions");
  }
}

}  // namespace jerichoci
