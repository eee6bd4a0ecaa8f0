// The root filesystem of a sandbox that shows the host's tools. The leader mounts it whole, in the job's own mount
// namespace, and bubblewrap takes it as it is: bubblewrap itself reads the list of all mounts once for each folder and
// each device that it is told to show, which was a third of what a sandbox costs.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace jerichoci {

struct SandboxSpec;

// What the leader does, one after the other. Targets are absolute, in the leader's mount namespace.
struct RootStep {
  enum Kind : std::uint8_t {
    folder,      // is there already: fine
    own_folder,  // of the job's user
    link,        // `source` is its content
    file,        // an empty one, to mount on
    bind,        // `source` with all that is mounted below it
    bind_try,    // the same, unless `source` is not there
    seal,        // `target` and all below it: read-only, no devices, no set-user-id
    device,      // `source`, a device node
    move,        // the mount `source`, no devices, no set-user-id
    move_read,   // the same, read-only
    memory,      // a tmpfs; `source` is its options
    terminals,   // a devpts of its own
  };
  Kind kind;
  std::string source, target;
  std::string words;  // what it does, for who reads why it failed
};

// `root`: a folder of the stage. Looks at the host: which of the top folders are links, which host_paths are there.
std::vector<RootStep> sandbox_root_steps(const SandboxSpec& spec, const std::string& root);

// After fork: only async-signal-safe calls. 0, or the errno, and `step` names what failed.
int make_sandbox_root(const std::vector<RootStep>& steps, std::optional<std::uint32_t> owner, const char** step);

}  // namespace jerichoci
