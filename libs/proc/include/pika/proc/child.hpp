// Child processes: started by posix_spawn-like vfork and exec, watched by pidfd, ended by a kill ladder.
//
//   auto out = proc::run({.argv = {"git", "rev-parse", "HEAD"}, .cwd = repo});     // waits, captures
//   if (out.exit_code != 0) ...
//
// Nothing here uses a shell. A child gets its own process group, so that a kill reaches its children; it inherits
// no descriptor but 0, 1, 2. Every call is safe from any thread.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pika/base/clock.hpp"
#include "pika/base/fd.hpp"

namespace pika::proc {

struct Command {
  std::vector<std::string> argv;     // argv[0] is looked up in PATH (ours)
  std::filesystem::path cwd{};       // empty: ours
  std::vector<std::string> env{};    // "NAME=value", added to ours or instead of it
  bool clean_env = false;            // true: env is the whole environment
  std::string drop_env{};            // of ours, names that begin so are left out: "GIT_"
  std::optional<Micros> deadline{};  // span from start; then TERM, `grace`, KILL to the group
  Micros grace = 2 * kSecond;
  std::optional<std::uint32_t> uid{};  // setgroups([]), setgid, setuid before exec (needs root)
  std::optional<std::uint32_t> gid{};
  bool die_with_parent = false;  // PR_SET_PDEATHSIG SIGKILL
  bool new_session = false;      // setsid instead of a process group: outlives the terminal
};

struct Outcome {
  int exit_code = -1;  // as a shell says it: 128 + signal when a signal ended it; 127 when it could not start
  bool timed_out = false;
  bool truncated = false;  // more output than the caps allowed; the rest was read and thrown away
  std::string out;
  std::string err;
  std::string start_error;  // why it could not start: "exec 'gitt': No such file or directory"
  bool ok() const { return exit_code == 0 && !timed_out; }
};

struct Io {
  std::string_view input{};  // given on standard input
  int input_fd = -1;         // or: this descriptor as standard input
  int output_fd = -1;        // or: standard output goes there, uncaptured
  std::size_t out_cap = 256u << 20;
  std::size_t err_cap = 1u << 20;
  std::function<bool(std::string_view)> on_output{};  // or: called with each piece; false kills the child
  int cancel_fd = -1;                                 // readable (eventfd): kill ladder starts
};

// Runs to the end. Throws SystemError only when the host cannot (fork fails, no descriptors).
Outcome run(const Command& command, const Io& io = {});

// A started child with piped standard streams, for callers that pump by themselves.
class Child {
 public:
  struct Streams {
    UniqueFd in, out, err;  // our ends; empty where the child was given a descriptor
  };
  // in/out/err: -1 makes a pipe; any other descriptor is duplicated into the child.
  static Child start(const Command& command, int in = -1, int out = -1, int err = -1);
  Child(Child&&) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();  // kills the group and reaps, if it still runs

  Streams streams;
  int pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }  // poll for POLLIN: it has ended
  const std::string& start_error() const { return start_error_; }
  void signal_group(int signal);
  // Reaps; blocks. Exit code as in Outcome.
  int wait();
  std::optional<int> try_wait();
  void release();  // let it go on after us; never reaped by this object

 private:
  Child() = default;
  int pid_ = -1;
  UniqueFd pidfd_;
  std::optional<int> exit_code_;
  std::string start_error_;
};

// The path of a program in PATH, or nothing.
std::optional<std::filesystem::path> find_program(std::string_view name);

}  // namespace pika::proc
