#include "room.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include "pika/base/text.hpp"

namespace pika::server {

Status check_room(const forge::Layout& layout) {
  struct statvfs disk{};
  if (::statvfs(layout.data.c_str(), &disk) != 0)
    return fail(ErrorKind::unavailable, "the data folder can't be looked at",
                "ask who runs this server to look at its log");
  const std::uint64_t room = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (room >= kLeastRoom) return {};
  return fail(ErrorKind::unavailable,
              fmt::format("the server's disk is full: {} are left, and nothing is taken below {}", format_bytes(room),
                          format_bytes(kLeastRoom)),
              "nothing was changed; ask who runs it to make room, and push again");
}

}  // namespace pika::server
