#include "prepared/confined.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pika/base/text.hpp"

namespace jerichoci {

using pika::ErrorKind;
using pika::fail;

pika::Result<pika::UniqueFd> open_below(int root, const std::string& path, int flags, std::string_view what) {
  if (path.empty() || path.find('\0') != std::string::npos)
    return fail(ErrorKind::invalid, fmt::format("{}: {} is no path", what, pika::quote_name(path)));
  struct open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    auto fd = static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
    if (fd >= 0) return pika::UniqueFd(fd);
    if ((errno == EAGAIN || errno == EINTR) && tries < 100) continue;  // somebody renamed on the way
    break;
  }
  switch (errno) {
    case ENOENT:
      return fail(ErrorKind::not_found, fmt::format("{}: there is no {}", what, pika::quote_name(path)));
    case EXDEV:
    case ELOOP:
    case ENOTDIR:
    case EISDIR:
    case ENXIO:
    case ENAMETOOLONG:
      return fail(ErrorKind::invalid,
                  fmt::format("{}: {} leaves its folder, goes through a symlink, or is of the wrong kind", what,
                              pika::quote_name(path)));
    default:
      throw pika::SystemError(fmt::format("open '{}'", path));
  }
}

pika::Result<std::string> read_below(int root, const std::string& path, std::size_t cap, std::string_view what) {
  auto fd = PIKA_TRY(open_below(root, path, O_RDONLY | O_NONBLOCK, what));
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0) throw pika::SystemError(fmt::format("stat '{}'", path));
  if (!S_ISREG(st.st_mode))
    return fail(ErrorKind::invalid, fmt::format("{}: {} is no file", what, pika::quote_name(path)));
  std::string out(cap + 1, '\0');
  std::size_t size = 0;
  while (auto n = pika::read_some(fd.get(), out.data() + size, out.size() - size)) {
    size += n;
    if (size > cap)
      return fail(ErrorKind::too_large,
                  fmt::format("{}: {} holds more than {}", what, pika::quote_name(path), pika::format_bytes(cap)));
  }
  out.resize(size);
  return out;
}

}  // namespace jerichoci
