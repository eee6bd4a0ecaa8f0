#include "exec/secret_files.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace jerichoci {

namespace {

bool give(int fd, const std::optional<std::uint32_t>& owner) {
  return !owner || ::fchown(fd, *owner, *owner) == 0;
}

bool write_whole(int fd, const std::string& content) {
  for (std::size_t done = 0; done < content.size();) {
    auto n = ::write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

int stop_at(const char** step, const char* name) {
  *step = name;
  return errno ? errno : EIO;
}

}  // namespace

int place_secret_files(const SecretFiles& secrets, const char** step) {
  if (secrets.files.empty()) return 0;
  const char* name = "make a place for secrets";
  if (::mkdir(secrets.folder.c_str(), 0700) != 0) return stop_at(step, name);
  // noswap is newer than the kernels we run on; a host that swaps to a disk in the clear swaps secrets too.
  if (::mount("tmpfs", secrets.folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700,size=8m") != 0)
    return stop_at(step, name);
  for (const auto& [path, content] : secrets.files) {
    int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (fd < 0) return stop_at(step, "make a secret's file");
    bool good = write_whole(fd, content) && give(fd, secrets.owner);
    int error = errno;
    ::close(fd);
    errno = error;
    if (!good) return stop_at(step, "write a secret's file");
  }
  int folder = ::open(secrets.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return stop_at(step, name);
  bool good = ::fchmod(folder, 0500) == 0 && give(folder, secrets.owner);
  int error = errno;
  ::close(folder);
  errno = error;
  return good ? 0 : stop_at(step, name);
}

}  // namespace jerichoci
