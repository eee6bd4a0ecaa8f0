// Stores whose things stay while they are used, or while a kept run's rerun needs them: unpacked images with the
// digests of root folders, and the nix stores of trust domains. All of them can be made again.
#pragma once
#include <functional>
#include <set>
#include <string>

#include "gc/look.hpp"
#include "gc/mark.hpp"

namespace jerichoci {

// Goes: what was not used for keep_days, or does not fit a quota; never what a kept run names by its digest, nor what
// was used since the oldest run at work began.
void mark_images(EngineParts& engine, const GcPolicy& policy, const Looked& looked,
                 const std::set<std::string>& gone_runs, Marked& images);
// Goes: a domain's whole store that was not used for keep_days, or does not fit the quota.
void mark_nix(EngineParts& engine, const GcPolicy& policy, const Looked& looked, Marked& nix);

// Those that are marked, but for what somebody uses, which then counts as kept. Calls `removed` after each.
void remove_images(EngineParts& engine, Marked& images, const std::function<void()>& removed);
void remove_nix(EngineParts& engine, Marked& nix, const std::function<void()>& removed);

}  // namespace jerichoci
