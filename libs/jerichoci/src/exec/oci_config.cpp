#include <fmt/format.h>
#include <unistd.h>

#include "exec/oci.hpp"
#include "pika/base/text.hpp"
#include "pika/json/json.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::json::Array;
using pika::json::Object;

namespace {

Array words(std::initializer_list<const char*> list) {
  Array out;
  for (auto* word : list) out.emplace_back(word);
  return out;
}

Object mount_of(const std::string& destination, const char* type, const std::string& source, Array options) {
  return {{"destination", destination}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

Array mounts_of(const SandboxSpec& job) {
  Array out;
  out.emplace_back(mount_of("/proc", "proc", "proc", words({"nosuid", "noexec", "nodev"})));
  out.emplace_back(mount_of("/dev", "tmpfs", "tmpfs", words({"nosuid", "strictatime", "mode=755", "size=64k"})));
  out.emplace_back(mount_of("/dev/pts", "devpts", "devpts",
                            words({"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"})));
  out.emplace_back(mount_of("/dev/shm", "tmpfs", "shm", words({"nosuid", "nodev", "noexec", "mode=1777"})));
  auto bind = [&](const std::string& name, const std::string& target, bool read_only) {
    out.emplace_back(
        mount_of(target, "bind", job.mounts.stage + "/" + name,
                 read_only ? words({"bind", "ro", "nosuid", "nodev"}) : words({"bind", "nosuid", "nodev"})));
  };
  if (job.tmp_on_disk) {
    bind("tmp", "/tmp", false);
  } else {
    out.emplace_back(mount_of("/tmp", "tmpfs", "tmpfs", words({"nosuid", "nodev", "mode=1777"})));
    out.emplace_back(mount_of("/tmp/home", "tmpfs", "tmpfs", words({"nosuid", "nodev", "mode=755"})));
  }
  bind("workspace", kSandboxWorkspace, false);
  // As it is mounted outside: in a user namespace no mount loses what it is restricted by.
  if (!job.mounts.secrets.files.empty())
    out.emplace_back(mount_of("/run/secrets", "bind", job.mounts.stage + "/secrets",
                              words({"bind", "ro", "nosuid", "nodev", "noexec"})));
  for (std::size_t i = 0; i < job.caches.size(); ++i) bind(fmt::format("cache-{}", i), job.caches[i], false);
  for (std::size_t i = 0; i < job.shown.size(); ++i)
    bind(fmt::format("mount-{}", i), job.shown[i].target, job.shown[i].read_only);
  return out;
}

bool has_shell(const OciSpec& spec) {
  std::error_code error;
  return fs::exists(fs::symlink_status(spec.root_folder / "bin/sh", error));
}

Object mapping(std::uint32_t outside) {
  return {{"containerID", 0}, {"hostID", outside}, {"size", 1}};
}

Object process_of(const OciSpec& spec) {
  Array args, env;
  bool script = oci_script(spec).has_value();
  if (script) {
    args = words({"/bin/sh", kOciScript});
  } else {
    if (has_shell(spec)) args = words({"/bin/sh", "-c", "\"$@\"; exit $?", "job"});
    for (const auto& word : spec.job.command) args.emplace_back(word);
  }
  for (const auto& [name, value] : spec.job.env)
    if (!script || pika::is_utf8(value)) env.emplace_back(fmt::format("{}={}", name, value));
  Array limits;
  if (const auto& bytes = spec.job.identity.file_bytes)
    limits.emplace_back(Object{{"type", "RLIMIT_FSIZE"}, {"soft", *bytes}, {"hard", *bytes}});
  Object none;
  for (auto* set : {"bounding", "effective", "inheritable", "permitted", "ambient"}) none[set] = Array();
  return {{"terminal", spec.job.identity.terminal >= 0},
          {"user", Object{{"uid", 0}, {"gid", 0}}},
          {"args", std::move(args)},
          {"env", std::move(env)},
          {"cwd", kSandboxWorkspace},
          {"noNewPrivileges", true},
          {"rlimits", std::move(limits)},
          {"capabilities", std::move(none)}};
}

}  // namespace

std::optional<std::string> oci_script(const OciSpec& spec) {
  std::string exports, command;
  bool needed = false;
  for (const auto& [name, value] : spec.job.env) {
    if (pika::is_utf8(value)) continue;
    needed = true;
    exports += fmt::format("export {}={}\n", name, pika::shell_quote(value));
  }
  for (const auto& word : spec.job.command) {
    needed = needed || !pika::is_utf8(word);
    command += pika::shell_quote(word) + " ";
  }
  if (!needed || !has_shell(spec)) return std::nullopt;
  return exports + command + "\nexit $?\n";
}

pika::json::Value oci_config(const OciSpec& spec) {
  Array namespaces;
  for (auto* type : {"pid", "ipc", "uts", "mount", "user", "cgroup"}) namespaces.emplace_back(Object{{"type", type}});
  // With an allow-list our leader has made the network namespace already.
  if (spec.job.network == Network::off) namespaces.emplace_back(Object{{"type", "network"}});
  std::uint32_t outside = spec.job.identity.uid.value_or(::geteuid());
  std::uint32_t group = spec.job.identity.uid.value_or(::getegid());
  Object linux{{"namespaces", std::move(namespaces)},
               {"uidMappings", Array{mapping(outside)}},
               {"gidMappings", Array{mapping(group)}},
               {"maskedPaths", words({"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                                      "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi"})},
               {"readonlyPaths",
                words({"/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"})}};
  return Object{{"ociVersion", "1.0.2"},
                {"process", process_of(spec)},
                {"root", Object{{"path", spec.job.root}, {"readonly", true}}},
                {"hostname", "pika"},
                {"mounts", mounts_of(spec.job)},
                {"linux", std::move(linux)}};
}

}  // namespace jerichoci
