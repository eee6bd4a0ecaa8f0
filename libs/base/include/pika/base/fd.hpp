// UniqueFd: owns one file descriptor and closes it. All descriptors we open carry O_CLOEXEC.
#pragma once
#include <cstddef>
#include <string_view>
#include <utility>

namespace pika {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
// A pipe, close-on-exec on both ends. Throws SystemError.
Pipe make_pipe();

// Writes all of `bytes`, retrying short writes and EINTR. Throws SystemError.
void write_all(int fd, std::string_view bytes);
// One read, retried on EINTR; 0 at end of file. Throws SystemError.
std::size_t read_some(int fd, char* buffer, std::size_t size);

void set_nonblocking(int fd);

// First thing of a program: of standard input, output and error, those that whoever started it has closed become
// /dev/null. Else the next file that is opened would take their place, and be written into.
void open_standard_streams();

}  // namespace pika
