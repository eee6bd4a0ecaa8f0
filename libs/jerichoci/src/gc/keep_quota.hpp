// The stores that only a quota empties: checkouts, caches, prepared outputs. Everything in them can be made again; what
// was used least recently goes first, and nothing that was used since the oldest run at work began.
#pragma once
#include <functional>

#include "gc/look.hpp"
#include "gc/mark.hpp"

namespace jerichoci {

// Without a quota the newest kCheckoutsKept stay: each may be as large as a repository.
inline constexpr std::size_t kCheckoutsKept = 20;
void mark_checkouts(EngineParts& engine, const GcPolicy& policy, const Looked& looked, Marked& checkouts);
void mark_caches(EngineParts& engine, const GcPolicy& policy, const Looked& looked, Marked& caches);
// All but those that a job uses now.
void mark_outputs(EngineParts& engine, const GcPolicy& policy, const Looked& looked, Marked& outputs);

// Those that are marked, but for what somebody reads, which then counts as kept. Calls `removed` after each.
void remove_checkouts(EngineParts& engine, Marked& checkouts, const std::function<void()>& removed);
void remove_caches(EngineParts& engine, Marked& caches, const std::function<void()>& removed);
void remove_outputs(EngineParts& engine, const GcPolicy& policy, Marked& outputs);

// Not modified (itself, not below it) since `cutoff`; false also when it is gone.
bool untouched(const std::filesystem::path& path, pika::Micros cutoff);

}  // namespace jerichoci
