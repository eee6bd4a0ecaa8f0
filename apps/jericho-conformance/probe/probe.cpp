// jericho-probe: what the conformance suite runs inside a job. Linked statically, so that it runs over any root
// filesystem, and of one file. Each verb does one thing a job may do and says how the kernel answered.
//
//   memory BYTES          writes into that much memory; prints "kept"
//   forks N               starts N children that wait; prints how many there were; ends them
//   daemon SECONDS        leaves a process behind that left group and session, ignores TERM and keeps the output open
//   bytes N               N bytes of text on standard output
//   signal N              ends itself by that signal
//   fill FILE BYTES       writes a file; prints the errno's name if the disk does not take it
//   connect HOST PORT     an address and a port; prints what the other side says, or the errno's name
//   proxy HOST:PORT       the same through $http_proxy by CONNECT; prints the proxy's answer and what follows
//   calls                 tries system calls that a job never needs; prints "<name> <errno's name>" for each
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int say_error(const char* what) {
  printf("%s %s\n", what, strerrorname_np(errno));
  return 10;
}

int memory(unsigned long bytes) {
  auto* all = static_cast<char*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (all == MAP_FAILED) return say_error("mmap");
  for (unsigned long at = 0; at < bytes; at += 4096) all[at] = 1;
  puts("kept");
  return 0;
}

int forks(unsigned long wanted) {
  unsigned long made = 0;
  const char* why = "";
  for (; made < wanted; ++made) {
    pid_t pid = fork();
    if (pid < 0) {
      why = strerrorname_np(errno);
      break;
    }
    if (pid == 0) {
      pause();
      _exit(0);
    }
  }
  printf("%lu %s\n", made, why);
  fflush(stdout);
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  while (wait(nullptr) > 0) {
  }
  return made == wanted ? 0 : 11;
}

int leave_daemon(unsigned seconds) {
  if (fork() != 0) return 0;
  setsid();
  if (fork() != 0) _exit(0);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  sleep(seconds);
  _exit(0);
}

int bytes(unsigned long count) {
  static char line[65536];
  for (unsigned i = 0; i < sizeof line; ++i) line[i] = i % 64 == 63 ? '\n' : static_cast<char>('a' + i % 26);
  while (count > 0) {
    auto n = write(1, line, count < sizeof line ? count : sizeof line);
    if (n < 0) return 12;
    count -= static_cast<unsigned long>(n);
  }
  return 0;
}

int fill(const char* path, unsigned long count) {
  static char block[65536];
  memset(block, 'x', sizeof block);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return say_error("open");
  while (count > 0) {
    auto n = write(fd, block, count < sizeof block ? count : sizeof block);
    if (n < 0) return say_error("write");
    count -= static_cast<unsigned long>(n);
  }
  puts("written");
  return 0;
}

int dial(const char* host, const char* port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(atoi(port)));
  if (inet_pton(AF_INET, host, &to.sin_addr) != 1) return -1;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

int print_all(int fd) {
  char buffer[4096];
  ssize_t n;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) fwrite(buffer, 1, static_cast<size_t>(n), stdout);
  return 0;
}

int connect_to(const char* host, const char* port) {
  int fd = dial(host, port);
  return fd < 0 ? say_error("connect") : print_all(fd);
}

int by_proxy(const char* target) {
  const char* proxy = getenv("http_proxy");
  if (!proxy || strncmp(proxy, "http://", 7) != 0) {
    puts("no http_proxy");
    return 13;
  }
  char host[64] = {};
  const char* colon = strrchr(proxy, ':');
  snprintf(host, sizeof host, "%.*s", static_cast<int>(colon - proxy - 7), proxy + 7);
  int fd = dial(host, colon + 1);
  if (fd < 0) return say_error("connect");
  dprintf(fd, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target);
  return print_all(fd);
}

void call(const char* name, long answer) {
  printf("%s %s\n", name, answer >= 0 ? "0" : strerrorname_np(errno));
}

// Arguments are such that a kernel that lets the call through answers something else than a filter would.
int calls() {
  call("bpf", syscall(SYS_bpf, 0, nullptr, 0));
  call("perf_event_open", syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0));
  call("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
  call("add_key", syscall(SYS_add_key, "user", "x", "y", 1, KEY_SPEC_PROCESS_KEYRING));
  call("request_key", syscall(SYS_request_key, "user", "x", nullptr, KEY_SPEC_PROCESS_KEYRING));
  call("userfaultfd", syscall(SYS_userfaultfd, 1));
  call("io_uring_setup", syscall(SYS_io_uring_setup, 1, nullptr));
  call("io_uring_enter", syscall(SYS_io_uring_enter, -1, 0, 0, 0, nullptr, 0));
  call("io_uring_register", syscall(SYS_io_uring_register, -1, 0, nullptr, 0));
  call("kexec_load", syscall(SYS_kexec_load, 0, 0, nullptr, 0));
  call("init_module", syscall(SYS_init_module, nullptr, 0, ""));
  call("finit_module", syscall(SYS_finit_module, -1, "", 0));
  call("delete_module", syscall(SYS_delete_module, "no-such-module", 0));
  call("swapon", syscall(SYS_swapon, "/nonexistent", 0));
  call("reboot", syscall(SYS_reboot, 0, 0, 0, nullptr));
  call("acct", syscall(SYS_acct, "/nonexistent"));
  call("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, nullptr, 0));
  call("settimeofday", syscall(SYS_settimeofday, nullptr, nullptr));
  call("adjtimex", syscall(SYS_clock_settime, 0, nullptr));
  call("quotactl", syscall(SYS_quotactl, 0, nullptr, 0, nullptr));
  call("syslog", syscall(SYS_syslog, 10, nullptr, 0));
  call("personality", syscall(SYS_personality, 0x0400000));
  call("fanotify_init", syscall(SYS_fanotify_init, 0, 0));
  call("vhangup", syscall(SYS_vhangup));
  char letter = 'x';
  call("ioctl-TIOCSTI", ioctl(0, TIOCSTI, &letter));
  // The upper half of the command must not hide it: the kernel looks at the lower 32 bits only.
  call("ioctl-TIOCSTI-high", syscall(SYS_ioctl, 0L, 0x100000000L | TIOCSTI, &letter));
  call("ioctl-TIOCLINUX", ioctl(0, 0x541C, &letter));
  call("socket-netfilter", socket(AF_NETLINK, SOCK_RAW, 12));
  call("socket-packet", socket(AF_PACKET, SOCK_RAW, 0));
  call("socket-vsock", socket(40, SOCK_STREAM, 0));
  call("socket-alg", socket(38, SOCK_SEQPACKET, 0));
  // What builds and tests do need, and must get.
  call("socket-route", socket(AF_NETLINK, SOCK_RAW, 0));
  call("socket-unix", socket(AF_UNIX, SOCK_STREAM, 0));
  call("getpid", syscall(SYS_getpid));
  return 0;
}

unsigned long number(const char* text) {
  return strtoul(text, nullptr, 10);
}

}  // namespace

int main(int argc, char** argv) {
  const char* verb = argc > 1 ? argv[1] : "";
  auto is = [&](const char* name, int count) { return strcmp(verb, name) == 0 && argc == 2 + count; };
  if (is("memory", 1)) return memory(number(argv[2]));
  if (is("forks", 1)) return forks(number(argv[2]));
  if (is("daemon", 1)) return leave_daemon(static_cast<unsigned>(number(argv[2])));
  if (is("bytes", 1)) return bytes(number(argv[2]));
  if (is("signal", 1)) return raise(static_cast<int>(number(argv[2])));
  if (is("fill", 2)) return fill(argv[2], number(argv[3]));
  if (is("connect", 2)) return connect_to(argv[2], argv[3]);
  if (is("proxy", 1)) return by_proxy(argv[2]);
  if (is("calls", 0)) return calls();
  fprintf(stderr, "jericho-probe: no verb '%s' with %d words\n", verb, argc - 2);
  return 2;
}
