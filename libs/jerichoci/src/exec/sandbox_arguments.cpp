#include <fmt/format.h>

#include "exec/sandbox.hpp"
#include "exec/sandbox_etc.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

namespace {

void add(std::vector<std::string>& out, std::initializer_list<std::string> words) {
  out.insert(out.end(), words);
}

// /bin and its like are links into /usr on a merged system and folders on an old one.
void add_top_folder(std::vector<std::string>& out, const fs::path& path) {
  std::error_code error;
  auto status = fs::symlink_status(path, error);
  if (fs::is_symlink(status)) {
    add(out, {"--symlink", fs::read_symlink(path, error).string(), path.string()});
  } else if (fs::is_directory(status)) {
    add(out, {"--ro-bind", path.string(), path.string()});
  }
}

void add_system(std::vector<std::string>& out, const SandboxSpec& spec) {
  add(out, {"--ro-bind", "/usr", "/usr"});
  for (auto* name : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) add_top_folder(out, name);
  add(out, {"--ro-bind", spec.mounts.stage + "/etc", "/etc"});
  for (auto* name : kSandboxEtcFolders) {
    auto path = fs::path("/etc") / name;
    add(out, {"--ro-bind-try", path.string(), path.string()});
  }
  if (spec.network != Network::on) return;  // with an allow-list the proxy resolves
  // The host's own names count. As content: a file that was replaced under its mount cannot be mounted again.
  add(out, {"--ro-bind-data", "6", "/etc/resolv.conf", "--ro-bind-data", "7", "/etc/hosts"});
}

}  // namespace

std::string sandbox_stage() {
  // Inside a sandbox of ours (this project checks itself) there is no /sys, but an empty /mnt.
  std::error_code error;
  return fs::is_directory("/sys", error) ? "/sys" : "/mnt";
}

std::map<std::string, std::string> sandbox_environment() {
  return {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
          {"HOME", "/tmp/home"},
          {"TMPDIR", "/tmp"},
          {"USER", "job"},
          {"LOGNAME", "job"},
          {"SHELL", "/bin/sh"},
          {"LANG", "C.UTF-8"},
          {"CI", "true"}};
}

std::vector<std::string> bubblewrap_arguments(const SandboxSpec& spec) {
  std::vector<std::string> out = {
      "--unshare-all",     "--unshare-user",   "--uid", "1000",      "--gid", "1000",      "--hostname", "pika",
      "--die-with-parent", "--json-status-fd", "5",     "--seccomp", "8",     "--clearenv"};
  // With a terminal our launcher has begun a session; the terminal is the job's own.
  if (spec.identity.terminal < 0) out.emplace_back("--new-session");
  // With an allow-list our launcher has made the network namespace already, with the proxy in it.
  if (spec.network != Network::off) out.emplace_back("--share-net");
  for (const auto& [name, value] : spec.env) add(out, {"--setenv", name, value});
  // A named root is all that is shown, with a place for everything that is mounted below.
  if (!spec.root.empty()) add(out, {"--ro-bind", spec.root, "/"});
  if (spec.root.empty()) add_system(out, spec);
  if (spec.root.empty())
    for (const auto& path : spec.host_paths) add(out, {"--ro-bind-try", path.string(), path.string()});
  add(out, {"--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp", "--dir", "/tmp/home"});
  if (spec.root.empty()) add(out, {"--dir", "/mnt", "--dir", "/run", "--dir", "/var", "--symlink", "/tmp", "/var/tmp"});
  add(out, {"--bind", spec.mounts.stage + "/workspace", kSandboxWorkspace});
  if (!spec.mounts.secrets.files.empty()) add(out, {"--ro-bind", spec.mounts.secrets.folder, "/run/secrets"});
  if (!spec.caches.empty() && spec.root.empty()) add(out, {"--perms", "0755", "--dir", "/caches"});
  for (std::size_t i = 0; i < spec.caches.size(); ++i)
    add(out, {"--bind", fmt::format("{}/cache-{}", spec.mounts.stage, i), spec.caches[i]});
  for (std::size_t i = 0; i < spec.shown.size(); ++i)
    add(out, {spec.shown[i].read_only ? "--ro-bind" : "--bind", fmt::format("{}/mount-{}", spec.mounts.stage, i),
              spec.shown[i].target});
  add(out, {"--remount-ro", "/", "--chdir", kSandboxWorkspace});
  return out;
}

}  // namespace jerichoci
