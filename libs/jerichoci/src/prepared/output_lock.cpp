#include "prepared/output_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "pika/base/result.hpp"

namespace jerichoci {

namespace fs = std::filesystem;
using pika::SystemError;
using pika::UniqueFd;

namespace {

constexpr int kLookAgain = 50;  // milliseconds; nobody tells when a lock of another process is free

// The last holder takes the file away: a lock on one that has no name any more is none.
bool still_there(int fd, const fs::path& path) {
  struct stat ours{}, theirs{};
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &theirs) == 0 && ours.st_ino == theirs.st_ino;
}

UniqueFd try_lock(const fs::path& path) {
  while (true) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) throw SystemError(fmt::format("open '{}'", path.string()));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno == EWOULDBLOCK) return {};
      throw SystemError(fmt::format("lock '{}'", path.string()));
    }
    if (still_there(fd.get(), path)) return fd;
  }
}

}  // namespace

OutputLock::Got OutputLock::take(const fs::path& outputs, const std::string& content, pika::Micros patience,
                                 int cancel_fd, OutputLock& lock) {
  auto path = outputs / (".making-" + content);
  auto until = pika::monotonic_now() + patience;
  while (true) {
    if (auto fd = try_lock(path)) {
      lock.path_ = path;
      lock.fd_ = std::move(fd);
      return Got::it;
    }
    if (pika::monotonic_now() >= until) return Got::timed_out;
    struct pollfd cancel{cancel_fd, POLLIN, 0};
    if (::poll(&cancel, 1, kLookAgain) > 0) return Got::cancelled;
  }
}

OutputLock& OutputLock::operator=(OutputLock&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  return *this;
}

OutputLock::~OutputLock() {
  if (fd_) ::unlink(path_.c_str());  // before it is free
}

void remove_stale_output_locks(const fs::path& outputs) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(outputs, error)) {
    if (!entry.path().filename().string().starts_with(".making-")) continue;
    if (auto fd = try_lock(entry.path())) ::unlink(entry.path().c_str());
  }
}

}  // namespace jerichoci
