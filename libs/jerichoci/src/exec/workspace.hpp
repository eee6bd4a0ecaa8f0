// A job's own folder work/<run>/<job>/: its workspace over the shared checkout, its home and temporary folder, and the
// way to its caches. Made fresh, thrown away whole.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "exec/job_mount.hpp"
#include "exec/launch.hpp"
#include "jerichoci/model.hpp"

namespace jerichoci {

enum class WorkspaceKind { overlay, copy };
std::string_view to_string(WorkspaceKind kind);

struct WorkspaceRequest {
  std::filesystem::path state_root;
  std::vector<std::filesystem::path> layers;  // of the checkout, uppermost first
  std::string run_id;
  const JobSpec* job = nullptr;
  WorkspaceKind kind = WorkspaceKind::copy;
  std::optional<std::uint32_t> owner;  // the job's user, when that is another than ours
  std::vector<JobMount> mounts{};      // the i-th is staged at mount-<i>
};

class Workspace {
 public:
  explicit Workspace(const WorkspaceRequest& request);  // throws SystemError
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace();

  const std::filesystem::path& folder() const { return folder_; }
  // The mounts for a sandbox, staged at a folder of its own mount namespace.
  PrivateMounts sandbox_mounts(const std::string& stage) const;
  // The mounts for a host process of another user, staged at an empty folder that it can reach.
  PrivateMounts host_mounts(const std::string& stage) const;
  // A folder descriptor of what the job left in it, to be read; once all of its processes are gone. Throws SystemError.
  pika::UniqueFd open_view() const;
  void remove();  // throws SystemError when something stays

 private:
  PrivateMounts mounts(const std::string& stage) const;
  void make_folder(const std::string& name);
  std::filesystem::path folder_;
  WorkspaceKind kind_;
  std::optional<std::uint32_t> owner_;
  std::size_t caches_, mounts_, layers_;
};

// The folder of a declared cache, made when it is new.
std::filesystem::path cache_folder(const std::filesystem::path& state_root, const std::string& name,
                                   std::optional<std::uint32_t> owner);
// PIKA_CACHE_<NAME>
std::string cache_variable(const std::string& name);

}  // namespace jerichoci
