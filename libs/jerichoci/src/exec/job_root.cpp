#include "exec/job_root.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/files.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

namespace {

// What a job has by itself, whatever an image says.
constexpr std::string_view kOwn[] = {"HOME", "TMPDIR", "USER", "LOGNAME", "CI"};

}  // namespace

void use_job_root(const fs::path& job_folder, const Root& root, SandboxSpec& spec) {
  if (::symlink(root.folder.c_str(), (job_folder / "rootfs").c_str()) != 0)
    throw pika::SystemError(fmt::format("symlink '{}/rootfs'", job_folder.string()));
  auto points = job_folder / "points";
  for (auto* name : {"proc", "dev", "sys", "tmp", "run", "mnt", "workspace", "caches"}) pika::make_dirs(points / name);
  auto make_point = [&](const std::string& target) {
    auto inner = fs::path(target).relative_path();
    // A mount below the workspace has its place there, not here.
    if (!inner.empty() && *inner.begin() != "workspace") pika::make_dirs(points / inner);
  };
  for (const auto& cache : spec.caches) make_point(cache);
  if (!spec.mounts.secrets.files.empty()) make_point("/run/secrets");
  for (const auto& shown : spec.shown) make_point(shown.target);
  spec.root = spec.mounts.stage + "/root";
  spec.mounts.root = spec.root;
  spec.mounts.root_options = spec.mounts.user_xattr ? "lowerdir=points:rootfs,userxattr" : "lowerdir=points:rootfs";
  for (const auto& [name, value] : root.env) {
    bool ours = std::ranges::find(kOwn, name) != std::end(kOwn) || name.starts_with("PIKA_");
    if (!ours && !spec.job_sets.contains(name)) spec.env[name] = value;
  }
}

}  // namespace jerichoci
