// What its caches did for a job, in words: what was restored, and how much quicker it was than without.
#pragma once
#include <string>
#include <vector>

#include "jerichoci/model.hpp"

namespace pikaci {

// One sentence, or nothing when the job restored no cache. `earlier`: runs to compare with, newest first; the newest
// passed one of the same target and job whose caches all missed is the cold one.
//   "caches: ccache (212.4 MB) restored; 7m 10s less than run 01J…, which had none (9m 41s)"
std::string cache_story(const jerichoci::RunRecord& run, const jerichoci::JobRecord& job,
                        const std::vector<jerichoci::RunRecord>& earlier);

}  // namespace pikaci
