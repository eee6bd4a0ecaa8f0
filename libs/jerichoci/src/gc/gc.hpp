// One collection of garbage, in three steps: look (what runs, what is pinned, what records refer to), mark (what
// goes, and why the rest stays), remove. A kill at any point leaves only things that the next collection takes.
//
// What keeps it from taking what is in use:
//   - gc.lock: one collection at a time.
//   - A run that somebody works on has a locked file in busy/. Whatever such a run may use and no record names yet
//     (contents of artifacts, verdicts, ...) was touched after it began: nothing as young as the oldest of them goes.
//   - objects.git/jerichoci-gc.lock: held shared by who relies on a tree that nothing refers to yet, until it is
//     pinned; held alone while unreferenced objects go.
//   - checkouts are locked by who reads them.
// Order of a removal: a run's folder is renamed to runs/.gc-<id>, which takes it out of every list at once, then its
// pin goes, then the folder; contents go one by one, after the runs that named them.
#pragma once
#include "jerichoci/gc.hpp"
#include "run/engine_parts.hpp"

namespace jerichoci {

// conflict when another collection is under way. Throws SystemError.
pika::Result<GcReport> collect_garbage(EngineParts& engine, const GcPolicy& policy);

}  // namespace jerichoci
