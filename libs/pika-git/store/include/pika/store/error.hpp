// What the store throws when it cannot keep or read something now (busy, disk full, read-only): one type for those
// who stand above it.
#pragma once
#include "pika/db/error.hpp"

namespace pika::store {
using StoreError = db::Error;
}  // namespace pika::store
