#include "exec/job_disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "pika/base/hash.hpp"
#include "pika/base/result.hpp"
#include "pika/base/text.hpp"
#include "pika/proc/child.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;
using pika::UniqueFd;

namespace {

constexpr std::uint64_t kBlock = 4096;

off_t size_of(std::uint64_t bytes) {
  return static_cast<off_t>(bytes / kBlock * kBlock);
}

// As little as overlay wants (attributes, types in folders), nothing that is written beforehand, an inode for every
// 8 KiB, and its own data in one place: of 100 GiB with 50 places, the file takes 150 ms to be removed. What the host's
// mke2fs.conf says does not count.
void make_file_system(int fd) {
  pika::proc::Command c;
  c.argv = {"/sbin/mkfs.ext4", "-q", "-F", "-O"};
  c.argv.emplace_back(
      "none,extent,sparse_super2,filetype,dir_index,dir_nlink,ext_attr,uninit_bg,flex_bg,extra_isize,large_file,"
      "huge_file");
  for (auto* word :
       {"-m", "0", "-b", "4096", "-i", "8192", "-I", "256", "-G", "4096", "-E", "lazy_itable_init=1,nodiscard", "--"})
    c.argv.emplace_back(word);
  c.argv.push_back(fmt::format("/proc/{}/fd/{}", ::getpid(), fd));
  c.env = {"MKE2FS_CONFIG=/dev/null", "LC_ALL=C"};
  c.clean_env = true;
  c.die_with_parent = true;
  auto out = pika::proc::run(c);
  if (!out.ok())
    throw SystemError(ENOEXEC,
                      "mkfs.ext4: " + pika::to_utf8(pika::trim(out.start_error.empty() ? out.err : out.start_error)));
}

// What was written of a file that is nearly all holes.
void copy_data(int from, int to) {
  char buffer[64 * 1024];
  off_t at = 0;
  while ((at = ::lseek(from, at, SEEK_DATA)) >= 0) {
    auto n = ::pread(from, buffer, sizeof buffer, at);
    if (n <= 0 || ::pwrite(to, buffer, static_cast<std::size_t>(n), at) != n) throw SystemError("write a file system");
    at += n;
  }
}

// The file, which has no name any more. Whoever is killed in between leaves it in a job's folder, which is swept.
UniqueFd make_image(const fs::path& folder, off_t size) {
  auto path = folder / ("disk-" + pika::random_hex(8));
  UniqueFd image(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!image) throw SystemError(fmt::format("create '{}'", path.string()));
  ::unlink(path.c_str());
  if (::ftruncate(image.get(), size) != 0) throw SystemError("a file of the limit's size");
  // mkfs syncs what it wrote, which on a busy disk takes longer than all the rest: so it writes to memory.
  UniqueFd memory(::memfd_create("file system", MFD_CLOEXEC));
  if (!memory || ::ftruncate(memory.get(), size) != 0) throw SystemError("memfd_create");
  make_file_system(memory.get());
  copy_data(memory.get(), image.get());
  return image;
}

struct Loop {
  UniqueFd fd;
  std::string path;
};

// Another process may take the free one first.
Loop make_loop(int image) {
  constexpr int kTries = 256;
  UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) throw SystemError("open '/dev/loop-control'");
  for (int i = 0; i < kTries; ++i) {
    int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) throw SystemError("find a free loop device");
    Loop loop{{}, fmt::format("/dev/loop{}", number)};
    loop.fd = UniqueFd(::open(loop.path.c_str(), O_RDWR | O_CLOEXEC));
    if (!loop.fd) throw SystemError(fmt::format("open '{}'", loop.path));
    struct loop_config config{};
    config.fd = static_cast<__u32>(image);
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (::ioctl(loop.fd.get(), LOOP_CONFIGURE, &config) == 0) return loop;
    if (errno != EBUSY) throw SystemError(fmt::format("set up '{}'", loop.path));
  }
  throw SystemError(EBUSY, "take a free loop device");
}

struct statvfs space_of(int folder) {
  struct statvfs space{};
  if (::fstatvfs(folder, &space) != 0) throw SystemError("statvfs of a job's file system");
  return space;
}

std::uint64_t used_of(const struct statvfs& space) {
  return (space.f_blocks - std::min(space.f_blocks, space.f_bfree)) * space.f_frsize;
}

}  // namespace

JobDisk::JobDisk(const fs::path& folder, std::uint64_t bytes) {
  auto image = make_image(folder, size_of(bytes));
  auto loop = make_loop(image.get());
  device_ = loop.path;
  mount_ = mount();
  folder_ = UniqueFd(::openat(mount_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) throw SystemError("open a job's file system");
  root_ = fmt::format("/proc/self/fd/{}", folder_.get());
  used_before_ = used_of(space_of(folder_.get()));
}

UniqueFd JobDisk::mount() const {
  UniqueFd context(::fsopen("ext4", FSOPEN_CLOEXEC));
  if (!context) throw SystemError("fsopen ext4");
  auto set = [&](unsigned how, const char* name, const char* value) {
    if (::fsconfig(context.get(), how, name, value, 0) != 0) throw SystemError(fmt::format("mount '{}'", device_));
  };
  set(FSCONFIG_SET_STRING, "source", device_.c_str());
  set(FSCONFIG_SET_FLAG, "nobarrier", nullptr);      // the host's disk need not have it
  set(FSCONFIG_SET_FLAG, "noinit_itable", nullptr);  // the file stays as empty as it is
  set(FSCONFIG_CMD_CREATE, nullptr, nullptr);
  UniqueFd made(::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  if (!made) throw SystemError(fmt::format("mount '{}'", device_));
  return made;
}

std::uint64_t JobDisk::used() const {
  auto used = used_of(space_of(folder_.get()));
  return used > used_before_ ? used - used_before_ : 0;
}

bool JobDisk::full() const {
  constexpr std::uint64_t kLittle = 128 * 1024;
  auto space = space_of(folder_.get());
  return space.f_bavail * space.f_frsize < kLittle || space.f_favail == 0;
}

bool JobDisk::lost() const {
  return ::syncfs(folder_.get()) != 0;
}

std::string why_no_job_disk(const fs::path& folder) {
  if (::geteuid() != 0) return "the engine is not root";
  try {
    JobDisk disk(folder, 1u << 20);
    return {};
  } catch (const SystemError& error) {
    return error.what();
  }
}

}  // namespace jerichoci
