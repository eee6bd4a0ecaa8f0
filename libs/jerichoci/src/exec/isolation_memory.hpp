// That this host could isolate, remembered between programs: trying it costs some 20 ms, which every short `pikaci run`
// would pay. checkouts/.isolation in the state root holds the kind of workspace that worked, below a digest of all that
// could have changed since: boot, sandbox program, our own program, namespaces, privileges, the kernel's settings.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "jerichoci/jerichoci.hpp"

namespace jerichoci {

class IsolationMemory {
 public:
  IsolationMemory(const EngineConfig& config, std::optional<std::uint32_t> job_uid);
  // The workspace kind that worked under the same circumstances.
  std::optional<std::string> recall() const;
  void remember(const std::string& workspace_kind) const;
  void forget() const;

 private:
  std::filesystem::path file_;
  std::string circumstances_;
};

}  // namespace jerichoci
