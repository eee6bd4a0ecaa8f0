#include "pika/base/fd.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

TEST_CASE("a standard stream that was closed is never the next file that is opened") {
  for (int closed = 0; closed < 8; ++closed) {
    auto child = ::fork();
    if (child == 0) {
      for (int fd = 0; fd < 3; ++fd)
        if (closed & (1 << fd)) ::close(fd);
      pika::open_standard_streams();
      ::_exit(::open("/", O_RDONLY | O_CLOEXEC) > 2 ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
}
