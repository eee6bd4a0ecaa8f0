// What happens between fork and exec. The code after fork makes only async-signal-safe calls (the engine may have many
// threads), so everything it needs is laid out here beforehand.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exec/sandbox_root.hpp"
#include "exec/secret_files.hpp"
#include "jerichoci/model.hpp"
#include "pika/base/fd.hpp"

namespace jerichoci {

// Mounts made in a mount namespace of the job's own: they vanish with its last process, also when the engine is
// killed. All sources are relative to `job_folder`, so that no character of a path can be taken for an option.
struct PrivateMounts {
  std::filesystem::path
      job_folder;                   // holds lower, lower1, ..., upper, work (overlay) or workspace (copy), cache-0, ...
  int disk = -1;                    // a mount that is nowhere yet (job_disk.hpp), for the folder disk; -1: none
  bool new_user_namespace = false;  // an ordinary user needs one to mount
  std::uint32_t uid = 0, gid = 0;   // who we are, mapped to itself there
  std::string stage;                // folder that a small tmpfs is mounted on first; empty: none
  bool overlay = false;             // lower... + upper + work
  bool user_xattr = false;          // overlay's way of marking without privileges
  std::string lower;                // the layers below upper, as overlay's option has them: "lower:lower1"
  std::string overlay_options;      // all of them, of the workspace
  std::string workspace;            // where the workspace is mounted
  struct Overlay {
    std::string options, target;
  };
  std::vector<Overlay> overlays;       // caches, after the workspace
  std::string root, root_options;      // where a named root filesystem is mounted, and its overlay's options; or empty
  std::vector<std::string> read_only;  // mounts of the host that are read-only in here; what is hidden is left out
  std::vector<std::pair<std::string, std::string>> binds;  // source, absolute or below job_folder; target
  SecretFiles secrets{};                                   // below the stage
  std::vector<RootStep> sandbox_root{};                    // at last: takes over what was mounted below the stage
  std::optional<std::uint32_t> owner{};                    // the job's user, of the sandbox's own folders
};

struct LaunchIdentity {
  std::optional<std::uint32_t> uid;           // drop to this user before exec
  std::vector<int> join_fds;                  // files of version 1 groups: "0" written there joins
  int born_in = -1;                           // folder of a version 2 group, for clone3 or join_late
  std::optional<std::uint64_t> file_bytes{};  // no file gets larger (RLIMIT_FSIZE)
  int terminal = -1;                          // its standard streams, and the terminal of its session; -1: pipes
};

// The steps, for code after fork. Each gives 0 or the errno; `step` then names what failed.
// The namespaces alone, with the job's folder as the working folder; then all of the mounts.
int enter_private_namespace(const PrivateMounts& mounts, const char** step);
int enter_private_mounts(const PrivateMounts& mounts, const char** step);
// A network namespace of the job's own with nothing but a loopback that is up, and a socket that listens on it at
// 127.0.0.1:`port`, sent to the engine through `hand_over` (a Unix socket): what connects there in the namespace is
// accepted out here. After enter_private_mounts, which gives an ordinary user the right to.
int enter_gated_network(int hand_over, std::uint16_t port, const char** step);
int join_cgroups(const LaunchIdentity& identity);
// The version 2 group, for a process that was not born in it: some 10 ms.
int join_late(const LaunchIdentity& identity);
int drop_identity(const LaunchIdentity& identity);
// Limits that every job has, whatever it asks: no core files, and so few processes (of its user, all jobs together)
// that a fork bomb without a limit of its own does not take the host down. Costs nothing, unlike a cgroup.
void set_default_limits();
void limit_files(const LaunchIdentity& identity);
// Closes every descriptor from `first` on, restores default signal handling and an empty mask.
void clean_process(int first);

// The other side of it: the listening socket, or nothing when the job's process ended before it had one. Blocks.
pika::UniqueFd take_listener(int hand_over);

// Moves descriptors into place: fds[i] becomes number i; what is -1 is left out. At most 16.
int place_descriptors(const int* fds, int count);

// waitpid of a child of ours whose end is near: its wait status.
int reap(pid_t pid);
// The most memory that this process had, in bytes.
std::uint64_t own_memory();

// A pidfd of a child just started. Throws SystemError, after ending the child, when there is none to be had.
pika::UniqueFd pidfd_of_child(pid_t pid);

}  // namespace jerichoci
