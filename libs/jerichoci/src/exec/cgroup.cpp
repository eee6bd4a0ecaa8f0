#include "exec/cgroup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "pika/base/clock.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::split;
using pika::UniqueFd;

namespace {

// Cgroup files take one write of the whole value. False, with errno, when the kernel refuses.
bool put(const fs::path& file, const std::string& value) {
  UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

std::string get(const fs::path& file) {
  try {
    auto text = pika::read_file(file);
    return text ? *text : std::string();
  } catch (const pika::SystemError&) {
    return {};  // a group that is just going away
  }
}

struct Mount {
  std::string root, point, options;
  bool version2 = false;
};

// /proc/self/mountinfo, see proc(5): id parent dev ROOT POINT options ... - TYPE source SUPEROPTIONS
std::vector<Mount> cgroup_mounts(const fs::path& mountinfo) {
  std::vector<Mount> out;
  auto text = get(mountinfo);
  for (auto line : split(text, '\n')) {
    auto dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    auto head = split(line.substr(0, dash), ' '), tail = split(line.substr(dash + 3), ' ');
    if (head.size() < 6 || tail.size() < 3 || (tail[0] != "cgroup" && tail[0] != "cgroup2")) continue;
    out.push_back({std::string(head[3]), std::string(head[4]), std::string(tail[2]), tail[0] == "cgroup2"});
  }
  return out;
}

// /proc/self/cgroup: "4:memory:/path" for version 1, "0::/path" for version 2.
std::map<std::string, std::string> own_groups(const fs::path& file) {
  std::map<std::string, std::string> out;
  auto text = get(file);
  for (auto line : split(text, '\n')) {
    auto first = line.find(':');
    auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    auto path = std::string(line.substr(second + 1));
    for (auto name : split(line.substr(first + 1, second - first - 1), ',')) out[std::string(name)] = path;
  }
  return out;
}

CgroupTree tree_of(const Mount& mount, const std::string& own) {
  // Inside a container the mount shows only a part of the tree: take its root off our path.
  std::string below = own;
  if (mount.root != "/" && below.starts_with(mount.root)) below = below.substr(mount.root.size());
  CgroupTree tree{fs::path(mount.point), mount.version2, false};
  if (auto relative = fs::path(below).relative_path(); !relative.empty()) tree.base /= relative;
  tree.writable = ::access(tree.base.c_str(), W_OK) == 0 && ::access((tree.base / "cgroup.procs").c_str(), W_OK) == 0;
  return tree;
}

bool has_word(std::string_view text, std::string_view word) {
  for (auto part : split(text, ' '))
    if (pika::trim(part) == word) return true;
  return false;
}

// Version 2 hands a controller to children only when it is switched on in the parent, and only in a group that has
// no process of its own (but the root). Systemd's Delegate=yes leaves us alone in such a group: then we step aside.
bool enable_v2(const CgroupTree& tree, std::string_view controller) {
  if (!has_word(get(tree.base / "cgroup.controllers"), controller)) return false;
  if (has_word(get(tree.base / "cgroup.subtree_control"), controller)) return true;
  auto on = "+" + std::string(controller);
  if (put(tree.base / "cgroup.subtree_control", on)) return true;
  if (pika::trim(get(tree.base / "cgroup.procs")) != std::to_string(::getpid())) return false;
  auto aside = tree.base / "jerichoci-engine";
  ::mkdir(aside.c_str(), 0755);
  if (!put(aside / "cgroup.procs", std::to_string(::getpid()))) return false;
  return put(tree.base / "cgroup.subtree_control", on);
}

std::string describe_one(std::string_view name, const std::optional<CgroupTree>& tree) {
  if (!tree) return fmt::format("{}: none", name);
  return fmt::format("{}: cgroup v{}", name, tree->version2 ? 2 : 1);
}

std::optional<std::uint64_t> number_in(const fs::path& file) {
  return pika::parse_number<std::uint64_t>(pika::trim(get(file)));
}

// The value of a line "key 123" of a file of such lines.
std::optional<std::uint64_t> field_in(const fs::path& file, std::string_view key) {
  auto text = get(file);
  for (auto line : split(text, '\n'))
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ')
      return pika::parse_number<std::uint64_t>(pika::trim(line.substr(key.size() + 1)));
  return std::nullopt;
}

}  // namespace

std::vector<std::string> cgroup_mount_points() {
  std::vector<std::string> out;
  for (auto& mount : cgroup_mounts("/proc/self/mountinfo")) out.push_back(std::move(mount.point));
  return out;
}

CgroupHost CgroupHost::detect(const fs::path& mountinfo, const fs::path& own_file) {
  CgroupHost host;
  auto own = own_groups(own_file);
  std::optional<CgroupTree>* wanted[] = {&host.memory, &host.pids, &host.cpu};
  const char* names[] = {"memory", "pids", "cpu"};
  for (const auto& mount : cgroup_mounts(mountinfo)) {
    if (mount.version2) {
      auto tree = tree_of(mount, own[""]);
      // We may stand in the group we stepped aside into.
      if (tree.base.filename() == "jerichoci-engine") {
        tree.base = tree.base.parent_path();
        tree.writable = ::access(tree.base.c_str(), W_OK) == 0;
      }
      if (!tree.writable) continue;
      host.unified = tree;
      for (int i = 0; i < 3; ++i)
        if (enable_v2(tree, names[i])) *wanted[i] = tree;
      continue;
    }
    for (int i = 0; i < 3; ++i) {
      auto options = split(mount.options, ',');
      if (std::find(options.begin(), options.end(), names[i]) == options.end()) continue;
      if (auto tree = tree_of(mount, own[names[i]]); tree.writable && !*wanted[i]) *wanted[i] = tree;
    }
  }
  return host;
}

std::vector<std::string> CgroupHost::describe() const {
  return {describe_one("memory", memory), describe_one("pids", pids), describe_one("cpu", cpu)};
}

void JobCgroup::add(const CgroupTree& tree, const std::string& name,
                    const std::function<void(const fs::path&)>& before) {
  auto folder = tree.base / name;
  if (std::find(folders_.begin(), folders_.end(), folder) != folders_.end()) return;
  if (before) before(folder);
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
    throw pika::SystemError(fmt::format("mkdir '{}'", folder.string()));
  folders_.push_back(folder);
  if (tree.version2) {
    born_in_ = UniqueFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!born_in_) throw pika::SystemError(fmt::format("open '{}'", folder.string()));
    return;
  }
  // A process that moves itself alone by `tasks` waits for nobody; by cgroup.procs the whole host holds its breath for
  // some 10 ms. Whoever joins has one thread, so both mean the same.
  UniqueFd fd(::open((folder / "tasks").c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) throw pika::SystemError(fmt::format("open '{}/tasks'", folder.string()));
  join_fds_.push_back(std::move(fd));
}

JobCgroup JobCgroup::make(const CgroupHost& host, const std::string& name, const Limits& limits,
                          std::vector<std::string>& enforced, std::vector<std::string>& not_enforced,
                          const std::function<void(const fs::path&)>& before) {
  JobCgroup group;
  auto enforce = [&](const char* what, bool asked, const std::optional<CgroupTree>& tree, auto&& set) {
    if (!asked) return;
    if (!tree) {
      not_enforced.push_back(fmt::format("{}: no cgroup controller that may be written", what));
      return;
    }
    try {
      group.add(*tree, name, before);
      if (!set(tree->base / name, tree->version2)) throw pika::SystemError("set the limit");
      enforced.push_back(describe_one(what, tree));
    } catch (const pika::SystemError& error) {
      not_enforced.push_back(fmt::format("{}: {}", what, error.what()));
    }
  };
  enforce("memory", limits.memory_bytes.has_value(), host.memory, [&](const fs::path& folder, bool version2) {
    auto bytes = std::to_string(*limits.memory_bytes);
    group.memory_ = folder;
    group.memory_v2_ = version2;
    if (version2) {
      put(folder / "memory.swap.max", "0");
      put(folder / "memory.oom.group", "0");
      return put(folder / "memory.max", bytes);
    }
    bool set = put(folder / "memory.limit_in_bytes", bytes);
    put(folder / "memory.memsw.limit_in_bytes", bytes);  // only there with swap accounting
    return set;
  });
  enforce("pids", limits.pids.has_value(), host.pids,
          [&](const fs::path& folder, bool) { return put(folder / "pids.max", std::to_string(*limits.pids)); });
  enforce("cpu", limits.cpus.has_value(), host.cpu, [&](const fs::path& folder, bool version2) {
    constexpr long kPeriod = 100'000;
    auto quota = std::max(1000L, std::lround(*limits.cpus * kPeriod));
    if (version2) return put(folder / "cpu.max", fmt::format("{} {}", quota, kPeriod));
    return put(folder / "cpu.cfs_period_us", std::to_string(kPeriod)) &&
           put(folder / "cpu.cfs_quota_us", std::to_string(quota));
  });
  return group;
}

std::uint64_t JobCgroup::oom_kills() const {
  if (memory_.empty()) return 0;
  return field_in(memory_ / (memory_v2_ ? "memory.events" : "memory.oom_control"), "oom_kill").value_or(0);
}

ResourceUse JobCgroup::used() const {
  ResourceUse used;
  for (const auto& folder : folders_) {
    // Version 2 counts in every group; version 1 where cpuacct is mounted together with cpu, in nanoseconds.
    if (auto usec = field_in(folder / "cpu.stat", "usage_usec")) used.cpu_time = static_cast<pika::Micros>(*usec);
    if (auto nsec = number_in(folder / "cpuacct.usage")) used.cpu_time = static_cast<pika::Micros>(*nsec / 1000);
    if (auto peak = number_in(folder / "memory.peak")) used.peak_memory_bytes = peak;
    if (auto peak = number_in(folder / "memory.max_usage_in_bytes")) used.peak_memory_bytes = peak;
  }
  return used;
}

bool remove_cgroups(const std::vector<fs::path>& folders) {
  auto give_up = pika::monotonic_now() + 10 * pika::kSecond;
  bool all = true;
  for (const auto& folder : folders) {
    while (::rmdir(folder.c_str()) != 0 && errno != ENOENT) {
      if (pika::monotonic_now() > give_up) {
        all = false;
        break;
      }
      if (!put(folder / "cgroup.kill", "1")) {
        auto members = get(folder / "cgroup.procs");
        for (auto line : split(members, '\n'))
          if (auto pid = pika::parse_number<int>(line); pid && *pid > 0) ::kill(*pid, SIGKILL);
      }
      ::poll(nullptr, 0, 2);  // the dying leave their group a moment later; nothing tells when
    }
  }
  return all;
}

}  // namespace jerichoci
