// Files with secrets, in a tmpfs of the job's own mount namespace: never on a disk, gone with the job's last process.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace jerichoci {

// Where a sandbox has them.
inline constexpr const char* kSecretsFolder = "/run/secrets";

struct SecretFiles {
  std::string folder;                                      // made, and the tmpfs mounted on it
  std::vector<std::pair<std::string, std::string>> files;  // path, content; empty: there is nothing to do
  std::optional<std::uint32_t> owner;                      // who alone may read them; empty: ourselves
};

// For code after fork. Gives 0 or the errno; `step` then names what failed.
int place_secret_files(const SecretFiles& secrets, const char** step);

}  // namespace jerichoci
