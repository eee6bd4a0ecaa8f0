// The filter of system calls that jobs in a sandbox or an image get (seccomp).
//
// Everything is allowed but what no build or test needs and what has been the way out of containers:
//
// | refused                                                          | answer | why |
// |------------------------------------------------------------------|--------|-----|
// | io_uring_*                                                       | ENOSYS | by-passes this filter; programs fall
// back | | bpf, perf_event_open, userfaultfd                                | EPERM  | the kernel's deepest corners,
// for its owner | | add_key, keyctl, request_key                                     | EPERM  | keyrings are not apart
// for namespaces | | kexec_*, *_module, reboot, swapon, swapoff, acct, quotactl*,     | EPERM  | the machine's own
// affairs, also without | |   nfsservctl, uselib, ustat, sysfs, vm86*, iopl, ioperm,         |        | the capability:
// less to reach | |   pciconfig_*, lookup_dcookie, syslog, vhangup                   |        | | | settimeofday,
// clock_settime, clock_adjtime, adjtimex, stime      | EPERM  | the clock is the host's | | open_by_handle_at,
// name_to_handle_at                             | EPERM  | files beside what is mounted | | fanotify_init, personality
// but for what 32-bit programs set      | EPERM  | | | ioctl TIOCSTI, TIOCLINUX | EPERM  | types into somebody's
// terminal | | sockets: packet, vsock, alg, netlink but route, generic, audit,  | EPERM, | raw frames, the host's other
// side, and | |   uevent and diagnosis; bluetooth, can, x25 and other old ones   | EAFNOSUPPORT | code that only
// exploits reach |
//
// Allowed on purpose: ptrace (debuggers, sanitizers; it reaches only the job's own processes), and new user
// namespaces with the mounts in them: a browser's own sandbox, bubblewrap and this project's tests need them, and
// the kernel gives them no right over anything of the host. What made them dangerous, netfilter's sockets, bpf and
// keyrings among them, is refused above.
//
// 32-bit programs get the same filter, without socketcall; another architecture's calls are refused with ENOSYS.
#pragma once
#include <string>

namespace jerichoci {

// The program in the kernel's own form (an array of struct sock_filter), as bubblewrap's --seccomp reads it.
const std::string& system_call_filter();
// Puts this process under it, for code after fork. Gives 0 or an errno.
int install_system_call_filter(const std::string& program);

}  // namespace jerichoci
