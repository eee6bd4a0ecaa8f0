#include "exec/isolation_memory.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "runstore/replace_file.hpp"

namespace jerichoci {

namespace fs = std::filesystem;

namespace {

std::string state_of(const fs::path& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) != 0) return "none";
  return fmt::format("{}.{} {} {} {}.{} {}.{}", st.st_dev, st.st_ino, st.st_mode, st.st_size, st.st_mtim.tv_sec,
                     st.st_mtim.tv_nsec, st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

// AppArmor's file is there and cannot be read where no such module is at work.
std::string word_of(const char* path) {
  try {
    return pika::read_file(path).value_or("none");
  } catch (const pika::SystemError& error) {
    return error.what();
  }
}

// The lines of /proc/self/status that say what this process may do.
std::string privileges() {
  std::string out;
  auto status = pika::read_file("/proc/self/status");
  for (auto line : pika::split(status ? std::string_view(*status) : std::string_view(), '\n'))
    for (auto* name : {"Uid:", "Gid:", "Cap", "NoNewPrivs:", "Seccomp:"})
      if (line.starts_with(name)) out += std::string(line) + "\n";
  return out;
}

std::string circumstances(const EngineConfig& config, std::optional<std::uint32_t> job_uid) {
  auto out = fmt::format("1\n{}\n{}\n{}\n{}", config.bubblewrap.string(), state_of(config.bubblewrap),
                         state_of("/proc/self/exe"), job_uid.value_or(0));
  struct stat st{};
  if (::stat(config.state_root.c_str(), &st) == 0) out += fmt::format("\n{}", st.st_dev);
  out += "\n" + privileges();
  std::error_code error;
  for (auto* name : {"user", "mnt", "pid", "net", "cgroup"})
    out += fs::read_symlink(fs::path("/proc/self/ns") / name, error).string() + "\n";
  for (auto* setting : {"/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/unprivileged_userns_clone",
                        "/proc/sys/user/max_user_namespaces", "/proc/sys/user/max_mnt_namespaces",
                        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "/proc/self/attr/current"})
    out += word_of(setting) + "\n";
  return pika::sha256_hex(out);
}

}  // namespace

IsolationMemory::IsolationMemory(const EngineConfig& config, std::optional<std::uint32_t> job_uid)
    : file_(config.state_root / "checkouts" / ".isolation"), circumstances_(circumstances(config, job_uid)) {}

std::optional<std::string> IsolationMemory::recall() const {
  auto text = pika::read_file(file_);
  if (!text) return std::nullopt;
  auto lines = pika::split(*text, '\n');
  if (lines.size() != 3 || lines[0] != circumstances_ || (lines[1] != "overlay" && lines[1] != "copy"))
    return std::nullopt;
  return std::string(lines[1]);
}

void IsolationMemory::remember(const std::string& workspace_kind) const {
  replace_file(file_, fmt::format("{}\n{}\n", circumstances_, workspace_kind));
}

void IsolationMemory::forget() const {
  ::unlink(file_.c_str());
}

}  // namespace jerichoci
