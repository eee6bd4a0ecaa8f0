#include "testing/leftovers.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "pika/base/clock.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"

namespace jerichoci::testing {

namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& file) {
  try {
    auto text = pika::read_file(file);
    return text ? *text : std::string();
  } catch (const pika::SystemError&) {
    return {};  // it ended while we looked, or is not for our eyes
  }
}

void add_processes(std::set<std::string>& found, const std::string& marker) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    auto pid = pika::parse_number<int>(entry.path().filename().string());
    if (!pid || *pid == ::getpid()) continue;
    bool ours = text_of(entry.path() / "environ").find(marker) != std::string::npos ||
                text_of(entry.path() / "cmdline").find(marker) != std::string::npos;
    if (ours) found.insert(fmt::format("process {} {}", *pid, pika::to_utf8(text_of(entry.path() / "comm"))));
  }
  for (const auto& task : fs::directory_iterator("/proc/self/task", error)) {
    auto children = text_of(task.path() / "children");
    for (auto pid : pika::split(pika::trim(children), ' '))
      if (!pid.empty()) found.insert(fmt::format("child {}", pid));
  }
}

void add_mounts(std::set<std::string>& found, const fs::path& state_root) {
  auto mounts = text_of("/proc/self/mountinfo");
  for (auto line : pika::split(mounts, '\n'))
    if (line.find(state_root.string()) != std::string_view::npos || line.find(" - nsfs ") != std::string_view::npos)
      found.insert("mount " + std::string(line));
}

// What a run's things outside of the state root are called: other engines may be at work on this host.
std::vector<std::string> names_of_runs(const fs::path& state_root) {
  std::error_code error;
  std::vector<std::string> runs;
  for (const auto& entry : fs::directory_iterator(state_root / "runs", error))
    runs.push_back("jerichoci-" + entry.path().filename().string() + "-");
  return runs;
}

bool is_of(const std::vector<std::string>& runs, const std::string& name) {
  return name.starts_with("jerichoci-") && std::ranges::any_of(runs, [&](auto& run) { return name.starts_with(run); });
}

void add_cgroups(std::set<std::string>& found, const fs::path& state_root) {
  std::error_code error;
  auto runs = names_of_runs(state_root);
  for (fs::recursive_directory_iterator at("/sys/fs/cgroup", fs::directory_options::skip_permission_denied, error), end;
       !error && at != end; at.increment(error)) {
    if (is_of(runs, at->path().filename().string())) found.insert("cgroup " + at->path().string());
  }
}

// Job's own file systems (exec/job_disk.hpp).
void add_loops(std::set<std::string>& found, const fs::path& state_root) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/sys/block", error)) {
    auto file = text_of(entry.path() / "loop/backing_file");
    if (file.starts_with(state_root.string() + "/")) found.insert("loop " + entry.path().filename().string());
  }
}

void add_files(std::set<std::string>& found, const fs::path& state_root) {
  std::error_code error;
  for (const auto* below : {"work", "busy", "tmp"})
    for (const auto& entry : fs::directory_iterator(state_root / below, error))
      found.insert("file " + entry.path().string());
  auto runs = names_of_runs(state_root);
  for (const auto& entry : fs::directory_iterator("/tmp", error))
    if (is_of(runs, entry.path().filename().string())) found.insert("file " + entry.path().string());
}

void add_descriptors(std::set<std::string>& found) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd", error)) {
    auto target = fs::read_symlink(entry.path(), error).string();
    if (!error && !target.starts_with("/proc/"))
      found.insert(fmt::format("descriptor {} {}", entry.path().filename().string(), target));
  }
}

}  // namespace

HostState HostState::look(const fs::path& state_root, const std::string& marker) {
  HostState state;
  add_processes(state.found, marker);
  add_mounts(state.found, state_root);
  add_cgroups(state.found, state_root);
  add_files(state.found, state_root);
  add_loops(state.found, state_root);
  add_descriptors(state.found);
  return state;
}

std::vector<std::string> leftovers_since(const HostState& before, const fs::path& state_root,
                                         const std::string& marker) {
  auto give_up = pika::monotonic_now() + 5 * pika::kSecond;
  while (true) {
    auto now = HostState::look(state_root, marker);
    std::vector<std::string> left;
    std::ranges::set_difference(now.found, before.found, std::back_inserter(left));
    bool going = std::ranges::any_of(
        left, [](auto& l) { return l.starts_with("process ") || l.starts_with("child ") || l.starts_with("loop "); });
    // Only processes end by themselves, and with the last mount a loop device; everything else is there or not.
    if (!going || pika::monotonic_now() > give_up) return left;
    ::poll(nullptr, 0, 10);
  }
}

}  // namespace jerichoci::testing
