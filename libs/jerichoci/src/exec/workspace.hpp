// A job's own folder work/<run>/<job>/: its workspace over the shared checkout, its home and temporary folder, and the
// way to its caches. Made fresh, thrown away whole.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "caches/touched.hpp"
#include "exec/cache_view.hpp"
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
  std::vector<CacheView> caches{};     // the i-th is staged at cache-<i>
  TouchedPaths touched{};              // files of the checkout that have another time than all
};

class Workspace {
 public:
  explicit Workspace(const WorkspaceRequest& request);  // throws SystemError
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace();

  const std::filesystem::path& folder() const { return folder_; }
  // How it came to be, for the record: "overlay"; "reflink", a copy whose files share the checkout's extents; "copy".
  std::string_view made_by() const { return reflinked_ ? "reflink" : to_string(kind_); }
  // The mounts for a sandbox, staged at a folder of its own mount namespace.
  PrivateMounts sandbox_mounts(const std::string& stage) const;
  // The mounts for a host process of another user, staged at an empty folder that it can reach.
  PrivateMounts host_mounts(const std::string& stage) const;
  // A folder descriptor of what the job left in it, to be read; once all of its processes are gone. Throws SystemError.
  pika::UniqueFd open_view() const;
  // The caches as they became: one that could not be filled begins empty and says why.
  const std::vector<CacheView>& caches() const { return caches_; }
  // What the i-th cache holds, without mounts: of an overlay's view, the changes.
  std::filesystem::path cache_place(std::size_t i) const;
  // What the job writes into, for who counts it: the upper layer, or the copy.
  std::filesystem::path written() const { return folder_ / (kind_ == WorkspaceKind::overlay ? "upper" : "workspace"); }
  void remove();  // throws SystemError when something stays

 private:
  PrivateMounts mounts(const std::string& stage) const;
  void make_folder(const std::string& name);
  void make_cache(CacheView& cache, std::size_t i);
  void make_mount(const JobMount& mount, std::size_t i);
  bool cache_is_overlay(const CacheView& cache) const;
  std::filesystem::path folder_, etc_;
  WorkspaceKind kind_;
  bool reflinked_ = false;
  std::optional<std::uint32_t> owner_;
  bool inside_;  // nothing can be mounted: caches with a path are made in the workspace
  std::vector<CacheView> caches_;
  std::size_t mounts_, layers_;
  std::map<std::size_t, std::string> layered_mounts_;  // of several folders: the overlay's options
};

// PIKA_CACHE_<NAME>
std::string cache_variable(const std::string& name);

}  // namespace jerichoci
