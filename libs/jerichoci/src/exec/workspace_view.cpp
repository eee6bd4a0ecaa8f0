#include "exec/workspace_view.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "exec/launch.hpp"
#include "pika/base/result.hpp"

namespace jerichoci {

namespace {

struct Answer {
  int error;
  char step[40];
};

// After fork: only async-signal-safe calls.
[[noreturn]] void answer(int socket, int fd, int error, const char* step) {
  Answer a{error, {}};
  std::strncpy(a.step, step, sizeof a.step - 1);
  struct iovec piece{&a, sizeof a};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  struct msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    auto* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
  }
  ::sendmsg(socket, &message, MSG_NOSIGNAL);
  ::_exit(0);
}

[[noreturn]] void child_main(const PrivateMounts& mounts, int socket, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  const char* step = "";
  if (int error = enter_private_namespace(mounts, &step)) answer(socket, -1, error, step);
  constexpr unsigned long kRead = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
  if (::mount("overlay", "view", "overlay", kRead, mounts.overlay_options.c_str()) != 0)
    answer(socket, -1, errno, "mount overlay to read");
  int fd = ::open("view", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) answer(socket, -1, errno, "open the workspace");
  answer(socket, fd, 0, "");
}

pika::UniqueFd receive(int socket, Answer& a) {
  struct iovec piece{&a, sizeof a};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  struct msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n;
  while ((n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  pika::UniqueFd fd;
  if (auto* head = CMSG_FIRSTHDR(&message); n > 0 && head && head->cmsg_type == SCM_RIGHTS) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(head), sizeof number);
    fd = pika::UniqueFd(number);
  }
  if (n != sizeof a) a = {EIO, "the reading process gave no answer"};
  a.step[sizeof a.step - 1] = 0;
  return fd;
}

}  // namespace

pika::UniqueFd open_overlay_view(const std::filesystem::path& job_folder, const std::string& lower, int disk) {
  auto view = job_folder / "view";
  if (::mkdir(view.c_str(), 0700) != 0 && errno != EEXIST)
    throw pika::SystemError(fmt::format("mkdir '{}'", view.string()));
  PrivateMounts mounts;
  mounts.job_folder = job_folder;
  mounts.disk = disk;
  mounts.new_user_namespace = ::geteuid() != 0;
  mounts.uid = ::geteuid();
  mounts.gid = ::getegid();
  mounts.overlay_options = fmt::format("lowerdir={}upper:{},{}", disk >= 0 ? "disk/" : "", lower,
                                       mounts.new_user_namespace ? "userxattr" : "redirect_dir=follow");
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw pika::SystemError("socketpair");
  pika::UniqueFd ours(ends[0]), theirs(ends[1]);
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  auto parent = ::getpid();
  pid_t pid = ::fork();
  if (pid == 0) child_main(mounts, theirs.get(), parent);
  int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw pika::SystemError(fork_error, "fork");
  theirs.reset();
  Answer a{};
  auto fd = receive(ours.get(), a);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!fd) throw pika::SystemError(a.error, a.step);
  return fd;
}

}  // namespace jerichoci
