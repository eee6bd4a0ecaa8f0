#include "exec/launch.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "pika/base/result.hpp"

namespace jerichoci {

namespace {

// snprintf is not on the list of async-signal-safe functions; numbers are written by hand.
char* put_number(char* at, std::uint32_t value) {
  char digits[12];
  int n = 0;
  do {
    digits[n++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value);
  while (n) *at++ = digits[--n];
  return at;
}

bool write_file(const char* path, const char* text, std::size_t size) {
  int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool ok = ::write(fd, text, size) == static_cast<ssize_t>(size);
  int error = errno;
  ::close(fd);
  errno = error;
  return ok;
}

// "1000 1000 1": one user, mapped to itself.
bool map_id(const char* path, std::uint32_t id) {
  char line[32];
  char* end = put_number(line, id);
  *end++ = ' ';
  end = put_number(end, id);
  *end++ = ' ';
  *end++ = '1';
  return write_file(path, line, static_cast<std::size_t>(end - line));
}

int fail_step(const char** step, const char* name) {
  *step = name;
  return errno ? errno : EIO;
}

}  // namespace

int enter_private_namespace(const PrivateMounts& mounts, const char** step) {
  if (mounts.new_user_namespace) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return fail_step(step, "unshare user and mount namespace");
    if (!write_file("/proc/self/setgroups", "deny", 4) && errno != ENOENT) return fail_step(step, "deny setgroups");
    if (!map_id("/proc/self/uid_map", mounts.uid)) return fail_step(step, "write uid_map");
    if (!map_id("/proc/self/gid_map", mounts.gid)) return fail_step(step, "write gid_map");
  } else if (::unshare(CLONE_NEWNS) != 0) {
    return fail_step(step, "unshare mount namespace");
  }
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return fail_step(step, "make mounts private");
  if (::chdir(mounts.job_folder.c_str()) != 0) return fail_step(step, "enter the job's folder");
  if (mounts.disk >= 0 && ::move_mount(mounts.disk, "", AT_FDCWD, "disk", MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return fail_step(step, "mount the job's own file system");
  return 0;
}

int enter_private_mounts(const PrivateMounts& mounts, const char** step) {
  if (int error = enter_private_namespace(mounts, step)) return error;
  constexpr unsigned long kSafe = MS_NOSUID | MS_NODEV;
  if (!mounts.stage.empty()) {
    if (::mount("tmpfs", mounts.stage.c_str(), "tmpfs", kSafe, "mode=0755,size=64k") != 0)
      return fail_step(step, "mount the stage");
    if (::mkdir(mounts.workspace.c_str(), 0755) != 0) return fail_step(step, "mkdir workspace");
  }
  if (mounts.overlay) {
    if (::mount("overlay", mounts.workspace.c_str(), "overlay", kSafe, mounts.overlay_options.c_str()) != 0)
      return fail_step(step, "mount overlay");
  } else if (::mount("workspace", mounts.workspace.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return fail_step(step, "bind workspace");
  }
  for (const auto& [options, target] : mounts.overlays) {
    if (::mkdir(target.c_str(), 0755) != 0 && errno != EEXIST) return fail_step(step, "mkdir for a cache");
    if (::mount("overlay", target.c_str(), "overlay", kSafe, options.c_str()) != 0)
      return fail_step(step, "mount a cache");
  }
  if (!mounts.root.empty()) {
    if (::mkdir(mounts.root.c_str(), 0755) != 0) return fail_step(step, "mkdir root");
    if (::mount("overlay", mounts.root.c_str(), "overlay", kSafe | MS_RDONLY, mounts.root_options.c_str()) != 0)
      return fail_step(step, "mount the root");
  }
  for (const auto& path : mounts.read_only)
    if (::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kSafe | MS_NOEXEC, nullptr) != 0 &&
        errno != ENOENT && errno != EINVAL)
      return fail_step(step, "make cgroups read-only");
  for (const auto& [source, target] : mounts.binds) {
    if (::mkdir(target.c_str(), 0755) != 0 && errno != EEXIST) return fail_step(step, "mkdir for a cache");
    if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) return fail_step(step, "bind a cache");
  }
  if (int error = place_secret_files(mounts.secrets, step)) return error;
  return make_sandbox_root(mounts.sandbox_root, mounts.owner, step);
}

int join_cgroups(const LaunchIdentity& identity) {
  for (int fd : identity.join_fds)
    if (::write(fd, "0", 1) != 1) return errno;
  return 0;
}

int join_late(const LaunchIdentity& identity) {
  if (identity.born_in < 0) return 0;
  int fd = ::openat(identity.born_in, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  int error = ::write(fd, "0", 1) == 1 ? 0 : errno;
  ::close(fd);
  return error;
}

int drop_identity(const LaunchIdentity& identity) {
  if (!identity.uid) return 0;
  // The raw calls: glibc's wrappers signal every thread it knows of, and after fork there is only this one.
  if (::syscall(SYS_setgroups, 0, nullptr) != 0) return errno;
  if (::syscall(SYS_setresgid, *identity.uid, *identity.uid, *identity.uid) != 0) return errno;
  if (::syscall(SYS_setresuid, *identity.uid, *identity.uid, *identity.uid) != 0) return errno;
  return 0;
}

void set_default_limits() {
  struct rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  constexpr rlim_t kMostProcesses = 8192;
  struct rlimit processes{};
  if (::getrlimit(RLIMIT_NPROC, &processes) != 0 || processes.rlim_max <= kMostProcesses) return;
  processes = {kMostProcesses, kMostProcesses};
  ::setrlimit(RLIMIT_NPROC, &processes);
}

void limit_files(const LaunchIdentity& identity) {
  if (!identity.file_bytes) return;
  struct rlimit files{*identity.file_bytes, *identity.file_bytes};
  ::setrlimit(RLIMIT_FSIZE, &files);
}

void clean_process(int first) {
  ::syscall(SYS_close_range, static_cast<unsigned>(first), ~0u, 0u);
  struct sigaction defaults{};
  defaults.sa_handler = SIG_DFL;
  for (int s = 1; s < 65; ++s) ::sigaction(s, &defaults, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

int place_descriptors(const int* fds, int count) {
  int lifted[16];
  for (int i = 0; i < count; ++i) {
    lifted[i] = fds[i] < 0 ? -1 : ::fcntl(fds[i], F_DUPFD_CLOEXEC, 16);
    if (fds[i] >= 0 && lifted[i] < 0) return errno;
  }
  for (int i = 0; i < count; ++i)
    if (lifted[i] >= 0 && ::dup2(lifted[i], i) < 0) return errno;
  return 0;
}

int reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return 0;
  return status;
}

std::uint64_t own_memory() {
  struct rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

pika::UniqueFd pidfd_of_child(pid_t pid) {
  pika::UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (fd) return fd;
  int error = errno;
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  throw pika::SystemError(error, "pidfd_open");
}

}  // namespace jerichoci
