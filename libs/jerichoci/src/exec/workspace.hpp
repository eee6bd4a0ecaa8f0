// A job's own folder work/<run>/<job>/: its workspace over the shared checkout, its home and temporary folder, and the
// way to its caches. Made fresh, thrown away whole. Of a job with a limit of disk, what it may write is on a file
// system of its own, where the host has one to give.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "caches/touched.hpp"
#include "exec/cache_view.hpp"
#include "exec/job_disk.hpp"
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
  // What the job writes into, for who counts it: first the upper layer, or the copy; then its caches and, as far as
  // they are no memory, its temporary files.
  std::vector<std::filesystem::path> written() const;
  // The file system of its own that all of that is on, or none: then the limit that it has is not held by one.
  const JobDisk* disk() const { return disk_ ? &*disk_ : nullptr; }
  // The temporary files of a sandbox are on disk, at <stage>/tmp, because they count: it has a limit.
  bool counts_tmp() const { return counts_tmp_; }
  void remove();  // throws SystemError when something stays

 private:
  PrivateMounts mounts(const std::string& stage) const;
  void make_shared_tmp();
  void make_disk(std::uint64_t bytes);
  std::filesystem::path writable(const std::string& name) const;  // for us
  std::string staged(const std::string& name) const;              // for who mounts, from the job's folder
  void make_folder(const std::string& name);
  void make_cache(CacheView& cache, std::size_t i);
  void make_mount(const JobMount& mount, std::size_t i);
  bool cache_is_overlay(const CacheView& cache) const;
  std::filesystem::path folder_, etc_;
  WorkspaceKind kind_;
  bool reflinked_ = false;
  std::optional<JobDisk> disk_;
  pika::UniqueFd disk_mount_;  // for the job's own namespace
  bool counts_tmp_ = false;
  std::optional<std::uint32_t> owner_;
  bool inside_;  // nothing can be mounted: caches with a path are made in the workspace
  std::vector<CacheView> caches_;
  std::size_t mounts_, layers_;
  std::map<std::size_t, std::string> layered_mounts_;  // of several folders: the overlay's options
};

// PIKA_CACHE_<NAME>
std::string cache_variable(const std::string& name);

}  // namespace jerichoci
