#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "pika/base/files.hpp"
#include "pika/proc/child.hpp"

namespace fs = std::filesystem;

TEST_CASE("all of it holds for an ordinary user too") {
  if (::geteuid() != 0) return;                  // then all tests are that already
  if (std::getenv("JCI_ORDINARY_USER")) return;  // ctest has a test of its own for it
  pika::TempDir folder("jci-user-");
  auto program = folder.path() / "jerichoci-test";
  fs::copy_file(fs::read_symlink("/proc/self/exe"), program);
  ::chmod(program.c_str(), 0755);
  ::chmod(folder.path().c_str(), 0755);
  pika::proc::Command command;
  command.argv = {program.string(), "--test-case-exclude=*ordinary user*"};
  command.env = {"HOME=/nonexistent", "TMPDIR=/tmp"};
  command.cwd = "/";
  command.uid = 65534;
  command.gid = 65534;
  auto out = pika::proc::run(command);
  CHECK_MESSAGE(out.ok(), out.out << out.err);
}
