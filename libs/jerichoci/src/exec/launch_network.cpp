#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "exec/launch.hpp"

namespace jerichoci {

namespace {

int loopback_up(int socket) {
  struct ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  if (::ioctl(socket, SIOCGIFFLAGS, &request) != 0) return errno;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  return ::ioctl(socket, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
}

// One descriptor as a message, see unix(7).
int send_descriptor(int socket, int fd) {
  char byte = 1;
  struct iovec part{&byte, 1};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  struct msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

}  // namespace

int enter_gated_network(int hand_over, std::uint16_t port, const char** step) {
  auto failed = [&](const char* name, int error) {
    *step = name;
    return error ? error : EIO;
  };
  if (::unshare(CLONE_NEWNET) != 0) return failed("unshare network namespace", errno);
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("make the proxy's socket", errno);
  if (int error = loopback_up(fd)) return failed("bring the loopback up", error);
  struct sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<struct sockaddr*>(&at), sizeof at) != 0 || ::listen(fd, 512) != 0)
    return failed("listen for the proxy", errno);
  if (int error = send_descriptor(hand_over, fd)) return failed("hand the proxy's socket over", error);
  ::close(fd);
  ::close(hand_over);
  return 0;
}

pika::UniqueFd take_listener(int hand_over) {
  char byte = 0;
  struct iovec part{&byte, 1};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  struct msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n;
  while ((n = ::recvmsg(hand_over, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  auto* header = n == 1 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (!header || header->cmsg_type != SCM_RIGHTS) return pika::UniqueFd();
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return pika::UniqueFd(fd);
}

}  // namespace jerichoci
