// The record of a run before anything of it began.
#pragma once
#include "jerichoci/jerichoci.hpp"

namespace jerichoci {

// Everything queued, the run itself too; the request names the run.
RunRecord first_record(const RunRequest& request);

}  // namespace jerichoci
