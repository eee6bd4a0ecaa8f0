// What a collection sees before it decides: runs, who works on them, what their records refer to.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "jerichoci/gc.hpp"
#include "pika/gitx/oid.hpp"
#include "run/engine_parts.hpp"

namespace jerichoci {

struct RunSeen {
  std::string id;
  bool readable = false, final = false, busy = false, pinned = false;
  pika::Micros created_at = 0;
  // Contents of its artifacts, and until when they are wanted.
  std::vector<std::pair<std::string, pika::Micros>> artifacts;
  std::set<std::string> roots{};  // digests of the root filesystems that its jobs ran in
};

struct Looked {
  pika::Micros now = 0;       // of the system's clock
  pika::Micros cutoff = 0;    // modification times from here on belong to runs that may be at work
  std::vector<RunSeen> runs;  // newest first
};

// `lock_fd` is the open gc.lock: its time, set now, is the file system's idea of the present.
Looked look_at_runs(EngineParts& engine, int lock_fd, std::vector<std::string>& notes);

// runs/<id>/pinned: who pinned the run and why; it is there or not.
std::filesystem::path pin_file(const RunStore& runs, const std::string& run_id);

}  // namespace jerichoci
