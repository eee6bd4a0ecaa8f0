// Finds one commit of a hosted repository: where it was pushed, when that is a folder this runner can read; else it is
// brought into the runner's own bare store.
#pragma once
#include <filesystem>
#include <string>

#include "jerichoci/jerichoci.hpp"
#include "pika/base/result.hpp"
#include "pika/forge_model/runner_protocol.hpp"
#include "pika/gitx/oid.hpp"

namespace pika::runner {

namespace wire = forge_model;

struct FetchRequest {
  std::filesystem::path root;  // stores live below: root/O/N.git
  std::string repository;      // "O/N", checked
  std::string git_url;         // http(s)://... or an absolute path
  git::Oid commit, tree;
  std::string token;     // password of Basic for http; never in argv, sent to that host only
  std::int64_t pin = 0;  // which of 64 pins keeps the commit: refs/pika/recent/<pin % 64>
};

// The repository that has the commit and everything below it. A forge that is just starting again is waited for (some
// 12 s). One at a time a repository. Errors: invalid (names, addresses), not_found (the forge has no such commit),
// conflict (the commit's tree is another), unavailable (no answer; or cancelled).
Result<std::filesystem::path> fetch_commit(const FetchRequest& request, const jerichoci::CancelToken& cancel);

// "O/N" as contracts say: two names of [A-Za-z0-9._-]{1,64}, not "." or "..", not ending in .git or .lock.
bool valid_repository(std::string_view name);

}  // namespace pika::runner
