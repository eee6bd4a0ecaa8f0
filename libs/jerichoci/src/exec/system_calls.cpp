#include "exec/system_calls.hpp"

#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <bit>
#include <cstddef>
#include <string_view>
#include <vector>

#include "pika/base/check.hpp"

namespace jerichoci {

namespace {

// By name: libseccomp knows which of them an architecture has.
constexpr const char* kRefused[] = {
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "add_key",
    "keyctl",
    "request_key",
    "socketcall",  // the old way to sockets of 32-bit programs, whose families cannot be looked at
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "get_kernel_syms",
    "query_module",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "quotactl_fd",
    "nfsservctl",
    "uselib",
    "ustat",
    "sysfs",
    "_sysctl",
    "vm86",
    "vm86old",
    "iopl",
    "ioperm",
    "pciconfig_read",
    "pciconfig_write",
    "pciconfig_iobase",
    "lookup_dcookie",
    "syslog",
    "vhangup",
    "settimeofday",
    "clock_settime",
    "clock_settime64",
    "clock_adjtime",
    "clock_adjtime64",
    "adjtimex",
    "stime",
    "open_by_handle_at",
    "name_to_handle_at",
    "fanotify_init",
};
constexpr const char* kNotThere[] = {"io_uring_setup", "io_uring_enter", "io_uring_register"};

constexpr std::uint64_t kLow = 0xffffffff;  // the kernel reads the lower half of these arguments

// An argument that makes a call refused: (argument & mask) == value.
struct Refusal {
  const char* call;
  int error;
  unsigned argument;
  std::uint64_t mask, value;
  int second_argument = -1;
  std::uint64_t second_value = 0;
};

std::vector<Refusal> refusals() {
  std::vector<Refusal> out = {
      {"ioctl", EPERM, 1, kLow, TIOCSTI},
      {"ioctl", EPERM, 1, kLow, TIOCLINUX},
      {"socket", EPERM, 0, kLow, AF_PACKET},
  };
  // Personalities that change what addresses mean, and so help an exploit: READ_IMPLIES_EXEC, MMAP_PAGE_ZERO. The
  // highest bit is of 0xffffffff, which only asks.
  for (std::uint64_t bit : {0x0400000u, 0x0100000u}) out.push_back({"personality", EPERM, 0, bit | 0x80000000, bit});
  // Families that builds do not speak. The low numbers are those of <sys/socket.h>.
  for (int family : {AF_AX25,      AF_IPX,   AF_APPLETALK, AF_NETROM,  AF_X25,    AF_ROSE,       AF_DECnet, AF_ATMPVC,
                     AF_ATMSVC,    AF_RDS,   AF_IRDA,      AF_PPPOX,   AF_LLC,    AF_IB,         AF_CAN,    AF_TIPC,
                     AF_BLUETOOTH, AF_IUCV,  AF_RXRPC,     AF_ISDN,    AF_PHONET, AF_IEEE802154, AF_CAIF,   AF_ALG,
                     AF_NFC,       AF_VSOCK, AF_KCM,       AF_QIPCRTR, AF_SMC,    AF_XDP})
    out.push_back({"socket", EAFNOSUPPORT, 0, kLow, static_cast<std::uint64_t>(family)});
  for (int protocol : {NETLINK_XFRM, NETLINK_NETFILTER, NETLINK_CONNECTOR, NETLINK_FIB_LOOKUP, NETLINK_ISCSI,
                       NETLINK_SCSITRANSPORT, NETLINK_RDMA, NETLINK_CRYPTO, NETLINK_NFLOG})
    out.push_back({"socket", EPERM, 0, kLow, AF_NETLINK, 2, static_cast<std::uint64_t>(protocol)});
  return out;
}

// libseccomp is asked for numbers only. The program is put together here: 2.5.4's own mixes up long lists of values of
// one argument (socket's families), and lets through what it was told to refuse.
class Program {
 public:
  void add(unsigned code, std::uint32_t value, std::size_t if_true = 0, std::size_t if_false = 0) {
    PIKA_CHECK(if_true < 256 && if_false < 256, "a jump of the filter is short");
    out_.push_back({static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(if_true),
                    static_cast<std::uint8_t>(if_false), value});
  }
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
  void answer(std::uint32_t with) { add(BPF_RET | BPF_K, with); }
  void refuse_if_equal(std::uint32_t value, int error) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    answer(SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error));
  }
  void append(const Program& other) { out_.insert(out_.end(), other.out_.begin(), other.out_.end()); }
  std::size_t size() const { return out_.size(); }
  std::string bytes() const {
    return {reinterpret_cast<const char*>(out_.data()), out_.size() * sizeof(struct sock_filter)};
  }

 private:
  std::vector<struct sock_filter> out_;
};

// The lower half of a call's argument, which is all that the kernel reads of those that are looked at here.
std::size_t low_half(unsigned argument) {
  static_assert(std::endian::native == std::endian::little);
  return offsetof(struct seccomp_data, args) + 8 * argument;
}

// The rules for one call, whose number was just found: its arguments are looked at, then it is allowed.
Program look_at_arguments(std::string_view call) {
  Program out;
  for (const auto& r : refusals()) {
    if (call != r.call) continue;
    out.load(low_half(r.argument));
    if (r.mask != kLow) out.add(BPF_ALU | BPF_AND | BPF_K, static_cast<std::uint32_t>(r.mask));
    if (r.second_argument < 0) {
      out.refuse_if_equal(static_cast<std::uint32_t>(r.value), r.error);
    } else {
      out.add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(r.value), 0, 3);
      out.load(low_half(static_cast<unsigned>(r.second_argument)));
      out.refuse_if_equal(static_cast<std::uint32_t>(r.second_value), r.error);
    }
  }
  out.answer(SECCOMP_RET_ALLOW);
  return out;
}

// All rules for one architecture; what follows it is another's.
Program rules_for(std::uint32_t arch) {
  auto number_of = [&](const char* call) { return ::seccomp_syscall_resolve_name_arch(arch, call); };
  Program out;
  out.load(offsetof(struct seccomp_data, nr));
  // The third way to call an x86 kernel, whose numbers begin there: nobody uses it.
  if (arch == SCMP_ARCH_X86_64) {
    out.add(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    out.answer(SECCOMP_RET_ERRNO | ENOSYS);
  }
  // Numbers below 0 are libseccomp's for calls that an architecture has not.
  for (auto* call : kRefused)
    if (int nr = number_of(call); nr >= 0) out.refuse_if_equal(static_cast<std::uint32_t>(nr), EPERM);
  for (auto* call : kNotThere)
    if (int nr = number_of(call); nr >= 0) out.refuse_if_equal(static_cast<std::uint32_t>(nr), ENOSYS);
  for (auto* call : {"ioctl", "socket", "personality"}) {
    int nr = number_of(call);
    if (nr < 0) continue;
    auto block = look_at_arguments(call);
    out.add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(nr), 0, block.size());
    out.append(block);
  }
  out.answer(SECCOMP_RET_ALLOW);
  return out;
}

std::string build() {
#if defined(__x86_64__)
  constexpr std::uint32_t kArchitectures[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86};
#elif defined(__aarch64__)
  constexpr std::uint32_t kArchitectures[] = {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
#else
#error "the filter of system calls does not know this architecture"
#endif
  Program out;
  out.load(offsetof(struct seccomp_data, arch));
  for (auto arch : kArchitectures) {
    auto rules = rules_for(arch);
    // A jump of any length, but only when it is another architecture; so this one's rules follow at once.
    out.add(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0);
    out.add(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(rules.size()));
    out.append(rules);
  }
  out.answer(SECCOMP_RET_ERRNO | ENOSYS);
  return out.bytes();
}

}  // namespace

const std::string& system_call_filter() {
  static const std::string program = build();  // a constant
  return program;
}

int install_system_call_filter(const std::string& program) {
  struct sock_fprog filter{static_cast<unsigned short>(program.size() / sizeof(struct sock_filter)),
                           reinterpret_cast<struct sock_filter*>(const_cast<char*>(program.data()))};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 ? 0 : errno;
}

}  // namespace jerichoci
