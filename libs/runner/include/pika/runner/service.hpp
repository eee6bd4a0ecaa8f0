// A whole runner: takes the lock of its state folder, opens the engine, settles what was lost, and runs the loop.
//
// STATE is the engine's state root (jerichoci.hpp says what is in it), with three names of ours beside the engine's:
// STATE/lock           one runner a folder; held while it lives, so that others can see whether one does
// STATE/git/O/N.git    bare stores that commits are fetched into
// STATE/spool/         what is not delivered (spool.hpp)
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "pika/base/clock.hpp"
#include "pika/base/result.hpp"
#include "pika/runner/housekeeping.hpp"

namespace pika::runner {

struct ServiceOptions {
  std::string server;  // address.hpp
  std::filesystem::path state;
  std::string name;
  std::filesystem::path token_file{};  // empty: no token
  unsigned slots = 0;                  // 0: number of processors
  bool allow_host_process = false;
  std::map<std::string, std::filesystem::path> roots{};  // root filesystems and images by name
  std::optional<std::uint32_t> job_uid{};
  std::optional<Micros> linger{};
  Micros drain_limit = 10 * 60 * kSecond;
  HousekeepingOptions housekeeping{};            // what it collects, and how often
  std::map<std::string, std::string> job_env{};  // what a job's env_allow may name
};

// NAME=PATH of a root filesystem, or of an image as an OCI layout: the name, and the absolute path of the folder.
// invalid: what is wrong with it.
Result<std::pair<std::string, std::filesystem::path>> parse_root(const std::string& word);

// Blocks until it has drained or lingered out. SIGTERM and SIGINT: the first drains, the second exits at once (code
// 6). Must be called before any other thread is started, because it blocks those signals for all of them.
// Errors: invalid (options), conflict (another runner has the state folder), and what Engine::open gives.
Status run_service(const ServiceOptions& options);

}  // namespace pika::runner
