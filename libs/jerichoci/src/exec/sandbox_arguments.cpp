#include <fmt/format.h>

#include "exec/sandbox.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

namespace {

void add(std::vector<std::string>& out, std::initializer_list<std::string> words) {
  out.insert(out.end(), words);
}

// Everything but /proc, which needs the job's own pid namespace, is there already. Devices stay devices; what is no
// device was mounted without.
void add_host_tools(std::vector<std::string>& out, const SandboxSpec& spec) {
  add(out, {"--dev-bind", spec.mounts.stage + "/root", "/", "--proc", "/proc"});
  if (spec.network != Network::on) return;  // with an allow-list the proxy resolves
  // The host's own names count. As content: a file that was replaced under its mount cannot be mounted again.
  add(out, {"--ro-bind-data", "6", "/etc/resolv.conf", "--ro-bind-data", "7", "/etc/hosts"});
}

// A named root is all that is shown, with a place for everything that is mounted below.
void add_named_root(std::vector<std::string>& out, const SandboxSpec& spec) {
  const auto& stage = spec.mounts.stage;
  add(out, {"--ro-bind", spec.root, "/", "--proc", "/proc", "--dev", "/dev"});
  if (spec.tmp_on_disk) {
    add(out, {"--bind", stage + "/tmp", "/tmp"});
  } else {
    add(out, {"--perms", "1777", "--tmpfs", "/tmp", "--dir", "/tmp/home"});
  }
  add(out, {"--bind", stage + "/workspace", kSandboxWorkspace});
  if (!spec.mounts.secrets.files.empty()) add(out, {"--ro-bind", spec.mounts.secrets.folder, kSecretsFolder});
  for (std::size_t i = 0; i < spec.caches.size(); ++i)
    add(out, {"--bind", fmt::format("{}/cache-{}", stage, i), spec.caches[i]});
  for (std::size_t i = 0; i < spec.shown.size(); ++i)
    add(out,
        {spec.shown[i].read_only ? "--ro-bind" : "--bind", fmt::format("{}/mount-{}", stage, i), spec.shown[i].target});
  add(out, {"--remount-ro", "/"});
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
  spec.root.empty() ? add_host_tools(out, spec) : add_named_root(out, spec);
  add(out, {"--chdir", kSandboxWorkspace});
  return out;
}

}  // namespace jerichoci
